"""What keeps a call bounded when a provider fails: a deadline, few tries, and a breaker that all workers share."""
