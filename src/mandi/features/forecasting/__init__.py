"""What the demand model knows, subject by subject."""
