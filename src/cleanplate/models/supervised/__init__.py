"""Models that learn from labels: of other videos, of the same one, or of pictures of people."""
