"""Standing questions and their answers: they need no figures of the day."""
