"""Time the same work here and in other libraries. Start with `python -m benchmarks.run --help`."""
