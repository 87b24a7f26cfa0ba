"""What a close look at a plugin tells: the data between discovery and the rules of validation.

Kept apart from the models, which every start defines: only a few commands look this closely.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inventree_plugins.models import Plugin, Problem

__all__ = [
    "Anatomy",
    "AppFolder",
    "Attribute",
    "Constructor",
    "Examination",
    "Import",
    "NotKnown",
    "SettingDefinition",
]


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Stands for a value that only running the plugin would tell.

    `function` is the dotted name of the function or class that is called or named there, when that is known.
    """

    reason: str
    path: Path | None = None
    line: int | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """A class attribute's value, and where it is set.

    The value is a Python constant, or a list, tuple or dict of such (a set becomes a tuple), with `NotKnown`
    in the place of what only running tells; a dict whose keys are not all known has one of those as a key.
    """

    value: object
    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Constructor:
    """The nearest `__init__` of the plugin's own classes.

    `required` is how many arguments it must be given; `sets` are the attributes in capitals that it sets.
    """

    path: Path
    line: int
    class_name: str
    calls_base: bool
    required: int
    sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Import:
    """An import that runs when the plugin is imported, unguarded by `try` or `if`.

    `name` is None for a whole module. `is_found` is None where nothing can tell, as for the server's modules
    without its source; `is_server` marks modules of the server.
    """

    module: str
    name: str | None
    path: Path
    line: int
    is_server: bool
    is_found: bool | None


@dataclass(frozen=True, slots=True)
class SettingDefinition:
    """A setting as `SETTINGS` defines it, as far as it is literal (SPEC §3).

    `validators` are names such as `int` or `django.core.validators.URLValidator`; `choices` are pairs of
    value and label. `unknown` names the parts that only running tells, with the reason.
    """

    key: str
    name: str | None = None
    description: str | None = None
    default: object = None
    choices: tuple[tuple[object, str], ...] | None = None
    validators: tuple[str, ...] = ()
    protected: bool = False
    required: bool = False
    units: str | None = None
    model: str | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class AppFolder:
    """What makes a Django app of the package that a plugin's class is in.

    `package` is what the server would add to the installed apps. `models` are names of model classes,
    `migrations` the files that hold migrations. `config_name` is what the AppConfig in `apps.py` calls the
    app, `label` what `django_migrations` calls it, `folders` are those in it. `is_package` is False for a
    plugin of one file, which cannot be an app.
    """

    package: str
    path: Path
    is_package: bool
    has_config: bool = False
    folders: frozenset[str] = frozenset()
    config_name: str | None = None
    config_line: int | None = None
    label: str | NotKnown = ""
    models: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A plugin and all that reading its source tells of it.

    `attributes` go by name, `members` are all names that its own classes bind; `imports` are those of its
    own modules.
    """

    plugin: Plugin
    attributes: Mapping[str, Attribute]
    members: frozenset[str]
    imports: tuple[Import, ...]
    settings: tuple[SettingDefinition, ...]
    user_settings: tuple[SettingDefinition, ...]
    app: AppFolder
    constructor: Constructor | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """The anatomies of the plugins that were found, and what belongs to no plugin."""

    anatomies: tuple[Anatomy, ...]
    problems: tuple[Problem, ...]
