"""What the fraud model knows, subject by subject."""
