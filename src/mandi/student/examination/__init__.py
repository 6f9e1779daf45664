"""What a student can do, measured on questions it never saw, beside the champion and beside simple baselines."""
