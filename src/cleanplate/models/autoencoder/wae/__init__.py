"""The model `wae`."""
