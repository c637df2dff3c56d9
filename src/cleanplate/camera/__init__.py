"""The camera programs `capture`, `annotate`, `live` and `mirror`: an extra on the public seam of the models."""
