"""One file per category; each registers its generator when it is imported."""
