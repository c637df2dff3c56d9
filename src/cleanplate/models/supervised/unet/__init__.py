"""The model `unet`."""
