"""Floor 7: comparisons that train many small models and report means with their intervals."""
