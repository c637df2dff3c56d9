"""`cleanplate annotate`: label images by hand, with proposals of a model."""
