"""A Django project is a host by an app, a setting and a line of URLs; seen from outside, over HTTP."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest

from inventree_plugins.store import open_store

HELLO = """
from django.http import JsonResponse
from django.urls import path, reverse
from plugin import InvenTreePlugin
from plugin.mixins import SettingsMixin, UrlsMixin


class Hello(UrlsMixin, SettingsMixin, InvenTreePlugin):
    NAME = "Hello"
    AUTHOR = "Ada"
    VERSION = "1.2.3"
    SETTINGS = {"WORD": {"default": "hello"}}

    def hello(self, request, name):
        from plugin.registry import registry

        return JsonResponse({
            self.get_setting("WORD"): name,
            "again": reverse("plugin:hello:say", args=["you"]),
            "same": registry.get_plugin("hello") is self,
        })

    def setup_urls(self):
        return [path("say/<str:name>/", self.hello, name="say")]
"""
BROKEN = """
from plugin import InvenTreePlugin


class Broken(InvenTreePlugin):
    NAME = "Broken"

    def __init__(self):
        super().__init__()
        raise RuntimeError("it does not work at all")
"""
NOTES = """
from django.http import JsonResponse
from django.urls import path
from plugin import InvenTreePlugin
from plugin.mixins import AppMixin, UrlsMixin


def add(request, text):
    from plugins.notes.models import Note

    Note.objects.create(text=text)
    return JsonResponse([note.text for note in Note.objects.order_by("pk")], safe=False)


class Notes(AppMixin, UrlsMixin, InvenTreePlugin):
    NAME = "Notes"
    URLS = [path("add/<str:text>/", add, name="add")]
"""
MODELS = """
from django.db import models


class Note(models.Model):
    text = models.CharField(max_length=80)
"""
ADMIN = """
from django.contrib import admin

from plugins.notes.models import Note

admin.site.register(Note)
"""


def write_notes(site):
    for name, text in (
        ("__init__", ""),
        ("plugin", NOTES),
        ("models", MODELS),
        ("admin", ADMIN),
        ("migrations/__init__", ""),
    ):
        site.write(f"notes/{name}.py", text)


def test_a_running_project_serves_what_is_enabled_and_nothing_else(site):
    site.write("hello.py", HELLO)
    with site.serving() as browser:
        assert browser.get("/alive/").text == "alive"
        assert browser.get("/plugin/hello/say/bob/").status == 404
        site.invplug("enable", "--with-integration", "hello")
        answer = {"hello": "bob", "again": "/plugin/hello/say/you/", "same": True}
        assert browser.get("/plugin/hello/say/bob/").json() == answer
        site.invplug("settings", "set", "hello", "WORD", "moin")
        assert browser.get("/plugin/hello/say/bob/").json()["moin"] == "bob"
        site.invplug("disable", "hello")
        assert browser.get("/plugin/hello/say/bob/").status == 404
        assert browser.get("/plugin/nothing/").status == 404


def test_a_switch_that_is_off_keeps_urls_away(site):
    site.write("hello.py", HELLO)
    with site.serving() as browser:
        site.invplug("enable", "hello")
        assert browser.get("/plugin/hello/say/bob/").status == 404
        site.invplug("enable", "--with-integration", "hello")
        assert browser.get("/plugin/hello/say/bob/").status == 200


def test_every_process_notices(site):
    site.write("hello.py", HELLO)
    with site.serving() as one, site.serving() as other:
        site.invplug("enable", "--with-integration", "hello")
        assert [each.get("/plugin/hello/say/x/").status for each in (one, other)] == [200, 200]
        site.write("hello.py", HELLO.replace('"say/<str:name>/"', '"tell/<str:name>/"'))
        site.invplug("reload")
        assert [each.get("/plugin/hello/tell/x/").status for each in (one, other)] == [200, 200]
        assert [each.get("/plugin/hello/say/x/").status for each in (one, other)] == [404, 404]


def test_the_table_of_an_app_plugin_is_migrated_and_used(site):
    write_notes(site)
    site.manage("check")
    site.invplug("enable", "--with-integration", "notes")
    assert "Create model Note" in site.manage("makemigrations", "notes").stdout
    assert "Applying notes.0001_initial... OK" in site.manage("migrate").stdout
    with site.serving() as browser:
        assert browser.get("/plugin/notes/add/one/").json() == ["one"]
        assert browser.get("/plugin/notes/add/two/").json() == ["one", "two"]
    with closing(sqlite3.connect(site.folder / "site.sqlite3")) as database:
        assert database.execute("SELECT text FROM notes_note").fetchall() == [("one",), ("two",)]


def test_an_app_plugin_brings_its_admin_pages(site):
    write_notes(site)
    site.invplug("enable", "--with-integration", "notes")
    site.manage("makemigrations", "notes")
    site.make_administrator()
    with site.serving() as browser:
        browser.log_in()
        assert browser.get("/admin/notes/note/").status == 200


def test_an_app_enabled_while_the_project_runs_works_at_once(site):
    write_notes(site)
    site.invplug("enable", "--with-integration", "notes")
    site.manage("makemigrations", "notes")
    site.manage("migrate")
    site.invplug("disable", "notes")
    with site.serving() as browser:
        assert browser.get("/plugin/notes/add/one/").status == 404
        site.invplug("enable", "notes")
        assert browser.get("/plugin/notes/add/one/").json() == ["one"]


def test_two_apps_of_one_label_are_told_apart(site):
    write_notes(site)
    site.write("sessions/__init__.py", "")
    text = NOTES.replace("plugins.notes", "plugins.sessions").replace('"Notes"', '"Sessions"')
    site.write("sessions/plugin.py", text)
    site.invplug("enable", "--with-integration", "notes", "sessions")
    done = site.manage("check")
    assert "sessions (app): MixinImplementationError" in done.stderr
    assert "Django has an app `sessions` already" in done.stderr
    with site.serving() as browser:
        assert browser.get("/plugin/sessions/add/x/").status == 404
        assert browser.get("/alive/").status == 200


def form_of(site, browser, key):
    listing = browser.get("/admin/inventree_plugins/pluginconfig/").text
    match = re.search(rf'/admin/inventree_plugins/pluginconfig/(\d+)/change/">{key}<', listing)
    assert match, listing
    return f"/admin/inventree_plugins/pluginconfig/{match[1]}/change/"


def test_an_administrator_enables_a_plugin_on_its_page(site):
    site.write("hello.py", HELLO)
    site.make_administrator()
    with site.serving() as browser:
        browser.log_in()
        site.invplug("enable", "--with-integration", "hello")
        site.invplug("disable", "hello")
        page = form_of(site, browser, "Hello")
        assert "not running" in browser.get(page).text
        saved = browser.post(page, {"active": "on"})
        assert "was changed successfully" in saved.text
        assert browser.get("/plugin/hello/say/bob/").status == 200
        shown = browser.get(page).text
        assert "1.2.3" in shown
        assert "Ada" in shown
        assert "settings, urls" in shown or "urls, settings" in shown
        browser.post(page, {})
        assert browser.get("/plugin/hello/say/bob/").status == 404
    assert '"active": false' in site.invplug("list", "--json").stdout


def test_an_administrator_is_told_why_a_plugin_does_not_run(site):
    site.write("broken.py", BROKEN)
    site.make_administrator()
    with site.serving() as browser:
        browser.log_in()
        saved = browser.post(form_of(site, browser, "Broken"), {"active": "on"})
        assert "broken (construct): RuntimeError: it does not work at all" in saved.text
        assert "failed: broken (construct)" in browser.get("/admin/inventree_plugins/pluginconfig/").text
        assert browser.get("/alive/").text == "alive"


def test_several_are_enabled_and_disabled_by_an_action(site):
    site.write("hello.py", HELLO)
    site.write("other.py", BROKEN.replace("Broken", "Other").replace("raise RuntimeError", "str"))
    site.make_administrator()
    with site.serving() as browser:
        browser.log_in()
        listing = "/admin/inventree_plugins/pluginconfig/"
        browser.post(listing, {"action": "enable", "_selected_action": ["1", "2"]})
        assert browser.get(listing).text.count(">running<") == 2
        browser.post(listing, {"action": "disable", "_selected_action": ["2"]})
        assert browser.get(listing).text.count(">running<") == 1


def test_nobody_adds_or_deletes_rows_by_hand(site):
    site.write("hello.py", HELLO)
    site.make_administrator()
    with site.serving() as browser:
        browser.log_in()
        assert browser.get("/admin/inventree_plugins/pluginconfig/add/").status == 403
        assert browser.get("/admin/inventree_plugins/pluginconfig/1/delete/").status == 403


def test_strangers_see_no_page(site):
    site.write("hello.py", HELLO)
    site.make_administrator()
    with site.serving() as browser:
        assert "Log in" in browser.get("/admin/inventree_plugins/pluginconfig/").text


def test_no_migration_is_wanted_for_the_host(site):
    site.write("hello.py", HELLO)
    assert site.manage("makemigrations", "--check", "--dry-run").stdout == "No changes detected\n"


def test_a_store_that_is_down_leaves_the_project_up(site):
    site.write("hello.py", HELLO)
    site.invplug("enable", "--with-integration", "hello")
    site.configure('INVENTREE_PLUGINS["config"] = BASE_DIR / "config.yaml"\n')
    store, away = site.folder / ".invplug" / "store.sqlite3", site.folder / "away.sqlite3"
    (site.folder / "config.yaml").write_text(
        f"plugins_enabled: true\nplugin_dir: plugins\ndatabase:\n  engine: sqlite3\n  name: {store}\n"
    )
    store.rename(away)
    with site.serving() as browser:
        assert browser.get("/alive/").text == "alive"
        assert browser.get("/plugin/hello/say/x/").status == 404
        away.rename(store)
        assert browser.get("/plugin/hello/say/x/").status == 200
        store.rename(away)
        assert browser.get("/plugin/hello/say/x/").status in {200, 500}
        assert browser.get("/alive/").text == "alive"
    assert "no plugins: " in site.log.read_text()


def test_a_misspelt_setting_is_refused_with_the_names_there_are(site):
    site.configure('INVENTREE_PLUGINS = {"confg": "config.yaml"}\n')
    done = site.manage("check", check=False)
    assert done.returncode == 1
    assert "INVENTREE_PLUGINS has no `confg`; it may have builtins, config, directory" in done.stderr


@pytest.mark.parametrize("debug", [True, False])
def test_samples_are_there_in_debug_mode_only(site, debug):
    site.configure(f"DEBUG = {debug}\n")
    site.manage("check")
    keys = site.invplug("list", "--names").stdout.split()
    assert ("sample-action" in keys) is debug


def test_the_sample_app_keeps_notes_in_a_table_of_its_own(site):
    site.configure("DEBUG = True\n")
    site.manage("check")
    with open_store(site.database, timeout=10).writing() as writer:
        writer.set_active(["sample-app"], True)
        writer.set_global_value("ENABLE_PLUGINS_APP", "True")
    assert site.manage("makemigrations", "--check", "--dry-run").stdout == "No changes detected\n"
    assert "Applying sample_app.0001_initial... OK" in site.manage("migrate").stdout
    code = "from inventree_plugins.host.django.running import get_host; notes = get_host().get('sample-app');"
    done = site.manage("shell", "-c", f"{code} print(notes.add('one'), notes.add('two'))")
    assert done.stdout.splitlines()[-1] == "1 2"


def test_the_projects_own_plugins_are_built_in(site):
    (site.folder / "shop").mkdir()
    (site.folder / "shop" / "__init__.py").write_text("")
    (site.folder / "shop" / "hello.py").write_text(HELLO)
    site.configure('INVENTREE_PLUGINS["builtins"] = ["shop"]\n')
    code = "import django; django.setup(); from inventree_plugins.host.django.running import get_host;"
    code += "host = get_host(); print(sorted(host.inactive))"
    site.configure("")
    done = site.run("-c", f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'site_settings'; {code}")
    assert done.stdout == "['hello']\n"


def test_the_store_may_be_djangos_own_database_on_postgresql(site, make_case):
    case = make_case("postgresql")
    place = case.database
    site.write("hello.py", HELLO)
    names = ("engine", "name", "user", "password", "host", "port")
    database = {name: getattr(place, name) for name in names}
    configuration = {"plugins_enabled": True, "plugin_dir": "plugins", "database": database}
    (site.folder / "config.yaml").write_text(json.dumps(configuration))
    django = {name.upper(): value for name, value in database.items()}
    django["ENGINE"] = "django.db.backends.postgresql"
    site.configure('INVENTREE_PLUGINS["config"] = BASE_DIR / "config.yaml"\n')
    site.configure(f'DATABASES["default"] = {django!r}\n')
    case.sql("DROP TABLE django_migrations")  # of the server's schema; the project has its own
    site.make_administrator()
    with site.serving() as browser:
        browser.log_in()
        saved = browser.post(form_of(site, browser, "Hello"), {"active": "on"})
        assert "was changed successfully" in saved.text
        assert ">running<" in browser.get("/admin/inventree_plugins/pluginconfig/").text


def test_an_app_whose_models_fail_leaves_nothing_behind(site):
    write_notes(site)
    site.write("notes/models.py", MODELS + "\nraise RuntimeError('no models today')\n")
    with site.serving() as browser:
        site.invplug("enable", "--with-integration", "notes")
        assert browser.get("/alive/").text == "alive"
        assert browser.get("/plugin/notes/add/one/").status == 404
        assert browser.get("/alive/").text == "alive"
    assert "notes (app): RuntimeError: no models today" in site.log.read_text()


def test_the_projects_data_is_dumped_without_the_store(site):
    site.write("hello.py", HELLO)
    site.make_administrator()
    dumped = {row["model"] for row in json.loads(site.manage("dumpdata").stdout)}
    assert "auth.user" in dumped
    assert not any(each.startswith("inventree_plugins.") for each in dumped)


def test_a_plugin_that_cannot_describe_itself_is_shown_all_the_same(site):
    broken = HELLO.replace('    VERSION = "1.2.3"', "    VERSION = property(lambda self: 1 / 0)")
    site.write("hello.py", broken)
    site.make_administrator()
    site.invplug("enable", "hello")
    with site.serving() as browser:
        browser.log_in()
        pages = [browser.get("/admin/inventree_plugins/pluginconfig/").text for _ in range(2)]
        assert ">running<" in pages[0]
        assert ">running, but hello (metadata): ZeroDivisionError: division by zero<" in pages[1]
        browser.post(form_of(site, browser, "Hello"), {})
        assert ">not running<" in browser.get("/admin/inventree_plugins/pluginconfig/").text


def test_what_is_installed_while_the_project_runs_is_found(site):
    with site.serving() as browser:
        assert browser.get("/alive/").status == 200
        site.write("hello.py", HELLO)
        assert browser.get("/alive/").status == 200
        assert '"hello"' in site.invplug("list", "--json").stdout
        site.invplug("enable", "--with-integration", "hello")
        assert browser.get("/plugin/hello/say/bob/").status == 200
