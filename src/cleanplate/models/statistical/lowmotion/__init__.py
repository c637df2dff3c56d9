"""The model `lowmotion`."""
