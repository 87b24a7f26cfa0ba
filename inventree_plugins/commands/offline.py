"""`--offline`: an installation for which no connection is opened."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from inventree_plugins.commands.applying import Installed
from inventree_plugins.commands.host import pinned
from inventree_plugins.commands.install_plan import Plan, lines_of
from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration
from inventree_plugins.packages import InstallRequest
from inventree_plugins.requirements import expand_variables, option_lines, without_password
from inventree_plugins.requirements.options import Option, parse_options

__all__ = ["as_offline", "require_local"]

_INDEXES = frozenset({"--extra-index-url", "--index-url", "--trusted-host"})
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_LOCAL = re.compile(r"(?:[a-z]+\+)?file:", re.IGNORECASE)


def require_local(plan: Plan) -> None:
    """Raise InstallError for what cannot be had without a connection and is not there yet."""
    for place in _remote_places(plan):
        raise _refused(without_password(place), None)
    for item in plan.missing:
        if _url_of(item):
            raise _refused(_URL.sub(lambda url: without_password(url[0]), item.text), item)


def _remote_places(plan: Plan) -> Iterator[str]:
    yield from filter(_is_remote, plan.sources.find_links)
    if plan.locked is None:
        yield from plan.unread
        for option in _options(option_lines(plan.file)):
            if option.name == "--constraint" and _is_remote(option.value or ""):
                yield option.value or ""
        return
    for package in plan.locked.missing:
        direct = package.vcs or package.archive
        if direct is not None and _is_remote(direct.url or ""):
            yield direct.url or ""


def as_offline(request: InstallRequest, plan: Plan, installed: Installed) -> InstallRequest:
    """Return the request without what leads to a network: indexes, and URLs of packages that are there."""
    lines = dict.fromkeys(request.requirements)
    if request.requirements_file is not None:
        lines |= dict.fromkeys(line for _, line in lines_of(plan))
    replaced = {line: _held(item, line, installed) for item, line in lines_of(plan)}
    return replace(
        request,
        requirements_file=None,
        requirements=tuple(replaced.get(line, line) for line in lines),
        options=tuple(_local(request.options)),
        offline=True,
    )


def _held(item: Declaration, line: str, installed: Installed) -> str:
    """Return what holds an installed package in place of the URL that it came from."""
    found = installed.find(item.name) if item.name and _url_of(item) else None
    extras = item.requirement.extras if item.requirement else set()
    return pinned(found, extras=",".join(sorted(extras))) if found else line


def _local(lines: Iterable[str]) -> Iterator[str]:
    """Yield the options that lead to no network."""
    for line in lines:
        options = tuple(_options([line]))
        kept = [each for each in options if not _leads_out(each)]
        if len(kept) == len(options):
            yield line
            continue
        for each in kept:
            yield each.name if each.value is None else f"{each.name} {shlex.quote(each.value)}"


def _options(lines: Iterable[str]) -> Iterator[Option]:
    for line in lines:
        yield from parse_options(expand_variables(line))


def _leads_out(option: Option) -> bool:
    is_place = option.name in {"--find-links", "--constraint"}
    return option.name in _INDEXES or (is_place and _is_remote(option.value or ""))


def _url_of(item: Declaration) -> str | None:
    """Return the remote URL that a requirement names, if it does."""
    url = item.requirement.url if item.requirement is not None else None
    if url is None:
        found = _URL.search(expand_variables(item.text))
        url = found[0] if found else ""
    return url if _is_remote(url) else None


def _is_remote(place: str) -> bool:
    return _URL.match(place) is not None and _LOCAL.match(place) is None


def _refused(what: str, item: Declaration | None) -> InstallError:
    where = item is not None and item.line
    return InstallError(
        f"`{what}` needs a connection, which `--offline` forbids",
        code="install-offline",
        hint="bring the package as a wheel, in a folder for `--find-links`, or make a bundle where there is"
        " a network",
        path=item.path if item is not None and where else None,
        line=item.line if item is not None and where else None,
        names=(item.name,) if item is not None and item.name else (),
    )
