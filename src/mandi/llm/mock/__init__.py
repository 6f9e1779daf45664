"""The analyst: answers written by rules from what the models say; no language model is asked."""
