"""Class, then distribution, then default; dates; and what the server's version changes."""

# The sources of plugins read best on one line.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from inventree_plugins.dates import iso_date

METADATA = """\
Summary: From the summary
Author: Somebody
Author-email: Somebody <some@example.org>
License: MIT
Home-page: https://example.org/home
"""


def test_everything_from_the_class(world):
    world.package("demo:Demo", metadata=METADATA)
    world.write(
        "site/demo.py",
        """
        from plugin import InvenTreePlugin

        class Demo(InvenTreePlugin):
            NAME = "Demo plugin"
            SLUG = "demo_slug"
            TITLE = "A title"
            DESCRIPTION = "A description"
            AUTHOR = "An author"
            VERSION = 1.5
            WEBSITE = "https://class.example.org"
            LICENSE = "GPL"
            PUBLISH_DATE = "2024-2-3"
            MIN_VERSION = "0.13.0"
            MAX_VERSION = "1.5"
        """,
    )
    plugin = world.plugin()
    fields = "slug name title description author version website license pub_date min_version max_version"
    assert [getattr(plugin, field) for field in fields.split()] == [
        "demo_slug", "Demo plugin", "A title", "A description", "An author", "1.5", "https://class.example.org",
        "GPL", "2024-02-03", "0.13.0", "1.5",
    ]  # fmt: skip
    assert set(plugin.origins.values()) == {"class"}
    assert sorted(plugin.origins) == [
        "author",
        "description",
        "license",
        "pub_date",
        "title",
        "version",
        "website",
    ]


def test_everything_from_the_distribution(world):
    world.package("demo:Demo", metadata=METADATA)
    world.write(
        "site/demo.py", "from plugin import InvenTreePlugin\nclass Demo(InvenTreePlugin):\n    SLUG = 'demo'"
    )
    plugin = world.plugin()
    assert (plugin.name, plugin.title, plugin.description) == ("Demo", "Demo", "From the summary")
    assert (plugin.author, plugin.version) == ("Somebody <some@example.org>", "3.2.1")
    assert (plugin.website, plugin.license, plugin.pub_date) == ("https://example.org/home", "MIT", None)
    assert plugin.origins == {
        "author": "distribution", "description": "distribution", "license": "distribution", "title": "default",
        "version": "distribution", "website": "distribution",
    }  # fmt: skip


def test_unknown_value_gets_no_fallback(world, codes):
    world.package("demo:Demo", metadata=METADATA)
    world.write(
        "site/demo.py",
        "from plugin import InvenTreePlugin\nfrom toml import load\nclass Demo(InvenTreePlugin):\n"
        "    NAME = 'demo'\n    VERSION = load('x')['version']",
    )
    plugin = world.plugin()
    assert (plugin.version, codes(plugin.problems)) == (None, ["unknown-value"])
    assert "version" not in plugin.origins


def test_nothing_at_all(world, plugin_text):
    world.directory()
    world.write("plugins/demo.py", plugin_text)
    plugin = world.plugin()
    assert (plugin.title, plugin.description, plugin.author, plugin.version) == ("Demo", "Demo", None, None)
    assert plugin.origins == {"title": "default", "description": "default"}


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-12-28", "2024-12-28"),
        ("2026-05-30:00:00", "2026-05-30"),
        ("2024-12-28T10:11:12+01:00", "2024-12-28"),
        ("2024-12-28 10:11", "2024-12-28"),
        ("20241228", "2024-12-28"),
        ("2024/1/2", "2024-01-02"),
        ("28.12.2024", "2024-12-28"),
        ("28/12/2024", "2024-12-28"),
        ("12/28/2024", "2024-12-28"),
        ("December 28, 2024", "2024-12-28"),
        ("28 Dec 2024", "2024-12-28"),
        ("Dec. 28th, 2024", "2024-12-28"),
        ("02/03/2024", None),
        ("2024-02-30", None),
        ("2024", None),
        ("soon", None),
        ("Foo 12, 2024", None),
    ],
)
def test_date_formats(world, codes, text, date):
    assert iso_date(text) == date
    plugin = world.body(f"PUBLISH_DATE = {text!r}")
    assert plugin.pub_date == date
    assert codes(plugin.problems) == ([] if date else ["unreadable-date"])
