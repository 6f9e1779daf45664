"""What came back: ratings, corrections and outcomes of answers, scrubbed, labelled and scored."""
