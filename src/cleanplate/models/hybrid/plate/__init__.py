"""The flagship: a classical background, and a network that says what of the frame is not it."""
