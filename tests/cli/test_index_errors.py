"""Why a requirement could not be installed, in one sentence, against package indexes on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from importlib.metadata import distribution, version

import pytest

from tests.builders import build_wheel, install_folder
from tests.package_index import FaultyIndex, PackageIndex, digest_of, only_from_indexes

INSTALLER = "pip"

HEADER = "#include <zzz/missing.h>\n"
GOOD = "int nothing;\n"
SETUP = """
from setuptools import Extension, setup
setup(ext_modules=[Extension("_native", ["native.c"])])
"""
PYPROJECT = """
[build-system]
requires = {requires}
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "1.0"
"""


@pytest.fixture
def stock(instance, monkeypatch):
    """An instance with `alpha` in the folder of wheels, which only an index can bring it."""
    only_from_indexes(monkeypatch)
    instance.wheel("alpha")
    return instance


@pytest.fixture
def index(stock):
    with PackageIndex(stock.wheels) as index:
        yield index


@pytest.fixture
def faulty(stock):
    with FaultyIndex(stock.wheels) as index:
        yield index


def refusal(instance, url, *lines, line):
    """Install these lines of plugins.txt, in vain and without a trace, and return the one error."""
    text = "\n".join([f"--index-url {url}", "# what the server is to have", *lines, ""])
    instance.plugins_file.write_text(text)
    before = instance.installed()
    result = instance.run("install", "--json")
    (error,) = result.json["errors"]
    assert (result.code, result.json["status"], result.json["changed"]) == (1, "error", False)
    assert result.err == ""
    assert instance.installed() == before
    assert instance.plugins_file.read_text() == text
    assert not instance.store.exists()
    assert error["line"] == line
    if line is not None:
        assert error["path"] == str(instance.plugins_file)
        assert f"(`plugins.txt` line {line})" in error["message"]
    assert "\n" not in error["message"]
    assert error["hint"]
    return error


def said(error):
    """Return the sentence without the line of plugins.txt."""
    return error["message"].partition(" (`plugins.txt`")[0]


def test_people_get_the_same_sentence_and_the_hint(stock, index):
    error = refusal(stock, index.url, "inventree-alpha", "inventree-nowhere>=1  # what?", line=4)
    assert (error["code"], said(error)) == (
        "install-not-found",
        "no package for `inventree-nowhere>=1` was found",
    )
    result = stock.run("install")
    assert (result.code, result.out) == (1, "")
    assert f"error: {error['message']}" in result.err
    assert f"hint: {error['hint']}" in result.err


def test_a_version_that_the_index_does_not_have(stock, index):
    stock.wheel("alpha", "1.1")
    error = refusal(stock, index.url, "inventree-alpha>=2", line=3)
    assert error["code"] == "install-no-version"
    assert said(error) == "no version satisfies `inventree-alpha>=2`; available: 1.0, 1.1"


def test_a_package_for_another_python_whose_file_says_so(stock, index):
    stock.wheel("future", metadata={"Requires-Python": ">=3.99"})
    error = refusal(stock, index.url, "inventree-alpha", "inventree-future", line=4)
    ours = ".".join(map(str, sys.version_info[:3]))
    assert error["code"] == "install-no-version"
    assert said(error) == f"`inventree-future` needs Python >=3.99, and the target has {ours}"


def test_a_package_for_another_python_whose_page_says_so(stock, faulty):
    stock.wheel("future", metadata={"Requires-Python": ">=3.99"})
    error = refusal(stock, faulty.url, "inventree-alpha", "inventree-future", line=4)
    assert error["code"] == "install-no-version"
    assert said(error) == "no version of `inventree-future` supports the target's Python"
    assert "1.0 Requires-Python >=3.99" in error["detail"]


def test_wheels_for_other_platforms_only(stock, index):
    stock.wheel("native", tag="cp311-cp311-win_amd64")
    error = refusal(stock, index.url, "inventree-native", line=3)
    assert error["code"] == "install-no-wheel"
    assert said(error) == (
        "no wheel of `inventree-native` is for the target's Python and platform, and there is no source"
        " archive; there are: cp311-cp311-win_amd64"
    )


def test_a_dependency_that_is_not_there(stock, index):
    stock.wheel("needy", requires=["nowhere>=2"])
    error = refusal(stock, index.url, "inventree-alpha", "inventree-needy", line=4)
    assert error["code"] == "install-not-found"
    assert said(error) == "no package for `nowhere>=2`, which `inventree-needy` needs, was found"


def test_two_plugins_that_exclude_each_other(stock, index):
    for number in ("1.0", "2.0"):
        build_wheel(stock.wheels, "shared", number)
    stock.wheel("old", requires=["shared<2"])
    stock.wheel("new", requires=["shared>=2"])
    error = refusal(stock, index.url, "inventree-alpha", "inventree-old", "inventree-new", line=4)
    assert error["code"] == "install-conflict"
    assert said(error) == (
        "`inventree-old` and `inventree-new` cannot be installed together:"
        " inventree-old 1.0 depends on shared<2; inventree-new 1.0 depends on shared>=2"
    )


@pytest.fixture
def served(stock):
    """A server's Django 5.2.1 stands in the environment, and the index has others."""
    site = next(stock.environment.glob("lib/python*/site-packages"))
    info = install_folder(site, "Django", "5.2.1")
    (info / "RECORD").write_text("".join(f"{info.name}/{name},,\n" for name in ("METADATA", "RECORD")))
    for number in ("4.2.9", "6.0"):
        build_wheel(stock.wheels, "Django", number)
    return stock


@pytest.mark.parametrize("wanted", ["Django<5", "Django>=6"])
def test_a_plugin_that_would_change_the_servers_django(served, index, wanted):
    served.wheel("foo", requires=[wanted])
    error = refusal(served, index.url, "inventree-alpha", "inventree-foo", line=4)
    assert error["code"] == "install-host-conflict"
    assert said(error) == f"`inventree-foo` needs `{wanted}`, and the server has Django 5.2.1"
    assert "--allow-host-changes" in error["hint"]


def test_a_plugin_that_needs_what_would_change_the_servers_django(served, index):
    build_wheel(served.wheels, "between", "1.0", requires=["Django<5"])
    served.wheel("foo", requires=["between"])
    error = refusal(served, index.url, "inventree-alpha", "inventree-foo", line=4)
    assert error["code"] == "install-host-conflict"
    assert said(error) == (
        "`between`, which `inventree-foo` needs, needs `Django<5`, and the server has Django 5.2.1"
    )


def test_only_the_guilty_one_is_named_of_two_that_need_what_the_server_has(served, index):
    served.wheel("good", requires=["Django>=5"])
    served.wheel("bad", requires=["Django<5"])
    error = refusal(served, index.url, "inventree-good", "inventree-bad", line=4)
    assert said(error) == "`inventree-bad` needs `Django<5`, and the server has Django 5.2.1"


def test_a_plugin_against_the_constraints_of_plugins_txt(stock, index):
    for number in ("1.0", "2.0"):
        build_wheel(stock.wheels, "shared", number)
    stock.wheel("old", requires=["shared<2"])
    (stock.folder / "constraints.txt").write_text("shared>=2,<3\n")
    error = refusal(stock, index.url, "-c constraints.txt", "inventree-alpha", "inventree-old", line=5)
    assert error["code"] == "install-conflict"
    assert said(error) == "`inventree-old` needs `shared<2`, and the constraints allow only `shared<3,>=2`"
    assert "`-c`" in error["hint"]


def test_a_file_without_the_declared_hash(stock, index):
    error = refusal(stock, index.url, f"inventree-alpha==1.0 --hash=sha256:{'0' * 64}", line=3)
    assert error["code"] == "install-hash-mismatch"
    assert said(error) == "the file for `inventree-alpha==1.0` does not have the declared hash"
    good = digest_of(stock.wheels / "inventree_alpha-1.0-py3-none-any.whl")
    stock.plugins_file.write_text(f"--index-url {index.url}\ninventree-alpha==1.0 --hash=sha256:{good}\n")
    assert stock.run("install").code == 0


def test_a_file_without_the_hash_that_the_index_tells(stock, faulty):
    faulty.misbehave("corrupt", at=".whl")
    error = refusal(stock, faulty.url, "inventree-alpha", line=3)
    assert error["code"] == "install-hash-mismatch"
    assert said(error) == "the file for `inventree-alpha` does not have the hash that the index tells"


PAGE = "`inventree-alpha` could not be looked up: `127.0.0.1` "
FILE = "`inventree-alpha` could not be fetched: `127.0.0.1` "


@pytest.mark.parametrize(
    ("fault", "at", "sentence", "hint"),
    [
        (401, "/simple/", f"{PAGE}answered with HTTP status 401", "netrc"),
        (403, "/simple/", f"{PAGE}answered with HTTP status 403", "netrc"),
        (500, "/simple/", f"{PAGE}answered with HTTP status 500", "later"),
        ("close", "/simple/", f"{PAGE}broke off the connection", "proxy"),
        ("silence", "/simple/", f"{PAGE}did not answer in time", "network"),
        (401, ".whl", f"{FILE}answered with HTTP status 401", "netrc"),
        (403, ".whl", f"{FILE}answered with HTTP status 403", "netrc"),
        (404, ".whl", f"{FILE}answered with HTTP status 404", "later"),
        (500, ".whl", f"{FILE}answered with HTTP status 500", "later"),
        ("close", ".whl", f"{FILE}broke off the connection", "proxy"),
        ("silence", ".whl", f"{FILE}did not answer in time", "network"),
    ],
)
def test_an_index_that_fails(stock, faulty, fault, at, sentence, hint):
    faulty.misbehave(fault, at=at)
    error = refusal(stock, faulty.url, "inventree-alpha", line=3)
    assert (error["code"], said(error)) == ("install-network", sentence)
    assert hint in error["hint"]
    assert faulty.connections > 0


def test_an_index_that_sends_half_a_file(stock, faulty):
    faulty.misbehave("half", at=".whl")
    error = refusal(stock, faulty.url, "inventree-alpha", line=3)
    expected = ("install-network", f"{FILE}sent only a part of the file")
    if int(version("pip").partition(".")[0]) < 25:
        # It takes half a file for another one.
        told = "the file for `inventree-alpha` does not have the hash that the index tells"
        expected = ("install-hash-mismatch", told)
    assert (error["code"], said(error)) == expected
    assert "again" in error["hint"]


def test_an_index_without_the_page(stock, faulty):
    faulty.misbehave(404, at="/simple/")
    error = refusal(stock, faulty.url, "inventree-alpha", line=3)
    assert (error["code"], said(error)) == (
        "install-not-found",
        "no package for `inventree-alpha` was found",
    )


def test_an_index_where_nobody_listens(stock):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    error = refusal(stock, f"http://127.0.0.1:{port}/simple/", "inventree-alpha", line=3)
    assert (error["code"], said(error)) == ("install-network", f"{PAGE}cannot be reached")


def test_one_of_two_indexes_fails(stock, index, faulty):
    """What the other one has must not hide that this one could not be asked."""
    faulty.misbehave(500)
    error = refusal(stock, index.url, f"--extra-index-url {faulty.url}", "inventree-nowhere", line=4)
    assert error["code"] == "install-network"
    assert said(error) == (
        "`inventree-nowhere` could not be looked up: `127.0.0.1` answered with HTTP status 500"
    )


@pytest.fixture
def sources(stock):
    """Return a function that puts a plugin with C sources on the index, where setuptools lies as well."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    wheel_of_installed(stock.wheels, "setuptools")

    def build(index, code, requires='["setuptools"]'):
        pyproject = PYPROJECT.format(name="inventree-native", requires=requires)
        files = {"pyproject.toml": pyproject, "setup.py": SETUP, "native.c": code}
        index.sdist("inventree_native", files=files)

    return build


def wheel_of_installed(folder, name):
    """Make a wheel of what is installed beside the tests: a real build back end without a network."""
    found = distribution(name)
    path = folder / f"{name}-{found.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in found.files:
            if ".." not in file.parts and file.suffix != ".pyc":
                archive.write(found.locate_file(file), str(file))


def test_a_build_without_a_header(stock, index, sources, monkeypatch):
    monkeypatch.setenv("CC", "gcc")
    sources(index, HEADER)
    error = refusal(stock, index.url, "inventree-alpha", "inventree-native", line=4)
    assert error["code"] == "install-build-failed"
    assert said(error) == "`inventree-native` could not be built: the header `zzz/missing.h` is missing"
    assert "zzz/missing.h: No such file or directory" in error["detail"]
    assert "-dev" in error["hint"]


def test_a_build_without_a_compiler(stock, index, sources, monkeypatch):
    monkeypatch.setenv("CC", "/nonexistent/gcc")
    sources(index, GOOD)
    error = refusal(stock, index.url, "inventree-native", line=3)
    assert error["code"] == "install-build-failed"
    assert said(error) == "`inventree-native` could not be built: the compiler `/nonexistent/gcc` is missing"
    assert "build-essential" in error["hint"]


def test_a_build_that_needs_what_is_not_there(stock, index, sources):
    sources(index, GOOD, requires='["setuptools", "no-such-builder>=2"]')
    stock.wheel("parent", requires=["inventree-native"])
    error = refusal(stock, index.url, "inventree-alpha", "inventree-parent", line=4)
    assert error["code"] == "install-build-failed"
    assert said(error) == (
        "`inventree-native`, which `inventree-parent` needs, could not be built: of what its build needs,"
        " no package for `no-such-builder>=2` was found"
    )


def test_a_full_disk(stock, index, tmp_path):
    """Temporary files lie on a disk of a quarter of a megabyte, which is gone with the process."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    script = 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"'
    try:
        subprocess.run([*mounted, script, str(small), "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    stock.wheel("large", modules={"large.py": "#" * 1_000_000})
    text = f"--index-url {index.url}\ninventree-alpha\ninventree-large\n"
    stock.plugins_file.write_text(text)
    program = [sys.executable, "-m", "inventree_plugins", "--python", str(stock.environment)]
    done = subprocess.run(
        [*mounted, script, str(small), *program, "install", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(small)},
    )
    assert (done.returncode, done.stderr) == (1, "")
    (error,) = json.loads(done.stdout)["errors"]
    assert (error["code"], error["message"]) == ("install-no-space", "no space is left on the device")
    assert "TMPDIR" in error["hint"]
    assert (stock.installed(), stock.plugins_file.read_text()) == ([], text)
    assert stock.run("install").code == 0
    assert len(stock.installed()) == 2
