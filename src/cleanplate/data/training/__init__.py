"""Batches and examples for training."""
