"""Market tables: contracts, the generated market, imports, validation and joins over time."""
