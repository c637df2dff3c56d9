"""`cleanplate recommend`: the fast models on a sample of a source, side by side, and which of them to take."""
