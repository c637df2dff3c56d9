"""Programs for people: what is pointed at a video or a camera."""
