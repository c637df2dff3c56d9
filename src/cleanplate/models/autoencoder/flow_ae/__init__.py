"""The model `flow_ae`."""
