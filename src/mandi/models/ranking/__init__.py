"""What the matching model is made of, part by part."""
