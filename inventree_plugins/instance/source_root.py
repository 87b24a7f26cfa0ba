"""The server's source root, read as text: where it is, its version, its mandatory plugins (SPEC §1, §3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from inventree_plugins.errors import SourceRootError
from inventree_plugins.instance.model import DISTRIBUTION_PACKAGE_ORIGIN, Mandatory
from inventree_plugins.models import Setting

__all__ = ["checkout_of", "find_source_root", "read_mandatory", "read_version"]

BELOW_CHECKOUT = (Path("src/backend/InvenTree"), Path("InvenTree"))
DISTRIBUTION_PACKAGE = Path("/opt/inventree")

# Compiled where they are used: most runs know no source root.
VERSION = r"""^INVENTREE_SW_VERSION\s*(?::[^=]+)?=\s*["']([^"']+)["']"""
MANDATORY = r"^\s*MANDATORY_PLUGINS\b[^=\n]*=\s*[\[({]([^\])}]*)[\])}]"
QUOTED = r"""^\s*["']([^"'\n]+)["']"""
# How servers from 0.9 to 0.17 switch every built-in on.
EVERY_BUILTIN = r"\bif builtin and plg_db and not plg_db\.active\b"


def is_source_root(path: Path) -> bool:
    """Tell whether `path` holds an InvenTree server's `manage.py` and version."""
    return (path / "manage.py").is_file() and (path / "InvenTree" / "version.py").is_file()


def find_source_root(
    option: Path | None, *, origin: str, directory: Path, environ: Mapping[str, str]
) -> Setting[Path | None]:
    """Find the source root: the option, the container's variable, the checkout around `directory`.

    `origin` is where the option comes from.

    Raises SourceRootError when the option names something else.
    """
    if option is not None:
        return Setting(_named_source_root(directory / option), origin)
    backend = environ.get("INVENTREE_BACKEND_DIR")
    if backend and is_source_root(root := Path(backend) / "InvenTree"):
        return Setting(root, "environment INVENTREE_BACKEND_DIR")
    for folder in (directory, *directory.parents):
        found = _source_root_in(folder)
        if found:
            return Setting(found, f"the checkout around {directory}")
    found = _source_root_in(DISTRIBUTION_PACKAGE)
    return Setting(found, DISTRIBUTION_PACKAGE_ORIGIN if found else "not found")


def _source_root_in(folder: Path) -> Path | None:
    return next(
        (path for path in (folder, *map(folder.joinpath, BELOW_CHECKOUT)) if is_source_root(path)), None
    )


def _named_source_root(path: Path) -> Path:
    try:
        found = _source_root_in(path)
    except OSError:
        found = None
    if found is None:
        raise SourceRootError(
            f"`{path}` is not an InvenTree server's source",
            hint="name the folder with the server's `manage.py`, or the checkout that holds it",
            path=path,
        )
    return found.resolve()


def checkout_of(source_root: Path) -> Path:
    """Return the top folder of the checkout that `source_root` is part of."""
    levels = 3 if source_root.parent.name == "backend" else 1
    return source_root.parents[levels - 1]


def read_version(source_root: Path | None) -> Setting[str | None]:
    """Return the server's version without its ` dev` mark, None when it cannot be read."""
    if source_root is None:
        return Setting(None, "no server source")
    path = source_root / "InvenTree" / "version.py"
    match = re.search(VERSION, _text(path), re.MULTILINE)
    return Setting(match[1].split()[0] if match else None, str(path))


def read_mandatory(source_root: Path | None, *, standalone: bool) -> Mandatory:
    """Return the server's own mandatory list, or that it is unknown.

    A standalone instance has no server, hence no mandatory plugins of one.
    """
    if source_root is None:
        return Mandatory(unknown=not standalone)
    text = _text(source_root / "plugin" / "registry.py")
    match = re.search(MANDATORY, text, re.MULTILINE)
    if match:
        return Mandatory(frozenset(re.findall(QUOTED, match[1].replace(",", ",\n"), re.MULTILINE)))
    return Mandatory(every_builtin=bool(re.search(EVERY_BUILTIN, text)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # A checkout of another shape: what it does not tell stays unknown.
        return ""
