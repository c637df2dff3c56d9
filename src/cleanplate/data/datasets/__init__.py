"""Datasets: the CDnet layout, and the readers that bring other sets into it."""
