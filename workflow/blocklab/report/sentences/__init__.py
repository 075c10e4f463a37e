"""Sentences that the results support, and no others."""
