"""What the service says of itself: log lines, figures, alerts and health."""
