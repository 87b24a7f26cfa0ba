"""What pip's own log tells of an index, where its output only says that there was nothing."""

from __future__ import annotations

import re

from inventree_plugins.packages.chains import name_of
from inventree_plugins.packages.network_failure import lookup_failure
from inventree_plugins.packages.provenance import without_credentials
from inventree_plugins.packages.verdict import Evidence, Verdict

__all__ = ["log_verdict", "unanswered"]

_SHOWN = 5
# Each line begins with its time, and `Found link`s are indented.
_SEARCH = re.compile(r"^\S+ +\d+ location\(s\) to search for versions of (?P<name>[^:\n]+):$", re.MULTILINE)
_NO_PAGE = re.compile(r"^\S+ +(Could not fetch URL \S+: (.+) - skipping)$", re.MULTILINE)
_NOT_THERE = re.compile(r"(?:404|410) Client Error")
_OTHER_TAGS = re.compile(r"Skipping link: none of the wheel's tags \((?P<tags>[^)]*)\) are compatible")
_ONLY_BINARY = re.compile(r"Skipping link: No sources permitted for ")
_TOO_NEW = re.compile(r"Skipping link: Upload time (?P<time>\S+).*? not prior to (?P<limit>\S+)")


def log_verdict(evidence: Evidence, what: str, *, names: tuple[str, ...], needed: str) -> Verdict | None:
    """Tell why no file was found for the requirement `what`; None where the log does not say.

    `needed` says in the sentence who needs it.
    """
    section = _section(evidence.log, what)
    pages = [(match[1], match[2]) for match in _NO_PAGE.finditer(section)]
    failed = [line for line, reason in pages if not _NOT_THERE.search(reason)]
    if failed:
        subject = f"`{what}`{needed} could not be looked up"
        return lookup_failure(evidence, names, what=subject, line=failed[0])
    tags = list(dict.fromkeys(match["tags"] for match in _OTHER_TAGS.finditer(section)))
    if tags:
        more = ", …" if len(tags) > _SHOWN else ""
        return Verdict(
            "install-no-wheel",
            f"no wheel of `{what}`{needed} is for the target's Python and platform, and there is no source"
            f" archive; there are: {', '.join(tags[:_SHOWN])}{more}",
            names,
            hint="ask for a version that has a wheel for them, or run the server with a Python that has one",
        )
    if _ONLY_BINARY.search(section):
        return Verdict(
            "install-no-wheel",
            f"`{what}`{needed} has source archives only, and `--only-binary` forbids to build them",
            names,
            hint="look for a release that has a wheel, or allow this package with `--no-binary`",
        )
    return _too_new(section, what, names=names, needed=needed)


def unanswered(log: str) -> tuple[str, str] | None:
    """Return the first page that an index did not give, though it may have it, and why."""
    for match in _NO_PAGE.finditer(log):
        if not _NOT_THERE.search(match[2]):
            url = match[1].removeprefix("Could not fetch URL ").partition(": ")[0]
            return without_credentials(url), without_credentials(match[2])
    return None


def _too_new(section: str, what: str, *, names: tuple[str, ...], needed: str) -> Verdict | None:
    match = _TOO_NEW.search(section)
    if match is None:
        return None
    return Verdict(
        "install-no-version",
        f"every version of `{what}`{needed} is younger than {match['limit']}",
        names,
        hint="wait, or allow younger releases",
    )


def _section(log: str, what: str) -> str:
    """Return what the log says between the search for a package and that for the next."""
    for match in _SEARCH.finditer(log):
        if name_of(match["name"]) == name_of(what):
            following = _SEARCH.search(log, match.end())
            return log[match.end() : following.start() if following else None]
    return ""
