"""What the demand model is made of, part by part."""
