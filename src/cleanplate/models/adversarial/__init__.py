"""Models that learn what a scene looks like from an opponent who tells made-up pictures from real ones."""
