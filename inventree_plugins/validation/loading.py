"""Load a plugin in a process of its own, and tell what came of it."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from inventree_plugins.errors import ProcessTimeoutError
from inventree_plugins.models import Plugin, Problem
from inventree_plugins.process import Runner, run
from inventree_plugins.vocabulary import SERVER_LIBRARIES, SERVER_PACKAGES

__all__ = ["Frame", "LoadRequest", "LoadResult", "load", "load_problems"]

PACKAGE = Path(__file__).parents[1]
LOADER = Path(__file__).with_name("loader.py")
MEBIBYTE = 1024 * 1024
# What a plugin prints, as far as it is kept, and what a file may grow by, in bytes.
MOST_OUTPUT = 4_000
MOST_WRITTEN = 64 * MEBIBYTE
ANSWER, OUTPUT = "answer.json", "output.txt"


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What to load and how: `timeout` in seconds, `memory` in MiB.

    `import_path` comes before the interpreter's own, `plugin_dir` is the plugin directory that the module
    lies in; a `file` is imported by itself. `source_root` is the server's, None when there is none;
    `database` is a copy of its store, which the plugin may write to.
    """

    plugin: Plugin
    attribute: str
    python: Path
    import_path: tuple[Path, ...] = ()
    plugin_dir: Path | None = None
    file: Path | None = None
    source_root: Path | None = None
    database: Path | None = None
    timeout: float = 60.0
    memory: int = 2048


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of a traceback."""

    path: Path
    line: int
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of loading a plugin: how it ended, after how many seconds, and what it printed.

    `stage` tells what failed: `server` (before the plugin was touched), `import`, `construct` or `activate`,
    to which only a load without a server comes.
    """

    slug: str
    result: Literal["ok", "failed", "timed-out"]
    with_server: bool
    seconds: float
    output: str = ""
    stage: str | None = None
    error: str | None = None
    missing_module: str | None = None
    frames: tuple[Frame, ...] = ()

    @property
    def needs_server(self) -> bool:
        """Tell whether a load without a server failed for want of a module that a server would bring."""
        top = (self.missing_module or "").partition(".")[0]
        return not self.with_server and top in SERVER_PACKAGES | SERVER_LIBRARIES


def load(request: LoadRequest, *, runner: Runner = run) -> LoadResult:
    """Import and construct the plugin's class in a child process; raise ProcessError if that cannot start."""
    with tempfile.TemporaryDirectory(prefix="invplug-load-") as name:
        folder = Path(name)
        command = [str(request.python), "-B", str(LOADER), json.dumps(_argument(request, folder))]
        environment = _environment(request, folder)
        start = time.monotonic()
        try:
            completed = runner(command, cwd=folder, env=environment, timeout=request.timeout)
        except ProcessTimeoutError:
            has_server = request.source_root is not None
            output = _tail(folder / OUTPUT)
            return LoadResult(request.plugin.slug, "timed-out", has_server, request.timeout, output)
        seconds = time.monotonic() - start
        output = _tail(folder / OUTPUT) + completed.stderr[-MOST_OUTPUT:]
        answer = _answer(folder / ANSWER, completed.returncode)
    return _result(request, answer, seconds=seconds, output=output)


def _argument(request: LoadRequest, folder: Path) -> dict[str, Any]:
    return {
        "module": request.plugin.module,
        "attribute": request.attribute,
        "import_path": [str(each) for each in request.import_path],
        "plugin_dir": str(request.plugin_dir) if request.plugin_dir else None,
        "source_root": str(request.source_root) if request.source_root else None,
        "file": str(request.file) if request.file else None,
        "package": str(PACKAGE),
        "memory": request.memory * MEBIBYTE,
        "file_size": _database_size(request) + MOST_WRITTEN,
        "answer": str(folder / ANSWER),
        "output": str(folder / OUTPUT),
    }


def _environment(request: LoadRequest, folder: Path) -> dict[str, str | None]:
    """Return an environment in which a server writes only below `folder` and reaches no live database."""
    live = ("INVENTREE_", "DJANGO_", "INVPLUG_")
    taken_out: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith(live))
    (folder / "config.yaml").write_text("debug: false\n", encoding="utf-8")
    for name in ("media", "static", "backup"):
        (folder / name).mkdir()
    return {
        **taken_out,
        "DJANGO_SETTINGS_MODULE": "InvenTree.settings",
        "INVENTREE_AUTO_UPDATE": "False",
        "INVENTREE_BACKUP_DIR": str(folder / "backup"),
        "INVENTREE_CONFIG_FILE": str(folder / "config.yaml"),
        "INVENTREE_DB_ENGINE": "sqlite3",
        "INVENTREE_DB_NAME": str(request.database or folder / "store.sqlite3"),
        "INVENTREE_LOG_LEVEL": "ERROR",
        "INVENTREE_MEDIA_ROOT": str(folder / "media"),
        "INVENTREE_OIDC_PRIVATE_KEY": "none",
        "INVENTREE_PLUGINS_ENABLED": "False",
        "INVENTREE_PLUGIN_FILE": str(folder / "plugins.txt"),
        "INVENTREE_SECRET_KEY": "only for one load",
        "INVENTREE_SITE_URL": "http://localhost:8000",
        "INVENTREE_STATIC_ROOT": str(folder / "static"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _database_size(request: LoadRequest) -> int:
    return request.database.stat().st_size if request.database else 0


def _tail(path: Path) -> str:
    """Return the end of a file, nothing when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_OUTPUT))
            return file.read(MOST_OUTPUT).decode("utf-8", "replace")
    except OSError:
        return ""


def _answer(path: Path, returncode: int) -> Mapping[str, Any]:
    """Return what the child answered; the plugin shares its process, and may have written anything there."""
    try:
        answer = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        how = f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
        return {"error": f"the process ended with {how} before it could tell why"}
    return answer if isinstance(answer, dict) else {}


def _result(request: LoadRequest, answer: Mapping[str, Any], *, seconds: float, output: str) -> LoadResult:
    done = answer.get("stage") == "done"
    return LoadResult(
        slug=request.plugin.slug,
        result="ok" if done else "failed",
        with_server=request.source_root is not None,
        seconds=round(seconds, 2),
        output=output,
        stage=None if done else _text(answer, "stage"),
        error=_text(answer, "error"),
        missing_module=_text(answer, "missing_module"),
        frames=tuple(_frames(answer.get("frames"))),
    )


def _text(answer: Mapping[str, Any], key: str) -> str | None:
    value = answer.get(key)
    return value if isinstance(value, str) else None


def _frames(value: object) -> Iterator[Frame]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict) and isinstance(each.get("path"), str):
            line = each.get("line")
            name, code = _text(each, "name") or "", _text(each, "code") or ""
            yield Frame(Path(each["path"]), line if isinstance(line, int) else 0, name, code)


def load_problems(plugin: Plugin, result: LoadResult) -> tuple[Problem, ...]:
    """Return what a load says against a plugin."""
    if result.result == "timed-out":
        message = f"`{plugin.slug}` was not loaded within {result.seconds:g} seconds"
        return (_problem("load-timed-out", plugin, message),)
    if result.result == "failed" and not result.needs_server:
        return (_failure(plugin, result),)
    if result.with_server:
        return ()
    message = f"`{plugin.slug}` was loaded without a server: invplug's own host took its place"
    if result.missing_module:
        message = (
            f"whether `{plugin.slug}` loads cannot be told without a server:"
            f" it needs `{result.missing_module}`"
        )
    warning = _problem("loaded-without-server", plugin, message)
    return (warning._replace(severity="warning", hint="name one with `--server DIR`"),)


def _failure(plugin: Plugin, result: LoadResult) -> Problem:
    verbs = {
        "import": "imported",
        "construct": "constructed",
        "activate": "activated",
        "server": "tried, as the server does not start",
    }
    what = verbs.get(result.stage or "", "loaded")
    problem = _problem("load-failed", plugin, f"`{plugin.slug}` cannot be {what}: {result.error}")
    own = [frame for frame in result.frames if frame.path.parent.is_relative_to(plugin.path.parent)]
    last = own[-1] if own else None
    hint = None
    if result.missing_module and result.stage != "server":
        hint = f"install what provides `{result.missing_module}`, or declare it as the plugin's requirement"
    if last is not None:
        problem = problem._replace(path=last.path, line=last.line)
    return problem._replace(hint=hint)


def _problem(code: str, plugin: Plugin, message: str) -> Problem:
    return Problem(code, message, "error", slug=plugin.slug, path=plugin.path, line=plugin.line)
