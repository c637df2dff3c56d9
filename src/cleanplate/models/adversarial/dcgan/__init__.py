"""The model `dcgan`."""
