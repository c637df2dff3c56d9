"""The flow of a sequence's frames: read where it is kept, estimated where it is not."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cleanplate.data.flow.estimation import Flow, FlowSettings, FlowTracker
from cleanplate.data.images import Image

if TYPE_CHECKING:
    from cleanplate.data.sequence import Sequence


def flows(
    sequence: "Sequence",
    indices: Iterable[int] | None = None,
    settings: FlowSettings = FlowSettings(),  # noqa: B008  # frozen
) -> Iterator[tuple[int, Image, Flow]]:
    """Yields `(index, frame, flow)` in order; the flow is that since the frame before, be it asked for or not.

    Args:
        sequence: its `flow` is read where it has one, whatever its settings.
        indices: which frames, ascending from 0; all by default.
        settings: where the flow is estimated here.

    Raises:
        DataError: see `Sequence.frames` and `FlowFile.read`.
    """
    wanted = range(len(sequence)) if indices is None else list(indices)
    if sequence.flow is not None:
        for index, frame in sequence.frames(wanted):
            yield index, frame, sequence.flow.read(sequence.numbers[index])
        return
    tracker = FlowTracker(settings)
    asked = set(wanted)
    for index, frame in sequence.frames(sorted(asked | {index - 1 for index in asked if index})):
        if index not in asked:
            tracker.see(frame)
            continue
        yield index, frame, tracker.next(frame)
