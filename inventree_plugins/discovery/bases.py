"""What a plugin's base classes say about it: its mixins, and whether a server can build the class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from inventree_plugins.discovery import server
from inventree_plugins.discovery.candidates import Candidate
from inventree_plugins.discovery.places import Places
from inventree_plugins.discovery.values import ClassRef, External, Unknown, Value
from inventree_plugins.models import Problem
from inventree_plugins.vocabulary import (
    FINAL_MEMBERS,
    FINAL_SINCE,
    MARKED_FINAL_MEMBERS,
    PLUGIN_ATTRIBUTES,
)

__all__ = ["base_problems", "final_members", "mixins_of"]


def mixins_of(order: list[Value]) -> tuple[str, ...]:
    """Return the server's mixins in the order, each name once."""
    return tuple(dict.fromkeys(each.name for each in order if server.is_mixin(each)))


def base_problems(candidate: Candidate, slug: str, places: Places) -> list[Problem]:
    """Return what is wrong with the bases: legacy, misspelt, missing, unknown, or in no possible order."""
    cls = candidate.cls
    problems = []
    for each in candidate.resolver.order(cls):
        found = _problem(each, places)
        if found is not None:
            code, message, is_error = found
            line = each.line if isinstance(each, Unknown) and each.line else cls.facts.line
            path = Path(each.path) if isinstance(each, Unknown) and each.path else Path(cls.module.path)
            severity: Literal["error", "warning"] = "error" if is_error else "warning"
            problems.append(Problem(code, message, severity=severity, slug=slug, path=path, line=line))
    if candidate.resolver.has_conflict(cls):
        message = f"Python cannot put the base classes of `{cls.facts.name}` in order"
        path = Path(cls.module.path)
        problems.append(
            Problem(
                "inconsistent-bases", message, severity="error", slug=slug, path=path, line=cls.facts.line
            )
        )
    return problems


def final_members(candidate: Candidate, slug: str, places: Places) -> Iterator[Problem]:
    """Yield members that the base class does not let anyone override: the server's INVE-E11 (SPEC §2).

    It looks at each class below the plugin base by itself, at what looks like a method; since 1.0.
    """
    if places.server_numbers and places.server_numbers < FINAL_SINCE:
        return
    for cls in candidate.resolver.order(candidate.cls):
        names = cls.facts.names if isinstance(cls, ClassRef) else ()
        found = [name for name in names if name in FINAL_MEMBERS or name in MARKED_FINAL_MEMBERS]
        if found and any(server.is_base(each) for each in candidate.resolver.order(cls)):
            for name in found:
                problem = _overridden(cls, name, is_known=places.server_version is not None)
                if problem is not None:
                    yield problem._replace(slug=slug)


def _overridden(cls: ClassRef, name: str, *, is_known: bool) -> Problem | None:
    kind, _, line, _ = cls.facts.names[name][-1]
    path = Path(cls.module.path)
    what = f"`{cls.facts.name}` overrides `{name}`"
    if name in MARKED_FINAL_MEMBERS:
        message = f"{what}, which the plugin base marks as final: a server may refuse that"
        hint = f"set `{name.upper()}` instead" if name.upper() in PLUGIN_ATTRIBUTES else None
        return Problem("final-member", message, hint=hint, path=path, line=line)
    if kind not in {"def", "make", "class"}:
        return None
    message = f"{what}, which is final: servers since 1.0 refuse to load the class (INVE-E11)"
    return Problem("final-member", message, "error" if is_known else "warning", path=path, line=line)


def _problem(base: Value, places: Places) -> tuple[str, str, bool] | None:
    """Return code, message and whether it is an error, None for a base without fault."""
    if isinstance(base, Unknown):
        return "unresolved-base", f"a base class cannot be known without running it: {base.reason}", False
    if isinstance(base, External) and not base.is_found:
        return "unresolved-base", f"its base `{base.module}.{base.name}` is not found", False
    return _misplaced(base, places) if isinstance(base, External) and server.is_base(base) else None


def _misplaced(base: External, places: Places) -> tuple[str, str, bool] | None:
    """Return what is wrong with the place that the plugin base is imported from."""
    place = f"`{base.module}.{base.name}`"
    if server.is_sdk(base.module):
        # A host takes such plugins, an InvenTree server does not know them for its own.
        message = f"an InvenTree server does not know {place}; it is `plugin.{base.name}`"
        return ("wrong-import-path", message, True) if places.server_version is not None else None
    if server.is_legacy_base(base) and not places.is_legacy:
        message = f"servers since 0.8 have no {place}: importing it fails"
        return "legacy-base", message, places.server_version is not None
    if server.is_misspelt(base):
        return "wrong-import-path", f"no server has {place}; it is `plugin.{base.name}`", True
    return None
