"""`cleanplate capture`: takes training sets in front of a camera, by mouse, keys or palm."""
