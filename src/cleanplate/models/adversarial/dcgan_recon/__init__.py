"""The model `dcgan_recon`."""
