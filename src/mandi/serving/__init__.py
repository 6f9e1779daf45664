"""What a user gets: the desk that answers, and the service around it."""
