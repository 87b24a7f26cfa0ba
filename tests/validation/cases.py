"""For every rule a set of files that breaks it and one that does not, as alike as can be.

`# here` marks the line at which the finding is to be; without the mark it has no line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["CASES", "MARK", "Case", "plugin"]

MARK = "# here"
FILE = "example.py"

# What a plugin says of itself when no rule is to find anything.
ATTRIBUTES = {
    "NAME": '"Example"',
    "SLUG": '"example"',
    "AUTHOR": '"Ada"',
    "DESCRIPTION": '"Shows how"',
    "VERSION": '"1.0.0"',
}

Files = Mapping[str, "str | bytes"]


@dataclass(frozen=True)
class Case:
    """Files that break a rule, files that keep it, and how they are checked.

    `at` is the file of a finding without a line. `installed` are packages to install first.
    """

    bad: Files
    good: Files
    target: str = FILE
    at: str | None = None
    options: tuple[str, ...] = ()
    good_options: tuple[str, ...] | None = None
    installed: tuple[Mapping[str, Any], ...] = ()
    good_installed: tuple[Mapping[str, Any], ...] | None = None


def plugin(
    *body: str,
    mixins: str = "",
    bases: str | None = None,
    imports: str = "from plugin import InvenTreePlugin",
    mark: bool = False,
    name: str = "ExamplePlugin",
    **attributes: str | None,
) -> str:
    """Return a plugin's source: lines of the class's body, and attributes as they are written.

    An attribute that is None is left out; `mark` marks the line of the class.
    """
    lines = [*imports.splitlines()]
    if mixins:
        lines.append(f"from plugin.mixins import {mixins}")
    bases = bases or ", ".join(filter(None, (mixins, "InvenTreePlugin")))
    lines += ["", "", f"class {name}({bases}):{f'  {MARK}' * mark}"]
    written = {**ATTRIBUTES, **attributes}
    lines += [f"    {key} = {value}" for key, value in written.items() if value is not None]
    return "\n".join((*lines, *(f"    {line}" for line in body), ""))


def pair(bad: str, good: str, **more: Any) -> Case:
    """Return the case of a single file."""
    return Case({FILE: bad}, {FILE: good}, **more)


GROUP = "[project.entry-points.inventree_plugins]"
ENTRY_POINT = f'{GROUP}\nExample = "inventree_example.core:ExamplePlugin"'


def project(
    entry_points: str = ENTRY_POINT,
    *,
    core: str | bytes | None = None,
    version: str = "1.0.0",
) -> dict[str, str | bytes]:
    """Return the files of a project with one plugin."""
    header = f'[project]\nname = "inventree-example"\nversion = "{version}"\n'
    return {
        "project/pyproject.toml": f"{header}\n{entry_points}\n",
        "project/inventree_example/__init__.py": "",
        "project/inventree_example/core.py": core or plugin(),
    }


def folder(**files: str) -> dict[str, str]:
    """Return the files of a plugin in a folder of a plugin directory; `apps` stands for `apps.py`."""
    return {
        "plugins/__init__.py": "",
        "plugins/example/__init__.py": "",
        "plugins/example/core.py": plugin(mixins="AppMixin"),
        **{f"plugins/example/{name.replace('__', '/')}.py": text for name, text in files.items()},
    }


def package(name: str, slug: str = "example", **modules: str) -> dict[str, Any]:
    """Return an installed package with one plugin, and more modules at the top."""
    module = name.replace("-", "_")
    return {
        "name": name,
        "modules": {
            f"{module}/__init__.py": "",
            f"{module}/core.py": plugin(SLUG=f'"{slug}"', mark=True),
            **{f"{each}/__init__.py": text for each, text in modules.items()},
        },
        "entry_points": {"Example": f"{module}.core:ExamplePlugin"},
    }


def unmarked(package: Mapping[str, Any]) -> dict[str, Any]:
    """Return the package with no line of its modules marked."""
    modules = {name: text.replace(f"  {MARK}", "") for name, text in package["modules"].items()}
    return {**package, "modules": modules}


def marked(text: str) -> str:
    return f"{text}  {MARK}"


def app_config(name: str) -> str:
    return (
        "from django.apps import AppConfig\n\n\nclass ExampleConfig(AppConfig):\n"
        f'    name = "{name}"  {MARK}\n'
    )


MODELS = "from django.db import models\n\n\nclass Shelf(models.Model):\n    pass\n"
MARKED_APP = plugin(mixins="AppMixin", mark=True)
SETTING = '{"TOKEN": {"name": "Token"}}'
LINK = '[{"name": "Hello", "link": "plugin:example:hello"}]'
TASK = '{"clean": {"func": "clean", "schedule": "D"}}'
CLEAN = ("def clean(self):", "    pass")
URLS = '[path("hello/", print)]'
DJANGO = "from django.urls import path\nfrom plugin import InvenTreePlugin"
RAISE = ("def __init__(self):", "    super().__init__()", '    raise RuntimeError("no")  # here')

CASES: dict[str, Case] = {
    "no-plugin-found": pair(plugin(NAME=None), plugin(), at=FILE),
    "no-metadata": Case(
        {},
        {},
        "inventree-example",
        installed=({**unmarked(package("inventree-example")), "torn": True},),
        good_installed=(package("inventree-example"),),
        at="inventree_example-1.0.0.dist-info",
    ),
    "no-entry-point": Case(project(""), project(), "project", "project/pyproject.toml"),
    "wrong-group": Case(
        project(
            f'{GROUP}\n[project.entry-points."inventree.plugins"]\nB = "inventree_example.core:ExamplePlugin"'
        ),
        project(),
        "project",
        "project/pyproject.toml",
    ),
    "entry-point-unresolved": Case(
        project(f'{GROUP}\nExample = "inventree_example.core:Example"'),
        project(),
        "project",
        "project/pyproject.toml",
    ),
    "not-a-plugin": Case(
        project(f'{GROUP}\nExample = "inventree_example.core"'),
        project(),
        "project",
        "project/pyproject.toml",
    ),
    "not-on-this-server": pair(
        plugin(
            *("def get_custom_panels(self, view, request):", "    return []"),
            imports=f"from plugin import InvenTreePlugin\nfrom plugin.mixins import PanelMixin  {MARK}",
            bases="PanelMixin, InvenTreePlugin",
        ),
        plugin(*("def get_ui_panels(self, request, context):", "    return []"), mixins="UserInterfaceMixin"),
    ),
    "import-missing": pair(
        plugin(imports=f"import zebra_printers  {MARK}\nfrom plugin import InvenTreePlugin"),
        plugin(imports="import json\nfrom plugin import InvenTreePlugin"),
    ),
    "app-not-a-package": Case({FILE: MARKED_APP}, {"plugins/example/__init__.py": MARKED_APP}),
    "app-empty": Case(
        {**folder(), "plugins/example/core.py": MARKED_APP},
        folder(models=MODELS, migrations____init__="", migrations__0001_initial=""),
        "plugins",
    ),
    "app-config-name": Case(
        folder(apps=app_config("example")), folder(apps=app_config("plugins.example")), "plugins"
    ),
    "migrations-missing": Case(
        {**folder(models=MODELS), "plugins/example/core.py": MARKED_APP},
        folder(models=MODELS, migrations____init__="", migrations__0001_initial=""),
        "plugins",
    ),
    "shared-module": Case(
        {},
        {},
        "inventree-example",
        installed=(package("inventree-example", tests=""), package("inventree-other", "other", tests="")),
        good_installed=(package("inventree-example", tests=""), package("inventree-other", "other")),
        at="inventree_example/core.py",
    ),
    "legacy-base": pair(
        plugin(imports="from plugin import IntegrationPluginBase", bases="IntegrationPluginBase", mark=True),
        plugin(),
    ),
    "wrong-import-path": pair(plugin(imports="from plugin.base import InvenTreePlugin", mark=True), plugin()),
    "unresolved-base": pair(
        plugin(
            imports="from plugin import InvenTreePlugin\nmake = print",
            bases="make(), InvenTreePlugin",
            mark=True,
        ),
        plugin(imports="from plugin import InvenTreePlugin\nmake = object", bases="InvenTreePlugin, make"),
    ),
    "inconsistent-bases": pair(
        plugin(
            imports="from plugin import InvenTreePlugin\nclass Base(InvenTreePlugin): ...",
            bases="InvenTreePlugin, Base",
            mark=True,
        ),
        plugin(imports="from plugin import InvenTreePlugin\nclass Base(InvenTreePlugin): ...", bases="Base"),
    ),
    "final-member": pair(
        plugin(marked("def is_active(self):"), "    return True"),
        plugin("def is_ready(self):", "    return True"),
    ),
    "constructor-without-base": pair(
        plugin(marked("def __init__(self):"), "    self.cache = {}"),
        plugin(marked("def __init__(self):"), "    super().__init__()", "    self.cache = {}"),
    ),
    "constructor-arguments": pair(
        plugin(marked("def __init__(self, one, two=2):"), "    super().__init__()"),
        plugin(marked("def __init__(self, one=1, *rest, two=2, **more):"), "    super().__init__()"),
    ),
    "unresolved-class": pair(
        f"from plugin import InvenTreePlugin\n\nExample = print(InvenTreePlugin)  {MARK}\n",
        'from plugin import InvenTreePlugin\n\nExample = type("E", (InvenTreePlugin,), {"NAME": "E"})\n',
    ),
    "not-a-package": Case(
        {"plugins/__init__.py": "", "plugins/example/core.py": plugin()},
        {"plugins/__init__.py": "", "plugins/example/__init__.py": "", "plugins/example/core.py": plugin()},
        "plugins",
        "plugins/example",
    ),
    "project-file": Case(
        {**project(), "project/pyproject.toml": '[project]\nname = "inventree-example  # here\n'},
        project(),
        "project",
    ),
    "syntax-error": pair(
        plugin().replace("InvenTreePlugin):", f"InvenTreePlugin)  {MARK}"), plugin(mark=True)
    ),
    "unreadable-file": Case(
        {
            name.replace("core.py", "core.pyc"): text if name.endswith(("toml", "__.py")) else b"\0" * 16
            for name, text in project().items()
        },
        project(),
        "project",
        "project/inventree_example/core.pyc",
    ),
    "file-too-large": pair(
        plugin(f'TABLE = "{"x" * 3_000_000}"'), plugin(f'TABLE = "{"x" * 3_000}"'), at=FILE
    ),
    "too-complex": pair(plugin(f"TOTAL = {'-' * 100_000}1"), plugin(f"TOTAL = {'-' * 10}1"), at=FILE),
    "load-failed": pair(plugin(*RAISE), plugin(*RAISE[:2]), options=("--load",)),
    "load-timed-out": pair(
        plugin(imports="import time\ntime.sleep(60)\nfrom plugin import InvenTreePlugin", mark=True),
        plugin(imports="import time\ntime.sleep(0)\nfrom plugin import InvenTreePlugin", mark=True),
        options=("--load", "--load-timeout", "1"),
        good_options=("--load",),
    ),
    "loaded-without-server": pair(plugin(mark=True), plugin(), options=("--load",), good_options=()),
    "no-slug": pair(plugin(NAME='"部品"', SLUG=None, mark=True), plugin(NAME='"部品"')),
    "slug-changed": pair(plugin(SLUG=marked('"My Example"')), plugin(SLUG='"my-example"')),
    "slug-reserved": pair(
        plugin(SLUG='"inventreebarcode"', mark=True), plugin(SLUG='"example-barcode"', mark=True)
    ),
    "slug-taken": pair(plugin(mark=True), plugin(SLUG='"other"'), installed=(package("inventree-example"),)),
    "slug-collision": pair(
        plugin(name="First") + plugin(name="Second", mark=True),
        plugin(name="First") + plugin(name="Second", SLUG='"second"', mark=True),
    ),
    "two-keys": pair(plugin(SLUG=None, PLUGIN_SLUG='"short"', mark=True), plugin(SLUG='"short"', mark=True)),
    "legacy-spelling": pair(
        plugin(NAME=None, SLUG=None, PLUGIN_NAME='"Example"', mark=True), plugin(SLUG=None)
    ),
    "missing-version": pair(plugin(VERSION=None, mark=True), plugin()),
    "missing-author": pair(plugin(AUTHOR=None, mark=True), plugin()),
    "missing-description": pair(plugin(DESCRIPTION=None, mark=True), plugin()),
    "version-differs": Case(
        project(core=plugin(VERSION=marked('"1.0.0"')), version="1.1.0"),
        project(core=plugin(VERSION=marked('"1.0.0"')), version="1.0"),
        "project",
    ),
    "unreadable-date": pair(plugin(PUBLISH_DATE=marked('"31.01.2026"')), plugin(PUBLISH_DATE='"2026-01-31"')),
    "unknown-value": pair(plugin(VERSION=marked("open('VERSION').read()")), plugin(VERSION='"1" ".0"')),
    "version-gate": pair(
        plugin(MAX_VERSION=marked('"0.17.999"')),
        plugin(MAX_VERSION='"1.5.999"'),
        options=("--against", "1.5"),
    ),
    "max-version-misread": pair(plugin(MAX_VERSION=marked('"1.5"')), plugin(MAX_VERSION='"1.5.999"')),
    "min-version-misread": pair(plugin(MIN_VERSION=marked('"0.18"')), plugin(MIN_VERSION='"0.18.0"')),
    "method-missing": pair(
        plugin("def on_event(self, event): ...", mixins="EventMixin", mark=True),
        plugin("def process_event(self, event): ...", mixins="EventMixin", mark=True),
    ),
    "urls-without-mixin": pair(
        plugin(URLS=marked(URLS), imports=DJANGO), plugin(URLS=URLS, imports=DJANGO, mixins="UrlsMixin")
    ),
    "urls-malformed": pair(
        plugin(URLS=marked('["hello/"]'), imports=DJANGO, mixins="UrlsMixin"),
        plugin(URLS=URLS, imports=DJANGO, mixins="UrlsMixin"),
    ),
    "urls-missing": pair(
        plugin(mixins="UrlsMixin", mark=True),
        plugin("def setup_urls(self): ...", mixins="UrlsMixin", mark=True),
    ),
    "navigation-without-mixin": pair(
        plugin(NAVIGATION=marked(LINK)), plugin(NAVIGATION=LINK, mixins="NavigationMixin")
    ),
    "navigation-malformed": pair(
        plugin(NAVIGATION=marked('[{"title": "x", "link": "y"}]'), mixins="NavigationMixin"),
        plugin(NAVIGATION=marked('[{"name": "x", "link": "y"}]'), mixins="NavigationMixin"),
    ),
    "navigation-missing": pair(
        plugin(mixins="NavigationMixin", mark=True), plugin(mixins="NavigationMixin", NAVIGATION=LINK)
    ),
    "tasks-without-mixin": pair(
        plugin(*CLEAN, SCHEDULED_TASKS=marked(TASK)),
        plugin(*CLEAN, SCHEDULED_TASKS=TASK, mixins="ScheduleMixin"),
    ),
    "tasks-malformed": pair(
        plugin(*CLEAN, SCHEDULED_TASKS=marked(TASK.replace('"D"', '"daily"')), mixins="ScheduleMixin"),
        plugin(*CLEAN, SCHEDULED_TASKS=marked(TASK), mixins="ScheduleMixin"),
    ),
    "tasks-missing": pair(
        plugin(*CLEAN, mixins="ScheduleMixin", mark=True),
        plugin("def get_scheduled_tasks(self): ...", mixins="ScheduleMixin", mark=True),
    ),
    "settings-without-mixin": pair(
        plugin(SETTINGS=marked(SETTING)), plugin(SETTINGS=SETTING, mixins="SettingsMixin")
    ),
    "settings-missing": pair(
        plugin(mixins="SettingsMixin", mark=True), plugin(mixins="SettingsMixin", USER_SETTINGS=SETTING)
    ),
    "settings-malformed": pair(
        plugin(mixins="SettingsMixin", SETTINGS=marked('["TOKEN"]')),
        plugin(mixins="SettingsMixin", SETTINGS=marked('{"TOKEN": {}}')),
    ),
    "setting-key-case": pair(
        plugin(mixins="SettingsMixin", SETTINGS=marked('{"token": {}}')),
        plugin(mixins="SettingsMixin", SETTINGS=marked('{"TOKEN": {}}')),
    ),
    "setting-key-too-long": pair(
        plugin(mixins="SettingsMixin", SETTINGS=marked(f'{{"{"K" * 51}": {{}}}}')),
        plugin(mixins="SettingsMixin", SETTINGS=marked(f'{{"{"K" * 50}": {{}}}}')),
    ),
    "setting-default-too-long": pair(
        plugin(mixins="SettingsMixin", SETTINGS=marked('{"TOKEN": {"default": "x" * 2001}}')),
        plugin(mixins="SettingsMixin", SETTINGS=marked('{"TOKEN": {"default": "x" * 2000}}')),
    ),
    "api-settings": pair(
        plugin(
            mixins="APICallMixin, SettingsMixin",
            SETTINGS='{"URL": {}, "TOKEN": {}}',
            API_URL_SETTING='"URL"',
            mark=True,
        ),
        plugin(
            mixins="APICallMixin, SettingsMixin",
            SETTINGS='{"URL": {}, "TOKEN": {}}',
            API_URL_SETTING='"URL"',
            API_TOKEN_SETTING='"TOKEN"',
        ),
    ),
}
