"""The frozen data that crosses rooms.

Named tuples, not dataclasses: every run defines all of these, and a dataclass takes three times as long to
define. Nothing relies on their order. For the same reason annotations are not postponed: a named tuple
would compile each of them again.
"""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.utils import NormalizedName

__all__ = [
    "Database",
    "Declaration",
    "Discovery",
    "Distribution",
    "DistributionMetadata",
    "EntryPoint",
    "Interpreter",
    "NextStep",
    "Plugin",
    "PluginConfig",
    "Problem",
    "Setting",
    "Source",
    "parse_requirement",
]

T = TypeVar("T")

NOTHING: Mapping[str, Any] = MappingProxyType({})


@cache
def parse_requirement(text: str) -> "Requirement":
    """Parse a requirement of PEP 508, each text once; raise packaging's InvalidRequirement."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - a third of a predicate's whole budget

    return Requirement(text)


class Source(str, Enum):
    """Where a plugin comes from, in the server's order; a later one wins a shared slug (SPEC §1)."""

    BUILTIN = "builtin"
    SAMPLE = "sample"
    DIRECTORY = "directory"
    PACKAGE = "package"


class Setting(Generic[T]):
    """A resolved value of the configuration and where it came from, in words a person can follow."""

    __slots__ = ("origin", "value")

    def __init__(self, value: T, origin: str) -> None:
        self.value = value
        self.origin = origin

    @property
    def is_from_environment(self) -> bool:
        """Tell whether a variable of the environment decided it."""
        return self.origin.startswith("environment ")


class Problem(NamedTuple):
    """Something wrong that does not stop the command: a stable code, one line, and a way out.

    An `error` keeps the plugin from working; a `warning` does not.
    """

    code: str
    message: str
    severity: Literal["error", "warning"] = "warning"
    hint: str | None = None
    slug: str | None = None
    path: Path | None = None
    line: int | None = None


class NextStep(NamedTuple):
    """Something that remains to be done: a stable code, the command if there is one, and why."""

    code: str
    message: str
    command: str | None = None
    slugs: tuple[str, ...] = ()


class Interpreter(NamedTuple):
    """The Python that runs the server, as far as files tell.

    `import_path` holds site directories and what their `.pth` files add, in import order, without the
    standard library. `site_packages` is where an installer puts pure packages. `version` has three parts.
    """

    executable: Path
    prefix: Path
    version: str
    implementation: str
    import_path: tuple[Path, ...]
    site_packages: Path


class EntryPoint(NamedTuple):
    """One line of `entry_points.txt`; `attr` may be dotted, or empty when the line names only a module."""

    group: str
    name: str
    module: str
    attr: str


class Distribution(NamedTuple):
    """An installed distribution: name and version as its folder tells, and its plugin entry points.

    `key` is the normalised name (PEP 503), `location` the import path entry that holds it, `info` its
    `.dist-info` or `.egg-info`. `entry_points` are those of the group `inventree_plugins`.
    """

    name: str
    key: "NormalizedName"
    version: str
    location: Path
    info: Path
    entry_points: tuple[EntryPoint, ...] = ()


class DistributionMetadata(NamedTuple):
    """The fields of a distribution's METADATA that plugins fall back to, as written there."""

    summary: str | None = None
    author: str | None = None
    author_email: str | None = None
    website: str | None = None
    license: str | None = None
    requires_dist: tuple[str, ...] = ()


class Declaration(NamedTuple):
    """A requirement that plugins.txt declares.

    `text` is the requirement as written, without comment and options; `name` is its normalised name, or
    None where only an installer can tell (a bare URL or path). `pep508` is the requirement with variables
    expanded, known to be valid. `line` counts from 1 in `path`, which is an
    included file when an `-r` line led there.
    """

    text: str
    path: Path
    line: int
    name: "NormalizedName | None" = None
    pep508: str | None = None
    editable: bool = False

    @property
    def requirement(self) -> "Requirement | None":
        """Return the parsed requirement, None where only an installer can read it."""
        return parse_requirement(self.pep508) if self.pep508 else None

    @property
    def url(self) -> str | None:
        """Return where the requirement says that its package lies; most name none, and are not parsed."""
        requirement = self.requirement if self.pep508 and "@" in self.pep508 else None
        return requirement.url if requirement is not None else None

    @property
    def may_have_marker(self) -> bool:
        """Tell, without parsing it, whether the requirement may be for some environments only."""
        return self.pep508 is not None and ";" in self.pep508


class Plugin(NamedTuple):
    """A plugin class and what is known of it without running it.

    `slug` is the key the server would use. `origins` tells for each of title, description, author,
    pub_date, version, website and license whether it came from `class`, `distribution`, `git` or
    `default`. `mixins` are class names in method resolution order. `shadowed` are plugins of the same slug
    that this one hides, most recent first.
    """

    slug: str
    name: str
    source: Source
    module: str
    class_name: str
    path: Path
    line: int
    title: str | None = None
    description: str | None = None
    author: str | None = None
    pub_date: str | None = None
    version: str | None = None
    website: str | None = None
    license: str | None = None
    min_version: str | None = None
    max_version: str | None = None
    mixins: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    has_static_files: bool = False
    distribution: Distribution | None = None
    origins: Mapping[str, str] = NOTHING
    problems: tuple[Problem, ...] = ()
    shadowed: "tuple[Plugin, ...]" = ()


class Discovery(NamedTuple):
    """What discovery found: one plugin a slug, in the server's order, and what it could not read."""

    plugins: tuple[Plugin, ...] = ()
    problems: tuple[Problem, ...] = ()


class PluginConfig(NamedTuple):
    """A row of `plugin_pluginconfig`; `package_name` is None where the column is absent (before 0.14)."""

    pk: int
    key: str
    name: str | None
    active: bool
    package_name: str | None = None


class Database(NamedTuple):
    """Where the server's database is, as its configuration says.

    `engine` is `sqlite3`, `postgresql` or `mysql`; `name` a database name, or for SQLite an absolute path.
    `standalone` marks the embedded store, which is made on the first write and empty until then.
    """

    engine: str
    name: str
    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: str | None = None
    options: Mapping[str, object] = NOTHING
    standalone: bool = False

    def __repr__(self) -> str:
        """Leave out user, password and options, which may hold a TLS password."""
        return f"Database({self.engine!r}, {self.name!r}, host={self.host!r}, port={self.port!r})"
