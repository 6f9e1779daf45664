"""What the fraud model is made of, part by part."""
