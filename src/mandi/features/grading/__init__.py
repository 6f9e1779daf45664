"""What the quality model knows, subject by subject."""
