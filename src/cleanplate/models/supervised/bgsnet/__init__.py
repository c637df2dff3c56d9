"""The model `bgsnet`."""
