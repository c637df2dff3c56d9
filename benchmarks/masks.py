"""Masks of COCO pictures: what `prepare` makes with one to k parallel, against a plain loop.

Run: `CLEANPLATE_DATA=<folder that holds coco/> python -m benchmarks.masks [pictures] [processes]`. The plain loop is
what one writes first: the COCO toolbox's `annToMask` for every instance, `cv2.imwrite` for every mask. It reads and
checks nothing else; `prepare` also looks at every picture's header, links it and writes the manifest. The pictures at
hand are repeated under new numbers until there are enough of them to keep the processes busy.
"""

import contextlib
import io
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from cleanplate.data.datasets.coco import annotations_of, find_splits, write_coco
from cleanplate.data.datasets.picture_set import LabelOptions
from cleanplate.utils import parallel

PERSON = 1
PICTURES = 2000


def repeated(root: Path, folder: Path, count: int) -> tuple[Path, Path]:
    """Writes one split of `count` pictures with people, made of those below `root`; gives its JSON and pictures."""
    pictures = folder / "many"
    pictures.mkdir()
    images, annotations = [], []
    for split in find_splits(root):
        content = json.loads(annotations_of(split).read_text())
        people = [item for item in content["annotations"] if item["category_id"] == PERSON]
        shown = {item["image_id"] for item in people}
        for image in content["images"]:
            (pictures / image["file_name"]).symlink_to((split / image["file_name"]).resolve())
        images += [item for item in content["images"] if item["id"] in shown]
        annotations += people
    many: dict[str, list[object]] = {"images": [], "annotations": [], "categories": [{"id": PERSON, "name": "person"}]}
    for number in range(count):
        image = images[number % len(images)]
        many["images"].append(image | {"id": number + 1})
        for item in annotations:
            if item["image_id"] == image["id"]:
                many["annotations"].append(item | {"id": len(many["annotations"]) + 1, "image_id": number + 1})
    path = folder / "instances_many.json"
    path.write_text(json.dumps(many))
    return path, pictures


def plain_loop(annotations: Path, folder: Path) -> None:
    """One process, one instance after the other."""
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(annotations))
    folder.mkdir()
    for number, image in coco.imgs.items():
        mask = np.zeros((image["height"], image["width"]), np.uint8)
        crowd = np.zeros_like(mask)
        for item in coco.imgToAnns[number]:
            inside = coco.annToMask(item)
            (crowd if item["iscrowd"] else mask)[inside > 0] = 255
        mask[(crowd > 0) & (mask == 0)] = 170
        cv2.imwrite(str(folder / f"gt{number:06d}.png"), mask)


def seconds(work: Callable[[], object]) -> tuple[float, float, float]:
    """Wall-clock seconds of one call, processor seconds of it and all processes it started, and of its own alone."""
    wall, own, others = time.perf_counter(), _used(resource.RUSAGE_SELF), _used(resource.RUSAGE_CHILDREN)
    work()
    wall, own = time.perf_counter() - wall, _used(resource.RUSAGE_SELF) - own
    return wall, own + _used(resource.RUSAGE_CHILDREN) - others, own


def _used(whose: int) -> float:
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Prints pictures a second and the ratio per core; 1 if a core does less than one of the plain loop."""
    data = os.environ.get("CLEANPLATE_DATA")
    if not data or not (Path(data) / "coco").is_dir():
        print("CLEANPLATE_DATA is not set, or has no coco/: nothing measured")
        return 0
    cv2.setNumThreads(1)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    most = int(sys.argv[2]) if len(sys.argv) > 2 else len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        annotations, pictures = repeated(Path(data) / "coco", Path(place), count)
        wall, processor, _ = seconds(lambda: plain_loop(annotations, Path(place) / "plain"))
        print(f"{count} pictures, {parallel.cores()} cores to use")
        print(f"plain loop:   {count / wall:7.0f} pictures/s, {processor / count * 1e3:.2f} ms of a core each")
        ratios = []
        for workers in range(1, most + 1):
            target = Path(place) / str(workers)
            options = LabelOptions(workers=workers)
            took, used, by_caller = seconds(
                lambda to=target, how=options: write_coco(annotations, pictures, to, how)  # type: ignore[misc]
            )
            ratios.append(processor / used)
            print(
                f"{workers} process{'  ' if workers == 1 else 'es'}:  {count / took:7.0f} pictures/s "
                f"({wall / took:.2f} of the plain loop), {used / count * 1e3:.2f} ms of a core each "
                f"({ratios[-1]:.2f} times its speed per core)"
                + (f"; {by_caller / count * 1e3:.2f} ms of it cannot be shared out" if workers > 1 else "")
            )
            _require_the_same(Path(place) / "plain", target / "groundtruth")
    print(f"slowest per core: {min(ratios):.2f} of the plain loop; target 1, and 5 in all on 8 cores")
    return int(min(ratios) < 1)


def _require_the_same(plain: Path, made: Path) -> None:
    for path in plain.iterdir():
        if not np.array_equal(cv2.imread(str(path), 0), cv2.imread(str(made / path.name), 0)):
            raise AssertionError(f"{path.name} differs from the plain loop's")


if __name__ == "__main__":
    sys.exit(main())
