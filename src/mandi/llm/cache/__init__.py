"""Answers given before: the same question again, the same question in other words, and the same question at once."""
