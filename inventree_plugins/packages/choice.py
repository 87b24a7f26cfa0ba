"""Which installer does the work, and why."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from inventree_plugins.errors import InstallError, ProcessError
from inventree_plugins.models import Interpreter
from inventree_plugins.packages.installer import Installer
from inventree_plugins.packages.permission import is_virtual, needs_user_site
from inventree_plugins.packages.pip import PipInstaller
from inventree_plugins.packages.pip_settings import read_pip_settings
from inventree_plugins.packages.uv import Uv, UvInstaller
from inventree_plugins.packages.uv_settings import UvSettings, in_words_of_uv
from inventree_plugins.process import Runner

__all__ = ["OLDEST_UV", "Choice", "Facts", "choose_installer", "find_uv", "open_installer"]

# The oldest that the tests pass with.
OLDEST_UV = "0.5.31"
# Seconds that a program may take to tell its version.
_PATIENCE = 10.0


class Facts(NamedTuple):
    """What decides: uv, where there is one, and what of the target or of pip's settings is not for it."""

    uv: Uv | None = None
    target: str | None = None
    settings: str | None = None


class Choice(NamedTuple):
    """The installer's name, and the reason."""

    name: str
    why: str


def choose_installer(requested: str, facts: Facts) -> Choice:
    """Choose between pip and uv; `auto` takes uv where it can do all that pip would.

    Raises InstallError where uv was insisted on and cannot be used.
    """
    if requested == "pip":
        return Choice("pip", "it was asked for")
    obstacle = _obstacle(facts)
    if obstacle is None and facts.uv is not None:
        return Choice("uv", f"{facts.uv.version}, {facts.uv.origin}")
    if requested == "uv":
        hint = "`--installer auto` lets pip do what uv cannot"
        if facts.uv is None or _is_old(facts.uv):
            hint = "install it beside invplug: `pip install --upgrade 'invplug[uv]'`"
        raise InstallError(f"uv cannot be used: {obstacle}", code="install-no-uv", hint=hint)
    return Choice("pip", str(obstacle))


def open_installer(
    target: Interpreter, runner: Runner, *, requested: str, on_line: Callable[[str], None]
) -> Installer:
    """Return the installer for the target's packages, and say to `on_line` which one and why.

    Raises InstallError where uv was insisted on and cannot be used.
    """
    pip = PipInstaller(target, runner)
    uv = find_uv(runner) if requested != "pip" else None
    settings = UvSettings()
    if uv is not None:
        found = read_pip_settings(os.environ, prefix=target.prefix)
        settings = in_words_of_uv(found, os.environ, is_virtual=is_virtual(target))
    choice = choose_installer(requested, Facts(uv, _unusual(target), settings.obstacle))
    on_line(f"installer: {choice.name} ({choice.why})")
    if choice.name == "pip" or uv is None:
        return pip
    return UvInstaller(
        target=target, runner=runner, uv=uv, settings=settings, pip=pip, instead=requested != "uv"
    )


def find_uv(runner: Runner) -> Uv | None:
    """Find uv beside invplug, else on the path; one that does not even tell its version is none."""
    for program, origin in ((_beside(), "beside invplug"), (shutil.which("uv"), "on the path")):
        if program is None:
            continue
        try:
            done = runner([program, "--version"], timeout=_PATIENCE)
        except ProcessError:
            continue
        match = re.match(r"uv (\d[^\s]*)", done.stdout)
        if done.returncode == 0 and match:
            return Uv(Path(program), match[1], origin)
    return None


def _beside() -> str | None:
    """Return the program that the package `uv` of invplug's own environment brings."""
    if find_spec("uv") is None:
        return None
    try:
        program: str = import_module("uv").find_uv_bin()
    except (ImportError, AttributeError, OSError):  # something else of that name, or half of it
        return None
    return program


def _obstacle(facts: Facts) -> str | None:
    if facts.uv is None:
        return "uv is not there"
    if _is_old(facts.uv):
        return f"uv {facts.uv.version} is older than {OLDEST_UV}"
    return facts.target or facts.settings


def _is_old(uv: Uv) -> bool:
    numbers, oldest = (tuple(map(int, re.findall(r"\d+", each)[:3])) for each in (uv.version, OLDEST_UV))
    return numbers < oldest


def _unusual(target: Interpreter) -> str | None:
    """Tell what keeps uv from unpacking for the target as it would for a virtual environment."""
    if needs_user_site(target):
        return "packages go to the user's site, which uv does not know"
    short = ".".join(target.version.split(".")[:2])
    usual = {target.prefix / "lib" / f"{kind}{short}" / "site-packages" for kind in ("python", "pypy")}
    if target.site_packages not in usual:
        return f"packages of this Python lie in `{target.site_packages}`"
    return None
