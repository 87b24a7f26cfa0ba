"""From a failed installer's output to one sentence, a code and the lines that matter.

The wordings are those of pip 24.0 to 26.3, taken from real runs; tests/packages holds each again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Declaration
from inventree_plugins.packages.box import last_box
from inventree_plugins.packages.build_failure import build_failure
from inventree_plugins.packages.chains import LINE_OF_FILE, chain_of, name_of, which_needs
from inventree_plugins.packages.conflict import conflict
from inventree_plugins.packages.index_answer import is_unexplained, no_version, wrong_python, wrong_wheel
from inventree_plugins.packages.network_failure import fetch_failure
from inventree_plugins.packages.provenance import without_credentials
from inventree_plugins.packages.release_age import no_upload_times
from inventree_plugins.packages.verdict import Evidence, Verdict

__all__ = ["diagnose", "is_unexplained"]

_NO_HOST: Mapping[str, str] = {}
_HASHES = re.compile(
    r"^ERROR: THESE PACKAGES DO NOT MATCH THE HASHES[^\n]*\n\s+(?P<what>.+?) from (?P<rest>(?:.+\n)+)",
    re.MULTILINE,
)
_OF_THE_INDEX = re.compile(r"#sha\w+=(?P<told>\w+)\b.*?Expected sha\w+ (?P=told)\b", re.DOTALL)
_REFUSED = re.compile(
    r"^ERROR: .*\[Errno (?:1|13|30)\] (?P<why>[^:\n]+)(?:: '(?P<path>[^'\n]+)')?", re.MULTILINE
)
_FULL = re.compile(
    r"^.*(?:\[Errno (?:28|122)\]|No space left on device|Disk quota exceeded).*$", re.MULTILINE
)

_BUILD_CODES = frozenset(
    {
        "backend-unavailable",
        "failed-build-dependency-install",
        "invalid-pyproject-build-system-requires",
        "missing-pyproject-build-system-requires",
    }
)


def diagnose(
    output: str, declarations: Iterable[Declaration], *, host: Mapping[str, str] = _NO_HOST, log: str = ""
) -> InstallError:
    """Return the error that tells why an installer's run failed, for the caller to raise.

    It names the requirement and its line of plugins.txt where the output tells which one it was. `host` maps
    the normalised names of the server's own distributions to their versions. `log` is what pip wrote with
    `--log`: it is needed where `is_unexplained` says so.
    """
    evidence = Evidence(_plain(output), _plain(log), host)
    known = tuple(declarations)
    found = (verdict for judge in _JUDGES if (verdict := judge(evidence)) is not None)
    verdict = next(found, None) or _last_words(evidence.text)
    declared = next((each for name in verdict.names if (each := _declared(name, known)) is not None), None)
    sentence = verdict.message.replace("\n", " ")
    message = LINE_OF_FILE.sub(lambda match: _text_of_line(match[0], known), sentence)
    line = (declared.line or None) if declared is not None else None
    place = f" (`{declared.path.name}` line {line})" if declared is not None and line else ""
    return InstallError(
        f"{message}{place}",
        code=verdict.code,
        detail=verdict.detail or None,
        hint=verdict.hint,
        path=declared.path if declared is not None and line else None,
        line=line,
        names=_names(verdict.names, known),
    )


def _plain(text: str) -> str:
    return without_credentials(text.replace("\r\n", "\n"))


def _declared(name: str, known: Sequence[Declaration]) -> Declaration | None:
    """Find the line to blame: `name` is pip's word for a requirement, or `-r FILE (line N)`."""
    place = LINE_OF_FILE.search(name)
    for declared in known:
        if place is not None:
            if declared.line == int(place["line"]) and str(declared.path.absolute()) == place["path"]:
                return declared
        elif declared.name is not None and declared.name == name_of(name):
            return declared
    return None


def _names(words: Sequence[str], known: Sequence[Declaration]) -> tuple[str, ...]:
    """Return the packages that pip's words mean, each once."""
    found = []
    for word in words:
        declared = _declared(word, known)
        found.append(declared.name if declared is not None else name_of(word))
    return tuple(dict.fromkeys(name for name in found if name))


def _text_of_line(place: str, known: Sequence[Declaration]) -> str:
    declared = _declared(place, known)
    return f"`{declared.text}`" if declared else place


def _managed(evidence: Evidence) -> Verdict | None:
    if "error: externally-managed-environment" not in evidence.text:
        return None
    return Verdict(
        "install-externally-managed",
        "the operating system manages the target interpreter's packages and forbids changes (PEP 668)",
        hint="choose the server's virtual environment with `--python`",
    )


def _full_disk(evidence: Evidence) -> Verdict | None:
    match = _FULL.search(evidence.text)
    if match is None:
        return None
    return Verdict(
        "install-no-space",
        "no space is left on the device",
        detail=match[0].strip(),
        hint="free space for the packages and for temporary files (`TMPDIR`), then run the command again",
    )


def _refused(evidence: Evidence) -> Verdict | None:
    match = _REFUSED.search(evidence.text)
    if match is None:
        return None
    where = f" `{match['path']}`" if match["path"] else " to the target's packages"
    return Verdict(
        "install-permission",
        f"cannot write{where}: {match['why'].strip().lower()}",
        detail=match[0].removeprefix("ERROR: "),
        hint="run invplug as the user that owns the server's environment",
    )


def _hash_mismatch(evidence: Evidence) -> Verdict | None:
    match = _HASHES.search(evidence.text)
    if match is None:
        return None
    what = match["what"]
    name = name_of(what)
    chain = chain_of(evidence.text, name)
    told = "the declared hash"
    hint = "update its `--hash` if the package was updated; if not, the file may have been tampered with"
    if _OF_THE_INDEX.search(match["rest"]):
        told = "the hash that the index tells"
        hint = "run the command again; if it stays so, the index or a proxy damages files, or worse"
    return Verdict(
        "install-hash-mismatch",
        f"the file for `{what}`{which_needs(name, chain)} does not have {told}",
        names=(what, *chain),
        detail="\n".join(line.strip() for line in match["rest"].splitlines() if line.strip()),
        hint=hint,
    )


def _old_target(evidence: Evidence) -> Verdict | None:
    match = re.search(
        r"This version of pip does not support python (\S+) \(requires ([^)]+)\)", evidence.text
    )
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
    if errors and errors[-1] == "ERROR: Exception:":
        errors = talk[-1:]  # a fault of pip's own: the last line of its traceback says which
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
_JUDGES: tuple[Callable[[Evidence], Verdict | None], ...] = (
    _managed,
    _old_target,
    _full_disk,
    build_failure,
    _refused,
    conflict,
    wrong_python,
    no_version,
    _hash_mismatch,
    wrong_wheel,
    no_upload_times,
    fetch_failure,
)
