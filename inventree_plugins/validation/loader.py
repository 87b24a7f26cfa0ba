"""Import and construct one plugin class, in a process of the target interpreter.

Run as a file: that interpreter need not know invplug, so nothing but the standard library is imported here.
The request is the only argument, as JSON; the answer is written to the file that it names.

With the server's source, the server itself is set up. Without it invplug's own host loads the class, from the
folder that the request names.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

MOST_FRAMES = 5
OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH100, PTH120


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Load the class and return what came of it."""
    stage = "server"
    try:
        limit(request["memory"], request["file_size"])
        hosted = prepare(request)
        stage = "import"
        if hosted is not None:
            return load_in_host(request, hosted)
        target = import_class(request)
        stage = "construct"
        target()
    except BaseException as error:  # noqa: BLE001 - the plugin may raise anything, SystemExit included
        return failure(error, stage)
    return {"stage": "done"}


def load_in_host(request: dict[str, Any], hosted: Any) -> dict[str, Any]:
    """Let the host load the class, and activate its mixins on a store of its own."""
    stand_ins, try_plugin = hosted
    with stand_ins():
        target = import_class(request)
        found = try_plugin(target, Path(request["answer"]).with_name("host"))
    if found is None:
        return {"stage": "done"}
    return failure(found.error, "construct" if found.phase == "construct" else "activate")


def limit(memory: int, file_size: int) -> None:
    """Let the process take so many bytes of address space, and write no longer files."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    for kind, size in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, file_size)):
        hard = resource.getrlimit(kind)[1]
        size = size if hard == resource.RLIM_INFINITY else min(size, hard)  # noqa: PLW2901
        resource.setrlimit(kind, (size, size))


def prepare(request: dict[str, Any]) -> Any:
    """Make the server's framework importable: the real one, set up as for a check, or invplug's.

    Returns the two functions of invplug's that load a plugin, where those take its place.
    """
    sys.path[:0] = request["import_path"]
    sys.dont_write_bytecode = True
    root = request["source_root"]
    if root is not None:
        sys.path.insert(0, root)
        # The server loads no plugins and writes nothing when it only checks itself.
        sys.argv = ["manage.py", "check"]
        importlib.import_module("django").setup()
        return None
    if sys.version_info < (3, 10):  # noqa: UP036 - the target's Python, not ours
        raise ModuleNotFoundError(
            "without a server, plugins are loaded by Python 3.10 or later", name="plugin"
        )
    return import_host(request["package"])


def import_host(folder: str) -> Any:
    """Import invplug's host from where it lies, without what is installed beside it."""
    import_file(os.path.join(folder, "__init__.py"), "inventree_plugins")  # noqa: PTH118
    sdk = importlib.import_module("inventree_plugins.sdk.stand_ins")
    return sdk.stand_ins, importlib.import_module("inventree_plugins.host.trial").try_plugin


def import_class(request: dict[str, Any]) -> Any:
    """Import the module as the server would, and return the class."""
    directory = request["plugin_dir"]
    if directory is not None:
        import_directory(Path(directory))
    file = request["file"]
    if file:
        # What lies beside it can be imported, too.
        sys.path.append(os.path.dirname(file))  # noqa: PTH120
    value: Any = import_file(file) if file else importlib.import_module(request["module"])
    for name in request["attribute"].split("."):
        value = getattr(value, name)
    return value


def said(error: BaseException) -> str:
    """Return an exception's type and text in one line."""
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException as fault:  # noqa: BLE001 - the text is the plugin's as well
        text = f"(its text cannot be had: {type(fault).__name__})"
    return f"{type(error).__name__}: {' '.join(text.split())}".rstrip(": ")


def import_file(path: str, name: str = "checked_plugin") -> ModuleType:
    """Import a file by itself, under a name that hides no other module."""
    spec: Any = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def import_directory(directory: Path) -> None:
    """Make a package of a plugin directory, which is not on the import path."""
    file = directory / "__init__.py"
    if file.is_file():
        spec: Any = importlib.util.spec_from_file_location(
            directory.name, file, submodule_search_locations=[str(directory)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[directory.name] = module
        spec.loader.exec_module(module)
    else:
        module = ModuleType(directory.name)
        module.__path__ = [str(directory)]
        sys.modules[directory.name] = module


def failure(error: BaseException, stage: str) -> dict[str, Any]:
    """Return the useful end of a traceback: what was raised, and where in files that are no machinery."""
    frames = [
        {"path": frame.filename, "line": frame.lineno, "name": frame.name, "code": frame.line}
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((OWN, "<frozen"))
    ]
    if isinstance(error, SyntaxError) and isinstance(error.filename, str):
        line = error.lineno if isinstance(error.lineno, int) else None
        frames.append({"path": error.filename, "line": line, "name": "", "code": str(error.text or "")})
    missing = error.name if isinstance(error, ModuleNotFoundError) else of_server_only(error)
    return {
        "stage": stage,
        "error": said(error),
        "missing_module": missing if isinstance(missing, str) else None,
        "frames": frames[-MOST_FRAMES:],
    }


def of_server_only(error: BaseException) -> str | None:
    """Return `plugin` where the plugin reached for something of it that only a real server has."""
    is_missing_name = isinstance(error, ImportError) and str(error.name).partition(".")[0] == "plugin"
    return "plugin" if is_missing_name or type(error).__name__ == "OnlyOnServerError" else None


def redirect_output(path: str) -> None:
    """Let all output go to a file: a pipe would be kept open by whatever the plugin starts."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def end() -> None:
    """End at once, without waiting for threads, and end with it what the plugin has started."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    REQUEST = json.loads(sys.argv[1])
    redirect_output(REQUEST["output"])
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != os.path.dirname(__file__)]  # noqa: PTH100, PTH120
    # The plugin may do with these modules and streams what it likes.
    DUMPS, FLUSH, REPLACE = json.dumps, sys.stdout.flush, os.replace
    ANSWER = main(REQUEST)
    with suppress(Exception):
        FLUSH()
    with open(REQUEST["answer"] + ".part", "w", encoding="utf-8") as FILE:  # noqa: PTH123
        FILE.write(DUMPS(ANSWER))
    REPLACE(REQUEST["answer"] + ".part", REQUEST["answer"])
    end()
