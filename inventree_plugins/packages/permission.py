"""Whether packages of the target may be changed at all, known before an installer starts."""

from __future__ import annotations

import os
from pathlib import Path

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Interpreter

__all__ = ["is_virtual", "needs_user_site", "require_changeable"]


def is_virtual(target: Interpreter) -> bool:
    """Tell whether the target is a virtual environment."""
    return (target.prefix / "pyvenv.cfg").exists()


def needs_user_site(target: Interpreter) -> bool:
    """Tell whether packages go to the user's own site, as pip does it outside virtual environments."""
    return not is_virtual(target) and not _is_writable(target.site_packages)


def require_changeable(target: Interpreter) -> None:
    """Raise InstallError where the operating system owns the packages (PEP 668), or this user may not write.

    pip itself looks at neither when it unpacks aside.
    """
    if is_virtual(target):
        if not _is_writable(target.site_packages):
            raise InstallError(
                f"cannot write `{target.site_packages}`: permission denied, or a read-only file system",
                code="install-permission",
                hint="run invplug as the user that owns the server's environment",
            )
        return
    short = ".".join(target.version.split(".")[:2])
    marks = (target.prefix / folder / f"python{short}" / "EXTERNALLY-MANAGED" for folder in ("lib", "lib64"))
    allowed = os.environ.get("PIP_BREAK_SYSTEM_PACKAGES", "").lower() in {"1", "y", "yes", "t", "true", "on"}
    if not allowed and any(mark.exists() for mark in marks):
        raise InstallError(
            "the operating system manages the target interpreter's packages and forbids changes (PEP 668)",
            code="install-externally-managed",
            hint="choose the server's virtual environment with `--python`",
        )


def _is_writable(folder: Path) -> bool:
    """Look at the folder, or where it would be made."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return os.access(existing, os.W_OK)
