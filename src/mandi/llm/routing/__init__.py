"""Who answers a question: small policies over plain facts, the same on the desk and in a replay of the log."""
