"""A file appears under its name once it is whole, whatever its writer makes of its suffix."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cleanplate.errors import DataError
from cleanplate.files import remove, replacing


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """As `replacing`, but the temporary keeps the suffix, by which encoders know what to write.

    Raises:
        DataError: if the file cannot be written (no space, no permission).
    """
    try:
        with replacing(target) as temporary:
            work = temporary.with_name(f".part.{target.name}")
            remove(work)
            try:
                yield work
                work.replace(temporary)
            finally:
                remove(work)
    except OSError as error:
        raise unwritable(target, error) from error


def unwritable(path: Path, error: OSError) -> DataError:
    """What a user is told of a place that cannot be written."""
    reason = error.strerror or str(error)
    return DataError(
        f"{path}: cannot be written: {reason}; free some space, mend the permissions, or choose another -o"
    )
