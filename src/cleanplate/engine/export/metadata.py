"""The metadata of an exported file: what it was written from and what it takes, as words and JSON by key."""

import hashlib
import json
from pathlib import Path
from typing import Any

import cleanplate
from cleanplate.engine.export.model_graph import ModelGraph
from cleanplate.models.base import BackgroundModel
from cleanplate.models.checkpoint_file import read
from cleanplate.models.exported import FORMAT, FRAMES, NOTES, RATE, STATES, packed


def metadata_of(model: BackgroundModel, graph: ModelGraph, checkpoint: Path) -> dict[str, str]:
    """The metadata of a file with this graph of the model in a checkpoint; read by `ExportedModel`."""
    options = model.describe()["options"]
    notes = {key: value for key, value in read(checkpoint).get("notes", {}).items() if _is_json(value)}
    states = {name: state.numpy() for name, state in graph.states.items()}
    return {
        "cleanplate": cleanplate.__version__,
        "format": str(FORMAT),
        "name": model.name,
        "family": model.family,
        "league": model.league,
        "paper": model.paper,
        "size": json.dumps(graph.size),
        "parameters": str(model.parameters),
        "options": json.dumps(options),
        "foreground": json.dumps(model.head.options.model_dump()),
        "inputs": json.dumps(input_names(graph)),
        NOTES: json.dumps(notes),
        "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        **({STATES: packed(states)} if states else {}),
    }


def input_names(graph: ModelGraph) -> list[str]:
    """The names of the graph's inputs, in order."""
    return [FRAMES, *([RATE] if graph.takes_rate else []), *graph.states]


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True
