"""mandi: fair prices, forecasts and a gated path to service for commodity trading."""

__version__ = "0.1.0"
