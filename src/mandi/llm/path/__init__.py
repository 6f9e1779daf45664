"""The way of a call: who is asked in which order, what ends it, and what is written down of it."""
