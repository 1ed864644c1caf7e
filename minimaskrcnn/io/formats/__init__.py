"""Read weights of other programs as named arrays, and write ours in their formats; no code is run."""
