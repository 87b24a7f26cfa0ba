"""Reading and hosting give the same slugs, metadata and mixin keys: samples, test plugins, real packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from inventree_plugins.discovery import Places, discover
from inventree_plugins.packages import installed_distributions
from tests.corpus import TABLE, unpacked
from tests.host.comparison import boot_all, differences, told_by_host, told_by_reading
from tests.host.conftest import plugin_text
from tests.host.test_host_directories import commit

ROOT = Path(__file__).parents[2]


def compare(world, **options):
    """Return what reading and hosting this world tell differently, and the slugs of both."""
    instance = world.instance()
    distributions = installed_distributions([world.site])
    places = Places(
        directories=instance.plugin_dirs.value,
        distributions=distributions,
        import_path=tuple(map(Path, sys.path)),
    )
    read = told_by_reading(discover(places))
    hosted = told_by_host(boot_all(world.host(**options)))
    return differences(read, hosted), sorted(hosted)


def test_every_sample(world):
    samples = pytest.importorskip("inventree_plugins.samples", exc_type=ImportError)
    (folder,) = samples.__path__
    # They are no plugin directory of the server's, whose repository would tell their date.
    read = told_by_reading(discover(Places(directories=(Path(folder),))), git=False)
    host = boot_all(world.host(debug=True))
    hosted = told_by_host(host)
    told = {each.slug or str(each.module).rpartition(".")[2] for each in host.failures}
    told |= {f"sample-{name.replace('_', '-')}" for name in told}
    assert len(hosted) >= 9
    # Some samples are there to fail, and are told of; they can be read all the same.
    assert not [line for line in differences(read, hosted) if line.partition(":")[0] not in told]
    assert all(host.plugins[slug].is_sample for slug in hosted)
    mixins = {key for facts in hosted.values() for key in facts["mixins"]}
    nine = {"action", "api_call", "app", "barcode", "events", "navigation", "schedule", "settings", "urls"}
    assert nine <= mixins


BODIES = {
    "bare": "",
    "all": "TITLE = 'T'\nAUTHOR = 'A'\nDESCRIPTION = 'D'\nVERSION = '1'\nWEBSITE = 'W'\nLICENSE = 'L'",
    "slug": "SLUG = 'Ünder_score--and  space-'",
    "underscores": "SLUG = '_a_b_'",
    "not ascii": "NAME = 'Prüfer Æ ﬁ №'",
    "numbers": "VERSION = 1.5\nTITLE = 5",
    "date": "PUBLISH_DATE = '2024-05-06'",
    "date and time": "PUBLISH_DATE = '2024-05-06T23:30:00+02:00'",
    "slashes": "PUBLISH_DATE = '2024/05/06'",
    "short date": "PUBLISH_DATE = '2024-5-6'",
    "no date": "PUBLISH_DATE = 'yesterday'",
    "year": "PUBLISH_DATE = '2024'",
    "week": "PUBLISH_DATE = '2024-W10-1'",
    "compact": "PUBLISH_DATE = '20240506'",
    "none": "TITLE = None\nVERSION = None\nAUTHOR = ''",
    "spaces": "TITLE = '  T  '\nAUTHOR = ' A '",
    "lines": "DESCRIPTION = 'one\\n  two'",
    "joined": "VERSION = '1' + '.' + '2'\nTITLE = f'{1}-{2}'",
    "of one another": "VERSION = '1.2'\nTITLE = 'T ' + VERSION",
    "legacy title": "PLUGIN_TITLE = 'Old title'",
    "legacy slug": "PLUGIN_SLUG = 'old-slug'",
}
BODIES["legacy"] = "NAME = None\nPLUGIN_NAME = 'Old Name'\nPLUGIN_SLUG = 'old-slug'\nPLUGIN_TITLE = 'Old'"


@pytest.mark.parametrize("body", BODIES)
def test_test_plugins_of_directories(world, body):
    world.plugin("Demo", body=BODIES[body])
    assert compare(world)[0] == []


@pytest.mark.parametrize("body", BODIES)
def test_test_plugins_of_packages(world, body):
    metadata = {"Summary": "S", "Author-email": "E", "License": "BSD", "Home-page": "H"}
    world.package("demo-dist", plugin_text("Demo", body=BODIES[body]), attr="DemoPlugin", **metadata)
    assert compare(world)[0] == []


METADATA = [
    {},
    {"Summary": "S"},
    {"Author": "Only a name"},
    {"Author": "Name", "Author-email": "Mail <a@b.c>"},
    {"Author-email": "Ünder <a@b.c>, Other <d@e.f>"},
    {"License": "MIT"},
    {"License-Expression": "MIT OR Apache-2.0"},
    {"License-Expression": "MIT", "License": "BSD"},
    {"Home-page": "https://h"},
    {"Project-URL": "Source, https://s"},
    {"Project-URL": "Source, https://s", "Home-page": "https://h"},
    {"Project-URL": "https://without-a-label"},
    {"Summary": "UNKNOWN", "License": "UNKNOWN", "Home-page": "UNKNOWN"},
    {"License": "Line one\n        line two"},
    {"Maintainer": "M", "Maintainer-email": "m@n.o"},
]


@pytest.mark.parametrize("metadata", METADATA, ids=str)
def test_fallbacks_to_the_distribution(world, metadata):
    world.package("demo-dist", plugin_text("Demo"), attr="DemoPlugin", version="1.0rc1", **metadata)
    assert compare(world) == ([], ["demo"])


def test_fallbacks_to_git(world):
    world.plugin("Demo")
    world.plugin("Own", body="AUTHOR = 'Me'\nPUBLISH_DATE = '2020-01-01'")
    world.write("plugins/pack/__init__.py", "")
    world.plugin("Deep", file="pack/core.py")
    commit(world.plugins, date="2024-05-06T23:30:00-11:00")
    world.plugin("Later")
    assert compare(world) == ([], ["deep", "demo", "later", "own"])


def test_a_package_in_a_repository(world):
    """As an editable installation: the module lies in a checkout."""
    world.package("demo-dist", plugin_text("Demo"), attr="DemoPlugin")
    commit(world.site)
    assert compare(world) == ([], ["demo"])


MODULES = {
    "alias": "from plugin import InvenTreePlugin as Base\nclass P(Base): NAME = 'Demo'",
    "module alias": "import plugin as p\nclass P(p.InvenTreePlugin): NAME = 'Demo'",
    "base's own module": "from plugin.plugin import InvenTreePlugin\nclass P(InvenTreePlugin): NAME = 'Demo'",
    "legacy base": "from plugin import IntegrationPluginBase\n"
    "class P(IntegrationPluginBase): PLUGIN_NAME = 'Demo'",
    "legacy module": "from plugin.integration import *\nfrom plugin import IntegrationPluginBase\n"
    "class P(IntegrationPluginBase): PLUGIN_NAME = 'Demo'",
    "sdk": "from inventree_plugins.sdk import InvenTreePlugin, ActionMixin\n"
    "class P(ActionMixin, InvenTreePlugin): NAME = 'Demo'",
    "try": "try:\n    from plugin import InvenTreePlugin\nexcept ImportError:\n    InvenTreePlugin = object\n"
    "class P(InvenTreePlugin): NAME = 'Demo'",
    "intermediate": "from plugin import InvenTreePlugin\nfrom plugin.mixins import SettingsMixin\n"
    "class Base(SettingsMixin, InvenTreePlugin):\n    AUTHOR = 'Base'\n    VERSION = '1'\n"
    "class P(Base):\n    NAME = 'Demo'\n    VERSION = '2'",
    "named base": "from plugin import InvenTreePlugin\nclass Base(InvenTreePlugin): NAME = 'Base'\n"
    "class P(Base): NAME = 'Demo'",
    "constants": "from plugin import InvenTreePlugin\nfrom plugins.words import NAME, VERSION\n"
    "class P(InvenTreePlugin):\n    NAME = NAME\n    VERSION = VERSION",
    "relative": "from plugin import InvenTreePlugin\nfrom . import words\nfrom .words import VERSION as V\n"
    "class P(InvenTreePlugin):\n    NAME = words.NAME\n    VERSION = V",
    "gettext": "from django.utils.translation import gettext_lazy as _\nfrom plugin import InvenTreePlugin\n"
    "class P(InvenTreePlugin):\n    NAME = 'Demo'\n    TITLE = _('A title')\n    DESCRIPTION = _('Words')",
    "two": "from plugin import InvenTreePlugin\nclass P(InvenTreePlugin): NAME = 'Demo'\n"
    "class Q(InvenTreePlugin): NAME = 'Other'",
    "set later": "from plugin import InvenTreePlugin\n"
    "class P(InvenTreePlugin): NAME = 'Demo'\nP.TITLE = 'Later'",
    "in a condition": "import sys\nfrom plugin import InvenTreePlugin\nif sys.version_info > (3,):\n"
    "    class P(InvenTreePlugin): NAME = 'Demo'",
    "mixins in a package": "from plugin.base.event.mixins import EventMixin\n"
    "from plugin.base.barcodes.mixins import BarcodeMixin\nfrom plugin import InvenTreePlugin\n"
    "class P(EventMixin, BarcodeMixin, InvenTreePlugin): NAME = 'Demo'",
    "legacy mixins": "from plugin.builtin.integration.mixins import UrlsMixin, NavigationMixin\n"
    "from plugin import InvenTreePlugin\nclass P(UrlsMixin, NavigationMixin, InvenTreePlugin): NAME = 'Demo'",
    "own mixin": "from plugin import InvenTreePlugin\nfrom plugin.mixins import SettingsMixin\n"
    "class Own(SettingsMixin): SETTINGS = {'A': {}}\nclass P(Own, InvenTreePlugin): NAME = 'Demo'",
}


@pytest.mark.parametrize("module", MODULES)
def test_modules_of_every_kind(world, module):
    django = pytest.importorskip("django.conf") if module == "gettext" else None
    if django and not django.settings.configured:
        django.settings.configure(USE_I18N=False)
    world.write("plugins/words.py", "NAME = 'Demo'\nVERSION = '4.5'")
    world.write("plugins/demo.py", MODULES[module])
    found, slugs = compare(world)
    assert found == []
    assert "demo" in slugs


ALL_MIXINS = [
    "ActionMixin", "APICallMixin", "AppMixin", "BarcodeMixin", "SupplierBarcodeMixin",
    "CurrencyExchangeMixin", "EventMixin", "DataExportMixin", "IconPackMixin", "LabelPrintingMixin",
    "LocateMixin", "MachineDriverMixin",
    "MailMixin", "NavigationMixin", "NotificationMixin", "ReportMixin", "ScheduleMixin", "SettingsMixin",
    "SupplierMixin", "TransitionMixin", "UrlsMixin", "UserInterfaceMixin", "ValidationMixin", "PanelMixin",
    "SettingsContentMixin", "GlobalSettingsMixin",
]  # fmt: skip


@pytest.mark.parametrize("mixin", ALL_MIXINS)
def test_every_mixin(world, mixin):
    world.write("plugins/pack/__init__.py", "")
    world.plugin("Demo", mixin, file="pack/core.py")
    assert compare(world) == ([], ["demo"])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return [package for _, package in unpacked(tmp_path_factory.mktemp("corpus"))]


def hosted_alone(package, mode):
    """Boot one package in a process of its own."""
    folder = package / f"work-{mode}"
    folder.mkdir()
    command = [sys.executable, "-m", "tests.host.comparison", str(package / "site"), mode]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, (package.name, done.stderr[-2000:])
    return json.loads(done.stdout)


# With Django alone, and with stands for a server's modules and the other libraries that it needs.
@pytest.mark.network
@pytest.mark.parametrize(("mode", "imported", "booted"), [("plain", 11, 4), ("stands", 26, 23)])
def test_every_real_package_that_imports(corpus, mode, imported, booted):
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(partial(hosted_alone, mode=mode), corpus))
    works = [each for each in told if each["hosted"]]
    found = sum(bool(each["hosted"] or each["inactive"]) for each in told)
    print(f"{mode}: of {len(told)} packages {found} import and {len(works)} boot")
    assert [line for each in works for line in differences(each["read"], each["hosted"])] == []
    # Whatever does not boot is told of, by the slug that reading gives.
    for each in told:
        slugs = set(each["read"]) - set(each["hosted"])
        assert all(any(text.startswith(f"{slug} (") for text in each["failures"]) for slug in slugs), each
    if len(corpus) == len(json.loads(TABLE.read_text())):
        assert found >= imported
        assert len(works) >= booted
