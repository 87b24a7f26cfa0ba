"""`invplug doctor`: every gate, shut by itself, and what it names to open it."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventree_plugins.cli import main
from tests.builders import build_wheel, install_folder
from tests.cli.conftest import Result
from tests.databases import ENGINES, Case

VERSION = 'INVENTREE_SW_VERSION = "{}"\n'
REGISTRY = """
class PluginsRegistry:
    MANDATORY_PLUGINS = [
        'inventreebarcode',
    ]
"""
FRAMEWORK = "class InvenTreePlugin:\n    NAME = None\n"
MIXINS = """
class AppMixin: ...
class EventMixin:
    def process_event(self, event): ...
class SettingsMixin: ...
class UrlsMixin: ...
"""
BUILTIN = """
from plugin import InvenTreePlugin


class Core(InvenTreePlugin):
    NAME = "Core one"
    SLUG = "inventreebarcode"
    VERSION = "1.0"
    AUTHOR = "InvenTree"
    DESCRIPTION = "Part of the server"
"""
# It leaves a mark where it is imported: reading it must not.
PLUGIN = """
from pathlib import Path

from plugin import InvenTreePlugin
from plugin.mixins import AppMixin, EventMixin, SettingsMixin, UrlsMixin

Path(__file__).with_suffix(".ran").touch()


class {name}Plugin({bases}InvenTreePlugin):
    NAME = "{name}"
    SLUG = "{slug}"
    AUTHOR = "Ada"
    VERSION = "1.0"
    DESCRIPTION = "It is for tests"
{body}
"""
EVENTS = '    def process_event(self, event, *args, **kwargs):\n        """Look at it."""\n'
KEY = """
    SETTINGS = {"API_KEY": {"name": "Key", "required": True%s}}
"""


class Site:
    """A checkout of a server, with configuration, environment and database, and one package with a plugin."""

    def __init__(self, folder: Path, case: Case, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.case = case
        self._capture = capture
        self.root = folder / "src" / "backend" / "InvenTree"
        self.config = folder / "config" / "config.yaml"
        self.plugins_file = folder / "config" / "plugins.txt"
        self.static = folder / "static"
        self.environment = folder / "env"
        self.settings: dict[str, Any] = {
            "database": {
                key: value for key, value in case.database._asdict().items() if value and key in KEYS
            },
            "plugins_enabled": True,
            "static_root": str(self.static),
        }
        for path, text in {
            "manage.py": "",
            "InvenTree/version.py": VERSION.format("1.5.0"),
            "plugin/__init__.py": FRAMEWORK,
            "plugin/mixins/__init__.py": MIXINS,
            "plugin/registry.py": REGISTRY,
            "plugin/builtin/__init__.py": "",
            "plugins/__init__.py": "",
            "plugin/builtin/core.py": BUILTIN,
        }.items():
            self.write(self.root / path, text)
        self.configure()
        self.static.mkdir()
        venv.create(self.environment, with_pip=False, symlinks=True)
        self.packages = next(self.environment.glob("lib/python*/site-packages"))
        install_folder(self.packages, "Django", "5.2")
        self.plugins_file.write_text("inventree-alpha\n")
        self.package("alpha")
        # Rows of plugins that are not there.
        for table in (
            "plugin_pluginsetting",
            "plugin_pluginusersetting",
            "common_selectionlist",
            "plugin_pluginconfig",
        ):
            if table in case.dump():
                case.sql(f"DELETE FROM {table}")
        self.row("inventreebarcode", name="Core one")
        self.row("alpha", active=True, package="inventree-alpha")

    def configure(self, **settings: Any) -> None:
        """Write config.yaml, with some more settings."""
        self.settings.update(settings)
        self.write(self.config, yaml.safe_dump(self.settings))

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def package(self, slug: str, *, mixins: str = "", body: str = "    pass", **more: Any) -> Path:
        """Install a package with one plugin by hand, over an older one, and return its folder."""
        name = f"inventree-{slug}"
        module = name.replace("-", "_")
        text = PLUGIN.format(name=slug.title(), slug=slug, bases=mixins, body=body)
        self.write(self.packages / module / "__init__.py", "")
        self.write(self.packages / module / "core.py", more.get("text", text))
        if not list(self.packages.glob(f"{module}-*.dist-info")):
            target = more.get("target", f"{module}.core:{slug.title()}Plugin")
            points = f"[inventree_plugins]\n{slug} = {target}\n" if target else None
            install_folder(self.packages, name, "1.0", entry_points=points)
        return self.packages / module

    def row(
        self, key: str, *, active: bool = False, name: str | None = None, package: str | None = None
    ) -> None:
        self.case.sql(
            'INSERT INTO plugin_pluginconfig ("key", name, active, package_name) VALUES (?, ?, ?, ?)',
            (key, name, active, package),
        )

    def switch(self, name: str, value: str = "True") -> None:
        self.case.sql('INSERT INTO common_inventreesetting ("key", value) VALUES (?, ?)', (name, value))

    def run(self, *arguments: str, server: bool = True) -> Result:
        self._capture.readouterr()
        code = main([*(("--server", str(self.folder)) if server else ()), *arguments])
        captured = self._capture.readouterr()
        return Result(code, captured.out, captured.err)


KEYS = {"engine", "name", "user", "password", "host", "port"}


@pytest.fixture
def make_site(make_case, tmp_path, capsys, monkeypatch) -> Callable[..., Site]:
    """Return a function that makes a healthy instance of a server, with a plugin `alpha` that works."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)

    def make(engine: str = "sqlite3") -> Site:
        folder = tmp_path / "server"
        folder.mkdir()
        return Site(folder, make_case(engine, "1.5"), capsys)

    return make


@pytest.fixture
def site(make_site) -> Site:
    return make_site()


def checks(result: Result) -> dict[str, dict[str, Any]]:
    """Return the checks of a diagnosis by code."""
    assert result.err == ""
    found = result.data["checks"]
    assert len({(each["code"], each["slug"]) for each in found}) == len(found)
    return {each["code"]: each for each in found}


def shut(result: Result) -> dict[str, str]:
    """Return which gates are not open, and how."""
    return {code: each["status"] for code, each in checks(result).items() if each["status"] in SHUT}


SHUT = {"failed", "warning"}


def diagnose(site: Site, *words: str) -> Result:
    """Run doctor about `alpha`, for a machine and for a person, which must agree, and change nothing."""
    words = words or ("alpha",)
    before = snapshot(site)
    result, text = site.run("doctor", *words, "--json"), site.run("doctor", *words)
    assert snapshot(site) == before
    assert not list(site.folder.rglob("*.ran")), "a plugin's code ran"
    document = result.json
    assert (result.code, text.code) == (document["exit_code"], document["exit_code"])
    assert (document["changed"], document["data"]["mended"], document["next_steps"]) == (False, [], [])
    failed = [each for each in document["data"]["checks"] if each["status"] == "failed"]
    assert result.code == (4 if failed else 0)
    assert document["data"]["first_failed"] == (failed[0]["code"] if failed else None)
    assert [error["code"] for error in document["errors"]] == ["unhealthy"] * bool(failed)
    lines = text.out.splitlines()
    assert [line.split()[0] for line in lines] == [each["status"] for each in document["data"]["checks"]]
    assert all(each["message"] in line for each, line in zip(document["data"]["checks"], lines, strict=True))
    if failed:
        assert f"error: {len(failed)} check" in text.err
        assert failed[0]["message"] in text.err
        assert (failed[0]["command"] or "") in text.err
        assert (failed[0]["hint"] or "") in text.err
        assert "as far as reading tells" not in text.err
    else:
        closing = text.err.splitlines()[-1]
        assert closing.startswith("nothing stands in ")
        assert "as far as reading tells" in closing
    return result


def snapshot(site: Site) -> tuple[dict[str, bytes], Mapping[str, Any]]:
    """Return every byte of the server, its environment, the working directory, and a database elsewhere."""
    files = {
        str(path): path.read_bytes() if path.is_file() else b""
        for folder in (site.folder, Path.cwd(), *_database_folder(site))
        for path in sorted(folder.rglob("*"))
        # Everything that opens a database in WAL mode writes there; the database itself is compared.
        if not path.name.endswith("-shm")
    }
    return files, ({} if _database_folder(site) else site.case.dump())


def _database_folder(site: Site) -> list[Path]:
    is_file = site.case.engine == "sqlite3"
    return [Path(site.case.database.name).parent] if is_file else []


def first(result: Result, code: str, *words: str, status: str = "failed") -> dict[str, Any]:
    """Return the check that is shut first, after a look at what it says."""
    name = next(code for code, found in shut(result).items() if found == status)
    found = checks(result)[name]
    assert (found["code"], found["status"]) == (code, status), found
    for word in words:
        assert word in found["message"] + (found["hint"] or ""), found
    return found


def obey(site: Site, check: Mapping[str, Any]) -> Result:
    """Run the command that a check names, and expect it to work."""
    program, *words = shlex.split(check["command"])
    assert program == "invplug"
    result = site.run(*words, server=False)
    assert result.code == 0, result.err
    return result


def healthy(site: Site, *words: str) -> None:
    result = diagnose(site, *words)
    assert (result.code, shut(result)) == (0, {}), result.out


# Healthy.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("words", [("alpha",), ("inventree-alpha",), ("Inventree_Alpha",), ("",)], ids=str)
def test_no_gate_is_shut(make_site, engine, words):
    site = make_site(engine)
    healthy(site, *(words if words[0] else ("--no-cache",)))


def test_checks_come_in_the_order_in_which_the_server_meets_the_gates(site):
    found = checks(diagnose(site))
    assert list(found) == ORDER
    assert [each["slug"] for each in found.values()] == [None] * 11 + ["alpha"] * 13 + [None] * 3
    summary = checks(diagnose(site, "--no-cache"))
    assert list(summary) == [*ORDER[:11], "plugin", *ORDER[-3:]]
    assert (summary["plugin"]["slug"], summary["plugin"]["status"]) == ("alpha", "ok")


ORDER = [
    "configuration",
    "server-source",
    "database",
    "plugin-support",
    "plugin-directories",
    "plugins-file",
    "plugins-file-damage",
    "interpreter",
    "writable",
    "unfinished",
    "declared-packages",
    "package",
    "entry-point",
    "class",
    "key",
    "collision",
    "row",
    "enabled",
    "mandatory",
    "version-gate",
    "switches",
    "migrations",
    "static-files",
    "settings",
    "second-writer",
    "all-rows",
    "orphan-rows",
]


def test_a_standalone_instance_can_be_examined(instance):
    instance.wheel("alpha", mixins="UrlsMixin")
    assert checks(instance.run("doctor", "--json"))["plugin"]["status"] == "skipped"
    assert instance.run("install", "inventree-alpha", "--enable").code == 0
    (instance.folder / "setup.py").touch()  # beside `plugins`, as in any project
    result = instance.run("doctor", "alpha", "--json")
    assert shut(result) == {"switches": "failed"}
    found = first(result, "switches", "ENABLE_PLUGINS_URL")
    assert found["command"].startswith(f"invplug --python {instance.environment} ")


# Before every plugin.


def test_the_server_reads_the_configuration_less_kindly(site):
    text = site.config.read_text()
    site.config.write_text(text.replace("plugins_enabled: true", "plugins_enabled: true\t# on"))
    line = text.splitlines().index("plugins_enabled: true") + 1
    found = first(diagnose(site), "configuration", str(site.config), f"line {line}", "does not start")
    assert (found["path"], found["line"], found["command"]) == (str(site.config), line, None)
    site.config.write_text(text.replace("plugins_enabled: true", "plugins_enabled: false\t# off"))
    # No command changes a file that the server cannot read.
    assert checks(diagnose(site))["plugin-support"]["command"] is None
    site.config.write_bytes(text.encode("utf-16"))
    first(diagnose(site), "configuration", "not UTF-8 text")
    site.config.write_text(text)
    healthy(site)
    assert "is read as the server reads it" in checks(diagnose(site))["configuration"]["message"]


@pytest.mark.parametrize("how", ["configuration", "environment"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ("null", "does not start")),
        (5, ("int data", "does not start")),
        (True, ("bool data", "does not start")),
        (["KEY"], ("list data", "fails")),
        ("KEY", ("str data", "fails")),
    ],
)
def test_settings_in_the_configuration_are_no_mapping(site, monkeypatch, how, value, words):
    settings = {"other": {"KEY": "x"}, "alpha": value}
    if how == "configuration":
        site.configure(plugin_settings=settings)
    else:
        monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", json.dumps(settings))
    result = diagnose(site)
    assert shut(result) == {"configuration": "failed"}
    found = first(result, "configuration", "`alpha`", *words)
    if how == "environment":
        assert (found["path"], found["line"]) == (None, None)
        assert "environment INVENTREE_PLUGIN_SETTINGS" in found["message"]
    else:
        assert found["path"] == str(site.config)
        assert site.config.read_text().splitlines()[found["line"] - 1].strip().startswith("alpha:")
    # Servers before 1.4 look at none of it.
    site.write(site.root / "InvenTree" / "version.py", VERSION.format("1.3.0"))
    assert checks(diagnose(site))["configuration"]["status"] != "failed"


def test_settings_in_the_configuration_that_are_harmless(site):
    site.configure(plugin_settings={"alpha": {}, "beta": "", "gamma": []})
    healthy(site)


@pytest.mark.parametrize("variable", ["INVENTREE_PLUGIN_SETTINGS", "INVENTREE_GLOBAL_SETTINGS"])
def test_overrides_that_cannot_be_used(site, monkeypatch, variable):
    monkeypatch.setenv(variable, "{not json")
    found = checks(diagnose(site))["configuration"]
    assert (found["status"] in SHUT, variable in found["message"]) == (True, True)


@pytest.mark.parametrize("folders", [["one"], ["one", "the other"]])
def test_plugin_directories_are_a_list(site, folders):
    folders = [str(site.folder / name / "plugins") for name in folders]
    for folder in folders:
        Path(folder).mkdir(parents=True)
    site.configure(plugin_dir=folders)
    result = diagnose(site)
    assert shut(result) == {"plugin-directories": "failed"}
    found = first(result, "plugin-directories", f"{site.config}: plugin_dir", "list data", "no plugin at all")
    assert shlex.split(found["command"])[-4:] == ["config", "set", "plugin_dir", ",".join(folders)]
    assert found["path"] == str(site.config)
    obey(site, found)
    healthy(site)


@pytest.mark.parametrize("value", [5, {"a": 1}, [], [5], "", "/one,", ["", "/one"]])
def test_plugin_directories_that_the_server_cannot_use(site, value):
    site.configure(plugin_dir=value)
    found = first(diagnose(site), "plugin-directories", f"{site.config}: plugin_dir")
    assert found["command"] is None


def test_plugin_directories_of_the_environment_count(site, monkeypatch):
    site.configure(plugin_dir=["/one"])
    monkeypatch.setenv("INVENTREE_PLUGIN_DIR", str(site.static))
    healthy(site)
    monkeypatch.setenv("INVENTREE_PLUGIN_DIR", "")
    first(diagnose(site), "plugin-directories", "environment INVENTREE_PLUGIN_DIR names an empty folder")


def test_a_plugin_directory_is_missing(site):
    folder = site.folder / "data" / "plugins"
    site.configure(plugin_dir=str(folder))
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"plugin-directories": "warning"})
    words = (str(folder), "does not exist", "is a volume missing?")
    found = first(result, "plugin-directories", *words, status="warning")
    assert found["path"] == str(folder)
    # It is what is told of a plugin that was there.
    for active in (True, False):
        site.row(f"beta-{active}".lower(), active=active)
        result = diagnose(site, f"beta-{active}".lower())
        found = first(result, "package", *words)
        assert "invplug d" not in found["hint"]
    folder.parent.mkdir()
    folder.touch()
    first(diagnose(site), "plugin-directories", "is no folder", status="warning")


def test_a_missing_plugin_directory_is_told_beside_a_broken_file(site):
    folder = site.folder / "data" / "plugins"
    path = site.write(folder / "beta.py", "def (:\n")
    missing = site.folder / "missing"
    site.configure(plugin_dir=f"{missing},{folder}")
    first(diagnose(site, "--no-cache"), "plugin-directories", str(path), str(missing), "does not exist")


def test_the_servers_source_is_not_known(site):
    words = ("--config", str(site.config), "--python", str(site.environment))
    result = site.run("doctor", "alpha", "--json", *words, server=False)
    assert (result.code, shut(result)) == (0, {"server-source": "warning"})
    text = site.run("doctor", "alpha", *words, server=False)
    assert "server-source: name it with `--server DIR`" in text.err


def test_plugin_support_is_off_in_the_configuration(site):
    site.configure(plugins_enabled=False)
    found = first(
        diagnose(site), "plugin-support", "plugin support is off", f"{site.config}: plugins_enabled"
    )
    assert found["command"] == f"invplug --server {site.folder} config set plugins_enabled true"
    obey(site, found)
    healthy(site)


def test_plugin_support_is_off_when_nothing_turns_it_on(site):
    del site.settings["plugins_enabled"]
    site.configure()
    obey(site, first(diagnose(site), "plugin-support", "(default)"))
    healthy(site)


def test_plugin_support_is_off_in_the_environment(site, monkeypatch):
    monkeypatch.setenv("INVENTREE_PLUGINS_ENABLED", "no")
    found = first(diagnose(site), "plugin-support", "environment INVENTREE_PLUGINS_ENABLED")
    assert found["command"] is None
    assert "set INVENTREE_PLUGINS_ENABLED=true in the environment" in found["hint"]
    monkeypatch.setenv("INVENTREE_PLUGINS_ENABLED", "true")
    healthy(site)


def test_plugin_support_is_off_in_a_standalone_instance(instance, monkeypatch):
    instance.wheel("alpha")
    assert instance.run("install", "inventree-alpha", "--enable").code == 0
    assert "plugin-support" not in shut(instance.run("doctor", "alpha", "--json"))
    monkeypatch.setenv("INVENTREE_PLUGINS_ENABLED", "false")
    result = instance.run("doctor", "alpha", "--json")
    assert (result.code, first(result, "plugin-support")["command"]) == (4, None)


def test_the_servers_own_plugins_do_without_plugin_support(site):
    site.configure(plugins_enabled=False)
    found = checks(diagnose(site, "inventreebarcode"))
    assert (found["plugin-support"]["status"], found["class"]["status"]) == ("ok", "ok")
    assert "do without" in found["plugin-support"]["message"]
    assert "mandatory" in found["mandatory"]["message"] or "keeps it active" in found["mandatory"]["message"]


def test_modules_beside_a_plugin_directory_are_run_too(site):
    folder = site.folder / "data" / "plugins"
    folder.mkdir(parents=True)
    site.configure(plugin_dir=str(folder))
    healthy(site)
    site.write(folder.parent / "json.py", "")
    result = diagnose(site)
    assert result.code == 0
    first(result, "plugin-directories", "json.py", "a folder of its own", status="warning")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inventree-alpha\ninventree alpha==\n", ("line 2", "pip refuses the whole file")),
        ("inventree-alpha\0\n", ("line 1", "binary")),
        ("inventree-alpha\n-r other.txt\n", ("other.txt",)),
    ],
    ids=["syntax", "binary", "include"],
)
def test_plugins_txt_cannot_be_used(site, text, words):
    site.plugins_file.write_text(text)
    found = first(diagnose(site), "plugins-file", *words)
    assert (found["path"] is not None, found["command"]) == (True, None)
    site.plugins_file.write_text("inventree-alpha\n")
    healthy(site)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "inventree-alpha==1.0\ninventree-alpha==1.1\n",
            ("contradict each other", "line 1 or line 2", "installs nothing"),
        ),
        ("inventree-alpha>=2\n# x\ninventree-alpha==1.1\n", ("contradict each other", "line 1 or line 3")),
    ],
    ids=["pins", "bound"],
)
def test_plugins_txt_contradicts_itself(site, text, words):
    site.plugins_file.write_text(text)
    found = first(diagnose(site), "plugins-file-damage", *words)
    assert found["path"] == str(site.plugins_file)
    obey(site, found)
    assert "plugins-file-damage" not in shut(diagnose(site))


@pytest.mark.parametrize(
    ("text", "is_mended"),
    [
        ("inventree-alpha>=1\ninventree-alpha<3\n", False),
        ("inventree-alpha\ninventree-alpha==1.0\n", True),
        ("inventree-alpha\nInventree_Alpha\n", True),
    ],
)
def test_plugins_txt_says_the_same_twice(site, text, is_mended):
    site.plugins_file.write_text(text)
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"plugins-file-damage": "warning"})
    found = checks(result)["plugins-file-damage"]
    assert (found["line"], found["command"] is not None) == (2, is_mended)
    assert "line 1 or line 2" in found["hint"]
    if is_mended:
        obey(site, found)
        healthy(site)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (
            "-r more.txt\ninventree-alpha==1.0\n",
            "failed",
            ("contradicts what it includes", "installs nothing"),
        ),
        ("-r more.txt\ninventree-alpha\n", "warning", ("twice",)),
    ],
)
def test_an_include_says_something_of_the_same_package(site, text, status, words):
    more = site.write(site.plugins_file.with_name("more.txt"), "# more\nInventree_Alpha==0.9\n")
    site.plugins_file.write_text(text)
    found = first(diagnose(site), "plugins-file-damage", *words, f"line 2 of `{more}`", status=status)
    # It is not invplug that may decide which of the two files is right.
    assert found["command"] is None


def test_two_lines_for_two_pythons_are_no_contradiction(site):
    lines = ("inventree-alpha==1.0; python_version >= '3'", "inventree-alpha==0.5; python_version < '3'")
    site.plugins_file.write_text("\n".join(lines))
    healthy(site)


def test_plugins_txt_is_missing(site):
    site.plugins_file.unlink()
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {})
    assert checks(result)["plugins-file"]["message"] == f"there is no `{site.plugins_file}` yet"


def test_plugins_txt_is_a_folder(site):
    site.plugins_file.unlink()
    site.plugins_file.mkdir()
    first(diagnose(site), "plugins-file", "is a directory")


def test_there_is_no_interpreter(site):
    result = diagnose(site, "alpha", "--python", str(site.folder / "nothing"))
    found = first(result, "interpreter", "there is no Python at", "--python PATH")
    assert found["command"] is None
    # What needs no Python is judged all the same.
    states = {code: each["status"] for code, each in checks(result).items()}
    assert states == {
        **dict.fromkeys(ORDER[:7], "ok"),
        "interpreter": "failed",
        **dict.fromkeys(("writable", "unfinished", "declared-packages", "plugin", *ORDER[-3:]), "skipped"),
    }
    site.plugins_file.write_text("not a requirement\n")
    first(diagnose(site, "alpha", "--python", str(site.folder / "nothing")), "plugins-file")


def test_the_interpreter_is_not_the_servers(site):
    (django,) = site.packages.glob("Django-*")
    (django / "METADATA").unlink()
    django.rmdir()
    result = diagnose(site)
    assert shut(result) == {"interpreter": "failed"}
    first(result, "interpreter", "has no Django", "--python PATH")
    install_folder(site.packages, "Django", "5.2")
    healthy(site)


def test_packages_cannot_be_installed_by_this_user(site):
    site.packages.chmod(0o555)
    result = as_somebody(site, "doctor", "alpha", "--json")
    assert (result.code, shut(result)) == (0, {"writable": "warning"})
    found = first(result, "writable", str(site.packages), "user who owns", status="warning")
    assert (found["path"], found["command"]) == (str(site.packages), None)


def test_folders_that_this_user_may_not_enter(site):
    data = site.folder / "data"
    for name in ("plugins", "secret"):
        site.write(data / name / "__init__.py", "")
    site.configure(plugin_dir=str(data / "plugins"))
    with closed(data / "secret"):
        assert shut(as_somebody(site, "doctor", "alpha", "--json")) == {}
    for folder in (data / "plugins", data):
        with closed(folder):
            result = as_somebody(site, "doctor", "alpha", "--json")
            first(result, "plugin-directories", str(data / "plugins"), "cannot be read")


@pytest.mark.parametrize("name", ["static", "static/plugins", "env/lib", "static/plugins/alpha/a.js"])
def test_static_files_that_this_user_may_not_see(site, name):
    site.write(site.package("alpha") / "static" / "a.js", "1")
    site.write(site.static / "plugins" / "alpha" / "a.js", "1")
    with closed(site.folder / name):
        found = checks(as_somebody(site, "doctor", "alpha", "--json"))
    if name == "env/lib":
        assert found["interpreter"]["status"] == "failed"
    else:
        assert found["static-files"]["status"] == "skipped"


@contextmanager
def closed(path: Path) -> Iterator[None]:
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(0o755)


def as_somebody(site: Site, *words: str) -> Result:
    """Run the program without root's right to everything."""
    done = subprocess.run(
        [sys.executable, "-m", "inventree_plugins", "--server", str(site.folder), "--no-cache", *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=give_up_access if os.geteuid() == 0 else None,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def give_up_access() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        if library.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "the kernel does not let root's rights go")


PR_CAPBSET_DROP = 24


def test_plugins_txt_declares_what_is_not_installed(site):
    site.plugins_file.write_text("inventree-alpha\ninventree-beta  # new\n")
    build_wheel(site.folder.parent / "wheels", "inventree-beta", "1.0")
    # It keeps no other plugin from working.
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"declared-packages": "warning"})
    result = diagnose(site, "--no-cache")
    assert shut(result) == {"declared-packages": "failed"}
    found = first(result, "declared-packages", "`inventree-beta` is declared but not installed")
    assert (found["path"], found["line"]) == (str(site.plugins_file), 2)
    obey(site, found)
    healthy(site)


def test_a_declared_package_with_a_row_is_not_installed_either(site):
    site.plugins_file.write_text("inventree-alpha\ninventree-beta\n")
    site.row("beta", package="inventree-beta")
    result = diagnose(site, "--no-cache")
    assert shut(result) == {"declared-packages": "failed"}


def test_another_version_is_installed_than_declared(site):
    site.plugins_file.write_text("inventree-alpha==2.0\n")
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"declared-packages": "warning"})
    first(result, "declared-packages", "inventree-alpha==2.0", status="warning")


# Of one plugin.


def test_a_package_is_declared_but_not_installed(site):
    site.plugins_file.write_text("inventree-beta==1.0\n")
    build_wheel(
        site.folder.parent / "wheels",
        "inventree-beta",
        "1.0",
        modules={"inventree_beta.py": PLUGIN.format(name="Beta", slug="beta", bases="", body="    pass")},
        entry_points={"beta": "inventree_beta:BetaPlugin"},
    )
    for name in ("inventree-beta", "Inventree.Beta"):
        result = diagnose(site, name)
        assert shut(result) == {"declared-packages": "warning", "package": "failed"}
        found = first(result, "package", f"`{name}` is in plugins.txt but not installed")
        assert (found["slug"], checks(result)["class"]["status"]) == (name, "skipped")
    obey(site, found)
    result = diagnose(site, "inventree-beta")
    assert shut(result) == {"enabled": "failed"}
    obey(site, first(result, "enabled", "it is not enabled", "start disabled"))
    healthy(site, "beta")


def test_an_enabled_plugin_is_gone_with_its_container(site):
    site.plugins_file.write_text("inventree-beta\n")
    build_wheel(
        site.folder.parent / "wheels",
        "inventree-beta",
        "1.0",
        modules={"inventree_beta.py": PLUGIN.format(name="Beta", slug="beta", bases="", body="    pass")},
        entry_points={"beta": "inventree_beta:BetaPlugin"},
    )
    site.row("beta", active=True, package="inventree-beta")
    result = diagnose(site, "--no-cache")
    assert [each["code"] for each in result.data["checks"] if each["status"] == "failed"] == [
        "declared-packages",
        "package",
    ]
    obey(site, first(diagnose(site, "beta"), "package", "`inventree-beta` is in plugins.txt"))
    healthy(site, "beta")


def test_a_marker_keeps_the_package_out(site):
    site.plugins_file.write_text("# x\ninventree-beta; python_version < '3'\n")
    result = diagnose(site, "inventree-beta")
    assert shut(result) == {"package": "failed"}
    found = first(result, "package", "marker", "python_version < '3'")
    assert (found["line"], found["command"]) == (2, None)


def test_a_row_names_a_package_that_nothing_declares(site):
    build_wheel(
        site.folder.parent / "wheels",
        "inventree-beta",
        "1.0",
        modules={"inventree_beta.py": PLUGIN.format(name="Beta", slug="beta", bases="", body="    pass")},
        entry_points={"beta": "inventree_beta:BetaPlugin"},
    )
    site.row("beta", active=True, package="inventree-beta")
    result = diagnose(site, "beta")
    assert shut(result) == {"package": "failed"}
    found = first(result, "package", "nothing provides that plugin")
    assert found["command"].endswith(" install inventree-beta")
    obey(site, found)
    healthy(site, "beta")


def test_a_row_whose_package_nobody_knows(site):
    site.row("beta", active=True)
    found = first(diagnose(site, "beta"), "package", "nothing provides", "`invplug disable beta`")
    assert found["command"] is None


def test_a_file_of_a_plugin_directory_does_not_parse(site):
    folder = site.folder / "data" / "plugins"
    text = PLUGIN.format(name="Beta", slug="beta", bases="", body="    pass")
    path = site.write(folder / "beta.py", f"def (:\n{text}")
    site.configure(plugin_dir=str(folder))
    # It may be the plugin that was asked about, but keeps no other from working.
    assert shut(diagnose(site)) == {"plugin-directories": "warning"}
    for words in (("beta",), ("--no-cache",)):
        found = first(diagnose(site, *words), "plugin-directories", str(path), "not valid Python")
        assert (found["path"], found["line"]) == (str(path), 1)
    site.row("beta", active=True)
    assert shut(diagnose(site, "beta")) == {"plugin-directories": "failed", "package": "failed"}
    path.write_text(text)
    healthy(site, "beta")


@pytest.mark.parametrize("active", [True, False])
def test_the_file_of_a_plugin_broke(site, active):
    folder = site.folder / "data" / "plugins"
    broken = site.write(folder / "beta.py", "x = 1\nclass Beta(:\n    pass\n")
    site.write(folder / "aaa.py", "def (:\n")
    site.configure(plugin_dir=str(folder))
    site.row("beta", active=active)
    result = diagnose(site, "beta")
    found = checks(result)["package"]
    assert (found["status"], found["path"], found["line"]) == ("failed", str(broken), 2)
    assert (f"`{broken}`, line 2: " in found["message"], found["command"]) == (True, None)
    # Nobody is sent to where the row would be lost, or kept all the same.
    assert not re.search("invplug (disable|discover)", result.out + result.err)
    if active:
        found = next(each for each in checks(diagnose(site, "--no-cache")).values() if each["slug"] == "beta")
        assert (found["code"], found["path"]) == ("package", str(broken))
    else:
        found = checks(diagnose(site))["orphan-rows"]
        assert (found["command"], "`beta` is kept" in found["hint"]) == (None, True)


def test_a_broken_package_is_found_by_the_name_of_its_entry_point(site):
    site.package("beta", target="inventree_beta.core:Nothing")
    result = diagnose(site, "beta")
    assert shut(result) == {"entry-point": "failed"}
    first(result, "entry-point", "Nothing")


def test_a_package_has_no_entry_point(site):
    site.package("beta", target=None)
    result = diagnose(site, "inventree-beta")
    assert result.code == 4
    found = first(result, "entry-point", "has no entry point in the group")
    assert found["path"].endswith(".dist-info")
    assert checks(result)["package"]["status"] == "ok"


@pytest.mark.parametrize(
    "target", ["inventree_beta.core:Nothing", "inventree_beta.nothing:Beta", "nowhere:Beta"]
)
def test_an_entry_point_leads_to_nothing(site, target):
    site.package("beta", target=target)
    found = first(diagnose(site, "inventree-beta"), "entry-point")
    assert "beta" in found["message"].lower()


def test_an_entry_point_that_led_to_the_plugin_leads_to_nothing(site):
    site.package("alpha", text="# nothing\n")
    found = first(diagnose(site), "entry-point", "AlphaPlugin")
    assert (found["slug"], found["status"]) == ("alpha", "failed")
    site.package("alpha")
    healthy(site)


def test_a_class_that_is_no_plugin(site):
    site.package("alpha", text="class AlphaPlugin:\n    NAME = 'Alpha'\n")
    first(diagnose(site), "entry-point", "AlphaPlugin")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (PLUGIN.format(name="Alpha", slug="alpha", bases="", body="    def ("), "not valid Python"),
        (PLUGIN.format(name="Alpha", slug="alpha", bases="EventMixin, ", body="    pass"), "process_event"),
        (
            PLUGIN.format(name="Alpha", slug="alpha", bases="", body="    def plugin_slug(self): ..."),
            "plugin_slug",
        ),
        (
            f"import not_there\n{PLUGIN.format(name='Alpha', slug='alpha', bases='', body='    pass')}",
            "not_there",
        ),
    ],
    ids=["syntax", "method", "final", "import"],
)
def test_a_class_that_the_server_cannot_load(site, text, word):
    site.package("alpha", text=text)
    result = diagnose(site)
    assert result.code == 4
    found = checks(result)
    failed = [each for each in found.values() if each["status"] == "failed"]
    assert failed[0]["code"] in {"entry-point", "class"}
    assert found["class"]["status"] == "failed", failed
    assert word in found["class"]["message"], failed
    assert (found["class"]["path"].endswith("core.py"), found["class"]["line"] > 0) == (True, True)
    site.package("alpha")
    healthy(site)


def test_a_plugin_without_a_key(site):
    site.package(
        "beta",
        text=PLUGIN.format(name="!", slug="?", bases="", body="    pass").replace("class !", "class Beta"),
    )
    first(diagnose(site, "inventree-beta"), "key")


def test_a_key_that_is_not_as_written(site):
    site.package("alpha", text=PLUGIN.format(name="Alpha", slug="Alpha", bases="", body="    pass"))
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"key": "warning"})


@pytest.mark.parametrize("version", ["1.5rc1", "v1.5.0", "1.5.0 dev", "1.x", "unknown"])
def test_versions_of_any_shape(site, monkeypatch, version):
    monkeypatch.setenv("INVENTREE_DOCKER", "1")
    site.write(site.package("alpha") / "static" / "a.js", "1")
    site.write(site.root / "InvenTree" / "version.py", VERSION.format(version))
    found = checks(diagnose(site))
    assert (found["static-files"]["status"], found["second-writer"]["status"]) == ("failed", "warning")


def test_two_plugins_claim_one_key(site):
    folder = site.folder / "data" / "plugins"
    other = site.write(
        folder / "other.py", PLUGIN.format(name="Alpha", slug="alpha", bases="", body="    pass")
    )
    site.configure(plugin_dir=str(folder))
    result = diagnose(site)
    assert shut(result) == {"collision": "failed"}
    first(result, "collision", "two plugins claim `alpha`", str(other), "remove one of them")
    other.unlink()
    healthy(site)


def test_a_package_replaces_a_plugin_of_the_server(site):
    site.package("beta", text=PLUGIN.format(name="Beta", slug="inventreebarcode", bases="", body="    pass"))
    first(diagnose(site, "inventree-beta"), "collision", "inventreebarcode")


def test_there_is_no_row(site):
    site.package("beta")
    result = diagnose(site, "beta")
    assert shut(result) == {"row": "failed", "enabled": "failed"}
    obey(site, first(result, "row", "the store has no row", "skip every external plugin"))
    result = diagnose(site, "beta")
    assert shut(result) == {"enabled": "failed"}
    obey(site, first(result, "enabled"))
    healthy(site, "beta")


def test_another_plugin_has_no_row(site):
    site.package("beta")
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"all-rows": "warning"})
    obey(site, first(result, "all-rows", "`beta`", "invoke migrate", status="warning"))
    healthy(site)


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_not_enabled(make_site, engine):
    site = make_site(engine)
    site.case.sql('UPDATE plugin_pluginconfig SET active = ? WHERE "key" = ?', (False, "alpha"))
    result = diagnose(site)
    assert shut(result) == {"enabled": "failed"}
    found = first(result, "enabled")
    assert found["command"] == f"invplug --server {site.folder} enable alpha"
    nobody = checks(diagnose(site, "--no-cache"))
    assert (nobody["plugin"]["status"], nobody["plugin"]["slug"]) == ("skipped", None)
    assert "no plugin is enabled" in nobody["plugin"]["message"]
    obey(site, found)
    healthy(site)


def test_a_mandatory_plugin_is_enabled_whatever_its_row_says(site):
    site.case.sql('UPDATE plugin_pluginconfig SET active = ? WHERE "key" = ?', (False, "alpha"))
    site.configure(plugins_mandatory=["alpha"])
    healthy(site)
    found = checks(diagnose(site))
    assert "keeps it active" in found["mandatory"]["message"]
    assert "does not count" in found["enabled"]["message"]


@pytest.mark.parametrize(
    ("body", "word"), [('    MIN_VERSION = "2.0.0"', "2.0.0"), ('    MAX_VERSION = "1.5"', "MAX_VERSION")]
)
def test_it_does_not_accept_this_server(site, body, word):
    site.package("alpha", body=body)
    result = diagnose(site)
    assert shut(result) == {"version-gate": "failed"}
    first(result, "version-gate", word)


def test_what_cannot_be_enabled_names_no_command_that_is_refused(site):
    site.package("alpha", mixins="EventMixin, ", body=f'    MIN_VERSION = "2.0.0"\n{EVENTS}')
    site.case.sql('UPDATE plugin_pluginconfig SET active = ? WHERE "key" = ?', (False, "alpha"))
    result = diagnose(site)
    assert shut(result) == {"enabled": "failed", "version-gate": "failed", "switches": "failed"}
    found = first(result, "enabled", "it needs 2.0.0 or later")
    assert (found["command"], checks(result)["switches"]["command"]) == (None, None)
    site.row("gone")
    result = diagnose(site, "gone")
    assert (checks(result)["enabled"]["status"], checks(result)["enabled"]["command"]) == ("failed", None)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_switch_is_off(make_site, engine):
    site = make_site(engine)
    site.package("alpha", mixins="EventMixin, UrlsMixin, ", body=EVENTS + "    URLS = [()]")
    result = diagnose(site)
    assert shut(result) == {"switches": "failed"}
    found = first(result, "switches", "off: ENABLE_PLUGINS_EVENTS, ENABLE_PLUGINS_URL")
    assert found["command"].endswith(" enable --with-integration alpha")
    obey(site, found)
    healthy(site)


@pytest.mark.parametrize("how", ["configuration", "environment"])
def test_a_switch_is_kept_off(site, monkeypatch, how):
    site.package("alpha", mixins="EventMixin, UrlsMixin, ", body=EVENTS + "    URLS = [()]")
    site.switch("ENABLE_PLUGINS_EVENTS")
    if how == "configuration":
        site.configure(global_settings={"ENABLE_PLUGINS_EVENTS": False})
        where = f"{site.config}: global_settings"
    else:
        monkeypatch.setenv("INVENTREE_GLOBAL_SETTINGS", '{"ENABLE_PLUGINS_EVENTS": false}')
        where = "environment INVENTREE_GLOBAL_SETTINGS"
    result = diagnose(site)
    assert shut(result) == {"switches": "failed"}
    found = first(result, "switches", "ENABLE_PLUGINS_EVENTS: change it where it is fixed", where)
    assert found["command"] is None
    # The other one can be turned on.
    assert (
        site.run("doctor", "alpha", "--fix", "--json").data["mended"][0]["message"]
        == "turned on ENABLE_PLUGINS_URL"
    )
    assert "off: ENABLE_PLUGINS_EVENTS" in checks(diagnose(site))["switches"]["message"]


APP = {
    "apps.py": "from django.apps import AppConfig\n\n\nclass C(AppConfig):\n    name = 'inventree_alpha'\n",
    "models.py": "from django.db import models\n\n\nclass Thing(models.Model):\n    pass\n",
    "migrations/__init__.py": "",
    "migrations/0001_initial.py": "",
    "migrations/0002_more.py": "",
}


@pytest.fixture
def app(make_site) -> Callable[..., Site]:
    def make(engine: str = "sqlite3") -> Site:
        site = make_site(engine)
        for name, text in APP.items():
            site.write(site.packages / "inventree_alpha" / name, text)
        for name in ("django/__init__.py", "django/apps.py", "django/db/__init__.py", "django/db/models.py"):
            site.write(site.packages / name, "class AppConfig: ...\nclass Model: ...\nmodels = 1\n")
        site.package("alpha", mixins="AppMixin, ")
        return site

    return make


@pytest.mark.parametrize("engine", ENGINES)
def test_migrations_are_missing(app, engine):
    site = app(engine)
    result = diagnose(site)
    assert shut(result) == {"migrations": "failed"}
    found = first(result, "migrations", "`inventree_alpha`: 0001_initial, 0002_more", "do not start")
    assert found["command"] == "invoke migrate"
    migrated(site, "inventree_alpha", "0001_initial")
    for number in range(3, 6):
        site.write(site.packages / "inventree_alpha" / "migrations" / f"000{number}_more.py", "")
    first(diagnose(site), "migrations", "0002_more, 0003_more, 0004_more, and 1 more")
    for number in range(3, 6):
        migrated(site, "inventree_alpha", f"000{number}_more")
    first(diagnose(site), "migrations", "`inventree_alpha`: 0002_more")
    migrated(site, "inventree_alpha", "0002_more")
    healthy(site)


def migrated(site: Site, app: str, name: str) -> None:
    moment = "'2026-01-02 03:04:05'"
    site.case.sql(f"INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, {moment})", (app, name))


def test_migrations_wait_for_the_rows_of_others(app):
    site = app()
    site.package("beta")
    result = diagnose(site)
    found = first(result, "migrations", "does nothing while a plugin, such as `beta`, has no row")
    assert found["command"] == f"invplug --server {site.folder} discover && invoke migrate"
    obey(site, {"command": found["command"].partition(" && ")[0]})
    found = first(diagnose(site), "migrations")
    assert (found["command"], "row" in found["hint"]) == ("invoke migrate", False)


@pytest.mark.parametrize(
    ("label", "others", "name"),
    [
        ("'parts'", "", "parts"),
        ("LABEL", "LABEL = 'pa' + 'rts'\n", "parts"),
        ("'parts'", "class Other(AppConfig):\n    default = False\n", "parts"),
        ("'parts'\n    default = True", "class Other(AppConfig):\n    name = 'x'\n", "parts"),
        ("'parts'", "class Other(AppConfig):\n    name = 'x'\n", "inventree_alpha"),
    ],
)
def test_migrations_of_an_app_with_a_label(app, label, others, name):
    site = app()
    path = site.packages / "inventree_alpha" / "apps.py"
    before, statement = APP["apps.py"].split("\n\n\n")
    path.write_text(f"{before}\n{others}\n{statement}    label = {label}\n")
    first(diagnose(site), "migrations", f"`{name}`: 0001_initial, 0002_more")
    for each in ("0001_initial", "0002_more"):
        migrated(site, name, each)
    healthy(site)


def test_migrations_of_an_app_whose_label_only_running_tells(app):
    site = app()
    path = site.packages / "inventree_alpha" / "apps.py"
    path.write_text(f"import os\n{path.read_text()}    label = os.environ['LABEL']\n")
    found = checks(diagnose(site))["migrations"]
    assert (found["status"], "label of its app is not known" in found["message"]) == ("skipped", True)


def test_files_that_django_takes_for_no_migrations(app):
    site = app()
    for each in ("0001_initial", "0002_more"):
        migrated(site, "inventree_alpha", each)
    for name in ("_helper.py", "~0003.py"):
        site.write(site.packages / "inventree_alpha" / "migrations" / name, "")
    healthy(site)


def test_migrations_of_a_disabled_plugin_wait(app):
    site = app()
    site.case.sql('UPDATE plugin_pluginconfig SET active = ? WHERE "key" = ?', (False, "alpha"))
    result = diagnose(site)
    assert shut(result) == {"enabled": "failed"}
    assert checks(result)["migrations"]["status"] == "skipped"


def test_static_files_are_not_collected(site):
    folder = site.package("alpha") / "static"
    for name in ("a.js", "deep/b.css"):
        site.write(folder / name, name)
    result = diagnose(site)
    assert shut(result) == {"static-files": "failed"}
    found = first(result, "static-files", "`a.js` and 1 more", str(site.static / "plugins" / "alpha"))
    assert found["command"] == "python manage.py collectplugins"
    for name in ("a.js", "deep/b.css"):
        site.write(site.static / "plugins" / "alpha" / name, name)
    healthy(site)
    # As after an upgrade.
    site.write(folder / "deep" / "b.css", "DEEP/b.css")
    first(diagnose(site), "static-files", "`deep/b.css`")


def test_static_files_that_cannot_be_judged(site):
    site.write(site.package("alpha") / "static" / "a.js", "")
    site.case.sql('UPDATE plugin_pluginconfig SET active = ? WHERE "key" = ?', (False, "alpha"))
    found = checks(diagnose(site))["static-files"]
    assert (found["status"], found["message"]) == ("skipped", "they are collected when it is enabled")
    site.case.sql('UPDATE plugin_pluginconfig SET active = ? WHERE "key" = ?', (True, "alpha"))
    site.configure(static_root=str(site.folder / "elsewhere"))
    found = checks(diagnose(site))["static-files"]
    assert (found["status"], "not to be seen" in found["message"]) == ("skipped", True)
    del site.settings["static_root"]
    site.configure()
    assert checks(diagnose(site))["static-files"]["status"] == "skipped"
    site.write(site.root / "InvenTree" / "version.py", VERSION.format("0.15.8"))
    found = checks(diagnose(site))["static-files"]
    assert (found["status"], "before 0.16" in found["message"]) == ("skipped", True)


@pytest.mark.parametrize("name", ["alpha", "inventree-alpha"])
def test_a_required_setting_is_empty(site, name):
    site.package("alpha", mixins="SettingsMixin, ", body=KEY % "")
    result = diagnose(site, name)
    assert shut(result) == {"settings": "failed"}
    found = first(result, "settings", "required and empty: API_KEY", "--stdin")
    # VALUE is no value.
    assert (found["command"], "`invplug settings set alpha API_KEY VALUE`" in found["hint"]) == (None, True)
    obey(site, {"command": f"invplug --server {site.folder} settings set alpha API_KEY s3cret"})
    healthy(site, name)
    assert "s3cret" not in diagnose(site, name).out


@pytest.mark.parametrize("how", ["default", "configuration", "environment"])
def test_a_required_setting_is_given(site, monkeypatch, how):
    site.package(
        "alpha", mixins="SettingsMixin, ", body=KEY % (', "default": "x"' if how == "default" else "")
    )
    if how == "configuration":
        site.configure(plugin_settings={"alpha": {"API_KEY": "x"}})
    if how == "environment":
        monkeypatch.setenv("INVENTREE_PLUGIN_SETTINGS", '{"alpha": {"API_KEY": "x"}}')
    healthy(site)


# After every plugin.


@pytest.mark.parametrize("how", ["row", "docker", "docker-1", "configuration", "text"])
def test_the_server_runs_pip_itself(site, monkeypatch, how):
    if how == "row":
        site.switch("PLUGIN_ON_STARTUP")
    elif how.startswith("docker"):
        monkeypatch.setenv("INVENTREE_DOCKER", "1" if how == "docker-1" else "True")
    else:
        site.switch("PLUGIN_ON_STARTUP", "False")
        site.configure(global_settings={"PLUGIN_ON_STARTUP": True if how == "configuration" else "False"})
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"second-writer": "warning"})
    found = first(result, "second-writer", "pip", "PLUGIN_ON_STARTUP", status="warning")
    assert found["command"] is None
    assert "second-writer: turn that setting off" in site.run("doctor", "alpha").err


@pytest.mark.parametrize("how", ["row", "configuration", "version"])
def test_the_server_of_a_container_leaves_pip_alone(site, monkeypatch, how):
    monkeypatch.setenv("INVENTREE_DOCKER", "true")
    if how == "row":
        site.switch("PLUGIN_ON_STARTUP", "False")
    elif how == "configuration":
        site.configure(global_settings={"PLUGIN_ON_STARTUP": False})
    else:
        site.write(site.root / "InvenTree" / "version.py", VERSION.format("0.12.10"))
    assert "second-writer" not in shut(diagnose(site))


def test_rows_without_a_plugin(site):
    site.row("gone")
    site.row("lost", package="inventree-lost")
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"orphan-rows": "warning"})
    found = first(result, "orphan-rows", "`gone`, `lost`", "settings go with them", status="warning")
    assert found["command"].endswith(" discover --prune")
    obey(site, found)
    healthy(site)
    site.row("gone")
    site.configure(plugin_dir=str(site.folder / "not mounted"))
    result = diagnose(site)
    assert shut(result) == {"plugin-directories": "warning", "orphan-rows": "warning"}
    found = checks(result)["orphan-rows"]
    assert ("`gone` is kept" in found["hint"], "not mounted" in found["hint"]) == (True, True)
    assert ("delete" in found["hint"], found["command"]) == (False, None)


def test_rows_that_pruning_keeps_are_told_apart(site):
    site.row("gone")
    site.row("lost", active=True)
    site.row("asked")
    result = diagnose(site)
    found = checks(result)["orphan-rows"]
    assert "the row of `lost` is kept: it is enabled" in found["hint"]
    result = diagnose(site, "asked")
    assert "that deletes the row of `asked` too" in checks(result)["orphan-rows"]["hint"]
    obey(site, found)
    found = checks(diagnose(site))["orphan-rows"]
    assert (found["status"], found["command"]) == ("warning", None)


def test_a_row_of_a_declared_package_is_no_orphan(site):
    site.plugins_file.write_text("inventree-alpha\ninventree-lost\n")
    site.row("lost", package="inventree-lost")
    assert "orphan-rows" not in shut(diagnose(site))


def test_an_enabled_row_without_a_plugin(site):
    site.row("gone", active=True)
    result = diagnose(site)
    assert (result.code, shut(result)) == (0, {"orphan-rows": "warning"})
    assert checks(result)["orphan-rows"]["command"] is None
    result = diagnose(site, "--no-cache")
    first(result, "package", "`gone`", "nothing provides that plugin")


# The database.


@pytest.mark.parametrize("how", ["missing", "foreign", "corrupt", "not configured"])
def test_the_database_cannot_be_read(site, how):
    path = Path(site.case.database.name)
    for each in path.parent.iterdir():
        each.unlink()
    if how == "foreign":
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE other (id integer)")
    elif how == "corrupt":
        path.write_text("no database at all, but long enough to be read as one\n" * 20)
    elif how == "not configured":
        del site.settings["database"]
        site.configure()
    result = diagnose(site)
    assert result.code == 4
    first(result, "database", "names no database" if how == "not configured" else str(path))
    states = {code: each["status"] for code, each in checks(result).items()}
    # Files are judged all the same.
    expected = dict.fromkeys(ORDER, "ok") | {"database": "failed"}
    unknown = ("row", "enabled", "switches", "settings", *ORDER[-3:])
    assert states == expected | dict.fromkeys(unknown, "skipped")
    # What only the database may know cannot be denied.
    result = diagnose(site, "gone")
    assert (result.code, checks(result)["plugin"]["status"]) == (4, "skipped")


def test_the_database_is_locked(make_site):
    site = make_site("postgresql")
    with closing(site.case.connect()) as connection:
        connection.execute("LOCK TABLE plugin_pluginconfig IN ACCESS EXCLUSIVE MODE")
        result = site.run("doctor", "alpha", "--json", "--lock-timeout", "0.2")
        assert result.code == 4
        first(result, "database", "locked")
        assert checks(result)["class"]["status"] == "ok"
    healthy(site)


def test_the_database_is_locked_for_writing_only(site):
    site.package("beta")
    with closing(site.case.connect()) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert site.run("doctor", "alpha").code == 0
        result = site.run("doctor", "alpha", "--fix", "--json", "--lock-timeout", "0.2")
        assert (result.code, result.json["errors"][0]["code"]) == (5, "database-locked")


def test_the_database_server_does_not_answer(make_site):
    site = make_site("postgresql")
    site.settings["database"]["port"] = "1"
    site.configure()
    result = diagnose(site)
    assert result.code == 4
    first(result, "database")
    assert checks(result)["class"]["status"] == "ok"
    assert site.case.database.password not in result.out


# Names.


def test_nothing_of_that_name(site):
    for words in (("doctor", "nobody"), ("doctor", "alpah"), ("doctor", "nobody", "--fix")):
        result = site.run(*words, "--json")
        assert (result.code, result.data) == (1, {})
        assert result.json["errors"][0]["code"] == "plugin-not-found"
        assert site.run(*words).out == ""
    assert "`alpha`" in site.run("doctor", "alpah").err


def test_a_package_with_two_plugins(site):
    folder = site.package("alpha")
    text = PLUGIN.format(name="Second", slug="second", bases="SettingsMixin, ", body=KEY % "")
    site.write(folder / "second.py", text)
    (info,) = site.packages.glob("inventree_alpha-*.dist-info")
    with (info / "entry_points.txt").open("a") as file:
        file.write("second = inventree_alpha.second:SecondPlugin\n")
    assert obey(site, {"command": f"invplug --server {site.folder} enable second"}).code == 0
    result = site.run("doctor", "inventree-alpha", "--json")
    found = [each for each in result.data["checks"] if each["slug"]]
    assert [each["slug"] for each in found] == ["alpha"] * 13 + ["second"] * 13
    assert [(each["slug"], each["code"]) for each in found if each["status"] != "ok"] == [
        ("second", "settings")
    ]
    assert "second: settings" in site.run("doctor", "inventree-alpha").out
    assert "second: settings" in site.run("doctor").out
    assert "second: settings" not in site.run("doctor", "second").out


def test_a_plugin_of_a_directory_is_not_a_package_of_the_same_name(site):
    folder = site.folder / "data" / "plugins"
    site.write(folder / "django.py", PLUGIN.format(name="Django", slug="django", bases="", body="    pass"))
    site.configure(plugin_dir=str(folder))
    site.row("django", active=True)
    healthy(site, "django")
    assert str(folder) in checks(diagnose(site, "django"))["package"]["message"]


# --fix.


def test_fix_mends_what_loses_nothing_and_lists_it(site):
    site.package("alpha", mixins="EventMixin, UrlsMixin, ", body=EVENTS + "    URLS = [()]")
    site.package("beta", mixins="SettingsMixin, ", body=KEY % "")
    site.row("gone")
    before = site.case.dump()
    files = snapshot(site)[0]
    result = site.run("doctor", "alpha", "--fix", "--json")
    assert (result.code, result.err, result.json["changed"], result.json["status"]) == (0, "", True, "ok")
    assert result.data["mended"] == [
        {"code": "row", "message": "created rows, inactive: `beta`", "slugs": ["beta"], "diff": []},
        {
            "code": "switches",
            "message": "turned on ENABLE_PLUGINS_EVENTS, ENABLE_PLUGINS_URL",
            "slugs": ["alpha"],
            "diff": [],
        },
    ]
    assert [step["code"] for step in result.json["next_steps"]] == ["restart"]
    # What is left it does not touch.
    assert shut(result) == {"orphan-rows": "warning"}
    after = site.case.dump()
    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"plugin_pluginconfig", "common_inventreesetting"}
    for table in changed:
        assert [row for row in after[table] if row in before[table]] == before[table]
    assert [row[2] for row in after["common_inventreesetting"]][-2:] == ["True", "True"]
    assert ("beta", False) in [(row[-1], bool(row[2])) for row in after["plugin_pluginconfig"]]
    kept = {name: data for name, data in snapshot(site)[0].items() if "database" not in name}
    assert kept == {name: data for name, data in files.items() if "database" not in name}
    second = site.run("doctor", "alpha", "--fix", "--json")
    assert (second.code, second.json["changed"], second.data["mended"]) == (0, False, [])
    assert second.json["next_steps"] == []
    assert site.case.dump() == after


def test_fix_says_to_a_person_what_it_mended(site):
    site.package("beta")
    loading = f"`invplug --server {site.folder} validate --load alpha` tries to load it"
    closing = f"nothing stands in its way, as far as reading tells; {loading}"
    result = site.run("doctor", "--fix")
    assert result.code == 0
    assert result.err.splitlines() == [
        "mended: created rows, inactive: `beta`",
        closing,
    ]
    assert site.run("doctor", "--fix").err == f"{closing}\n"
    site.package("alpha", mixins="EventMixin, ", body=EVENTS)
    assert site.run("doctor", "alpha", "--fix").err.splitlines() == [
        "mended: turned on ENABLE_PLUGINS_EVENTS",
        closing,
        "next: a running server and its worker see the change after a restart",
    ]


def test_fix_leaves_a_server_alone_that_runs_in_another_python(site, tmp_path):
    other = tmp_path / "other"
    venv.create(other, with_pip=False, symlinks=True)
    text = PLUGIN.format(name="Beta", slug="beta", bases="", body="    pass")
    packages = next(other.glob("lib/python*/site-packages"))
    site.write(packages / "beta.py", text)
    install_folder(packages, "beta", "1.0", entry_points="[inventree_plugins]\nbeta = beta:BetaPlugin\n")
    before = site.case.dump()
    result = site.run("doctor", "beta", "--fix", "--json", "--python", str(other))
    assert (result.code, result.json["changed"], result.data["first_failed"]) == (4, False, "interpreter")
    assert site.case.dump() == before


@pytest.mark.parametrize("engine", ENGINES)
def test_fix_enables_nothing_and_turns_nothing_on_for_what_is_disabled(make_site, engine):
    site = make_site(engine)
    site.package("alpha", mixins="EventMixin, ", body=EVENTS)
    site.case.sql('UPDATE plugin_pluginconfig SET active = ? WHERE "key" = ?', (False, "alpha"))
    before = site.case.dump()
    result = site.run("doctor", "alpha", "--fix", "--json")
    assert (result.code, result.json["changed"], result.data["mended"]) == (4, False, [])
    assert shut(result) == {"enabled": "failed", "switches": "failed"}
    assert site.case.dump() == before


def test_fix_turns_on_no_switch_for_a_plugin_that_nobody_named(site):
    site.package("alpha", mixins="EventMixin, ", body=EVENTS)
    result = site.run("doctor", "--fix", "--json")
    assert (result.code, result.json["changed"], shut(result)) == (4, False, {"switches": "failed"})


def test_fix_in_part(site):
    site.package("alpha", mixins="SettingsMixin, EventMixin, ", body=EVENTS + KEY % "")
    result = site.run("doctor", "alpha", "--fix", "--json")
    assert (result.code, result.json["status"], result.json["changed"]) == (4, "partial", True)
    assert shut(result) == {"settings": "failed"}


def test_fix_reaches_a_running_server(site):
    site.package("beta")
    result = site.run("doctor", "--fix", "--reload", "--json")
    assert (result.code, result.data["reload_requested"], result.json["next_steps"]) == (0, True, [])
    again = site.run("doctor", "--fix", "--reload", "--json")
    assert (again.code, again.data["reload_requested"], again.json["changed"]) == (0, False, False)


def test_fix_without_a_database(site):
    Path(site.case.database.name).unlink()
    result = site.run("doctor", "alpha", "--fix", "--json")
    assert (result.code, result.json["changed"], result.data["first_failed"]) == (4, False, "database")


def test_shape_of_the_document(site):
    document = site.run("doctor", "alpha", "--json").json
    assert set(document["data"]) == {"checks", "first_failed", "mended"}
    keys = {"code", "status", "message", "hint", "command", "slug", "path", "line"}
    assert all(set(each) == keys for each in document["data"]["checks"])
