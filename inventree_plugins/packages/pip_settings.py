"""What pip's own configuration says for `pip install`: its files and its variables, in pip's order.

See https://pip.pypa.io/en/stable/topics/configuration/.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PipSetting", "PipSettings", "is_on", "read_pip_settings"]

_PREFIX = "PIP_"
# Later sections win, whichever file they stand in.
_SECTIONS = ("global", "install")
# Variables that set no option.
_NO_OPTIONS = frozenset({"config-file", "help", "version"})
_ON = frozenset({"1", "on", "t", "true", "y", "yes"})


@dataclass(frozen=True, slots=True)
class PipSetting:
    """An option's value, and the variable or file that gives it. The value may hold a password."""

    value: str = field(repr=False)
    origin: str
    is_variable: bool = False


@dataclass(frozen=True, slots=True)
class PipSettings:
    """Options of `pip install` by their long names without dashes in front.

    `damaged` is the first file that cannot be read as configuration; its options are missing then.
    """

    options: Mapping[str, PipSetting] = field(default_factory=dict)
    damaged: Path | None = None


def is_on(value: str) -> bool:
    """Tell whether a switch is on; anything but the words that pip takes for yes means no."""
    return value.strip().lower() in _ON


def read_pip_settings(environ: Mapping[str, str], *, prefix: Path) -> PipSettings:
    """Read what pip would, run by the Python of the environment `prefix`."""
    sections: dict[str, dict[str, PipSetting]] = {name: {} for name in _SECTIONS}
    damaged = None
    for path in _files(environ, prefix):
        found = _read(path)
        if found is None:
            damaged = damaged or path
        for section, name, value in found or ():
            if section in sections:
                sections[section][name] = PipSetting(value, f"`{path}`")
    options = {name: each for section in _SECTIONS for name, each in sections[section].items() if each.value}
    for variable, value in environ.items():
        name = _normalized(variable.removeprefix(_PREFIX))
        if variable.startswith(_PREFIX) and value and name not in _NO_OPTIONS:
            options[name] = PipSetting(value, f"`{variable}`", is_variable=True)
    return PipSettings(options, damaged)


def _files(environ: Mapping[str, str], prefix: Path) -> Iterator[Path]:
    """Yield pip's configuration files, the least important first; some may not be there."""
    named = environ.get(f"{_PREFIX}CONFIG_FILE")
    if named == os.devnull:
        return  # pip reads no file at all then
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
    for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    if not (named and Path(named).exists()):
        yield from _of_the_user(environ)
    yield prefix / "pip.conf"
    if named:
        yield Path(named)


def _of_the_user(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - a `~` that stays is no error
    yield home / ".pip" / "pip.conf"
    support = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin" and support.is_dir():
        yield support / "pip.conf"
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")


def _read(path: Path) -> tuple[tuple[str, str, str], ...] | None:
    """Return sections, options and values, none of a file that is not there, None for a damaged one."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=str(path))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeError, configparser.Error):
        return None
    return tuple(
        (_normalized(section), _normalized(name), value)
        for section in parser.sections()
        for name, value in parser.items(section)
    )


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
