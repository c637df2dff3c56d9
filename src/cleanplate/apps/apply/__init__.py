"""`cleanplate apply`: a model looks at a video, a folder, a camera or a pipe, and writes what was asked for."""
