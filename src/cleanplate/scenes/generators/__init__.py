"""One function per category; each registers itself when its module is imported."""
