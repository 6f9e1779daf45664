"""Answers in language: messages, providers, routing between them, and one guarded path for every call."""
