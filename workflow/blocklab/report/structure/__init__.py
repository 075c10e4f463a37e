"""Pictures of how blocks and networks are built, as SVG."""
