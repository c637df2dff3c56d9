"""Models that learn from labels."""
