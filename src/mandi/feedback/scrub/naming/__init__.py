"""Finds names and addresses by what a word looks like, what stands beside it, and short lists of well-known words."""
