"""The model `rpca`."""
