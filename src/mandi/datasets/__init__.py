"""From answers and what was thought of them to files that a trainer accepts."""
