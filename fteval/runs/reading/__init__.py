"""A run read back: scores, tallies, texts, what flipped."""
