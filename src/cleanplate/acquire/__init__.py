"""Raw sets: what is there, and that it is what it should be."""
