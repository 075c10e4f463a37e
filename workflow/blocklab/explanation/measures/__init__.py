"""Measures of what attributions are worth, one file each; docs/explanations.md words them."""
