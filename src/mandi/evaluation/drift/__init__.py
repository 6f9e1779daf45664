"""Whether what a model reads, what it answers, or how far it is right has changed: docs/drift.md says how and why."""
