"""Data sets: where they come from, and the prepared dataset that jobs read."""
