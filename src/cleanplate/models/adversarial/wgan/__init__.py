"""The model `wgan`."""
