"""What the pages say of attributions, and how far they can be believed."""
