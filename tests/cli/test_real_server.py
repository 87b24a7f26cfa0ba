"""A real InvenTree: it boots with what invplug wrote, and reloads when it is asked to.

Needs a checkout in INVPLUG_TEST_SERVER with `env/` beside it, and in INVPLUG_TEST_SERVER_DATABASE a migrated
SQLite database, which is copied and never changed.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from inventree_plugins import samples
from tests.builders import build_wheel

pytestmark = pytest.mark.server

SAMPLES = ("action", "api-call", "barcode", "event", "navigation", "schedule", "settings", "urls")

# The fixture that isolates each test takes the variables away; they are read before it does.
_ENVIRON = {name: value for name, value in os.environ.items() if name.startswith("INVPLUG_TEST_")}

PLUGIN = """
from plugin import InvenTreePlugin
from plugin.mixins import EventMixin, SettingsMixin


class EndToEnd(EventMixin, SettingsMixin, InvenTreePlugin):
    NAME = "End to end"
    VERSION = "1.0"
    SETTINGS = {
        "COUNT": {"name": "Count", "default": 5, "validator": int},
        "FLAG": {"name": "Flag", "default": False, "validator": bool},
    }

    def process_event(self, event, *args, **kwargs):
        pass
"""
ACTIVE = """
from plugin import registry
def active():
    print("ACTIVE", sorted(k for k, p in registry.plugins.items() if p.is_active()), flush=True)
active()
"""
# A process that lives on while invplug writes, and looks when it is told to.
LIVING = (
    ACTIVE
    + """
from common.settings import get_global_setting
for line in iter(input, "end"):
    print("RELOADED", registry.check_reload(), flush=True)
    active()
    plugin = registry.plugins.get("end-to-end")
    print("SETTINGS", plugin and [plugin.get_setting("COUNT"), plugin.get_setting("FLAG")], flush=True)
    print("EVENTS", get_global_setting("ENABLE_PLUGINS_EVENTS", create=False), flush=True)
"""
)


@dataclass(frozen=True)
class Server:
    """A checkout, and a copy of its database."""

    checkout: str
    database: Path
    # Of the checkout's own environment, unless a test lays another one over it.
    python: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        return ("--server", self.checkout)

    def shell(self, code: str) -> subprocess.Popen[str]:
        """Start the server's own shell on a piece of code."""
        return subprocess.Popen(
            [self.python or str(Path(self.checkout, "env/bin/python")), "manage.py", "shell", "-c", code],
            cwd=Path(self.checkout) / "src" / "backend" / "InvenTree",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def active(self) -> str:
        """Return what the server itself has active after it booted."""
        with self.shell(ACTIVE) as process:
            out, err = process.communicate()
        assert process.returncode == 0, err
        return next(line for line in out.splitlines() if line.startswith("ACTIVE"))


def _laid_over(checkout: str, folder: Path) -> Path:
    """Make an environment that sees the server's packages and has room for others, and return its Python."""
    environment = Path(checkout, "env")
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "server.pth").write_text(f"{next(environment.resolve().glob('lib/python*/site-packages'))}\n")
    return folder / "bin" / "python"


def _named_server() -> tuple[str, str]:
    """Return the checkout and the database that the environment names; skip the test without them."""
    checkout, source = (
        _ENVIRON.get(name) for name in ("INVPLUG_TEST_SERVER", "INVPLUG_TEST_SERVER_DATABASE")
    )
    if not checkout or not source:
        pytest.skip("INVPLUG_TEST_SERVER and INVPLUG_TEST_SERVER_DATABASE name no server")
    return checkout, source


@pytest.fixture
def server(tmp_path, monkeypatch) -> Server:
    checkout, source = _named_server()
    database = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(database)) as new:
        old.backup(new)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "__init__.py").touch()
    (tmp_path / "plugins" / "endtoend.py").write_text(PLUGIN)
    for name, value in {
        "INVENTREE_DB_ENGINE": "sqlite3",
        "INVENTREE_DB_NAME": str(database),
        "INVENTREE_PLUGINS_ENABLED": "true",
        "INVENTREE_PLUGIN_DIR": str(tmp_path / "plugins"),
        "INVENTREE_PLUGIN_FILE": str(tmp_path / "plugins.txt"),
        "INVENTREE_CONFIG_FILE": str(tmp_path / "config.yaml"),
        "INVENTREE_SECRET_KEY_FILE": str(tmp_path / "secret.txt"),
        "INVENTREE_OIDC_PRIVATE_KEY_FILE": str(tmp_path / "oidc.pem"),
        "INVENTREE_MEDIA_ROOT": str(tmp_path / "media"),
        "INVENTREE_STATIC_ROOT": str(tmp_path / "static"),
        "INVENTREE_BACKUP_DIR": str(tmp_path / "backup"),
        "INVENTREE_SITE_URL": "http://127.0.0.1:8000",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("media", "static", "backup"):
        (tmp_path / name).mkdir()
    (tmp_path / "config.yaml").write_text("debug: false\n")
    (tmp_path / "plugins.txt").touch()
    return Server(checkout, database)


def test_it_boots_with_the_plugin_that_was_enabled(invplug, server):
    assert invplug("discover", *server.options).code == 0
    assert "end-to-end" not in server.active()
    assert invplug("enable", "end-to-end", *server.options).code == 0
    assert "'end-to-end'" in server.active()
    listed = {row["key"]: row for row in invplug("list", "--json", *server.options).data["plugins"]}
    assert all(row["is_installed"] for row in listed.values() if row["is_builtin"]), (
        "every built-in row has its class"
    )
    active = sorted(key for key, row in listed.items() if row["active"])
    assert str(active) in server.active()
    assert invplug("disable", "end-to-end", *server.options).code == 0
    assert "end-to-end" not in server.active()


def test_a_running_server_reloads_and_reads_what_was_set(invplug, server):
    assert invplug("discover", *server.options).code == 0
    assert invplug("doctor", "end-to-end", *server.options).code == 4
    with server.shell(LIVING) as process:
        assert "end-to-end" not in _line(process, "ACTIVE")
        # A row alone goes unnoticed; with the registry's hash changed the process loads the plugin.
        assert invplug("enable", "end-to-end", *server.options).code == 0
        assert _look(process)["RELOADED"] == "False"
        assert invplug("reload", *server.options).code == 0
        seen = _look(process)
        assert seen["RELOADED"] == "True"
        assert "'end-to-end'" in seen["ACTIVE"]
        assert (seen["SETTINGS"], seen["EVENTS"]) == ("[5, False]", "False")
        assert _look(process)["RELOADED"] == "False"
        for key, value in (("count", "7"), ("FLAG", "yes")):
            assert invplug("settings", "set", "end-to-end", key, value, *server.options).code == 0
        switched = invplug("enable", "end-to-end", "--with-integration", "--reload", *server.options)
        assert switched.code == 0, switched.err
        seen = _look(process)
        assert (seen["RELOADED"], seen["SETTINGS"], seen["EVENTS"]) == ("True", "[7, True]", "True")
        assert invplug("disable", "--all", "--reload", *server.options).code == 0
        seen = _look(process)
        assert (seen["RELOADED"], "end-to-end" in seen["ACTIVE"]) == ("True", False)
        process.communicate("end\n")
    assert invplug("enable", "end-to-end", *server.options).code == 0
    assert invplug("doctor", "end-to-end", *server.options).code == 0


# What plugins say of themselves, on a server and in a host; `plugins` are the active ones by slug.
SAID = """
import json

def said(plugins):
    found = {}
    for slug in sorted(each for each in plugins if each.startswith("sample-")):
        plugin = plugins[slug]
        found[slug] = {
            "meta": [str(getattr(plugin, name)) for name in META],
            "mixins": sorted(plugin.registered_mixins),
            "active": plugin.is_active(),
        }
    calls = {
        "action": lambda: plugins["sample-action"].get_response(None, {"text": "one two"}),
        "url": lambda: plugins["sample-api-call"].api_url,
        "headers": lambda: plugins["sample-api-call"].api_headers,
        "query": lambda: plugins["sample-api-call"].api_build_url_args({"part": "R1", "of": [1, 2]}),
        "scan": lambda: [plugins["sample-barcode"].scan(each) for each in ("PART-42", "x")],
        "wants": lambda: plugins["sample-event"].wants_process_event("part_part.created"),
        "links": lambda: plugins["sample-navigation"].navigation,
        "tab": lambda: plugins["sample-navigation"].navigation_name,
        "tasks": lambda: plugins["sample-schedule"].get_task_names(),
        "greeting": lambda: plugins["sample-settings"].greet(),
        "settings": lambda: [plugins["sample-settings"].get_setting(key) for key in KEYS],
        "enabled": lambda: [plugins[f"sample-{each}"].mixin_enabled(each) for each in ENABLED],
        "urls": lambda: [plugins["sample-urls"].base_url, plugins["sample-urls"].internal_name],
        "static": lambda: plugins["sample-urls"].plugin_static_file("a.js"),
        "allowed": lambda: plugins["sample-urls"].check_version([1, 5, 0]),
    }
    for name, call in calls.items():
        try:
            found[name] = call()
        except Exception as error:
            found[name] = type(error).__name__
    return "SAID " + json.dumps(found, default=str)

KEYS = ("TIMES", "LOUD", "TOKEN", "NO")
ENABLED = ("action", "urls", "schedule")
META = ("slug", "name", "human_name", "description", "author", "version", "website", "license", "is_sample")
"""


def test_the_samples_say_the_same_on_a_server_and_in_a_host(invplug, server, tmp_path):
    folder = tmp_path / "plugins"
    for path in Path(samples.__path__[0]).glob("[a-z]*.py"):
        if not path.name.startswith("broken"):
            text = re.sub(r"from inventree_plugins\.sdk import .*", _as_on_a_server, path.read_text())
            (folder / f"sample_{path.name}").write_text(text.replace("inventree_plugins.samples.", "sample_"))
    slugs = [f"sample-{each}" for each in SAMPLES]
    assert invplug("discover", *server.options).code == 0
    assert invplug("enable", "--with-integration", *slugs, *server.options).code == 0
    with server.shell(
        f"{SAID}\nfrom plugin import registry\nprint(said(registry.plugins), flush=True)"
    ) as process:
        out, err = process.communicate()
    theirs = next((line for line in out.splitlines() if line.startswith("SAID ")), None)
    assert theirs, err
    code = f"from django.conf import settings\nsettings.configure(STATIC_URL='/static/')\n{SAID}\n"
    code += (
        "from inventree_plugins.host import PluginHost\nprint(said(PluginHost.from_config().boot().plugins))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours, theirs = (json.loads(each.removeprefix("SAID ")) for each in (done.stdout, theirs))
    assert ours == theirs


def _as_on_a_server(match: re.Match[str]) -> str:
    names = [name for name in re.findall(r"\w+", match[0]) if name.endswith("Mixin")]
    return f"from plugin import InvenTreePlugin\nfrom plugin.mixins import {', '.join(names)}"


def _look(process: subprocess.Popen[str]) -> dict[str, str]:
    process.stdin.write("look\n")
    process.stdin.flush()
    return {name: _line(process, name) for name in ("RELOADED", "ACTIVE", "SETTINGS", "EVENTS")}


def _line(process: subprocess.Popen[str], name: str) -> str:
    for line in process.stdout:
        if line.startswith(f"{name} "):
            return line.removeprefix(f"{name} ").strip()
    raise AssertionError(process.stderr.read())


HEAD = "from plugin import InvenTreePlugin\nfrom part.models import Part\n"
DEMO = (
    "class Demo(InvenTreePlugin):\n    NAME = {slug!r}\n    def __init__(self):\n        super().__init__()\n"
)
LOADED = {
    # It may write, to a copy.
    "writes": "        from common.models import InvenTreeSetting as S\n"
    "        S.objects.create(key='INVPLUG_WAS_HERE', value='1')\n"
    "        print('parts', Part.objects.count())\n",
    "raises": "        raise RuntimeError('no sensor')\n",
    "final": "    def plugin_slug(self):\n        return 'x'\n",
}


def test_plugins_are_loaded_with_a_real_server_and_a_copy_of_its_database(invplug, tmp_path):
    checkout, source = _named_server()
    database = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(database)) as new:
        old.backup(new)
    before = database.read_bytes()
    folder = tmp_path / "own"
    folder.mkdir()
    for slug, body in LOADED.items():
        (folder / f"{slug}.py").write_text(HEAD + DEMO.format(slug=slug) + body)
    python = Path(checkout) / "env" / "bin" / "python"
    options = ("--server", checkout, "--python", str(python), "--database", str(database))
    result = invplug("validate", str(folder), "--load", "--json", *options)
    assert (result.code, result.err) == (4, "")
    loads = {row["slug"]: row["load"] for row in result.data["plugins"]}
    assert {slug: (load["result"], load["stage"], load["with_server"]) for slug, load in loads.items()} == {
        "writes": ("ok", None, True),
        "raises": ("failed", "construct", True),
        "final": ("failed", "import", True),
    }
    assert "parts" in loads["writes"]["output"]
    assert loads["raises"]["error"] == "RuntimeError: no sensor"
    assert "INVE-E11" in loads["final"]["error"]
    found = [(each["code"], each["slug"]) for each in result.data["findings"] if each["severity"] == "error"]
    assert sorted(found) == [("final-member", "final"), ("load-failed", "final"), ("load-failed", "raises")]
    assert database.read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("db.sqlite3*")) == ["db.sqlite3"]


def test_what_is_installed_runs_and_what_would_hurt_is_refused(invplug, server, tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheels = tmp_path / "wheels"
    for version, requires in (("1.0", ["Django", "djangorestframework"]), ("2.0", ["Django<5"])):
        build_wheel(
            wheels,
            "inventree-packed",
            version,
            modules={"packed/__init__.py": "", "packed/core.py": PLUGIN.replace("End to end", "Packed")},
            entry_points={"EndToEnd": "packed.core:EndToEnd"},
            requires=requires,
        )
    over = Server(server.checkout, server.database, str(_laid_over(server.checkout, tmp_path / "over")))
    options = (*server.options, "--python", over.python)
    links = ("--find-links", str(wheels))
    result = invplug("install", "inventree-packed==1.0", "--enable", *links, *options, "--json")
    assert (result.code, [each["name"] for each in result.data["plan"]]) == (0, ["inventree-packed"])
    assert "'packed'" in over.active()
    refused = invplug("install", "inventree-packed==2.0", *options, "--json")
    assert (refused.code, refused.json["errors"][0]["code"]) == (1, "install-host-conflict")
    assert "Django<5" in refused.json["errors"][0]["message"]
    assert "'packed'" in over.active()
    assert invplug("uninstall", "packed", "--disable", "--yes", *options).code == 0
    assert "packed" not in over.active()
