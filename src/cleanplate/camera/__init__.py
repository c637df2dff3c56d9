"""The camera programs: `capture`, `annotate`, `live`, `mirror`."""
