"""What a look at an installer's output came to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cause: its code, one sentence, and the installer's names for the requirements to blame."""

    code: str
    message: str
    names: tuple[str, ...] = ()
    detail: str = ""
    hint: str | None = None
