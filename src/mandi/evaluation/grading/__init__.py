"""How answers of this kind are examined: grading."""
