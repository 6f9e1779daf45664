"""Recognisers of what has a fixed form: identity numbers with their checks, telephones, mail, accounts, dates of birth."""
