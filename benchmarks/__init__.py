"""How long the same work takes here and elsewhere. Start with `python -m benchmarks.run --help`."""
