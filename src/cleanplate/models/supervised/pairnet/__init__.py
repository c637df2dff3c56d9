"""The model `pairnet`."""
