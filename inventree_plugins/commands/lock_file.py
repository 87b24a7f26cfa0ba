"""The lock file (PEP 751): written beside plugins.txt, read again, and compared with what is asked now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from inventree_plugins.commands.lock_inputs import Difference, Input, compare_inputs
from inventree_plugins.errors import FileAccessError, InstallError, LockFileError
from inventree_plugins.models import Interpreter
from inventree_plugins.packages.satisfaction import marker_environment

if TYPE_CHECKING:
    from packaging.pylock import Package, Pylock

__all__ = ["LOCK_NAME", "Lock", "lock_path", "lock_text", "python_difference", "read_lock"]

LOCK_NAME = "pylock.plugins.toml"
TOOL = "invplug"
VERSION = "1.0"
# Wheels, and what the markers of requirements say, depend on these.
_PLATFORM = ("implementation_name", "platform_machine", "sys_platform")
_HEADER = "# `invplug lock` wrote this from plugins.txt; it will do so again.\n\n"
_ANOTHER = "make another one with `invplug lock`"
_PLACE = re.compile(r"packages\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file as it was read.

    `inputs` are kind and text of the lines that it was made from, None for a lock of another tool; `names`
    tell the packages of lines that do not name them.
    """

    path: Path
    content: Pylock
    inputs: tuple[tuple[str, str], ...] | None
    names: Mapping[str, str]

    def find(self, name: str) -> Package | None:
        """Return the package of that normalised name."""
        return next((each for each in self.content.packages if each.name == name), None)

    def differences(self, inputs: Iterable[Input], interpreter: Interpreter) -> tuple[Difference, ...]:
        """Say what is otherwise now than when the lock was made."""
        other_python = python_difference(self, interpreter)
        lines = compare_inputs(self.inputs or (), inputs)
        return (*((other_python,) if other_python else ()), *lines)


def lock_path(plugins_file: Path) -> Path:
    """Return where the lock of a plugins.txt lies: beside it."""
    return plugins_file.absolute().with_name(LOCK_NAME)


def lock_text(
    packages: Sequence[Package],
    interpreter: Interpreter,
    *,
    inputs: Sequence[Input],
    names: Mapping[str, str],
) -> str:
    """Return the text of a lock; the same for the same packages.

    Raises InstallError where the standard has no words for one of them.
    """
    import tomli_w  # noqa: PLC0415 - for locks only
    from packaging.markers import Marker  # noqa: PLC0415
    from packaging.pylock import Pylock, PylockValidationError  # noqa: PLC0415
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415
    from packaging.version import Version  # noqa: PLC0415

    asked: dict[str, Any] = {}
    for each in inputs:
        asked.setdefault(each.kind, []).append(each.text)
    if names:
        asked["names"] = dict(sorted(names.items()))
    environment = marker_environment(interpreter)
    content = Pylock(
        lock_version=Version(VERSION),
        environments=[Marker(" and ".join(f'{key} == "{environment[key]}"' for key in _PLATFORM))],
        requires_python=SpecifierSet(f"=={environment['python_version']}.*"),
        created_by=TOOL,
        packages=sorted(packages, key=lambda each: each.name),
        tool={TOOL: asked},
    )
    try:
        content.validate()
    except PylockValidationError as error:
        raise InstallError(f"the packages cannot be locked: {error}") from error
    return _HEADER + tomli_w.dumps(content.to_dict())


def read_lock(path: Path) -> Lock | None:
    """Read a lock file; None when there is none. Raises LockFileError and FileAccessError."""
    import tomli  # noqa: PLC0415 - for locks only
    from packaging.pylock import Pylock, PylockValidationError  # noqa: PLC0415

    try:
        text = path.read_bytes().decode("utf-8")
        content = Pylock.from_dict(tomli.loads(text))
        inputs, names = _own_part(content.tool or {})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileAccessError(f"cannot read `{path}`: {error.strerror or error}", path=path) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _damaged(path, line, f"byte 0x{error.object[error.start]:02x} is not UTF-8") from error
    except tomli.TOMLDecodeError as error:
        raise _damaged(path, _line_of(error, text), str(error)) from error
    except PylockValidationError as error:
        raise _damaged(path, _line_in(text, error.context or ""), str(error)) from error
    return Lock(path, content, inputs, names)


def python_difference(lock: Lock, interpreter: Interpreter) -> Difference | None:
    """Say that a lock is for another Python or platform than the target's, if it is."""
    content, environment = lock.content, marker_environment(interpreter)
    python = content.requires_python
    if python is not None and not python.contains(interpreter.version, prereleases=True):
        return Difference("python", f"Python {interpreter.version}", f"Python {python}")
    markers = content.environments or ()
    if markers and not any(each.evaluate({**environment, "extra": ""}) for each in markers):
        here = " and ".join(f'{key} == "{environment[key]}"' for key in _PLATFORM)
        return Difference("python", here, " or ".join(map(str, markers)))
    return None


def _own_part(tool: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...] | None, Mapping[str, str]]:
    """Return what invplug noted in the lock: the lines it was made from, and the names of some."""
    if TOOL not in tool:
        return None, {}
    own = _table(tool[TOOL])
    names = _table(own.get("names", {}))
    _texts(list(names.values()))
    lines = [(kind, text) for kind, texts in own.items() if kind != "names" for text in _texts(texts)]
    return tuple(lines), dict(names)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _refuse()


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        _refuse()
    return value


def _refuse() -> NoReturn:
    from packaging.pylock import PylockValidationError  # noqa: PLC0415 - as above

    raise PylockValidationError("Not what invplug writes", context=f"tool.{TOOL}")


def _line_of(error: ValueError, text: str) -> int:
    """Return the line that tomli names; older releases tell it in words only."""
    said = re.search(r"at line (\d+)", str(error))
    return int(said[1]) if said else max(1, len(text.splitlines()))


def _line_in(text: str, context: str) -> int:
    """Return the line where the part of the document begins that is not as it should be."""
    package = _PLACE.match(context)
    head = re.escape(context.partition(".")[0])
    start = re.compile(r"\[\[\s*packages\s*\]\]" if package else rf"\[?{head}\b")
    wanted = int(package[1]) if package else 0
    found = [number for number, line in enumerate(text.splitlines(), 1) if start.match(line.strip())]
    return found[wanted] if wanted < len(found) else 1


def _damaged(path: Path, line: int, reason: str) -> LockFileError:
    return LockFileError(
        f"`{path}` line {line} is not a lock file: {reason}", path=path, line=line, hint=_ANOTHER
    )
