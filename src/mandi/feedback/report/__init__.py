"""What feedback says about a period: how answers did, who was content, what went wrong, what to improve next."""
