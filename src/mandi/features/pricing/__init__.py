"""What the price model knows, subject by subject."""
