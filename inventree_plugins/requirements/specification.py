"""What one requirement says: a name, a URL or a path, as pip's constructors understand it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import unquote, urlsplit

from inventree_plugins.models import parse_requirement

if TYPE_CHECKING:  # see _PLAIN: most files need nothing of it
    from packaging.utils import NormalizedName

__all__ = [
    "Specification",
    "SpecificationError",
    "archive_name",
    "names_url",
    "project_name",
    "specify",
    "specify_editable",
]

_URL = re.compile(r"(?:https?|file|ftp|(?:git|hg|svn|bzr)\+[a-z+]+):", re.IGNORECASE)
_EGG = re.compile(r"[#&]egg=([^&]*)")
_EXTRAS = re.compile(r"(.+?)(\[[^\[\]]*\])$")
_ARCHIVES = (
    ".whl",
    ".zip",
    ".tar.gz",
    ".tgz",
    ".tar",
    ".tar.bz2",
    ".tbz",
    ".tar.xz",
    ".txz",
    ".tlz",
    ".tar.lz",
)
_OPERATOR = re.compile(r"===|==|~=|!=|<=|>=|<|>")
# What most lines are, and surely valid: packaging need not be imported to read them.
_VERSION = r"\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?"
_CLAUSE = rf"(?:(?:==|!=|<=?|>=?)[ \t]*{_VERSION}|~=[ \t]*\d+(?:\.\d+)+)"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_PLAIN = re.compile(
    rf"({_NAME})(?:\[{_NAME}(?:,[ \t]*{_NAME})*\])?[ \t]*(?:{_CLAUSE}(?:[ \t]*,[ \t]*{_CLAUSE})*)?", re.ASCII
)


def normalize(name: str) -> "NormalizedName":
    """Return the name as PEP 503 compares it."""
    return cast("NormalizedName", re.sub(r"[-_.]+", "-", name).lower())


class SpecificationError(ValueError):
    """The text is no requirement; `hint` says what may have been meant."""

    def __init__(self, reason: str, *, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


class Specification(NamedTuple):
    """What could be read from a requirement: its name and PEP 508 form where the text alone tells them.

    `location` is the URL or path, without markers, of a requirement that is not a bare name.
    """

    name: "NormalizedName | None" = None
    pep508: str | None = None
    location: str | None = None


def specify(text: str) -> Specification:
    """Read a requirement that is not editable. Raises SpecificationError where pip would refuse it."""
    if _URL.match(text):
        return _specify_location(text, separator="; ")
    path = text.split(";", 1)[0].strip()
    if _looks_like_path(path):
        return _specify_location(text, separator=";")
    plain = _PLAIN.fullmatch(text)
    if plain:
        return Specification(normalize(plain[1]), text)
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415 - see _PLAIN

    pep508 = _with_spaced_marker(text)
    try:
        requirement = parse_requirement(pep508)
    except InvalidRequirement as error:
        raise SpecificationError(str(error).splitlines()[0], hint=_hint(text)) from error
    return Specification(normalize(requirement.name), pep508, requirement.url)


def _with_spaced_marker(text: str) -> str:
    """Set the marker off: for pip it begins at the first semicolon, also behind a URL, and may be empty."""
    requirement, _, marker = (part.strip() for part in text.partition(";"))
    return f"{requirement} ; {marker}" if marker else requirement


def specify_editable(text: str, *, directory: Path) -> Specification:
    """Read the value of `-e`; a relative path counts from `directory`. Raises SpecificationError."""
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415 - see _PLAIN

    try:
        requirement = parse_requirement(text)
    except InvalidRequirement:
        pass
    else:
        if requirement.url:
            return Specification(normalize(requirement.name), text, requirement.url)
    if _URL.match(text) and not re.match(r"https?:|ftp:", text, re.IGNORECASE):
        found = _specify_location(text, separator="; ")
        if found.name is None and not text.lower().startswith("file:"):
            raise SpecificationError(
                "the project's name is missing", hint="write `name @ URL`, or add `#egg=name`"
            )
        return found
    path = directory / _without_extras(text)
    if path.is_dir() or _looks_like_path(text):
        name = project_name(path)
        return Specification(name, None, str(path))
    raise SpecificationError(
        "`-e` takes a path to a local project or a version control URL",
        hint="for example `-e /srv/my-plugin`",
    )


def archive_name(filename: str) -> "NormalizedName | None":
    """Return the project's name that a wheel's or a source archive's file name tells, if it does."""
    from packaging import utils  # noqa: PLC0415 - see _PLAIN

    try:
        if filename.endswith(".whl"):
            return utils.parse_wheel_filename(filename)[0]
        return utils.parse_sdist_filename(filename)[0]
    except (utils.InvalidWheelFilename, utils.InvalidSdistFilename):
        return None


def project_name(directory: Path) -> "NormalizedName | None":
    """Return the name that a source tree's pyproject.toml declares, if it does."""
    import tomli  # noqa: PLC0415  # only local source trees pay for it

    try:
        project = tomli.loads((directory / "pyproject.toml").read_text(encoding="utf-8")).get("project")
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError):
        return None
    name = project.get("name") if isinstance(project, dict) else None
    return normalize(name) if isinstance(name, str) else None


def names_url(location: str) -> bool:
    """Tell whether pip takes a requirement's location for a URL; it may be a path otherwise."""
    return _URL.match(location) is not None


def _specify_location(text: str, *, separator: str) -> Specification:
    from packaging.markers import InvalidMarker, Marker  # noqa: PLC0415 - see _PLAIN
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415

    location, _, marker = (part.strip() for part in text.partition(separator))
    if marker:
        try:
            Marker(marker)
        except InvalidMarker as error:
            raise SpecificationError(str(error).splitlines()[0]) from error
    bare = _without_extras(location)
    extras = location[len(bare) :]
    written, egg_extras = _egg(location)
    name = normalize(written) if written else archive_name(_filename(bare))
    if name is None or not _URL.match(location):
        return Specification(name, None, bare)
    suffix = f" ; {marker}" if marker else ""
    pep508 = f"{name}{extras or egg_extras} @ {bare}{suffix}"
    try:
        parse_requirement(pep508)
    except InvalidRequirement as error:
        raise SpecificationError(str(error).splitlines()[0]) from error
    return Specification(name, pep508, bare)


def _egg(url: str) -> tuple[str, str]:
    match = _EGG.search(url)
    if match is None:
        return "", ""
    value = unquote(match[1])
    bare = _without_extras(value)
    return bare, value[len(bare) :]


def _filename(location: str) -> str:
    path = urlsplit(location).path if _URL.match(location) else location
    # A version control URL may end in `@revision`.
    return unquote(path.rsplit("/", 1)[-1])


def _without_extras(text: str) -> str:
    match = _EXTRAS.match(text)
    return match[1] if match and "#egg=" not in text else text


def _looks_like_path(text: str) -> bool:
    if "@" in text and not _looks_like_path(text.split("@", 1)[0]):
        return False
    bare = _without_extras(text)
    return "/" in bare or bare.startswith(".") or bare.lower().endswith(_ARCHIVES)


def _hint(text: str) -> str | None:
    if "=" in text and not _OPERATOR.search(text):
        return "`=` is not an operator; did you mean `==`?"
    return None
