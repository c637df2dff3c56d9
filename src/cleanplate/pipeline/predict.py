"""Stage `predict`: masks and backgrounds of every frame in the layout of a CDnet submission."""

import json
from pathlib import Path

import numpy as np
import torch

from cleanplate.config import Config
from cleanplate.data.io.images import write_image
from cleanplate.data.streams.stream import batched
from cleanplate.foreground import ForegroundOptions
from cleanplate.models import BackgroundModel
from cleanplate.models.checkpoint import load
from cleanplate.models.registry import check
from cleanplate.pipeline import stage
from cleanplate.pipeline.stage import opened
from cleanplate.utils.arrays import Image
from cleanplate.utils.console import progress_bar
from cleanplate.utils.files import replacing


def run(config: Config, name: str) -> None:
    """Writes `data/predictions/<name>/`: `bin%06d.png`, `background/bg%06d.png` and `score/score%06d.png`.

    A background is written where it differs from the one before; a score for every `predict.score_every`-th frame.
    """
    plan = json.loads((stage.RUNS / f"{name}.json").read_text())
    _, foreground = check(config.model.name, config.foreground, config.model.options)
    with replacing(stage.PREDICTIONS / name) as folder:
        for entry in plan["predict"]:
            scene = entry["scene"]
            sequence = opened(config, entry)
            model = _loaded(config, name, foreground)
            if model.labelled:
                model.fit(sequence)  # what it has learnt elsewhere meets this scene, without a label
            with progress_bar(f"predicting {scene}", len(sequence)) as progress:
                writer = _Writer(folder if scene == name else folder / scene, config.predict.score_every)
                frames = ((sequence.numbers[index], frame) for index, frame in sequence.frames())
                for done, batch in enumerate(batched(frames, config.predict.batch_size), 1):
                    writer.write(model, batch)
                    progress(min(done * config.predict.batch_size, len(sequence)))
            print(f"{scene}: {writer.count} masks")


def _loaded(config: Config, name: str, foreground: ForegroundOptions) -> BackgroundModel:
    # The configuration's foreground parameters: tuning a threshold needs no new training.
    model = load(stage.MODELS / name / "model.ckpt", foreground)
    if torch.cuda.is_available() and config.trainer.accelerator != "cpu":
        model.to("cuda")
    return model


class _Writer:
    """Writes predictions batch by batch and remembers the background that is on disk."""

    def __init__(self, folder: Path, score_every: int) -> None:
        self.folder = folder
        self.score_every = score_every
        self.count = 0
        self._background: Image | None = None

    def write(self, model: BackgroundModel, batch: list[tuple[int, Image]]) -> None:
        predictions = model.predict([frame for _, frame in batch])
        for (number, _), prediction in zip(batch, predictions, strict=True):
            write_image(self.folder / f"bin{number:06d}.png", prediction.mask)
            if self._background is None or not np.array_equal(self._background, prediction.background):
                write_image(self.folder / "background" / f"bg{number:06d}.png", prediction.background)
                self._background = prediction.background
            if self.count % self.score_every == 0:
                levels = np.clip(prediction.score, 0, 255).astype(np.uint8)
                write_image(self.folder / "score" / f"score{number:06d}.png", levels)
            self.count += 1


if __name__ == "__main__":
    stage.main_per_run(run)
