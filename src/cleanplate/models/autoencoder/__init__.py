"""Models that compress: what does not fit through the bottleneck is foreground."""
