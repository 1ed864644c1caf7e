"""Floor 1: what a detector does with boxes and masks, on plain arrays. One idea a file."""
