"""The model `cae`."""
