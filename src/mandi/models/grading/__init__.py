"""What the quality model is made of, part by part."""
