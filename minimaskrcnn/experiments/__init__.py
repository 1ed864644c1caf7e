"""Floor 6: comparisons that train many small models and report means with their intervals."""
