"""Who may ask: organisations, their people, keys and logins, and the record of what was done with them."""
