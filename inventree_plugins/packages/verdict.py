"""What a look at an installer's output came to, and what there was to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Evidence", "Verdict"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a failed run: its output, pip's own log where there is one, and the server's packages.

    `host` maps the normalised names of the server's distributions to their versions.
    """

    text: str
    log: str = ""
    host: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cause: its code, one sentence, and the installer's names for the requirements to blame."""

    code: str
    message: str
    names: tuple[str, ...] = ()
    detail: str = ""
    hint: str | None = None
