"""The model `ae`."""
