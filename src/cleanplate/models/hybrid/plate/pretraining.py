"""Training of the network on generated scenes, once for all scenes; the weights come with the package.

It uses no real frames and no labels: scenes are rendered, objects pasted and shadows cast, so the truth is known.

Example: `python -m cleanplate.models.hybrid.plate.pretraining --to head.pt --work folder`. It takes about half an hour
on one core, most of it for the steps; the rendered scenes stay in the work folder.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

import cleanplate
from cleanplate.data.training import MOVING, UNKNOWN
from cleanplate.models.components.pasting import TrainingScene
from cleanplate.models.hybrid.plate.examples import draw_batch, rendered, training_scene
from cleanplate.models.hybrid.plate.network import ForegroundNetwork
from cleanplate.models.registry import create
from cleanplate.models.training import one_cycle
from cleanplate.utils.files import replacing

_AVERAGE_DECAY = 0.995


class Pairs(IterableDataset[tuple[Tensor, ...]]):
    """`steps` batches, each determined by the seed and its number; a separate process draws them."""

    def __init__(self, scenes: Sequence[TrainingScene], steps: int, size: int, side: int, seed: int) -> None:
        self.scenes = scenes
        self.steps = steps
        self.size = size
        self.side = side
        self.seed = seed

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for step in range(self.steps):
            batch = draw_batch(self.scenes, self.size, self.side, (self.seed, step))
            frames, backgrounds = (
                torch.from_numpy(pictures).flip(-1).permute(0, 3, 1, 2)
                for pictures in (batch.frames, batch.backgrounds)
            )
            yield frames, backgrounds, torch.from_numpy(batch.noise)[:, None], torch.from_numpy(batch.labels)[:, None]


class PretrainingTask(pl.LightningModule):
    """Cross-entropy where the label is known; the result is a moving average of the weights."""

    def __init__(self, network: ForegroundNetwork, steps: int, learning_rate: float) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in stubs
        self.steps = steps
        self.learning_rate = learning_rate
        average = get_ema_multi_avg_fn(_AVERAGE_DECAY)  # type: ignore[no-untyped-call]  # missing in torch
        self.averaged = AveragedModel(network, multi_avg_fn=average)

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        """One step on a batch of pairs."""
        frames, backgrounds, noise, labels = batch
        logits = self.network(frames, backgrounds, noise).float()
        known = (labels != UNKNOWN).float()
        target = (labels == MOVING).float()
        loss = F.binary_cross_entropy_with_logits(logits, target, weight=known, reduction="sum") / known.sum()
        self.log("train/loss", loss.detach(), prog_bar=True)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Updates the average of the weights."""
        self.averaged.update_parameters(self.network)

    def configure_optimizers(self) -> Any:
        """AdamW with the learning rate of `one_cycle`."""
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.learning_rate, weight_decay=1e-4)
        schedule = LambdaLR(optimizer, one_cycle(self.steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def training_scenes(work: Path, seeds: range, frames: int) -> list[TrainingScene]:
    """The generated scenes of these seeds with the backgrounds of `lowmotion`."""
    found = []
    for sequence in rendered(work, seeds):
        model = create("lowmotion").fit(sequence)
        found.append(training_scene(sequence, model, frames))
        print(f"{len(found)} scenes", end="\r", flush=True)
    return found


def pretrain(work: Path, seeds: range, steps: int, seed: int = 0, frames: int = 40) -> ForegroundNetwork:
    """Trains a network and returns it, its weights averaged."""
    pl.seed_everything(seed)
    pairs = Pairs(training_scenes(work, seeds, frames), steps, size=16, side=128, seed=seed)
    task = PretrainingTask(ForegroundNetwork(), steps, learning_rate=2e-3)
    trainer = pl.Trainer(
        max_steps=steps,
        precision="bf16-mixed",
        gradient_clip_val=1.0,
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    # Forked, so that the scenes need not be copied.
    loader = DataLoader(pairs, batch_size=None, num_workers=1, multiprocessing_context="fork", prefetch_factor=8)
    trainer.fit(task, loader)
    network = task.averaged.module
    assert isinstance(network, ForegroundNetwork)
    return network


def main() -> None:
    """The command of the module's example."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, required=True, help="the file of weights")
    parser.add_argument("--work", type=Path, required=True, help="folder of the rendered scenes")
    parser.add_argument("--seeds", type=int, default=6, help="scenes per category of the generator")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = pretrain(options.work, range(11, 11 + options.seeds), options.steps, options.seed)
    made = {"seeds": options.seeds, "steps": options.steps, "seed": options.seed, "version": cleanplate.__version__}
    with replacing(options.to) as temporary:
        # Half precision: the file is part of the package.
        torch.save(
            {"made": made, "weights": {key: value.half() for key, value in network.state_dict().items()}}, temporary
        )


if __name__ == "__main__":
    main()
