"""COCO annotations: read, checked, and made into masks."""

from cleanplate.data.coco.building import annotations_of, find_splits, write_coco

__all__ = ["annotations_of", "find_splits", "write_coco"]
