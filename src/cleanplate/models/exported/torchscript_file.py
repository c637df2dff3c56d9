"""TorchScript files, run by torch."""

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cleanplate.errors import ModelError
from cleanplate.models.exported.base import ExportedModel
from cleanplate.models.exported.metadata import EXTRA, Arrays


class TorchScriptModel(ExportedModel):
    """A TorchScript file, run by torch on the CPU."""

    def __init__(self, path: Path) -> None:
        import torch

        extra = {EXTRA: ""}
        try:
            with path.open("rb") as file:
                self._graph = torch.jit.load(file, map_location="cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
            told = json.loads(extra[EXTRA] or "{}")
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{path}: damaged, or no TorchScript file") from error
        super().__init__(told, path)

    def run(self, inputs: Arrays) -> list[NDArray[Any]]:
        """See `ExportedModel.run`."""
        import torch

        with torch.inference_mode():
            return [answer.numpy() for answer in self._graph(*(torch.from_numpy(each) for each in inputs.values()))]
