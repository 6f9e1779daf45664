"""Those who answer: OpenAI-shaped servers over a plain wire, other vendors through their clients, and the student."""
