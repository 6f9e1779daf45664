"""What traders of the generated market write: wordings by label or topic, each of one phase."""
