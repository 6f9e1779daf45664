"""The student's second form: a small language model of one's own, tuned on the datasets and asked over HTTP."""
