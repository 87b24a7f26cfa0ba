"""Requirements given on the command line."""

from __future__ import annotations

from pathlib import Path

from packaging.utils import NormalizedName

from inventree_plugins.errors import RequirementError
from inventree_plugins.models import Declaration
from inventree_plugins.requirements.specification import (
    Specification,
    SpecificationError,
    archive_name,
    names_url,
    project_name,
    specify,
)

__all__ = ["parse_requirement_argument"]

_HINT = "give a package such as `inventree-foo==1.0`, a URL, or the path of a project or a wheel"


def parse_requirement_argument(text: str, *, cwd: Path) -> Declaration:
    """Read a requirement from the command line; its line number is 0, as it stands in no file.

    `text` of the result is what plugins.txt should record: a path in it is absolute, since pip resolves
    relative ones against wherever it runs. Raises RequirementError.
    """
    written = text.strip()
    if not written or written.startswith("-") or len(written.splitlines()) != 1:
        raise RequirementError(f"`{text}` is not a requirement", hint=_HINT)
    try:
        found = specify(written)
        if found.location is not None and found.pep508 is None and not names_url(found.location):
            return _local(written, found, cwd=cwd)
    except SpecificationError as error:
        hint = error.hint or _HINT
        raise RequirementError(f"`{text}` is not a requirement: {error}", hint=hint) from error
    return Declaration(written, cwd, 0, found.name, found.pep508)


def _local(written: str, found: Specification, *, cwd: Path) -> Declaration:
    location = found.location or ""
    path = (cwd / location).resolve()
    name = _name_of(path, written)
    rest = written[len(location) :].strip()
    extras, separator, marker = rest.partition(";")
    suffix = f" {separator} {marker.strip()}" if marker.strip() else ""
    if name is None:
        return Declaration(f"{path}{extras.strip()}{suffix}", cwd, 0)
    text = f"{name}{extras.strip()} @ {path.as_uri()}{suffix}"
    return Declaration(text, cwd, 0, name, specify(text).pep508)


def _name_of(path: Path, written: str) -> NormalizedName | None:
    if path.is_dir():
        if not any((path / file).is_file() for file in ("pyproject.toml", "setup.py")):
            raise RequirementError(
                f"`{written}` is not a Python project: it has neither pyproject.toml nor setup.py",
                path=path,
                hint=_HINT,
            )
        return project_name(path)
    if not path.is_file():
        raise RequirementError(f"`{written}` does not exist", path=path, hint=_HINT)
    return archive_name(path.name)
