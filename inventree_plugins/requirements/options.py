"""Options inside a requirements file, read as pip's option parser reads them."""

import shlex
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Option", "OptionError", "parse_options", "split_options"]

_SHORT = {
    "-i": "--index-url",
    "-c": "--constraint",
    "-r": "--requirement",
    "-e": "--editable",
    "-f": "--find-links",
    "-C": "--config-settings",
}
_SYNONYMS = {"--pypi-url": "--index-url", "--config-setting": "--config-settings"}
_WITH_VALUE = frozenset(
    {
        "--all-releases",
        "--config-settings",
        "--constraint",
        "--editable",
        "--extra-index-url",
        "--find-links",
        "--global-option",
        "--hash",
        "--index-url",
        "--install-option",
        "--no-binary",
        "--only-binary",
        "--only-final",
        "--requirement",
        "--trusted-host",
        "--use-feature",
    }
)
_FLAGS = frozenset({"--no-index", "--no-require-hashes", "--pre", "--prefer-binary", "--require-hashes"})
_KNOWN = tuple(sorted(_WITH_VALUE | _FLAGS | set(_SYNONYMS)))


class OptionError(ValueError):
    """The options of a line are not ones that a requirements file may hold."""


class Option(NamedTuple):
    """An option by its long name, with its value if it takes one."""

    name: str
    value: str | None = None


def split_options(content: str) -> tuple[str, str]:
    """Divide a logical line, as pip does, at the first word with a dash: requirement and options."""
    words = content.split(" ")
    for index, word in enumerate(words):
        if word.startswith("-"):
            return " ".join(words[:index]), " ".join(words[index:])
    return content, ""


def parse_options(text: str) -> tuple[Option, ...]:
    """Read options. Raises OptionError for an unknown one and for a missing or needless value."""
    if not text:
        return ()
    try:
        words = iter(shlex.split(text))
    except ValueError as error:
        raise OptionError(f"{error} in `{text}`") from error
    options: list[Option] = []
    for word in words:
        if word == "--":
            break
        if word.startswith("--"):
            options.append(_long(word, words))
        elif word.startswith("-") and len(word) > 1:
            options.append(_short(word, words))
        # pip drops other words silently, and so must a reader that wants to know what pip will do.
    return tuple(options)


def _long(word: str, rest: Iterator[str]) -> Option:
    written, has_value, value = word.partition("=")
    name = _full_name(written)
    if name in _FLAGS:
        if has_value:
            raise OptionError(f"option `{name}` takes no value")
        return Option(name)
    return Option(name, value if has_value else _next(name, rest))


def _short(word: str, rest: Iterator[str]) -> Option:
    name = _SHORT.get(word[:2])
    if name is None:
        raise OptionError(f"no such option: `{word[:2]}`")
    return Option(name, word[2:] or _next(name, rest))


def _next(name: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise OptionError(f"option `{name}` needs a value")
    return value


def _full_name(written: str) -> str:
    """Return the long name; pip's parser takes any unambiguous beginning of one."""
    if written in _KNOWN:
        return _SYNONYMS.get(written, written)
    matches = {_SYNONYMS.get(name, name) for name in _KNOWN if name.startswith(written)}
    if not matches:
        raise OptionError(f"no such option: `{written}`")
    if len(matches) > 1:
        raise OptionError(
            f"option `{written}` could be {' or '.join(f'`{name}`' for name in sorted(matches))}"
        )
    return matches.pop()
