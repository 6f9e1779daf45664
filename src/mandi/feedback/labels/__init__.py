"""What a question is about and how it sounds: models with a measured accuracy, or no label."""
