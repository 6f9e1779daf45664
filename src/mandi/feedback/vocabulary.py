"""The words of labels: what a question is about, how it sounds, what came of the answer."""

from __future__ import annotations

UNLABELLED = "unlabelled"
INTENTS = ("price", "demand", "quality", "delivery", "payment", "fraud", "matching", "other")
SENTIMENTS = ("negative", "neutral", "positive")
EMOTIONS = ("calm", "worried", "frustrated", "angry", "pleased")
KINDS = ("question", "decision", "complaint", "classification", "smalltalk")
"""What kind of work the user wants done, whatever route it came by."""
OUTCOMES = ("held", "missed", "open")
"""Of an answer with a price: whether the price that came lay in what was said; open when nobody knows yet, or nothing was said."""
