"""What the service keeps to learn from: answers with their questions, scrubbed, where their owner allows it."""
