"""How good an answer was: a documented formula, and a learned probability that it was right."""
