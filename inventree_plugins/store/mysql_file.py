"""MySQL's option files, such as `~/.my.cnf`: what they say to a client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from inventree_plugins.errors import ConfigurationError

__all__ = ["client_options"]

# Where clients look when a group is named and no file.
USUAL_FILES = ("/etc/my.cnf", "/etc/mysql/my.cnf", "~/.my.cnf")
GROUPS = ("client", "client-server", "client-mariadb")
# Files that include each other end somewhere.
DEEPEST = 10

# A value up to a comment, whose sign means nothing inside of quotes.
VALUE = re.compile(r"""(?:[^'"#]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|['"].*)*""")
ESCAPED = re.compile(r"\\([btnrs\\])")
ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "s": " ", "\\": "\\"}


def client_options(file: str | None, group: str | None) -> dict[str, str]:
    """Return the options for clients, and those of `group`, by names with dashes.

    Raises:
        ConfigurationError: The file cannot be read. The message holds none of its lines: they have passwords.
    """
    if file is None and group is None:
        return {}
    named = [Path(file).expanduser()] if file else [Path(name).expanduser() for name in USUAL_FILES]
    wanted = {*GROUPS, group}
    found: dict[str, str] = {}
    for path in named:
        if file or path.exists():
            found.update((name, value) for of, name, value in _entries(path) if of in wanted)
    return found


def _entries(path: Path, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """Yield group, name and value of each option, also of the files that this one includes."""
    group = None
    for number, line in enumerate(_lines(path), start=1):
        text = line.strip()
        if not text or text.startswith(("#", ";")):
            continue
        if text.startswith("!"):
            for other in _included(text, path, number):
                if depth < DEEPEST:
                    yield from _entries(other, depth + 1)
        elif text.startswith("["):
            group, closed, _ = text[1:].partition("]")
            if not closed:
                raise _malformed(path, number, "a group without `]`")
        elif group is None:
            raise _malformed(path, number, "an option before the first group, such as `[client]`")
        else:
            name, _, value = text.partition("=")
            yield group.strip(), name.strip().lower().replace("_", "-"), _value(value)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise ConfigurationError(
            f"the option file `{path}` cannot be read: {error.strerror}",
            hint="correct `read_default_file` in INVENTREE_DB_OPTIONS or `database.options`",
        ) from error


def _included(text: str, path: Path, number: int) -> list[Path]:
    word, _, name = text.partition(" ")
    place = path.parent / name.strip()
    if word == "!include":
        return [place]
    if word == "!includedir":
        return sorted(place.glob("*.cnf"))
    raise _malformed(path, number, "neither `!include` nor `!includedir`")


def _value(text: str) -> str:
    found = VALUE.match(text)
    value = (found[0] if found else "").strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return ESCAPED.sub(lambda match: ESCAPES[match[1]], value)


def _malformed(path: Path, number: int, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"line {number} of the option file `{path}` is {what}",
        hint="correct it, or `read_default_file` in INVENTREE_DB_OPTIONS or `database.options`",
    )
