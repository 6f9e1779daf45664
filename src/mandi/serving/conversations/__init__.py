"""Conversations as they are kept: whose they are, what was said in them, and how an answer is written down."""
