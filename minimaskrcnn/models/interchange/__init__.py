"""Weights of other programs as arrays by name, and ours in their formats. Nothing here runs what a file says."""
