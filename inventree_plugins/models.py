"""The frozen data that crosses rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:  # packaging costs a third of a predicate's whole budget
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
    "Plugin",
    "PluginConfig",
    "Problem",
    "Setting",
    "Source",
]

T = TypeVar("T")


class Source(str, Enum):
    """Where a plugin comes from, in the server's order; a later one wins a shared slug (SPEC §1)."""

    BUILTIN = "builtin"
    SAMPLE = "sample"
    DIRECTORY = "directory"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A resolved value of the configuration and where it came from, in words a person can follow."""

    value: T
    origin: str


@dataclass(frozen=True, slots=True)
class Problem:
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


@dataclass(frozen=True, slots=True)
class Interpreter:
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


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One line of `entry_points.txt`; `attr` may be dotted, or empty when the line names only a module."""

    group: str
    name: str
    module: str
    attr: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution: name and version as its folder tells, and its plugin entry points.

    `key` is the normalised name (PEP 503), `location` the import path entry that holds it, `info` its
    `.dist-info` or `.egg-info`. `entry_points` are those of the group `inventree_plugins`.
    """

    name: str
    key: NormalizedName
    version: str
    location: Path
    info: Path
    entry_points: tuple[EntryPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class DistributionMetadata:
    """The fields of a distribution's METADATA that plugins fall back to, as written there."""

    summary: str | None = None
    author: str | None = None
    author_email: str | None = None
    website: str | None = None
    license: str | None = None
    requires_dist: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """A requirement that plugins.txt declares.

    `text` is the requirement as written, without comment and options; `name` is its normalised name, or
    None where only an installer can tell (a bare URL or path). `line` counts from 1 in `path`, which is an
    included file when an `-r` line led there.
    """

    text: str
    path: Path
    line: int
    name: NormalizedName | None = None
    requirement: Requirement | None = None
    editable: bool = False


@dataclass(frozen=True, slots=True)
class Plugin:
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
    origins: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    shadowed: tuple[Plugin, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """What discovery found: one plugin a slug, in the server's order, and what it could not read."""

    plugins: tuple[Plugin, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """A row of `plugin_pluginconfig`; `package_name` is None where the column is absent (before 0.14)."""

    pk: int
    key: str
    name: str | None
    active: bool
    package_name: str | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """Where the server's database is, as its configuration says.

    `engine` is `sqlite3`, `postgresql` or `mysql`; `name` a database name, or for SQLite an absolute path.
    `standalone` marks the embedded store, which is made on the first write and empty until then.
    """

    engine: str
    name: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: str | None = None
    # Options may hold a TLS password.
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    standalone: bool = False
