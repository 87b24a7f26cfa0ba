"""Real plugin packages against the table of what is true of them (../shared/corpus)."""

from __future__ import annotations

import re

import pytest

from inventree_plugins.discovery import Places, discover
from inventree_plugins.models import Discovery, Distribution, EntryPoint, Plugin
from tests.corpus import unpacked

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return [(entry, package / "site") for entry, package in unpacked(tmp_path_factory.mktemp("corpus"))]


def _distribution(site):
    (info,) = site.glob("*.dist-info")
    name, _, version = info.stem.partition("-")
    section = (info / "entry_points.txt").read_text().partition("[inventree_plugins]")[2].partition("[")[0]
    lines = re.findall(r"^\s*([^=\n]+?)\s*=\s*([\w.]+)\s*:\s*([\w.]+)\s*$", section, re.MULTILINE)
    points = tuple(EntryPoint("inventree_plugins", *line) for line in lines)
    return Distribution(name, name.replace("_", "-").lower(), version, site, info, points)


def _differences(entry, found: Discovery):
    if len(found.plugins) != 1:
        yield "plugins", found.problems, entry["slug"]
        return
    plugin: Plugin = found.plugins[0]

    def own(field):
        return getattr(plugin, field) if plugin.origins.get(field) == "class" else None

    pairs = {
        "module": plugin.module,
        "class": plugin.class_name,
        "name": plugin.name,
        "slug": plugin.slug,
        "version_attr": own("version"),
        "min_version": plugin.min_version,
        "max_version": plugin.max_version,
        "mixins": list(plugin.mixins),
        **{field: own(field) for field in ("title", "author", "description", "website", "license")},
    }
    for field, value in pairs.items():
        if value != entry[field]:
            yield field, value, entry[field]
    if own("pub_date") != (entry["publish_date"] and entry["publish_date"][:10]):
        yield "publish_date", own("pub_date"), entry["publish_date"]
    if list(plugin.settings) != (entry["settings_keys"] or []):
        yield "settings_keys", plugin.settings, entry["settings_keys"]
    for field, value in entry["effective"].items():
        # The server finds less than the owning distribution tells: its look-up goes by other names (SPEC §2).
        if value is not None and getattr(plugin, field) != value:
            yield f"effective {field}", getattr(plugin, field), value
    loads = entry["ep_loadable"] is not False
    if [problem.code for problem in plugin.problems] != ([] if loads else ["entry-point-unresolved"]):
        yield "ep_loadable", plugin.problems, entry["ep_loadable"]


def test_every_field_of_every_package(corpus):
    different = []
    for entry, site in corpus:
        found = discover(Places(distributions=(_distribution(site),), import_path=(site,)))
        for field, value, expected in _differences(entry, found):
            different.append(entry["package"])
            print(f"{entry['package']}: {field}: {value!r}, the table says {expected!r}")
    print(f"{len(corpus) - len(set(different))} of {len(corpus)} packages agree")
    assert not different
