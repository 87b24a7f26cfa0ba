"""Failures of the programs an installer starts: builds, and clones of repositories."""

from __future__ import annotations

import re

from inventree_plugins.packages.verdict import Verdict

__all__ = ["build_failure"]

_SHOWN_LINES = 5
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
_NOISE = re.compile(r"^(?:\[end of output\]|compilation terminated\.|\^+|~+)$")


def build_failure(text: str) -> Verdict | None:
    """Recognise a failed build or clone: which package, which step, and the last lines that say why."""
    steps = list(_STEP.finditer(text))
    if not steps:
        return None
    step = steps[-1]
    name = _package(text, before=step.start())
    if step["step"].startswith("git "):
        return _clone_failure(text, step, name=name)
    logs = [match["log"] for match in _LOG.finditer(text)]
    lines = _meaningful(logs[-1]) if logs else []
    cause = f": {lines[-1]}" if lines else ""
    return Verdict(
        "install-build-failed",
        f"`{name}` could not be built{cause}",
        names=(name,),
        detail="\n".join([step["step"], *lines]),
        hint="look for a release that has a wheel, or install what these lines ask for",
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


def _meaningful(log: str) -> list[str]:
    lines = [line.strip() for line in log.splitlines()]
    return [line for line in lines if line and not _NOISE.match(line)][-_SHOWN_LINES:]
