"""The model `patch_attention_ae`."""
