"""What the matching model knows, subject by subject."""
