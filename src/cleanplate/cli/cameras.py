"""`capture`, `annotate`, `live`, `mirror`: the programs with a window."""
