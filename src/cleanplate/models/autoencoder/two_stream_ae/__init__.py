"""The model `two_stream_ae`."""
