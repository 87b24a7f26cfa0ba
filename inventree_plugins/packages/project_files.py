"""The files that name a Python project, each read without running anything."""

from __future__ import annotations

import ast
import configparser
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventree_plugins.models import Problem

__all__ = ["PROJECT_FILES", "ProjectFile", "read_project_file"]

PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What one file says: entry points by group and name, and headers as in METADATA.

    `folders` hold packages, `packages` are those that lie in a folder of another name.
    """

    path: Path
    headers: Mapping[str, list[str]] = field(default_factory=dict)
    entry_points: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def name(self) -> str | None:
        """Return the project's name."""
        return next(iter(self.headers.get("name", ())), None)

    @property
    def version(self) -> str | None:
        """Return the project's version, None where the build makes it."""
        return next(iter(self.headers.get("version", ())), None)


def read_project_file(path: Path) -> ProjectFile:
    """Read a project file; one that cannot be read holds only a problem."""
    readers = {"pyproject.toml": _pyproject, "setup.cfg": _setup_cfg, "setup.py": _setup_py}
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return readers[path.name](path, text)
    except OSError as error:
        return _broken(path, f"`{path.name}` cannot be read: {error.strerror}")
    except (ValueError, configparser.Error, RecursionError, MemoryError) as error:
        reason = next(iter(str(error).strip().splitlines()), "it nests too deeply")
        return _broken(path, f"`{path.name}` cannot be read: {reason}", getattr(error, "lineno", None))


def _broken(path: Path, message: str, line: int | None = None) -> ProjectFile:
    return ProjectFile(path, problem=Problem("project-file", message, "error", path=path, line=line))


# pyproject.toml, with the tables of the tools that came before `[project]`.


def _pyproject(path: Path, text: str) -> ProjectFile:
    import tomli  # noqa: PLC0415 - only for checkouts

    data = tomli.loads(text)
    tool = _table(data, "tool")
    project, poetry = _table(data, "project"), _table(tool, "poetry")
    entry_points = (
        _table(project, "entry-points")
        or _table(poetry, "plugins")
        or _table(_table(tool, "flit"), "entrypoints")
    )
    headers = _project_headers(project) if project else _poetry_headers(poetry)
    groups = {group: _strings(lines) for group, lines in entry_points.items() if isinstance(lines, dict)}
    package_dir = _table(_table(tool, "setuptools"), "package-dir")
    return ProjectFile(path, headers, groups, tuple(_pyproject_folders(tool)), _own_folders(package_dir))


def _project_headers(project: Table) -> dict[str, list[str]]:
    people = [each for each in _list(project, "authors") if isinstance(each, dict)]
    licence = project.get("license")
    text = licence.get("text") if isinstance(licence, dict) else None
    return _headers(
        name=project.get("name"),
        version=project.get("version"),
        summary=project.get("description"),
        author=", ".join(str(each["name"]) for each in people if "email" not in each and "name" in each),
        author_email=", ".join(_address(each) for each in people if "email" in each),
        license_expression=licence,
        license=text,
        project_url=[f"{label}, {url}" for label, url in _table(project, "urls").items()],
        classifier=_list(project, "classifiers"),
        requires_dist=_list(project, "dependencies"),
    )


def _poetry_headers(poetry: Table) -> dict[str, list[str]]:
    urls = {key: poetry.get(key) for key in ("homepage", "repository", "documentation")}
    urls.update(_table(poetry, "urls"))
    return _headers(
        name=poetry.get("name"),
        version=poetry.get("version"),
        summary=poetry.get("description"),
        author_email=", ".join(str(each) for each in _list(poetry, "authors")),
        license=poetry.get("license"),
        project_url=[f"{label}, {url}" for label, url in urls.items() if url],
        classifier=_list(poetry, "classifiers"),
        # Without the versions, which Poetry writes in its own way.
        requires_dist=[name for name in _table(poetry, "dependencies") if name.lower() != "python"],
    )


def _address(person: Table) -> str:
    email, name = person.get("email"), person.get("name")
    return f"{name} <{email}>" if name else str(email)


def _pyproject_folders(tool: Table) -> Iterator[str]:
    setuptools = _table(tool, "setuptools")
    yield from _root_folder(_table(setuptools, "package-dir"))
    packages = setuptools.get("packages")
    yield from _list(_table(packages, "find") if isinstance(packages, dict) else {}, "where")
    wheel = _table(_table(_table(_table(tool, "hatch"), "build"), "targets"), "wheel")
    yield from (str(Path(each).parent) for each in _list(wheel, "packages") if isinstance(each, str))
    for each in _list(_table(tool, "poetry"), "packages"):
        if isinstance(each, dict) and isinstance(each.get("from"), str):
            yield each["from"]
    folder = _table(_table(tool, "pdm"), "build").get("package-dir")
    if isinstance(folder, str):
        yield folder


# setup.cfg


def _setup_cfg(path: Path, text: str) -> ProjectFile:
    parser = _parser(("=", ":"))
    parser.read_string(text)
    metadata = dict(parser["metadata"]) if parser.has_section("metadata") else {}
    options = dict(parser["options"]) if parser.has_section("options") else {}
    groups: dict[str, Mapping[str, Any]] = {}
    if parser.has_section("options.entry_points"):
        groups = {group: _pairs(lines) for group, lines in parser["options.entry_points"].items()}
    find = "options.packages.find"
    where = parser.get(find, "where", fallback="") if parser.has_section(find) else ""
    folders = (*_root_folder(_pairs(options.get("package_dir", ""))), *where.split())
    headers = _setup_headers(metadata) | _headers(
        requires_dist=options.get("install_requires", "").splitlines()
    )
    packages = _own_folders(_pairs(options.get("package_dir", "")))
    return ProjectFile(path, headers, groups, folders, packages)


def _parser(delimiters: tuple[str, ...]) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=delimiters)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their capitals
    return parser


def _setup_headers(metadata: Table) -> dict[str, list[str]]:
    """Return the headers that setuptools would write; `attr:` and `file:` are for the build to follow."""
    known = {
        key.replace("-", "_"): value
        for key, value in metadata.items()
        if not str(value).startswith(("attr:", "file:"))
    }
    urls = known.get("project_urls", "")
    pairs = urls if isinstance(urls, dict) else _pairs(str(urls))
    classifiers = known.get("classifiers", ())
    return _headers(
        name=known.get("name"),
        version=known.get("version"),
        summary=known.get("description") or known.get("summary"),
        author=known.get("author"),
        author_email=known.get("author_email"),
        home_page=known.get("url") or known.get("home_page"),
        license=known.get("license"),
        project_url=[f"{label}, {url}" for label, url in pairs.items()],
        classifier=_lines(classifiers),
    )


def _pairs(text: str) -> dict[str, str]:
    """Return the `name = value` lines of a text."""
    lines = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in lines if not name.strip().startswith("#")}


# setup.py, as far as the arguments of `setup()` are literal.


def _setup_py(path: Path, text: str) -> ProjectFile:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is its author's business
            tree = ast.parse(text)
    except SyntaxError as error:
        return _broken(path, f"`setup.py` is not valid Python: {error.msg}", error.lineno)
    call = next((node for node in ast.walk(tree) if _is_setup(node)), None)
    if not isinstance(call, ast.Call):
        return ProjectFile(path)
    literals = {keyword.arg or "": _literal(keyword.value) for keyword in call.keywords}
    arguments = {name: found[0] for name, found in literals.items() if found}
    problem = None
    if not literals.get("entry_points", literals.get("", (None,))):
        message = "the entry points of `setup.py` cannot be known without running it"
        problem = Problem("project-file", message, "warning", path=path, line=call.lineno)
    return ProjectFile(
        path,
        _setup_headers(arguments) | _headers(requires_dist=_lines(arguments.get("install_requires"))),
        _setup_groups(arguments.get("entry_points")),
        tuple(_root_folder(arguments.get("package_dir"))),
        _own_folders(arguments.get("package_dir")),
        problem,
    )


def _literal(node: ast.expr) -> tuple[object] | tuple[()]:
    """Return the value of a literal in a tuple, an empty one for anything else."""
    try:
        return (ast.literal_eval(node),)
    except (ValueError, TypeError):
        return ()


def _is_setup(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {"setup", "setuptools.setup"}


def _setup_groups(value: object) -> dict[str, Mapping[str, Any]]:
    if isinstance(value, str):
        parser = _parser(("=",))
        parser.read_string(value)
        return {group: dict(parser[group]) for group in parser.sections()}
    if not isinstance(value, dict):
        return {}
    return {
        str(group): _pairs("\n".join([lines] if isinstance(lines, str) else map(str, lines)))
        for group, lines in value.items()
        if isinstance(lines, (str, list, tuple))
    }


# What the files share.


def _headers(**values: Any) -> dict[str, list[str]]:
    found = {}
    for key, value in values.items():
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else ()
        kept = [each.strip() for each in texts if isinstance(each, str) and each.strip()]
        if kept:
            found[key.replace("_", "-")] = kept
    return found


def _lines(value: object) -> list[Any]:
    if isinstance(value, str):
        return value.splitlines()
    return list(value) if isinstance(value, (list, tuple)) else []


def _root_folder(package_dir: object) -> Iterable[str]:
    folder = package_dir.get("") if isinstance(package_dir, dict) else None
    return (folder,) if isinstance(folder, str) else ()


def _own_folders(package_dir: object) -> dict[str, str]:
    pairs = package_dir.items() if isinstance(package_dir, dict) else ()
    return {
        name: folder for name, folder in pairs if name and isinstance(name, str) and isinstance(folder, str)
    }


def _table(data: Table, key: str) -> Table:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _list(data: Table, key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _strings(lines: Table) -> dict[str, Any]:
    return {name: text for name, text in lines.items() if isinstance(text, str)}
