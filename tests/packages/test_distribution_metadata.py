from __future__ import annotations

import json

import pytest

from inventree_plugins.packages import (
    DirectUrl,
    direct_url,
    installed_distributions,
    read_direct_url,
    read_metadata,
)
from tests.builders import install_folder


def metadata_of(site, text):
    info = install_folder(site, "foo", "1.0")
    (info / "METADATA").write_bytes(text.encode() if isinstance(text, str) else text)
    (distribution,) = installed_distributions([site])
    return read_metadata(distribution)


def test_reads_the_headers_and_stops_at_the_body(tmp_path):
    found = metadata_of(
        tmp_path,
        "Name: foo\r\nSummary: A: b\r\nAuthor: Ann\r\nAuthor-Email: Ann <a@b.c>\r\nRequires-Dist: bar>=1\r\n"
        "Requires-Dist: baz; extra == 'x'\r\n\r\nLicense: none\r\nHome-page: none\r\n",
    )
    assert (found.summary, found.author, found.author_email) == ("A: b", "Ann", "Ann <a@b.c>")
    assert found.requires_dist == ("bar>=1", "baz; extra == 'x'")
    assert (found.license, found.website) == (None, None)


def test_unknown_and_absent_are_none(tmp_path):
    found = metadata_of(
        tmp_path, "Name: foo\nSummary: UNKNOWN\nHome-page: UNKNOWN\nLicense: UNKNOWN\nAuthor:\n"
    )
    assert (found.summary, found.website, found.license, found.author, found.requires_dist) == (None,) * 4 + (
        (),
    )


@pytest.mark.parametrize(
    ("text", "website"),
    [
        ("Project-URL: Source, https://s\nHome-page: https://h\n", "https://h"),
        ("Project-URL: Source, https://s\nProject-URL: Home Page, https://h\n", "https://h"),
        ("Project-URL: Docs, https://d\nProject-URL: Repository, https://s\n", "https://s"),
        ("Project-URL: Docs, https://d\nProject-URL: Other, https://o\n", "https://d"),
    ],
)
def test_website(tmp_path, text, website):
    assert metadata_of(tmp_path, text).website == website


@pytest.mark.parametrize(
    ("text", "license_"),
    [
        ("License: MIT\nLicense-Expression: Apache-2.0\n", "Apache-2.0"),
        ("License: MIT\nClassifier: License :: OSI Approved :: BSD License\n", "MIT"),
        ("Classifier: License :: OSI Approved :: BSD License\n", "BSD License"),
        ("License: The MIT License\n        Permission is hereby\nClassifier: License :: X :: MIT\n", "MIT"),
        ("License: The MIT License\n        \n        Permission is hereby\n", "The MIT License"),
    ],
)
def test_license(tmp_path, text, license_):
    assert metadata_of(tmp_path, text).license == license_


def test_bad_bytes_do_not_stop_it(tmp_path):
    assert metadata_of(tmp_path, b"Summary: caf\xe9\nAuthor: Ann\n").author == "Ann"


def test_reads_the_requirements_of_an_old_egg(tmp_path):
    egg = tmp_path / "foo.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Name: foo\nVersion: 1.0\n")
    (egg / "requires.txt").write_text(
        "bar>=1\n\n[:python_version < '3']\nold\n\n[x]\nbaz\n\n[y:os_name == 'nt']\nwin\n"
    )
    (distribution,) = installed_distributions([tmp_path])
    assert read_metadata(distribution).requires_dist == (
        "bar>=1",
        "old ; (python_version < '3')",
        'baz ; extra == "x"',
        "win ; (os_name == 'nt') and extra == \"y\"",
    )


@pytest.mark.parametrize(
    ("data", "expected", "text"),
    [
        (
            {
                "url": "https://user:pass@host/x.git",
                "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "abc"},
                "subdirectory": "s",
            },
            DirectUrl("https://host/x.git", vcs="git", revision="v1", commit="abc", subdirectory="s"),
            "git+https://host/x.git@abc",
        ),
        (
            {"url": "file:///srv/foo", "dir_info": {"editable": True}},
            DirectUrl("file:///srv/foo", editable=True, folder=True),
            "file:///srv/foo",
        ),
        ({"url": 3}, None, None),
        ([], None, None),
    ],
)
def test_reads_where_it_came_from(tmp_path, data, expected, text):
    info = install_folder(tmp_path, "foo", "1.0")
    (distribution,) = installed_distributions([tmp_path])
    assert (read_direct_url(distribution), direct_url(distribution)) == (None, None)
    (info / "direct_url.json").write_text(json.dumps(data))
    assert (read_direct_url(distribution), direct_url(distribution)) == (expected, text)
