"""Reads COCO annotations: the requested pictures, each with its instances of the chosen categories."""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleanplate.data.datasets.picture_set import Defects
from cleanplate.errors import DataError


@dataclass(frozen=True)
class Instance:
    """One annotation; `outline` is checked when it is drawn."""

    id: object
    outline: object
    crowd: bool


@dataclass(frozen=True)
class Entry:
    """One picture of the file; `size` is height and width."""

    id: int
    file: str
    size: tuple[int, int]
    licence: str
    instances: list[Instance]


def read_document(path: Path, categories: Collection[str], negatives: bool, defects: Defects) -> list[Entry]:
    """Reads a file of COCO annotations and returns the requested pictures by ascending id.

    Args:
        path: `instances_<split>.json`, or the export of a labelling tool.
        categories: names of the categories to use; all if it is empty.
        negatives: whether pictures without any of them are included.
        defects: collects entries that cannot be used.

    Raises:
        DataError: if the file cannot be read, is not of this format, or lacks a category.
    """
    content = _parsed(path)
    wanted = _category_ids(path, content["categories"], categories)
    licences = {item.get("id"): str(item.get("name", "")) for item in content.get("licenses") or [] if _is_object(item)}
    instances = _instances(path, content["annotations"], wanted, defects)
    entries: dict[int, Entry] = {}
    seen: set[object] = set()
    for item in content["images"]:
        problem = _problem(item, seen)
        seen.add(item.get("id") if isinstance(item, dict) and isinstance(item.get("id"), int) else None)
        if problem:
            defects.add(f"{path}: {problem}")
            continue
        if item["id"] in instances or negatives:
            size = (item["height"], item["width"])
            licence = licences.get(item.get("license"), "")
            found = instances.get(item["id"], [])
            entries[item["id"]] = Entry(item["id"], item["file_name"], size, licence, found)
    for unlisted in sorted(map(str, set(instances) - seen)):
        defects.add(f"{path}: annotations of picture {unlisted}, which the file does not list")
    return [entries[number] for number in sorted(entries)]


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise DataError(f"{path}: not valid JSON: {error}") from error
    for key in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise DataError(f"{path}: holds no list {key!r}; COCO annotations have images, annotations and categories")
    assert isinstance(content, dict)
    return content


def _category_ids(path: Path, listed: list[Any], names: Collection[str]) -> set[object]:
    by_name: dict[str, set[object]] = defaultdict(set)
    for item in listed:
        if _is_object(item) and isinstance(item.get("id"), int):
            by_name[str(item.get("name"))].add(item["id"])
    for name in names:
        if name not in by_name:
            choices = ", ".join(sorted(by_name)) or "none"
            raise DataError(f"{path}: data.categories: {name!r} is not among its categories; it has {choices}")
    return set().union(*(by_name[name] for name in names or by_name))


def _instances(
    path: Path, listed: list[Any], wanted: Collection[object], defects: Defects
) -> dict[object, list[Instance]]:
    instances: dict[object, list[Instance]] = defaultdict(list)
    for position, item in enumerate(listed):
        if not (
            _is_object(item) and isinstance(item.get("image_id"), int) and isinstance(item.get("category_id"), int)
        ):
            name = item.get("id", "?") if _is_object(item) else "?"
            defects.add(f"{path}: annotation {name} (entry {position}) names no picture and category")
        elif item["category_id"] in wanted:
            crowd = bool(item.get("iscrowd", 0))
            instances[item["image_id"]].append(Instance(item.get("id"), item.get("segmentation"), crowd))
    return dict(instances)


def _problem(item: object, seen: Collection[object]) -> str:
    """Returns what is wrong with an entry of `images`; empty if nothing is."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), int):
        return f"a picture without a number: {str(item)[:80]}"
    name = f"picture {item['id']}"
    if item["id"] in seen:
        return f"{name} is listed twice"
    if not isinstance(item.get("file_name"), str) or not item["file_name"]:
        return f"{name} has no file name"
    for key in ("height", "width"):
        if not isinstance(item.get(key), int) or item[key] < 1:
            return f"{name} ({item['file_name']}) has the {key} {item.get(key)!r}"
    return ""


def _is_object(item: object) -> bool:
    return isinstance(item, dict)
