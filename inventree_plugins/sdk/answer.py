"""What a service answered to an API call."""

from __future__ import annotations

import codecs
import json as json_format
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from inventree_plugins.sdk.errors import APICallError

__all__ = ["Answer", "Headers"]

FIRST_ERROR = 400


class Headers(Mapping[str, str]):
    """Headers by name, in whatever case; several of one name are joined by commas."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._found: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            known = self._found.get(name.lower())
            self._found[name.lower()] = (known[0], f"{known[1]}, {value}") if known else (name, value)

    def __getitem__(self, name: str) -> str:
        """Return the value of a header."""
        return self._found[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, as they came."""
        return (name for name, _ in self._found.values())

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._found)

    def __repr__(self) -> str:
        """Return them as a dictionary shows them."""
        return repr(dict(self))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered; true unless it is an error.

    `url` is the address that answered in the end, without what may be secret: query, user and fragment.
    """

    status_code: int
    content: bytes
    url: str
    headers: Headers = field(default_factory=Headers)
    reason: str = ""
    plugin: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether it is no error."""
        return self.status_code < FIRST_ERROR

    def __bool__(self) -> bool:
        """Tell whether it is no error."""
        return self.ok

    @property
    def encoding(self) -> str:
        """Return the name of the text's encoding: by the service, else by a mark, else UTF-8."""
        message = Message()
        message["Content-Type"] = self.headers.get("Content-Type", "")
        named = message.get_content_charset()
        return _known(named) or (_marked(self.content) or "utf-8")

    @property
    def text(self) -> str:
        """Return the body as text; what cannot be decoded is replaced."""
        return self.content.decode(self.encoding, "replace").removeprefix("\ufeff")

    def json(self) -> Any:
        """Return the body as JSON has it, in any encoding of Unicode; raise ValueError where it is none."""
        try:
            return json_format.loads(self.content)
        except UnicodeDecodeError:
            return json_format.loads(self.text)

    def raise_for_status(self) -> None:
        """Raise APICallError for an error."""
        if not self.ok:
            raise self.failed(f"the service answered {self.status_code} {self.reason}".rstrip())

    def failed(self, message: str) -> APICallError:
        """Return an error about this answer."""
        return APICallError(
            f"{message} (`{self.url}`)",
            status=self.status_code,
            url=self.url,
            body=self.text,
            plugin=self.plugin,
        )


def _known(encoding: str | None) -> str | None:
    try:
        return encoding and codecs.lookup(encoding).name
    except LookupError:
        return None


def _marked(content: bytes) -> str | None:
    # The marks of UTF-32 begin as those of UTF-16 do.
    marks = (
        ("utf-8-sig", (codecs.BOM_UTF8,)),
        ("utf-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
        ("utf-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
    )
    return next((name for name, each in marks if content.startswith(each)), None)
