"""Commands over the whole learning loop: the report of a period, and its datasets as files to tune with."""
