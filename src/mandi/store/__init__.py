"""What is kept: records in a database by URL, and small shared state that every worker sees."""
