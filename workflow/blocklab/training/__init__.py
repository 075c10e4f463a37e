"""Training: one network from a pack of seeds."""
