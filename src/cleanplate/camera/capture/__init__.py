"""`cleanplate capture`: sets to learn from, taken before a camera by mouse, keys or palm."""
