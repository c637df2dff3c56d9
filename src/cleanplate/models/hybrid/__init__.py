"""Models that combine a statistical background with a network trained once for all scenes."""
