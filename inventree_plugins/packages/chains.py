"""Who needs whom, as pip tells it while it collects packages."""

from __future__ import annotations

import re

from inventree_plugins.packages.names import normalize

__all__ = ["LINE_OF_FILE", "chain_of", "last_collected", "name_of", "split_chain", "which_needs"]

LINE_OF_FILE = re.compile(r"-r (?P<path>.+?) \(line (?P<line>\d+)\)")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_COLLECTED = re.compile(
    r"^(?:Collecting|Processing|Obtaining|Requirement already satisfied:) (?P<what>.+?)"
    r"(?: in [^\s(]+)?(?: \(from (?P<chain>.+)\))?$",
    re.MULTILINE,
)
_ARCHIVE = re.compile(r"-\d[^/]*\.(?:tar\.\w+|tgz|zip|whl)(?:#.*)?$")


def name_of(text: str) -> str | None:
    """Return the normalised name of a requirement or an archive; none of `-r FILE (line N)`."""
    if _is_place(text):
        text = _ARCHIVE.sub("", text.rpartition("/")[2])
    match = _NAME.match(text)
    return normalize(match[1]) if match else None


def _is_place(text: str) -> bool:
    return bool(re.match(r"[a-z+]+:|[./]", text)) or _ARCHIVE.search(text) is not None


def split_chain(chain: str) -> tuple[str, ...]:
    """Divide `a->b->-r FILE (line N)`."""
    return tuple(part for part in chain.split("->") if part)


def chain_of(text: str, name: str | None) -> tuple[str, ...]:
    """Return who needs the package, from the nearest to the line that asked, in pip's words."""
    for match in _COLLECTED.finditer(text):
        if match["chain"] and name is not None and name_of(match["what"]) == name:
            return split_chain(match["chain"])
    return ()


def last_collected(text: str) -> tuple[str, ...]:
    """Return what pip worked on last, followed by its chain; empty when there is none."""
    found = list(_COLLECTED.finditer(text))
    return (found[-1]["what"], *split_chain(found[-1]["chain"] or "")) if found else ()


def which_needs(name: str | None, chain: tuple[str, ...]) -> str:
    """Say, between commas, which of the packages asked for needs another; nothing where it is that itself."""
    packages = [part for part in chain if name_of(part) not in {None, name}]
    return f", which `{re.split('[=<>!~; ]', packages[-1])[0]}` needs," if packages else ""
