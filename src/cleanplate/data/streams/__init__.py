"""Frames that arrive one after the other: cameras, pipes and recordings."""
