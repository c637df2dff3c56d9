"""Reads what an offline W&B run has written: a `.wandb` file of LevelDB log blocks that hold protobuf records."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from waiting import wait_until

_HEADER, _BLOCK, _RECORD = 7, 32 * 1024, 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def payloads(data: bytes) -> Iterator[bytes]:
    """The records of a LevelDB log, put together from their fragments."""
    position, parts = _HEADER, b""
    while position + _RECORD <= len(data):
        left = _BLOCK - position % _BLOCK
        if left < _RECORD:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", data[position : position + _RECORD])
        position += _RECORD
        if kind == 0:
            return
        body = data[position : position + length]
        position += length
        parts = body if kind in (_FULL, _FIRST) else parts + body
        if kind in (_FULL, _LAST):
            yield parts


class WandbFile:
    """One offline run: `config`, `history` rows, `summary`, `artifacts`, `exit_code`, and the run's own record."""

    def __init__(self, path: Path) -> None:
        from wandb.proto.wandb_internal_pb2 import Record

        self.folder = path.parent
        self.config: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.artifacts: dict[str, Any] = {}
        self.run: Any = None
        self.exit_code: int | None = None
        for payload in payloads(path.read_bytes()):
            record = Record()
            record.ParseFromString(payload)
            self._take(record)

    def _take(self, record: Any) -> None:
        kind = record.WhichOneof("record_type")
        if kind == "run":
            self.run = record.run
            self._update(self.config, record.run.config.update)
        elif kind == "config":
            self._update(self.config, record.config.update)
        elif kind == "history":
            row: dict[str, Any] = {}
            self._update(row, record.history.item)
            self.history.append(row)
        elif kind == "summary":
            self._update(self.summary, record.summary.update)
        elif kind == "artifact":
            self.artifacts[record.artifact.name] = record.artifact
        elif kind == "request" and record.request.HasField("log_artifact"):
            artifact = record.request.log_artifact.artifact
            self.artifacts[artifact.name] = artifact
        elif kind == "exit":
            self.exit_code = record.exit.exit_code

    @staticmethod
    def _update(into: dict[str, Any], items: Any) -> None:
        for item in items:
            key = item.key or "/".join(item.nested_key)
            into[key] = json.loads(item.value_json)

    def column(self, key: str) -> list[Any]:
        """All logged values of `key`."""
        return [row[key] for row in self.history if key in row]


def only_run(folder: Path) -> WandbFile:
    """The one offline run below `folder`, once it is whole: W&B's service writes on after `finish` has returned."""
    (path,) = folder.rglob("*.wandb")
    wait_until(lambda: WandbFile(path).exit_code is not None)
    return WandbFile(path)
