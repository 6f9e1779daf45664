"""The student: small models of our own that answer where they are sure."""
