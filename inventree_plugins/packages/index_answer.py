"""What an index had for a requirement: nothing, other versions, or only for another Python."""

from __future__ import annotations

import re

from inventree_plugins.packages.chains import LINE_OF_FILE, chain_of, name_of, split_chain, which_needs
from inventree_plugins.packages.index_log import log_verdict
from inventree_plugins.packages.network_failure import complaint, lookup_failure
from inventree_plugins.packages.verdict import Evidence, Verdict

__all__ = ["is_unexplained", "no_version", "wrong_python", "wrong_wheel"]

_SHOWN_VERSIONS = 5
_NO_VERSION = re.compile(
    r"^ERROR: Could not find a version that satisfies the requirement (?P<what>.+?)"
    r"(?: \(from (?P<chain>(?!versions: ).+)\))? \(from versions: (?P<versions>[^)]*)\)\s*$",
    re.MULTILINE,
)
_OTHER_PYTHON = re.compile(
    r"^ERROR: Package '(?P<what>[^']+)' requires a different Python: (?P<ours>\S+) not in '(?P<range>[^']+)'",
    re.MULTILINE,
)
_OTHER_PYTHONS = re.compile(
    r"^ERROR: Packages require a different Python\. (?P<ours>\S+) not in:\n'(?P<range>[^']+)'"
    r" \(required by (?P<what>\S+)",
    re.MULTILINE,
)
_IGNORED_PYTHON = re.compile(
    r"^ERROR: Ignored the following versions that require a different python version: (.+)$", re.MULTILINE
)
_WRONG_WHEEL = re.compile(
    r"^ERROR: (?P<what>\S+\.whl) is not a supported wheel on this platform", re.MULTILINE
)
_UNSEEN = "; a package without a file for this Python is not seen either"
_OTHER_VERSION = "ask for a version of the package that supports the target's Python, if there is one"


def is_unexplained(output: str) -> bool:
    """Tell whether an index had nothing for a package and the output does not say why: a log would."""
    match = _NO_VERSION.search(output)
    if match is None or match["versions"].strip() != "none" or _IGNORED_PYTHON.search(output):
        return False
    return complaint(output, name_of(match["what"])) is None


def wrong_python(evidence: Evidence) -> Verdict | None:
    """Recognise packages whose files say, once they are there, that they are for another Python."""
    match = _OTHER_PYTHON.search(evidence.text) or _OTHER_PYTHONS.search(evidence.text)
    if match is None:
        return None
    name = name_of(match["what"])
    chain = chain_of(evidence.text, name)
    return Verdict(
        "install-no-version",
        f"`{match['what']}`{which_needs(name, chain)} needs Python {match['range']},"
        f" and the target has {match['ours']}",
        names=(match["what"], *chain),
        detail=match[0].removeprefix("ERROR: "),
        hint=_OTHER_VERSION,
    )


def wrong_wheel(evidence: Evidence) -> Verdict | None:
    """Recognise a named wheel that is for another platform."""
    match = _WRONG_WHEEL.search(evidence.text)
    if match is None:
        return None
    return Verdict(
        "install-no-wheel",
        f"`{match['what']}` is a wheel for another platform or Python",
        names=(match["what"].split("-")[0],),
        detail=match[0].removeprefix("ERROR: "),
        hint="give a wheel for the target's Python, or the package's name",
    )


def no_version(evidence: Evidence) -> Verdict | None:
    """Recognise a requirement for which no index had a file that fits."""
    match = _NO_VERSION.search(evidence.text)
    if match is None:
        return None
    what, versions = match["what"].strip(), match["versions"].strip()
    chain = split_chain(match["chain"] or "")
    if chain and not LINE_OF_FILE.fullmatch(chain[-1]):
        # Newer pips name the nearest only.
        chain = (*chain, *chain_of(evidence.text, name_of(chain[-1])))
    nearest = which_needs(name_of(what), chain[:1])
    # The line that started it comes last in the chain, and first among those to blame.
    names = (what, *reversed(chain))
    if versions == "none":
        return _nothing(evidence, match, names=names, needed=nearest)
    every = versions.split(", ")
    shown = ", ".join(every[-_SHOWN_VERSIONS:])
    more = "…, " if len(every) > _SHOWN_VERSIONS else ""
    return Verdict(
        "install-no-version",
        f"no version satisfies `{what}`{nearest.rstrip(',')}; available: {more}{shown}",
        names=names,
        detail=_with_ignored(evidence.text, shortened=f"available versions: {more}{shown}"),
        hint="ask for one of the available versions",
    )


def _nothing(evidence: Evidence, match: re.Match[str], *, names: tuple[str, ...], needed: str) -> Verdict:
    """Say why there is no file at all."""
    what = match["what"].strip()
    line = complaint(evidence.text, name_of(what))
    if line is not None:
        return lookup_failure(evidence, names, what=f"`{what}`{needed} could not be looked up", line=line)
    detail = match[0].strip().removeprefix("ERROR: ")
    if _IGNORED_PYTHON.search(evidence.text):
        return Verdict(
            "install-no-version",
            f"no version of `{what}`{needed} supports the target's Python",
            names=names,
            detail=_with_ignored(evidence.text, shortened=detail),
            hint=_OTHER_VERSION,
        )
    found = log_verdict(evidence, what, names=names, needed=needed) if evidence.log else None
    return found or Verdict(
        "install-not-found",
        f"no package for `{what}`{needed} was found",
        names=names,
        detail=detail,
        hint="check the spelling and the index" + ("" if evidence.log else _UNSEEN),
    )


def _with_ignored(text: str, *, shortened: str) -> str:
    ignored = _IGNORED_PYTHON.search(text)
    if ignored is None:
        return shortened
    last = ignored[1].split("; ")[-_SHOWN_VERSIONS:]
    return f"{shortened}\nfor another Python: {'; '.join(last)}"
