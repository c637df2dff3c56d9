"""Generative adversarial models."""
