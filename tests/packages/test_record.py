"""Which files are a distribution's own, whatever its RECORD says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inventree_plugins.errors import InstallError
from inventree_plugins.models import Interpreter
from inventree_plugins.packages import (
    InstallRequest,
    base_of,
    files_of,
    has_record,
    installed_distributions,
    installer_of,
    is_within,
    unlisted_files,
)
from tests.builders import build_wheel, install_folder


@pytest.fixture
def prefix(tmp_path):
    return tmp_path / "env"


@pytest.fixture
def site(prefix):
    return prefix / "lib" / "python3.11" / "site-packages"


@pytest.fixture
def installed(site):
    """Return a function that installs `foo` with these lines of RECORD and files, and its distribution."""

    def install(record: str | bytes | None, *files: str):
        info = install_folder(site, "foo", "1.0")
        for name in files:
            path = Path(os.path.normpath(site / name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        if record is not None:
            (info / "RECORD").write_bytes(record if isinstance(record, bytes) else record.encode())
        return next(each for each in installed_distributions([site]) if each.key == "foo")

    return install


def names(site, files):
    return sorted(os.path.relpath(path, site) for path in files)


INFO = ["foo-1.0.dist-info/METADATA", "foo-1.0.dist-info/RECORD"]


def test_what_pip_installs_is_found_to_the_last_file(target, wheels, offline):
    build_wheel(
        wheels,
        "foo",
        "1.0",
        modules={
            "foo/__init__.py": "",
            "foo/deep/data.txt": "",
            "foo-1.0.data/scripts/foo-tool": "#!python\n",
            "foo-1.0.data/data/share/foo.txt": "",
        },
    )
    before = {str(path) for path in target.interpreter.prefix.rglob("*") if not path.is_dir()}
    target.install(InstallRequest(requirements=("foo",), options=offline))
    (distribution,) = target.distributions()
    after = {str(path) for path in target.interpreter.prefix.rglob("*") if not path.is_dir()}
    assert {str(path) for path in files_of(distribution)} == after - before
    assert any(path.name == "foo-tool" for path in files_of(distribution))
    assert installer_of(distribution) == "pip"


def test_bytecode_of_its_modules_is_its_own(site, installed):
    distribution = installed(
        "foo/__init__.py,,\nfoo/core.py,,\nfoo/data.pyx,,\n",
        "foo/__init__.py",
        "foo/core.py",
        "foo/data.pyx",
        "foo/__pycache__/core.cpython-311.pyc",
        "foo/__pycache__/core.cpython-39.opt-1.pyc",
        "foo/__pycache__/core_extra.cpython-311.pyc",
        "foo/__pycache__/core.cpython-311.txt",
        "foo/__pycache__/data.cpython-311.pyc",
    )
    assert names(site, files_of(distribution)) == [
        *INFO,
        "foo/__init__.py",
        "foo/__pycache__/core.cpython-311.pyc",
        "foo/__pycache__/core.cpython-39.opt-1.pyc",
        "foo/core.py",
        "foo/data.pyx",
    ]


def test_files_of_its_info_folder_are_its_own_though_unlisted(site, installed):
    distribution = installed("", "foo-1.0.dist-info/licenses/LICENSE", "other.py")
    assert names(site, files_of(distribution)) == [*INFO, "foo-1.0.dist-info/licenses/LICENSE"]


def test_names_with_commas_and_quotes(site, installed):
    distribution = installed('"foo/a,b.txt",,\n"foo/a""b.txt",,\n', "foo/a,b.txt", 'foo/a"b.txt')
    assert names(site, files_of(distribution))[len(INFO) :] == ['foo/a"b.txt', "foo/a,b.txt"]


@pytest.mark.parametrize("line", ["../../../bin/tool", "{prefix}/bin/tool"])
def test_scripts_of_the_environment_are_its_own(site, prefix, installed, line):
    distribution = installed(f"{line.format(prefix=prefix)},,\n", "../../../bin/tool")
    assert prefix / "bin" / "tool" in files_of(distribution)


@pytest.mark.parametrize("line", ["../../../../precious", "{outside}", "/etc/passwd", "../../../../env2/x"])
def test_a_file_outside_the_environment_is_not_its_own(site, tmp_path, installed, line):
    outside = tmp_path / "precious"
    distribution = installed(
        f"{line.format(outside=outside)},,\n", "../../../../precious", "../../../../env2/x"
    )
    assert names(site, files_of(distribution)) == INFO


@pytest.mark.parametrize("line", [".", "./", "foo", "foo/", "../site-packages", "../../..", ""])
def test_a_folder_is_not_its_own(site, installed, line):
    """Or all that others put there would go with it."""
    distribution = installed(f"{line},,\n", "foo/__init__.py", "other/__init__.py")
    assert names(site, files_of(distribution)) == INFO


def test_a_link_is_followed_by_nobody(site, tmp_path, installed):
    distribution = installed("foo/inside/precious,,\nfoo/link,,\nfoo/own.py,,\n", "foo/own.py")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("")
    (site / "foo" / "inside").symlink_to(outside)
    (site / "foo" / "link").symlink_to(outside)
    assert names(site, files_of(distribution))[len(INFO) :] == ["foo/link", "foo/own.py"]


def test_an_environment_that_is_reached_by_a_link(prefix, site, tmp_path, installed):
    installed("foo/own.py,,\n../../../bin/tool,,\n", "foo/own.py", "../../../bin/tool")
    link = tmp_path / "link"
    link.symlink_to(prefix)
    seen = link / site.relative_to(prefix)
    (distribution,) = installed_distributions([seen])
    assert names(seen, files_of(distribution)) == ["../../../bin/tool", *INFO, "foo/own.py"]


def test_site_packages_that_are_a_link(prefix, site, tmp_path, installed):
    installed("foo/own.py,,\n", "foo/own.py")
    moved = tmp_path / "disk2"
    site.rename(moved)
    site.symlink_to(moved)
    (distribution,) = installed_distributions([site])
    assert names(site, files_of(distribution)) == [*INFO, "foo/own.py"]


@pytest.mark.parametrize("record", [None, b'"' + b"x" * 200_000])
def test_without_a_list_nothing_is_guessed(installed, record):
    distribution = installed(record, "foo.py")
    with pytest.raises(InstallError, match="`foo` cannot be removed: it has no list of its files"):
        files_of(distribution)
    assert has_record(distribution) is (record is not None)


def test_bytes_that_are_no_text_name_no_file(site, installed):
    distribution = installed(b"foo\xff.py,,\nown.py,,\n", "own.py")
    assert "own.py" in names(site, files_of(distribution))


def test_an_egg_has_no_record(site):
    folder = site / "old.egg-info"
    folder.mkdir(parents=True)
    (folder / "PKG-INFO").write_text("Name: old\nVersion: 1\n")
    (folder / "RECORD").write_text("old.py,,\n")
    (distribution,) = installed_distributions([site])
    assert has_record(distribution) is False


@pytest.mark.parametrize(
    ("location", "base"),
    [
        ("/env/lib/python3.11/site-packages", "/env"),
        ("/env/lib64/python3.11/site-packages", "/env"),
        ("/usr/lib/python3/dist-packages", "/usr"),
        ("/env/lib/pypy3.10/site-packages", "/env"),
        ("/srv/plugins", "/srv/plugins"),
        ("/python/x", "/python/x"),
    ],
)
def test_where_scripts_lie(location, base):
    assert base_of(Path(location)) == Path(base)


def test_whose_it_is_depends_on_the_environment(prefix, site, tmp_path, installed):
    distribution = installed("")
    own = Interpreter(prefix / "bin/python", prefix, "3.11.0", "cpython", (site,), site)
    other = own._replace(prefix=tmp_path / "other")
    for each in (own, other):
        each.prefix.mkdir(exist_ok=True)
        (each.prefix / "pyvenv.cfg").write_text("")
    assert (is_within(distribution, own), is_within(distribution, other)) == (True, False)
    # Outside virtual environments a user's own site counts too.
    (other.prefix / "pyvenv.cfg").unlink()
    assert is_within(distribution, other) is True


@pytest.mark.parametrize(("text", "name"), [("pip\n", "pip"), ("UV", "uv"), ("", None), (None, None)])
def test_which_program_installed_it(installed, text, name):
    distribution = installed("")
    if text is not None:
        (distribution.info / "INSTALLER").write_text(text)
    assert installer_of(distribution) == name


def test_files_that_others_put_into_its_packages(site, installed):
    distribution = installed(
        "foo/__init__.py,,\nfoo/core.py,,\nspace/foo/__init__.py,,\n",
        "foo/__init__.py",
        "foo/core.py",
        "foo/cache/a",
        "foo/b",
        "foo/__pycache__/gone.cpython-311.pyc",
        # Not its own: a package of somebody else, and a namespace.
        "other/__init__.py",
        "space/foo/__init__.py",
        "space/other/__init__.py",
    )
    assert unlisted_files(distribution) == {site / "foo": 2}
