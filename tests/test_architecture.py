"""The house rules that a program can check: who imports whom, and who prints."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "inventree_plugins"
ROOT = Path(__file__).resolve().parent.parent / PACKAGE

# Room -> the rooms it may import (docs/architecture.md).
LOWER = {"errors", "vocabulary", "slug", "collection", "core_metadata", "dates", "version_gate"}
LOWER |= {"git_facts", "models", "switches", "anatomy", "files", "process", "commit", "transaction"}
DISCOVERING = {"errors", "models", "anatomy", "vocabulary", "slug", "collection", "dates", "git_facts"}
DISCOVERING |= {"packages"}
HOSTING = {"errors", "models", "vocabulary", "collection", "switches", "version_gate"}
HOSTING |= {"instance", "packages", "discovery", "store"}
MIDDLE = {"instance", "requirements", "packages", "discovery", "store", "validation"}
TABLE = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "vocabulary": set(),
    "slug": set(),
    "collection": set(),
    "core_metadata": set(),
    "dates": set(),
    "version_gate": set(),
    "git_facts": set(),
    "models": {"errors"},
    "switches": {"models", "vocabulary"},
    "anatomy": {"models"},
    "files": {"errors"},
    "process": {"errors"},
    "commit": set(),
    "transaction": {"errors", "files", "process", "commit"},
    "instance": {"errors", "models", "files", "vocabulary", "version_gate"},
    "requirements": {"errors", "models"},
    "packages": {"errors", "models", "core_metadata", "process"},
    "discovery": DISCOVERING,
    "store": {"errors", "models", "files"},
    "validation": {"errors", "models", "anatomy", "vocabulary", "version_gate", "process"},
    "commands": LOWER | MIDDLE,
    "cli": {"commands", "errors", "models"},
    "sdk": {"vocabulary", "slug", "core_metadata", "dates", "version_gate", "git_facts"},
    "host": HOSTING | {"sdk"},
    "samples": {"sdk"},
    "testing": {"host", "sdk"},
}
# Where any exception may arise: the command line's boundary, and where a stranger's plugin is called.
GUARDS = {"boundary.py", "loader.py", "guard.py"}
FILES = sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            if node.module == PACKAGE:
                yield from (f"{PACKAGE}.{alias.name}" for alias in node.names if alias.name != "__version__")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_the_table_allows(path):
    room = room_of(path)
    assert room in TABLE, f"the table does not know the room {room}"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = [name.split(".")[1] for name in imports_of(tree) if name.startswith(f"{PACKAGE}.")]
    assert set(own) - {room} <= TABLE[room]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_shell_is_started_and_nothing_private_of_pip_is_imported(path):
    text = path.read_text(encoding="utf-8")
    assert "pip._" not in text
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            assert "shell" not in {each.arg for each in node.keywords}, node.lineno
            assert ast.unparse(node.func) not in {"os.system", "os.popen"}, node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_command_line_prints(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if room_of(path) == "cli":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name not in {"print", "typer.echo", "sys.stdout.write", "sys.stderr.write"}, node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_broad_excepts_only_at_the_boundary(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
            reraises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
            assert not broad or reraises or path.name in GUARDS, f"{path.name}:{node.lineno}"


def test_every_file_is_one_idea():
    long = {path.name: n for path in FILES if (n := len(path.read_text("utf-8").splitlines())) > 400}
    assert not long
