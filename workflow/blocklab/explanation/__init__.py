"""Explanation: which pixels made a network say what it says, and how far that can be believed."""
