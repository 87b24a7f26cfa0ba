"""The core metadata of a distribution: the headers of METADATA, and what plugins fall back to in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["Headers", "first", "license_of", "parse_headers", "website_of"]

_HOME_LABELS = frozenset({"home", "homepage", "website", "web"})
_SOURCE_LABELS = frozenset({"code", "github", "gitlab", "repo", "repository", "source", "sourcecode"})

Headers = dict[str, list[str]]


def parse_headers(lines: Iterable[str]) -> Headers:
    """Return the headers by lower-case name, as far as the blank line that ends them."""
    found: Headers = {}
    values: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if not text:
            break
        if text[0] in " \t":
            if values:
                values[-1] += "\n" + text.strip()
            continue
        name, separator, value = text.partition(":")
        if separator:
            values = found.setdefault(name.lower(), [])
            values.append(value.strip())
    return found


def first(found: Headers, name: str) -> str | None:
    """Return a header's first value, None where it is absent, empty or UNKNOWN."""
    value = next(iter(found.get(name, ())), "").strip()
    return None if not value or value.upper() == "UNKNOWN" else value


def website_of(found: Headers) -> str | None:
    """Return the home page, else the project URL that is most like one."""
    home = first(found, "home-page")
    if home:
        return home
    urls = [
        (re.sub(r"[\W_]", "", label).lower(), url.strip())
        for label, _, url in (value.partition(",") for value in found.get("project-url", ()))
        if url.strip()
    ]
    for labels in (_HOME_LABELS, _SOURCE_LABELS):
        for label, url in urls:
            if label in labels:
                return url
    return urls[0][1] if urls else None


def license_of(found: Headers) -> str | None:
    """Return the licence: the expression, the one-line field, the classifier, or the text's title."""
    expression = first(found, "license-expression")
    if expression:
        return expression
    written = first(found, "license")
    if written and "\n" not in written:
        return written
    for classifier in found.get("classifier", ()):
        if classifier.startswith("License ::"):
            return classifier.rpartition("::")[2].strip()
    # The whole licence text: its first line is its title.
    return written.splitlines()[0] if written else None
