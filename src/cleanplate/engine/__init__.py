"""Training, checkpoints and tracking."""
