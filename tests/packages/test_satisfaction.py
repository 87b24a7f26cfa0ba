from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from inventree_plugins.models import Interpreter
from inventree_plugins.packages import installed_distributions, unmet
from inventree_plugins.requirements import PluginsFile, declarations
from tests.builders import install_folder


def interpreter_of(site, version="3.11.7"):
    return Interpreter(Path(sys.executable), site, version, "cpython", (site,), site)


@pytest.fixture
def missing(tmp_path):
    """Return what is unmet of a plugins.txt, given what a test installed into `tmp_path`."""

    def check(text, version="3.11.7"):
        declared = declarations(PluginsFile(tmp_path / "plugins.txt", text, exists=True))
        found = unmet(declared, installed_distributions([tmp_path]), interpreter_of(tmp_path, version))
        return [one.text for one in found]

    return check


def test_compares_names_and_versions(tmp_path, missing):
    install_folder(tmp_path, "Foo.Bar", "1.5")
    install_folder(tmp_path, "early", "2.0b1")
    install_folder(tmp_path, "local", "2.1+cpu")
    text = "foo_bar\nfoo-bar>=1\nfoo-bar==1.5.0\nfoo-bar<1.5\nabsent\nearly>=1\nearly>=2.0\nlocal==2.1\n"
    assert missing(text) == ["foo-bar<1.5", "absent", "early>=2.0"]


def test_a_version_that_is_none_satisfies_no_range(tmp_path, missing):
    install_folder(tmp_path, "foo", "2004d")
    assert missing("foo\nfoo>=1\n") == ["foo>=1"]


def test_markers_are_the_targets(tmp_path, missing):
    text = (
        "a; python_version<'3.10'\nb; python_full_version>='3.11.7'\n"
        "c; platform_python_implementation=='PyPy'\n"
    )
    assert missing(text) == ["b; python_full_version>='3.11.7'"]
    assert missing(text, "3.9.1") == ["a; python_version<'3.10'"]


def test_dependencies_count_all_the_way_down(tmp_path, missing):
    install_folder(tmp_path, "top", "1.0", requires=["mid>=1"])
    install_folder(
        tmp_path, "mid", "1.0", requires=["low>=2; python_version>'3'", "win; sys_platform=='win32'"]
    )
    assert missing("top\n") == ["top"]
    low = install_folder(tmp_path, "low", "1.0")
    assert missing("top\nlow\n") == ["top"]
    low.rename(tmp_path / "low-2.0.dist-info")
    assert missing("top\n") == []


def test_extras_count_when_asked_for(tmp_path, missing):
    install_folder(
        tmp_path,
        "foo",
        "1.0",
        requires=[
            'db; extra == "With_DB"',
            'both; python_version > "3" and extra=="with-db"',
            'no; extra=="other"',
        ],
        metadata={"Provides-Extra": "with-db"},
    )
    install_folder(tmp_path, "user", "1.0", requires=["foo[with-db]"])
    assert missing("foo\nfoo[with_db]\nuser\n") == ["foo[with_db]", "user"]
    install_folder(tmp_path, "db", "1.0")
    install_folder(tmp_path, "both", "1.0")
    assert missing("foo[with.db]\nuser\n") == []
    assert missing("foo[other]\n") == ["foo[other]"]


def test_a_condition_that_holds_without_its_extra_counts(tmp_path, missing):
    install_folder(tmp_path, "foo", "1.0", requires=['bar; python_version > "3" or extra == "x"'])
    assert missing("foo\n") == ["foo"]


def test_circular_dependencies_end(tmp_path, missing):
    install_folder(tmp_path, "a", "1.0", requires=["b[x]"])
    install_folder(tmp_path, "b", "1.0", requires=["a", "a[y]; extra == 'x'"])
    assert missing("a\nb\n") == []
    install_folder(tmp_path, "c", "1.0", requires=["a", "c[z]", "gone; extra == 'z'"])
    assert missing("a\nb\nc\n") == ["c"]


def test_a_failure_is_not_remembered_as_success(tmp_path, missing):
    install_folder(tmp_path, "a", "1.0", requires=["b", "gone"])
    install_folder(tmp_path, "b", "1.0", requires=["a"])
    assert missing("a\nb\na\n") == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("line", "recorded", "met"),
    [
        ("foo @ https://h/foo.zip", {"url": "https://h/foo.zip", "archive_info": {}}, True),
        ("foo @ https://u:p@h/foo.zip#sha256=aa", {"url": "https://h/foo.zip", "archive_info": {}}, True),
        ("foo @ https://h/foo2.zip", {"url": "https://h/foo.zip", "archive_info": {}}, False),
        ("foo @ https://h/foo.zip", None, False),
        ("foo", {"url": "https://h/foo.zip", "archive_info": {}}, True),
        ("git+https://h/x.git@v1#egg=foo", {"vcs": "v1"}, True),
        ("git+https://u:p@h/x.git@v1#egg=foo", {"vcs": "v1"}, True),
        ("git+https://h/x.git@feature/a#egg=foo", {"vcs": "feature/a"}, True),
        ("git+https://h/x.git@abc#egg=foo", {"vcs": None}, True),
        ("git+https://h/x.git#egg=foo", {"vcs": None}, True),
        ("git+https://h/x.git", {"vcs": None}, True),
        ("git+https://h/x.git#egg=foo", {"vcs": "v1"}, False),
        ("git+https://h/x.git@v2#egg=foo", {"vcs": "v1"}, False),
        ("git+https://h/y.git@v1#egg=foo", {"vcs": "v1"}, False),
        ("git+https://h/x.git@v1#egg=foo&subdirectory=s", {"vcs": "v1"}, False),
        ("-e git+https://h/x.git@v1#egg=foo", {"vcs": "v1"}, False),
    ],
)
def test_urls(tmp_path, missing, line, recorded, met):
    info = install_folder(tmp_path, "foo", "1.0")
    if recorded and "vcs" in recorded:
        revision = {"requested_revision": recorded["vcs"]} if recorded["vcs"] else {}
        recorded = {"url": "https://h/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc", **revision}}
    if recorded:
        (info / "direct_url.json").write_text(json.dumps(recorded))
    assert (missing(line) == []) is met


def test_paths_and_editables(tmp_path, missing):
    project = tmp_path / "my project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "foo"\n')
    info = install_folder(tmp_path, "foo", "1.0")
    record = {"url": project.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(record))
    assert missing(f"-e '{project}'\n-e './my project'\n") == []
    assert missing(f"{project}\n") == [str(project)]
    assert missing("-e ./other\n") == ["./other"]
    record["dir_info"] = {}
    (info / "direct_url.json").write_text(json.dumps(record))
    assert missing(f"{project}\n./my project[x]\n") == []


def test_an_editable_of_old_is_known_by_its_place(tmp_path):
    source = tmp_path / "src"
    (source / "foo.egg-info").mkdir(parents=True)
    (source / "foo.egg-info" / "PKG-INFO").write_text("Name: foo\nVersion: 1.0\n")
    text = "-e ./src#egg=foo\n-e ./src\n-e ./elsewhere\n"
    declared = declarations(PluginsFile(tmp_path / "plugins.txt", text, exists=True))
    found = unmet(declared, installed_distributions([source]), interpreter_of(source))
    assert [one.text for one in found] == ["./src#egg=foo", "./elsewhere"]


def test_two_hundred_distributions_are_checked_quickly(tmp_path, missing):
    for number in range(200):
        needs = [f"dist-{other}>=1.0,<3" for other in range(number + 1, min(number + 8, 200))]
        needs += [f'dev-{other}; extra == "dev"' for other in range(20)]
        install_folder(tmp_path, f"dist-{number}", "1.5", requires=needs)
    text = "".join(f"dist-{number}==1.5\n" for number in range(200))
    start = time.perf_counter()
    assert missing(text) == []
    assert time.perf_counter() - start < 1  # about 0.06 s on an idle machine
