"""What was predicted for whom, what came of it, and which of two versions of a model did better."""
