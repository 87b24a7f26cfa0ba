"""Requirements that exclude each other, a constraint, or what the server itself has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from inventree_plugins.packages.chains import LINE_OF_FILE, chain_of, name_of, which_needs
from inventree_plugins.packages.verdict import Evidence, Verdict

if TYPE_CHECKING:
    from packaging.specifiers import Specifier, SpecifierSet

__all__ = ["conflict"]

_SHOWN_CAUSES = 3
_SHOWN_REASONS = 10
_CONFLICT = re.compile(
    r"^ERROR: Cannot install (?P<who>.+) because these package versions have conflicting dependencies\.",
    re.MULTILINE,
)
_CAUSES = re.compile(r"^The conflict is caused by:\n(?P<causes>(?:    .+\n)+)", re.MULTILINE)
_DEPENDS = re.compile(r"(?P<needer>\S+) (?P<version>\S+) depends on (?P<requirement>.+)")
_ASKED = re.compile(r"The user requested (?P<constraint>\(constraint\) )?(?P<requirement>.+)")
_DOUBLE = re.compile(r"^ERROR: Double requirement given: (?P<what>\S+)", re.MULTILINE)
# A comma or an `and` inside a requirement is followed by an operator or a marker's variable.
_WHO = re.compile(r"(?:, | and )(?!\s*[<>=!~'\"(]|(?:python_|sys_|os_|platform_|implementation_)\w+|extra\b)")


class _Cause(NamedTuple):
    """One side of a conflict: who needs what. Without a needer somebody asked for it, or constrains it."""

    requirement: str
    needer: str | None = None
    constrains: bool = False


def conflict(evidence: Evidence) -> Verdict | None:
    """Recognise requirements that cannot be met together: a plugin's and the server's, or any two."""
    match = _CONFLICT.search(evidence.text)
    if match is None:
        double = _DOUBLE.search(evidence.text)
        if double is None:
            return None
        what = double["what"]
        return Verdict("install-conflict", f"`{what}` is required twice, differently", names=(what,))
    found = _CAUSES.search(evidence.text, match.end())
    lines = [line.strip() for line in found["causes"].splitlines()] if found else []
    reasons = list(dict.fromkeys(lines))
    causes = [cause for line in reasons if (cause := _cause(line)) is not None]
    who = tuple(_WHO.split(match["who"]))
    for constraint in (cause for cause in causes if cause.constrains):
        sides = [each for each in causes if not each.constrains and _same(each, constraint)]
        verdict = _with_constraint(evidence, constraint, sides, who=who)
        if verdict is not None:
            return replace(verdict, detail="\n".join(reasons[:_SHOWN_REASONS]))
    return _between(evidence, who, causes, reasons=reasons)


def _cause(line: str) -> _Cause | None:
    match = _DEPENDS.fullmatch(line)
    if match:
        return _Cause(match["requirement"], match["needer"])
    match = _ASKED.fullmatch(line)
    return _Cause(match["requirement"], constrains=bool(match["constraint"])) if match else None


def _same(first: _Cause, second: _Cause) -> bool:
    return name_of(first.requirement) == name_of(second.requirement)


def _with_constraint(
    evidence: Evidence, constraint: _Cause, sides: Sequence[_Cause], *, who: tuple[str, ...]
) -> Verdict | None:
    """Say who asks for what a constraint keeps out; one that holds what the server has is the server's."""
    if not sides:
        return None
    allowed = _specifier(constraint.requirement)
    version = evidence.host.get(name_of(constraint.requirement) or "")
    if version is None or allowed is None or not _pins(allowed, version):
        guilty = [each for each in sides if not _can_both(each, constraint)] or sides
        return _accuse(
            evidence,
            guilty,
            who=who,
            code="install-conflict",
            fact=f"the constraints allow only `{constraint.requirement}`",
        )
    shown = re.split(r"[\[<>=!~;@ ]", sides[0].requirement)[0]
    if not allowed.contains(version, prereleases=True):
        return Verdict(
            "install-host-conflict",
            f"the server has {shown} {version}, and a constraint of plugins.txt keeps that out:"
            f" `{constraint.requirement}`",
            hint="change the file that plugins.txt names with `-c`",
        )
    guilty = [each for each in sides if not _admits(each, version)] or sides
    return _accuse(
        evidence, guilty, who=who, code="install-host-conflict", fact=f"the server has {shown} {version}"
    )


def _accuse(
    evidence: Evidence, guilty: Sequence[_Cause], *, who: tuple[str, ...], code: str, fact: str
) -> Verdict:
    needs: dict[str, str] = {}
    names: list[str] = []
    for each in guilty:
        if each.needer is None:
            needs.setdefault("", f"`{each.requirement}` is asked for")
            names.append(each.requirement)
            continue
        chain = chain_of(evidence.text, name_of(each.needer)) or _only_other(who, each.needer)
        # pip tells the newest version first; the older ones that it tried say nothing new.
        needs.setdefault(
            each.needer,
            f"`{each.needer}`{which_needs(name_of(each.needer), chain)} needs `{each.requirement}`",
        )
        names += [each.needer, *chain]
    first = next(iter(needs))
    hint = f"look for another release of `{first}`" if first else "leave it out"
    if code == "install-host-conflict":
        hint += ", or let the server's own packages change with `--allow-host-changes`"
    else:
        hint += "; constraints stand behind `-c` in plugins.txt, and in the server's requirement files"
    message = f"{' and '.join([*needs.values()][:_SHOWN_CAUSES])}, and {fact}"
    return Verdict(code, message, tuple(names), hint=hint)


def _only_other(who: tuple[str, ...], needer: str) -> tuple[str, ...]:
    """Return whom pip names in the needer's place, if it is one."""
    return who if len(who) == 1 and name_of(who[0]) != name_of(needer) else ()


def _between(
    evidence: Evidence, who: tuple[str, ...], causes: Sequence[_Cause], *, reasons: Sequence[str]
) -> Verdict:
    """Say which requirements exclude each other."""
    shown = " and ".join(one if LINE_OF_FILE.fullmatch(one) else f"`{one}`" for one in who)
    first: dict[str | None, str] = {}
    for reason in reasons:
        cause = _cause(reason)
        # What somebody asked for is told in full; of each package, what its newest version needs.
        first.setdefault(cause.needer if cause and cause.needer else reason, reason)
    why = f": {'; '.join([*first.values()][:_SHOWN_CAUSES])}" if first else ""
    together = " together" if len(who) > 1 else ""
    chains = [chain_of(evidence.text, name_of(each.needer)) for each in causes if each.needer]
    return Verdict(
        "install-conflict",
        f"{shown} cannot be installed{together}{why}",
        names=(*who, *(part for chain in chains for part in chain)),
        detail="\n".join(reasons[:_SHOWN_REASONS]),
        hint="loosen one of the requirements, or remove one",
    )


def _specifier(requirement: str) -> SpecifierSet | None:
    """Return the versions that a requirement allows; None where it is none that can be read."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - for failures only

    try:
        return Requirement(requirement).specifier
    except InvalidRequirement:
        return None


def _admits(cause: _Cause, version: str) -> bool:
    from packaging.version import InvalidVersion  # noqa: PLC0415 - for failures only

    allowed = _specifier(cause.requirement)
    try:
        return allowed is not None and allowed.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _pins(allowed: SpecifierSet, version: str) -> bool:
    """Tell whether the version is named by one of the specifiers: pip joins all constraints of a package."""
    from packaging.version import InvalidVersion  # noqa: PLC0415 - for failures only

    try:
        pins = [each for each in allowed if each.operator in {"==", "==="} and "*" not in each.version]
        return any(each.version == version or each.contains(version, prereleases=True) for each in pins)
    except InvalidVersion:
        return False


def _can_both(first: _Cause, second: _Cause) -> bool:
    """Tell whether a version can meet both: one at the ends of their ranges, or just above."""
    one, other = _specifier(first.requirement), _specifier(second.requirement)
    if one is None or other is None:
        return False
    return any(one.contains(version) and other.contains(version) for version in _candidates([*one, *other]))


def _candidates(specifiers: Sequence[Specifier]) -> Iterator[str]:
    yield "0"
    for each in specifiers:
        version = each.version.removesuffix(".*")
        if re.fullmatch(r"\d+(\.\d+)*", version):
            yield version
            yield f"{version}.1"
