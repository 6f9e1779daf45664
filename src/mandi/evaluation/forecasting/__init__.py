"""How answers of this kind are examined: forecasting."""
