"""The model `gmm`."""
