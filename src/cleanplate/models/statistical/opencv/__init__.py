"""The models `mog2`, `knn`, `gsoc`, `cnt` and `lsbp`."""
