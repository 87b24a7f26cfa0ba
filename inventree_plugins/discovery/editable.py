"""Where editable installs keep their modules: the finders that installers write, read as text.

setuptools writes `__editable___<name>_finder.py` with a dict `MAPPING`; hatchling and pdm write
`_editable_impl_<name>.py` or `__editables_<name>.py` with calls of `map_module(name, path)`. Plain paths in
`.pth` files are on the import path already.
"""

# A pathlib.Path for each of thousands of look-ups would cost more than the look-ups.
# ruff: noqa: PTH118

from __future__ import annotations

import os
import re
from pathlib import Path

from inventree_plugins.discovery.modules import Library

__all__ = ["editable_modules"]

_MAPPED = re.compile(r"""map_module\(\s*(['"])([\w.]+)\1\s*,\s*(['"])(.+?)\3\s*\)""")
_LARGEST = 256 * 1024


def editable_modules(library: Library, import_path: tuple[Path, ...]) -> dict[str, str]:
    """Return the file or directory of each module that an editable install maps; the first one stays."""
    modules: dict[str, str] = {}
    for directory in import_path:
        for name in sorted(library.listing(str(directory))):
            path = os.path.join(directory, name)
            if name.startswith("__editable__") and name.endswith("_finder.py"):
                found = _mapping(library, path)
            elif name.startswith(("_editable_impl_", "__editables_")) and name.endswith(".py"):
                library.watch(path)
                found = _redirections(path)
            else:
                continue
            for module, target in found.items():
                modules.setdefault(module, target)
    return modules


def _mapping(library: Library, path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("MAPPING", "NAMESPACES"):
        for kind, value, _, _ in library.facts(path).names.get(name, ()):
            if kind == "value" and isinstance(value, list) and value[0] == "dict":
                pairs = (
                    (key, target)
                    for key, target in value[1]
                    if isinstance(key, str) and isinstance(target, str)
                )
                found.update(pairs)
    return found


def _redirections(path: str) -> dict[str, str]:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            text = file.read(_LARGEST)
    except OSError:
        return {}
    # The path is a Python string literal; only Windows' backslashes would differ from its text.
    return {match[2]: match[4] for match in _MAPPED.finditer(text)}
