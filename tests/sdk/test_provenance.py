"""What stands in for attributes that a class does not give: its distribution, else git."""

from __future__ import annotations

import subprocess
import sys

PLUGIN = "from inventree_plugins.sdk import InvenTreePlugin\nclass P(InvenTreePlugin):\n    NAME = 'p'\n"
SHOW = "p = P()\nprint([p.author, p.version, p.description, p.website, str(p.pub_date)])\n"


def run(code, folder, *paths):
    """Let a Python of its own run code, with more places to import from."""
    before = "".join(f"import sys; sys.path.insert(0, {str(path)!r})\n" for path in paths)
    done = subprocess.run(
        [sys.executable, "-c", before + code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


def committed(folder, author, day="2024-05-06T12:00:00"):
    folder.mkdir(exist_ok=True)
    (folder / "here.py").write_text(PLUGIN)
    for command in (
        ["init", "-q"],
        ["add", "here.py"],
        [*("-c", f"user.name={author}", "-c", "user.email=a@b.c"), *("commit", "-qm", "x"), f"--date={day}"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def distribution(site, name, version, **files):
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    more = "Summary: Counts\nAuthor-email: Bo <b@x>\nProject-URL: Home, https://acme.example\n"
    (info / "METADATA").write_text(metadata + more)
    for file, text in files.items():
        (info / (file if file.isupper() else f"{file}.txt")).write_text(text)
    return info


def entry(target):
    return f"[inventree_plugins]\np = {target}\n"


def test_git_stands_in_for_a_plugin_of_a_folder(tmp_path):
    folder = committed(tmp_path / "repository", "Ada")
    assert run(f"from here import P\n{SHOW}", folder) == "['Ada', None, 'p', None, '2024-05-06']\n"


def test_modules_of_one_name_have_facts_of_their_own(tmp_path):
    one, two = committed(tmp_path / "one", "Ada"), committed(tmp_path / "two", "Bob")
    code = f"""import importlib, sys
def load(folder):
    sys.modules.pop("here", None)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    found = importlib.import_module("here").P()
    sys.path.remove(folder)
    return found
print(load({str(one)!r}).author, load({str(two)!r}).author)
"""
    assert run(code, tmp_path) == "Ada Bob\n"


def test_the_distribution_stands_in_for_an_installed_plugin(tmp_path):
    site = tmp_path / "site-packages"
    distribution(site, "acme_plugin", "3.1", top_level="acme\n")
    (site / "acme.py").write_text(PLUGIN)
    shown = run(
        f"from acme import P\n{SHOW}print(p.is_package, p.package_name, p.is_editable())", tmp_path, site
    )
    expected = "['Bo <b@x>', '3.1', 'Counts', 'https://acme.example', 'None']\nTrue acme-plugin False\n"
    assert shown == expected


def test_the_distribution_stands_in_for_one_that_is_linked_to_its_source(tmp_path):
    site, source = tmp_path / "site-packages", committed(tmp_path / "src", "Ada")
    distribution(site, "acme_plugin", "3.1", entry_points=entry("here:P"))
    shown = run(f"from here import P\n{SHOW}print(p.is_package, p.is_editable())", tmp_path, site, source)
    assert shown == "['Bo <b@x>', '3.1', 'Counts', 'https://acme.example', '2024-05-06']\nTrue True\n"


def test_of_two_that_share_a_package_the_owner_of_the_entry_point_tells(tmp_path):
    site = tmp_path / "site-packages"
    for name, part in (("aa", "one"), ("bb", "two")):
        folder = site / "ns" / part
        folder.mkdir(parents=True)
        (folder / "core.py").write_text(PLUGIN)
        (folder / "__init__.py").write_text("from .core import P\n")
        target = f"ns.{part}:P"
        record = f"ns/{part}/core.py,,\n"
        distribution(site, name, "1" if part == "one" else "2", entry_points=entry(target), RECORD=record)
    assert run("from ns.two import P\nprint(P().version)", tmp_path, site) == "2\n"
    assert run("from ns.one import P\nprint(P().version)", tmp_path, site) == "1\n"
    # Imported from where it is defined, without the module that the entry point names.
    (site / "ns" / "two" / "__init__.py").write_text("")
    assert run("from ns.two.core import P\nprint(P().version)", tmp_path, site) == "2\n"


def test_a_strangers_broken_distribution_does_no_harm(tmp_path):
    site = tmp_path / "site-packages"
    bad = distribution(site, "aa_bad", "1")
    (bad / "METADATA").write_bytes(b"Name: aa-bad\nVersion: 1\nSummary: \xe9\n")
    (bad / "entry_points.txt").write_bytes(b"[inventree_plugins\n\xe9 =\n")
    odd = distribution(site, "aa_odd", "1", entry_points="[inventree_plugins]\nx = ???\ny\n")
    (odd / "METADATA").unlink()
    (odd / "RECORD").write_bytes(b"\xe9,,\n")
    (site / "aa_empty-1.dist-info").mkdir()
    distribution(site, "good", "3.1", top_level="acme\n")
    (site / "acme.py").write_text(PLUGIN)
    assert "'3.1', 'Counts'" in run(f"from acme import P\n{SHOW}", tmp_path, site)


def test_a_broken_distribution_of_its_own_tells_nothing(tmp_path):
    site = tmp_path / "site-packages"
    info = distribution(site, "acme", "3.1", entry_points=entry("acme:P"))
    (info / "METADATA").write_bytes(b"Name: acme\nVersion: 1\nSummary: \xe9\n")
    (site / "acme.py").write_text(PLUGIN)
    assert run(f"from acme import P\n{SHOW}", tmp_path, site) == "[None, None, 'p', None, 'None']\n"
