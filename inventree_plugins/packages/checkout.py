"""The checkout of a plugin project: what a package built of it would say, with nothing installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventree_plugins.models import Distribution, EntryPoint, Problem
from inventree_plugins.packages.entry_points import parse_object
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.project_files import PROJECT_FILES, ProjectFile, read_project_file

__all__ = ["Checkout", "read_checkout"]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A project's distribution-to-be; `info` of that is the file that names it.

    `import_path` holds the folders that its packages are in, `packages` the folders of those that are called
    otherwise, `entry_points` those of all groups. The
    distribution's version is empty where it is made only when the project is built.
    """

    distribution: Distribution
    import_path: tuple[Path, ...]
    entry_points: tuple[EntryPoint, ...]
    packages: Mapping[str, Path]
    problems: tuple[Problem, ...] = ()


def read_checkout(root: Path) -> Checkout | None:
    """Read `pyproject.toml`, `setup.cfg` and `setup.py`, in this order; None where none makes a project."""
    files = [read_project_file(root / name) for name in PROJECT_FILES if (root / name).is_file()]
    if not any(_is_project(each) for each in files):
        return None  # such as a pyproject.toml that only configures a linter
    named = next((each for each in files if each.name), files[0])
    entry_points = tuple(_entry_points(files))
    name = named.name or root.resolve().name
    distribution = Distribution(
        name=name,
        key=normalize(name),
        version=next((each.version for each in files if each.version), ""),
        location=root,
        info=named.path,
        entry_points=tuple(each for each in entry_points if each.group == "inventree_plugins"),
    )
    problems = tuple(each.problem for each in files if each.problem is not None)
    packages = {
        name: (root / folder).resolve() for each in reversed(files) for name, folder in each.packages.items()
    }
    return Checkout(distribution, tuple(_import_path(root, files)), entry_points, packages, problems)


def _is_project(file: ProjectFile) -> bool:
    return bool(file.name or file.entry_points or file.problem) or file.path.name == "setup.py"


def _entry_points(files: list[ProjectFile]) -> Iterator[EntryPoint]:
    """Yield the entry points of the first file that has any; a later one is what an older tool would read."""
    groups: Mapping[str, Mapping[str, Any]] = next(
        (each.entry_points for each in files if each.entry_points), {}
    )
    for group, lines in groups.items():
        for name, text in lines.items():
            module, attribute = parse_object(text) or (text or name, "")
            yield EntryPoint(group, name, module, attribute)


def _import_path(root: Path, files: list[ProjectFile]) -> list[Path]:
    named = [folder for each in files for folder in each.folders]
    found = [root / folder for folder in (*named, "src", ".")]
    return list(dict.fromkeys(path.resolve() for path in found if path.is_dir()))
