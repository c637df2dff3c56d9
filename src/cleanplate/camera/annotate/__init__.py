"""`annotate`: pictures are labelled by hand, with outlines that a model may propose."""
