"""The model `fusion`."""
