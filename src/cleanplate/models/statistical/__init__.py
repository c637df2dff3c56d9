"""Models that count: per-pixel statistics and OpenCV's subtractors."""
