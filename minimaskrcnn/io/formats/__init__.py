"""Weights of other programs as arrays by name, and ours in their formats; nothing a file says is run."""
