"""`cleanplate live` and `cleanplate mirror`: what a model makes of a scene, while it is seen."""
