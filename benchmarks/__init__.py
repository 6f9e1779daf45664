"""Outside benchmarks: each prints a table beside its goals and writes one JSON of rows."""
