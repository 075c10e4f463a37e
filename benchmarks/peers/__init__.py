"""What a user might pick instead of torch; each is skipped where it is not installed."""
