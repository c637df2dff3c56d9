"""The model `patch_ae`."""
