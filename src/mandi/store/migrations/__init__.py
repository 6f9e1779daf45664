"""How the tables came to be, step by step; ``mandi.store.schema`` runs what is missing."""
