"""The model `plate`: a classical background, compared with the frame by a small network."""
