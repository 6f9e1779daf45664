"""Answers and opinions of the generated market: right and wrong ones, and who says so."""
