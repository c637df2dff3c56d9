"""The model `multi_decoder_ae`."""
