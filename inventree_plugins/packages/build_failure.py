"""Failures of the programs an installer starts: builds, and clones of repositories."""

from __future__ import annotations

import re

from inventree_plugins.packages.build_log import missing_piece
from inventree_plugins.packages.chains import chain_of, name_of, which_needs
from inventree_plugins.packages.index_answer import no_version
from inventree_plugins.packages.verdict import Evidence, Verdict

__all__ = ["build_failure"]

_SHOWN_LINES = 5
_SHOWN_CHARACTERS = 200
_STEP = re.compile(r"^\s*\u00d7 (?P<step>.+?) did not run successfully\.", re.MULTILINE)
_LOG = re.compile(r"╰─> \[\d+ lines? of output\]\n(?P<log>.*?)\n\s*\[end of output\]", re.DOTALL)
# In the order of trust; the first two are pip 25 and newer, the third older ones.
_PACKAGES = (
    re.compile(r"^ERROR: Failed to build '(?P<name>[^']+)'", re.MULTILINE),
    re.compile(
        r"^\u00d7 (?:Encountered error|Failed to build)[^\n]*\n╰─> (?!See above)(?P<name>[^\s,]+)",
        re.MULTILINE,
    ),
    re.compile(r"ERROR: Failed building (?:wheel|editable) for (?P<name>\S+)"),
    re.compile(r"^Failed to build (?P<name>\S+)", re.MULTILINE),
)
_UNDER_WAY = re.compile(r"^(?:Processing|Collecting|Obtaining) (?P<what>\S+)", re.MULTILINE)
_NO_REVISION = re.compile(r"pathspec '([^']+)' did not match|couldn't find remote ref (\S+)")
_NO_ROUTE = re.compile(
    r"Could not resolve host|unable to access|Connection (?:refused|timed out|reset)|Network is"
)
_NOISE = re.compile(r"^(?:\[end of output\]|compilation terminated\.|\^+|~+|\| +\^~*)$")
# How build tools end when a program of theirs failed, which has said why before.
_SUMMARY = re.compile(
    r"error: command '[^']+' failed with exit (?:code|status)|[Cc]ommand '?\[.*returned non-zero exit status"
    r"|ninja: build stopped|CMake configuration failed|^make: \*\*\*"
)
# The last is pip 24.0, which prints the error's whole history.
_BACK_END = re.compile(
    r"Cannot import build backend '([^']+)'|BackendUnavailable: Cannot import '([^']+)'"
    r"|BackendUnavailable: Traceback(?:.*\n)+ModuleNotFoundError: No module named '([^']+)'"
)
_DEPENDENCIES = re.compile(r"install(?:ing)? (?:build|backend) dependencies", re.IGNORECASE)


def build_failure(evidence: Evidence) -> Verdict | None:
    """Recognise a failed build or clone: which package, which step, and what it was missing."""
    text = evidence.text
    back_end = _BACK_END.search(text)
    if back_end:
        return _without_back_end(text, back_end)
    steps = list(_STEP.finditer(text))
    if not steps:
        return None
    step = steps[-1]
    name = _package(text, before=step.start())
    if step["step"].startswith("git "):
        return _clone_failure(text, step, name=name)
    logs = [match["log"] for match in _LOG.finditer(text)]
    log = logs[-1] if logs else ""
    failed, names = _failed(text, name)
    if _DEPENDENCIES.search(step["step"]):
        verdict = _without_requirement(log, failed, names=names)
        if verdict is not None:
            return verdict
    return _judged(log, step["step"], failed=failed, names=names)


def _failed(text: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Return how the sentence begins, and whom to blame."""
    key = name_of(name)
    chain = chain_of(text, key)
    return f"`{name}`{which_needs(key, chain)} could not be built", (name, *chain)


def _without_back_end(text: str, match: re.Match[str]) -> Verdict:
    """Say which module that should build a package is not there."""
    name = _package(text, before=match.start())
    failed, names = _failed(text, name)
    module = next(group for group in match.groups() if group)
    return Verdict(
        "install-build-failed",
        f"{failed}: its build back end `{module}` is missing",
        names,
        detail=f"No module named '{module}'",
        hint="its author should have named it as a build requirement; look for a release that has a wheel",
    )


def _judged(log: str, step: str, *, failed: str, names: tuple[str, ...]) -> Verdict:
    lines = [line.strip() for line in log.splitlines()]
    lines = [line for line in lines if line and not _NOISE.match(line)]
    missing = missing_piece(log)
    shown = lines[-_SHOWN_LINES:]
    if missing is not None:
        if missing.line not in shown:
            shown = [missing.line, *shown[1:]]
        detail = "\n".join([step, *shown])
        return Verdict(
            "install-build-failed", f"{failed}: {missing.what} is missing", names, detail, missing.hint
        )
    cause = _shortened(f": {_cause(lines)}") if lines else ""
    return Verdict(
        "install-build-failed",
        f"{failed}{cause}",
        names,
        detail="\n".join([step, *shown]),
        hint="look for a release that has a wheel, or install what these lines ask for",
    )


def _cause(lines: list[str]) -> str:
    """Return the line that says why: the last, or what a failed program said first."""
    if not _SUMMARY.search(lines[-1]):
        return lines[-1]
    others = [line for line in lines if not _SUMMARY.search(line)] or lines
    said = (line for line in others if re.search(r"(?:^|: )(?:fatal )?error:|^CMake Error", line))
    return next(said, others[-1])


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _without_requirement(log: str, failed: str, *, names: tuple[str, ...]) -> Verdict | None:
    """Say which requirement of a build could not be had."""
    found = no_version(Evidence("\n".join(line.strip() for line in log.splitlines())))
    if found is None:
        return None
    code = "install-network" if found.code == "install-network" else "install-build-failed"
    return Verdict(
        code,
        f"{failed}: of what its build needs, {found.message}",
        names,
        found.detail,
        hint=found.hint if code == "install-network" else "look for a release that has a wheel",
    )


def _package(text: str, *, before: int) -> str:
    for pattern in _PACKAGES:
        match = pattern.search(text)
        if match:
            return match["name"].rstrip(",")
    under_way = list(_UNDER_WAY.finditer(text, 0, before))
    if not under_way:
        return "a package"
    what = under_way[-1]["what"].rsplit("/", 1)[-1]
    # `brokenmeta-1.0.tar.gz`: pip before 25 names the archive only.
    return re.sub(r"-\d[^/]*\.(?:tar\.\w+|tgz|zip|whl)$", "", what)


def _clone_failure(text: str, step: re.Match[str], *, name: str) -> Verdict:
    said = [
        line.strip()
        for line in text[: step.start()].splitlines()
        if re.match(r"\s*(?:fatal|error|ERROR|remote):", line) and "subprocess-exited" not in line
    ]
    detail = "\n".join([*said, step["step"]])
    reason = re.sub(r"^\w+: ", "", said[0]) if said else step["step"]
    revision = _NO_REVISION.search(detail)
    if revision:
        wanted = revision[1] or revision[2]
        message = f"the repository of `{name}` has no revision `{wanted}`"
        return Verdict(
            "install-no-version", message, (name,), detail, "check the branch, tag or commit after `@`"
        )
    if _NO_ROUTE.search(detail):
        message = f"the repository of `{name}` cannot be reached: {reason}"
        return Verdict(
            "install-network", message, (name,), detail, "check the network, then run the command again"
        )
    message = f"the repository of `{name}` cannot be cloned: {reason}"
    return Verdict("install-not-found", message, (name,), detail, "check the URL and the right to read it")
