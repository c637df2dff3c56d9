"""The model `unet_ae`."""
