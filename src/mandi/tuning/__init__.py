"""Searches for better settings of the models on folds of the time that training may choose on; docs/tuning.md."""
