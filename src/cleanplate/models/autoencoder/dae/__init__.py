"""The model `dae`."""
