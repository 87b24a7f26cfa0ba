"""The target interpreter: which one, and its import path, read from files where that is possible."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from inventree_plugins.errors import InterpreterError, ProcessError
from inventree_plugins.instance.model import DISTRIBUTION_PACKAGE_ORIGIN, Instance
from inventree_plugins.instance.source_root import DISTRIBUTION_PACKAGE, checkout_of
from inventree_plugins.models import Interpreter, Setting

__all__ = ["choose_interpreter", "inspect_interpreter"]

HOW_TO_CHOOSE = "name the Python that runs the server with `--python PATH` (or INVPLUG_PYTHON)"
ENVIRONMENT_NAMES = ("env", ".venv", "venv")

# Before, the mark is a part of the first line's path.
_SKIPS_BYTE_ORDER_MARK = (3, 13)

# Run by the target: no more than what every Python since 3.6 has.
PROBE = """
import json, platform, site, sys, sysconfig
base = [sysconfig.get_path(n) for n in ("stdlib", "platstdlib")]
own = ("python%d%d.zip" % sys.version_info[:2], "lib-dynload")
path = [p for p in sys.path if p and p not in base and not p.endswith(own)]
print(json.dumps({"prefix": sys.prefix, "version": platform.python_version(), "path": path,
    "implementation": platform.python_implementation(), "purelib": sysconfig.get_path("purelib")}))
"""


def choose_interpreter(instance: Instance) -> Setting[Path]:
    """Return the target interpreter's executable and why it was chosen; raise InterpreterError."""
    if instance.python.value:
        return Setting(_named_executable(instance.python.value, instance.directory), instance.python.origin)
    for folder, origin in _server_environments(instance):
        executable = _executable_of(folder)
        if executable:
            return Setting(executable, origin)
    if sys.prefix != sys.base_prefix:
        return Setting(Path(sys.executable), "the environment invplug runs in")
    if instance.in_container:
        return Setting(Path(sys.executable), "the container's Python")
    raise InterpreterError("cannot tell which Python runs the server", hint=HOW_TO_CHOOSE)


def _server_environments(instance: Instance) -> Iterable[tuple[Path, str]]:
    if named := instance.environment.get("INVENTREE_PY_ENV"):
        yield Path(os.path.abspath(named)), "environment INVENTREE_PY_ENV"  # noqa: PTH100 - links stay
    if instance.source_root.value:
        checkout = checkout_of(instance.source_root.value)
        for name in ENVIRONMENT_NAMES:
            yield checkout / name, "the server's virtual environment"
    elif instance.config_file.value and instance.config_file.value.parent == Path("/etc/inventree"):
        yield DISTRIBUTION_PACKAGE / "env", DISTRIBUTION_PACKAGE_ORIGIN


def _executable_of(folder: Path) -> Path | None:
    candidates = (folder / "bin" / "python", folder / "bin" / "python3", folder / "Scripts" / "python.exe")
    return next((path for path in candidates if path.exists()), None)


def _named_executable(text: str, directory: Path) -> Path:
    try:
        return _existing_executable(text, directory / Path(text).expanduser())
    except (OSError, RuntimeError, ValueError) as error:
        # A name that is too long, a home that is unknown, a NUL character.
        raise InterpreterError(f"there is no Python at `{text}`: {error}", hint=HOW_TO_CHOOSE) from error


def _existing_executable(text: str, path: Path) -> Path:
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolving would leave the environment
    if path.is_dir():
        found = _executable_of(path)
        if found is None:
            raise InterpreterError(f"`{text}` is a folder without a Python", hint=HOW_TO_CHOOSE, path=path)
        return found
    if path.is_file():
        if os.access(path, os.X_OK):
            return path
        raise InterpreterError(f"`{text}` is not an executable file", hint=HOW_TO_CHOOSE, path=path)
    if os.sep not in text and (found_name := shutil.which(text)):
        return Path(found_name)
    raise InterpreterError(f"there is no Python at `{text}`", hint=HOW_TO_CHOOSE, path=path)


def inspect_interpreter(executable: Path, *, probe: Callable[[list[str]], str]) -> Interpreter:
    """Describe the interpreter from its `pyvenv.cfg` and layout, else by starting it once with `probe`.

    `probe` runs a command and returns its standard output. Raises InterpreterError when it is no Python.
    """
    try:
        return _read_environment(executable) or _ask(executable, probe)
    except OSError as error:
        raise InterpreterError(
            f"the environment of `{executable}` cannot be read: {error}", hint=HOW_TO_CHOOSE, path=executable
        ) from error


def _read_environment(executable: Path) -> Interpreter | None:
    """Describe a virtual environment from its files; None where these do not tell everything."""
    if not executable.name.lower().startswith(("python", "pypy")):
        return None  # another program of the environment, perhaps
    prefix = executable.parent.parent
    settings = _read_pyvenv(prefix / "pyvenv.cfg")
    version = re.match(r"\d+\.\d+\.\d+", settings.get("version") or settings.get("version_info", ""))
    if version is None or settings.get("include-system-site-packages", "").lower() != "false":
        return None
    if os.environ.get("PYTHONPATH"):
        return None
    short = ".".join(version[0].split(".")[:2])
    libraries = [prefix / name / f"python{short}" / "site-packages" for name in ("lib", "lib64")]
    if not libraries[0].is_dir():
        return None
    present = [path for path in libraries if path.is_dir()]
    if len(present) > 1 and present[1].samefile(present[0]):
        present.pop()
    return Interpreter(
        executable=executable,
        prefix=prefix,
        version=version[0],
        implementation=settings.get("implementation", "CPython"),
        import_path=_with_pth_entries(present, version[0]),
        site_packages=libraries[0],
    )


def _read_pyvenv(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _with_pth_entries(folders: Iterable[Path], version: str) -> tuple[Path, ...]:
    """Add the folders and zip files that `.pth` files name, as `site` does; no line's code is run."""
    entries: dict[str, None] = {}
    for folder in map(str, folders):
        entries[folder] = None
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".pth"))
        for name in names:
            if name.startswith("."):
                continue
            for line in _pth_lines(Path(folder, name), version):
                added = os.path.abspath(os.path.join(folder, line))  # noqa: PTH100, PTH118 - links stay
                if added not in entries and os.path.exists(added):  # noqa: PTH110 - a NUL is no error
                    entries[added] = None
    return tuple(map(Path, entries))


def _pth_lines(path: Path, version: str) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    if tuple(map(int, version.split(".")[:2])) >= _SKIPS_BYTE_ORDER_MARK:
        text = text.removeprefix("\ufeff")
    lines = (line.rstrip() for line in text.splitlines() if not line.startswith(("#", "import ", "import\t")))
    return [line for line in lines if line]


def _ask(executable: Path, probe: Callable[[list[str]], str]) -> Interpreter:
    try:
        answer = json.loads(probe([str(executable), "-c", PROBE]))
        return Interpreter(
            executable=executable,
            prefix=Path(answer["prefix"]),
            version=answer["version"],
            implementation=answer["implementation"],
            import_path=tuple(map(Path, answer["path"])),
            site_packages=Path(answer["purelib"]),
        )
    except (ProcessError, ValueError, KeyError, TypeError) as error:
        raise InterpreterError(
            f"`{executable}` is not a working Python: {error}", hint=HOW_TO_CHOOSE, path=executable
        ) from error
