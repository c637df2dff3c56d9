"""The model `multiscale_ae`."""
