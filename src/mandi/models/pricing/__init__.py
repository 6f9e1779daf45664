"""What the price model is made of, part by part."""
