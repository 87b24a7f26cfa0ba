"""From a failed installer's output to one sentence, a code and the lines that matter.

The wordings are those of pip 24.0 to 26.3, taken from real runs; tests/packages holds each again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration
from inventree_plugins.packages.box import last_box
from inventree_plugins.packages.build_failure import build_failure
from inventree_plugins.packages.names import normalize
from inventree_plugins.packages.network_failure import http_failure, is_offline, network_failure, unreachable
from inventree_plugins.packages.provenance import without_credentials
from inventree_plugins.packages.verdict import Verdict

__all__ = ["diagnose"]

_SHOWN_VERSIONS = 5
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_LINE_OF_FILE = re.compile(r"-r (\S+) \(line (\d+)\)")
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
_CONFLICT = re.compile(
    r"^ERROR: Cannot install (?P<who>.+) because these package versions have conflicting dependencies\.",
    re.MULTILINE,
)
_CONFLICT_CAUSE = re.compile(r"^The conflict is caused by:\n(?P<cause>(?:    .+\n)+)", re.MULTILINE)
_DOUBLE = re.compile(r"^ERROR: Double requirement given: (?P<what>\S+)", re.MULTILINE)
_WRONG_WHEEL = re.compile(
    r"^ERROR: (?P<what>\S+\.whl) is not a supported wheel on this platform", re.MULTILINE
)
_HASHES = re.compile(
    r"^ERROR: THESE PACKAGES DO NOT MATCH THE HASHES[^\n]*\n\s+(?P<what>.+?) from (?P<rest>(?:.+\n)+)",
    re.MULTILINE,
)
_REFUSED = re.compile(
    r"^ERROR: .*\[Errno (?:1|13|30)\] (?P<why>[^:\n]+)(?:: '(?P<path>[^'\n]+)')?", re.MULTILINE
)

_BUILD_CODES = frozenset(
    {
        "backend-unavailable",
        "failed-build-dependency-install",
        "invalid-pyproject-build-system-requires",
        "missing-pyproject-build-system-requires",
    }
)


def diagnose(output: str, declarations: Iterable[Declaration]) -> InstallError:
    """Return the error that tells why an installer's run failed, for the caller to raise.

    It names the requirement and its line of plugins.txt where the output tells which one it was.
    """
    text = without_credentials(output.replace("\r\n", "\n"))
    known = tuple(declarations)
    verdict = next((found for judge in _JUDGES if (found := judge(text)) is not None), None) or _last_words(
        text
    )
    declared = _declared(verdict.names, known)
    message = _LINE_OF_FILE.sub(lambda match: _text_of_line(match, known), verdict.message)
    place = ""
    if declared is not None and declared.line:
        place = f" (`{declared.path.name}` line {declared.line})"
    return InstallError(
        f"{message}{place}",
        code=verdict.code,
        detail=verdict.detail or None,
        hint=verdict.hint,
        path=declared.path if declared and declared.line else None,
        line=(declared.line or None) if declared else None,
    )


def _declared(names: Sequence[str], known: Sequence[Declaration]) -> Declaration | None:
    """Find the line to blame: `names` are pip's words for a requirement, or `-r FILE (line N)`."""
    for name in names:
        place = _LINE_OF_FILE.search(name)
        match = _NAME.match(name)
        key = normalize(match[1]) if match else None
        for declared in known:
            if place and declared.line == int(place[2]) and str(declared.path.absolute()) == place[1]:
                return declared
            if not place and key is not None and declared.name == key:
                return declared
    return None


def _text_of_line(match: re.Match[str], known: Sequence[Declaration]) -> str:
    declared = _declared([match[0]], known)
    return f"`{declared.text}`" if declared else match[0]


def _managed(text: str) -> Verdict | None:
    if "error: externally-managed-environment" not in text:
        return None
    return Verdict(
        "install-externally-managed",
        "the operating system manages the target interpreter's packages and forbids changes (PEP 668)",
        hint="choose the server's virtual environment with `--python`",
    )


def _full_disk(text: str) -> Verdict | None:
    match = re.search(r"^.*(?:\[Errno 28\]|No space left on device).*$", text, re.MULTILINE)
    if match is None:
        return None
    return Verdict(
        "install-no-space",
        "no space is left on the device",
        detail=match[0].strip(),
        hint="free space for the packages and for temporary files (`TMPDIR`), then run the command again",
    )


def _refused(text: str) -> Verdict | None:
    match = _REFUSED.search(text)
    if match is None:
        return None
    where = f" `{match['path']}`" if match["path"] else " to the target's packages"
    return Verdict(
        "install-permission",
        f"cannot write{where}: {match['why'].strip().lower()}",
        detail=match[0].removeprefix("ERROR: "),
        hint="run invplug as the user that owns the server's environment",
    )


def _conflict(text: str) -> Verdict | None:
    match = _CONFLICT.search(text)
    if match is None:
        double = _DOUBLE.search(text)
        if double is None:
            return None
        return Verdict(
            "install-conflict", f"`{double['what']}` is required twice, differently", names=(double["what"],)
        )
    who = re.split(r", | and ", match["who"])
    cause = _CONFLICT_CAUSE.search(text, match.end())
    reasons = [line.strip() for line in cause["cause"].splitlines()] if cause else []
    names = " and ".join(one if one.startswith("-r ") else f"`{one}`" for one in who)
    why = f": {'; '.join(reasons)}" if reasons else ""
    together = " together" if len(who) > 1 else ""
    return Verdict(
        "install-conflict",
        f"{names} cannot be installed{together}{why}",
        names=tuple(who),
        detail="\n".join(reasons),
        hint="loosen one of the requirements, or remove one",
    )


def _wrong_python(text: str) -> Verdict | None:
    match = _OTHER_PYTHON.search(text) or _OTHER_PYTHONS.search(text)
    if match is None:
        return None
    return Verdict(
        "install-no-version",
        f"`{match['what']}` needs Python {match['range']}, and the target has {match['ours']}",
        names=(match["what"],),
        detail=match[0].removeprefix("ERROR: "),
        hint="ask for a version of the package that supports the target's Python, if there is one",
    )


def _no_version(text: str) -> Verdict | None:
    match = _NO_VERSION.search(text)
    if match is None:
        return None
    what, chain = match["what"].strip(), match["chain"] or ""
    # The chain runs from the nearest parent to the line that started it.
    parents = [part for part in chain.split("->") if part]
    names = (what, *reversed(parents))
    needed = f", which `{parents[0]}` needs" if parents and not parents[0].startswith("-r ") else ""
    detail = match[0].removeprefix("ERROR: ")
    versions = match["versions"].strip()
    if versions != "none":
        every = versions.split(", ")
        shown = ", ".join(every[-_SHOWN_VERSIONS:])
        more = "…, " if len(every) > _SHOWN_VERSIONS else ""
        return Verdict(
            "install-no-version",
            f"no version satisfies `{what}`{needed}; available: {more}{shown}",
            names=names,
            detail=_with_ignored(text, shortened=f"available versions: {more}{shown}"),
            hint="ask for one of the available versions",
        )
    if is_offline(text):
        return unreachable(text, names=names, what=f"`{what}`{needed} could not be looked up")
    ignored = _IGNORED_PYTHON.search(text)
    if ignored:
        return Verdict(
            "install-no-version",
            f"no version of `{what}`{needed} supports the target's Python",
            names=names,
            detail=_with_ignored(text, shortened=detail),
            hint="ask for a version of the package that supports the target's Python, if there is one",
        )
    return Verdict(
        "install-not-found",
        f"no package for `{what}`{needed} was found",
        names=names,
        detail=detail,
        hint="check the spelling and the index; a package without a file for this Python is not seen either",
    )


def _with_ignored(text: str, *, shortened: str) -> str:
    ignored = _IGNORED_PYTHON.search(text)
    if ignored is None:
        return shortened
    last = ignored[1].split("; ")[-_SHOWN_VERSIONS:]
    return f"{shortened}\nfor another Python: {'; '.join(last)}"


def _hash_mismatch(text: str) -> Verdict | None:
    match = _HASHES.search(text)
    if match is None:
        return None
    return Verdict(
        "install-hash-mismatch",
        f"the file for `{match['what']}` does not have the declared hash",
        names=(match["what"],),
        detail="\n".join(line.strip() for line in match["rest"].splitlines() if line.strip()),
        hint="update its `--hash` if the package was updated; if not, the file may have been tampered with",
    )


def _wrong_wheel(text: str) -> Verdict | None:
    match = _WRONG_WHEEL.search(text)
    if match is None:
        return None
    return Verdict(
        "install-no-wheel",
        f"`{match['what']}` is a wheel for another platform or Python",
        names=(match["what"].split("-")[0],),
        detail=match[0].removeprefix("ERROR: "),
        hint="give a wheel for the target's Python, or the package's name",
    )


def _old_target(text: str) -> Verdict | None:
    match = re.search(r"This version of pip does not support python (\S+) \(requires ([^)]+)\)", text)
    if match is None:
        return None
    return Verdict(
        "install-failed",
        f"invplug's pip cannot install for the target's Python {match[1]}: it needs {match[2]}",
        detail=match[0],
        hint="install an older pip beside invplug, one that supports that Python",
    )


def _last_words(text: str) -> Verdict:
    """Quote the installer's own last error where nothing above knows it."""
    box = last_box(text)
    if box is not None:
        code = "install-build-failed" if box.code in _BUILD_CODES else "install-failed"
        names = tuple(re.findall(r"'([^']+)'|(?<=uninstall )(\S+)", box.message)[:1])
        found = tuple(part for pair in names for part in pair if part)
        message = f"the installer failed: {box.message}{': ' if box.why else ''}{box.why}"
        return Verdict(code, message, found, f"{box.message}\n{box.why}".strip())
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line.strip() for line in lines if re.match(r"\s*error:", line, re.IGNORECASE)]
    talk = [line.strip() for line in lines if not line.startswith(("WARNING:", "DEPRECATION:", "[notice]"))]
    last = (errors or talk or ["it printed nothing"])[-1]
    reason = re.sub(r"^error:\s*", "", last, flags=re.IGNORECASE)
    match = re.search(r"(?:Wheel|requirement:?|Package) '([^']+)'", reason)
    return Verdict(
        "install-failed",
        f"the installer failed: {reason}",
        names=(match[1],) if match else (),
        detail="\n".join(errors or talk[-10:]),
    )


# The order matters: a build's log may hold anything, so what only pip itself says comes before it, and the
# causes that make a build fail too (a full disk) come first.
_JUDGES: tuple[Callable[[str], Verdict | None], ...] = (
    _managed,
    _old_target,
    _full_disk,
    build_failure,
    _refused,
    _conflict,
    _wrong_python,
    _no_version,
    _hash_mismatch,
    _wrong_wheel,
    http_failure,
    network_failure,
)
