"""Files under the user's cache directory: replaced in one step, with many writers at once."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["is_settled", "replace_file"]

# File systems stamp files with a clock that ticks every few milliseconds.
GRAIN_NS = 50_000_000


def is_settled(changed_ns: int, *, looked_ns: int) -> bool:
    """Tell whether a change after the file was looked at must show in its modification time.

    A file read in the same tick of the clock in which it was written may be written once more in it.
    """
    return changed_ns < looked_ns - GRAIN_NS


def replace_file(path: Path, content: bytes) -> None:
    """Replace the content of `path`, making its folder; raises OSError and leaves nothing half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not `tempfile`: importing it costs more than reading the cache.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
