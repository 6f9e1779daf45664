"""Words around a question: system prompts, the deal and the figures as data, and the check of a typed answer."""
