"""The model `rcae`."""
