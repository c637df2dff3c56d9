"""The model `aae`."""
