"""What the records of calls add up to."""
