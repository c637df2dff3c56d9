"""`cleanplate live` and `cleanplate mirror`: a model's result in front of a camera."""
