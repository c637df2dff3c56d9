"""The models `mean`, `trimmed_mean`, `median`, `mode` and `benet`."""
