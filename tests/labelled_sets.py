"""Small labelled sets for tests: COCO files picture by picture, and masks made of them by other means."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CATEGORIES = [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}, {"id": 7, "name": "dog"}]


class CocoFiles:
    """`<root>/<split>/*.jpg` and `<root>/annotations/instances_<split>.json`."""

    def __init__(self, root: Path, split: str = "train2017") -> None:
        self.pictures = root / split
        self.annotations = root / "annotations" / f"instances_{split}.json"
        self.content: dict[str, Any] = {
            "images": [],
            "annotations": [],
            "categories": CATEGORIES,
            "licenses": [{"id": 4, "name": "Attribution License"}],
        }
        self.pictures.mkdir(parents=True)
        self.annotations.parent.mkdir(exist_ok=True)

    def picture(self, number: int, height: int = 40, width: int = 60, **changed: Any) -> "CocoFiles":
        name = f"{number:012d}.jpg"
        grain = np.random.default_rng(number).integers(0, 255, (height, width, 3), np.uint8)
        assert cv2.imwrite(str(self.pictures / name), grain)
        entry = {"id": number, "file_name": name, "height": height, "width": width, "license": 4}
        self.content["images"].append(entry | changed)
        return self

    def label(self, number: int, segmentation: Any, category: int = 1, *, crowd: bool = False) -> "CocoFiles":
        annotation = {"id": 100 + len(self.content["annotations"]), "image_id": number, "category_id": category}
        self.content["annotations"].append(annotation | {"segmentation": segmentation, "iscrowd": int(crowd)})
        return self

    def save(self) -> "CocoFiles":
        self.annotations.write_text(json.dumps(self.content))
        return self


def rectangle(left: float, top: float, right: float, bottom: float) -> list[float]:
    """An outline whose pixels are `[top:bottom, left:right]`."""
    return [left, top, right, top, right, bottom, left, bottom]


def box(shape: tuple[int, int], left: int, top: int, right: int, bottom: int) -> np.ndarray:
    inside = np.zeros(shape, bool)
    inside[top:bottom, left:right] = True
    return inside


def run_lengths(inside: np.ndarray) -> dict[str, Any]:
    """COCO's plain code: lengths of runs down the columns, beginning with zeros."""
    flat = inside.ravel(order="F").astype(np.int8)
    ends = np.flatnonzero(np.diff(np.concatenate([[0], flat, [1 - flat[-1]]])))
    return {"size": list(inside.shape), "counts": np.diff(np.concatenate([[0], ends])).tolist()}


def of_run_lengths(code: dict[str, Any]) -> np.ndarray:
    values = np.arange(len(code["counts"])) % 2 == 1
    return np.repeat(values, code["counts"]).reshape(code["size"][::-1]).T


def reference_masks(annotations: Path, names: set[str], smallest: int = 0) -> dict[str, np.ndarray]:
    """Masks by file name, instance by instance, as the COCO toolbox's own users make them."""
    from pycocotools.coco import COCO

    coco = COCO(str(annotations))
    wanted = {item["id"] for item in coco.cats.values() if item["name"] in names}
    by_picture = defaultdict(list)
    for annotation in coco.anns.values():
        if annotation["category_id"] in wanted:
            by_picture[annotation["image_id"]].append(annotation)
    masks = {}
    for number, found in by_picture.items():
        picture = coco.imgs[number]
        mask = np.zeros((picture["height"], picture["width"]), np.uint8)
        for annotation in found:
            plain = isinstance(annotation["segmentation"], dict)
            inside = of_run_lengths(annotation["segmentation"]) if plain else coco.annToMask(annotation) > 0
            if annotation["iscrowd"] or inside.sum() < smallest:
                mask[inside & (mask == 0)] = 170
            else:
                mask[inside] = 255
        masks[picture["file_name"]] = mask
    return masks
