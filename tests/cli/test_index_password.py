"""An index that wants a password gets it, and nobody else does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.package_index import FaultyIndex, PackageIndex, only_from_indexes

INSTALLER = "pip"

USER = "inventree"
# Each of its signs means something in a URL, or in a file of requirements.
PASSWORD = "s3cr3t:p@ss/w#rd"
QUOTED = quote(PASSWORD, safe="")
WAYS = [(), ("--verbose",), ("--json",), ("--verbose", "--json")]


@pytest.fixture
def stock(instance, monkeypatch):
    """An instance with `alpha` in the folder of wheels, which only an index can bring it."""
    only_from_indexes(monkeypatch)
    instance.wheel("alpha")
    return instance


@pytest.fixture
def index(stock):
    with PackageIndex(stock.wheels, user=USER, password=PASSWORD) as index:
        yield index


@pytest.fixture
def by_variables(monkeypatch):
    """Return what stands for the credentials in a URL; the environment has them."""
    monkeypatch.setenv("INDEX_USER", USER)
    monkeypatch.setenv("INDEX_PASSWORD", QUOTED)
    return "${INDEX_USER}", "${INDEX_PASSWORD}"


@pytest.fixture
def by_netrc(tmp_path, monkeypatch):
    """Write the credentials into a file of the home folder, or of another that a variable names."""

    def write(home=True):
        folder = tmp_path / "own"
        folder.mkdir()
        path = folder / (".netrc" if home else "credentials")
        path.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
        path.chmod(0o600)
        monkeypatch.setenv(*(("HOME", str(folder)) if home else ("NETRC", str(path))))
        return path

    return write


def has_password(text):
    return PASSWORD in text or QUOTED in text


def files_with_password(instance, *, known=()):
    """Return the files of the instance, its environment and its home that hold the password."""
    return [
        path
        for path in instance.folder.parent.rglob("*")
        if path.is_file() and path not in known and has_password(path.read_bytes().decode(errors="replace"))
    ]


@pytest.mark.parametrize("options", WAYS)
def test_by_variables_in_the_url(stock, index, by_variables, options):
    text = f"--index-url {index.url_with(*by_variables)}\ninventree-alpha\n"
    stock.plugins_file.write_text(text)
    result = stock.run("install", *options)
    assert result.code == 0
    assert stock.installed() == ["inventree_alpha-1.0"]
    assert not has_password(result.out)
    assert not has_password(result.err)
    assert stock.plugins_file.read_text() == text
    assert files_with_password(stock) == []


@pytest.mark.parametrize("home", [True, False])
def test_by_netrc(stock, index, by_netrc, home):
    path = by_netrc(home)
    stock.plugins_file.write_text(f"--index-url {index.url}\ninventree-alpha\n")
    result = stock.run("install", "--verbose")
    assert (result.code, stock.installed()) == (0, ["inventree_alpha-1.0"])
    assert not has_password(result.out + result.err)
    assert files_with_password(stock, known={path}) == []


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("fault", [None, 403, "half", "corrupt"])
def test_no_failure_tells_it(stock, by_variables, fault, options):
    """Nothing at all is there, or the file is not to be had: pip prints the URL in some of its complaints."""
    with FaultyIndex(stock.wheels, credentials=f"{USER}:{PASSWORD}") as index:
        if fault:
            index.misbehave(fault, at=".whl")
        wanted = "inventree-alpha" if fault else "inventree-nowhere"
        stock.plugins_file.write_text(f"--index-url {index.url_with(*by_variables)}\n{wanted}\n")
        result = stock.run("install", *options)
    assert (result.code, stock.installed()) == (1, [])
    assert not has_password(result.out)
    assert not has_password(result.err)
    assert f"{USER}:{PASSWORD}" in [request.credentials for request in index.requests]
    assert files_with_password(stock) == []


def test_a_wrong_one_is_refused_and_not_told(stock, index, monkeypatch):
    monkeypatch.setenv("INDEX_PASSWORD", "not-the-word")
    url = index.url_with(USER, "${INDEX_PASSWORD}")
    stock.plugins_file.write_text(f"--index-url {url}\ninventree-alpha\n")
    result = stock.run("install", "--verbose")
    assert (result.code, result.out) == (1, "")
    assert "`127.0.0.1` answered with HTTP status 403 (`plugins.txt` line 2)" in result.err
    assert "hint: give user and password in `~/.netrc`" in result.err
    assert "not-the-word" not in result.err


def test_none_is_asked_for(stock, index):
    stock.plugins_file.write_text(f"--index-url {index.url}\ninventree-alpha\n")
    result = stock.run("install")
    assert (result.code, result.out) == (1, "")
    assert "`127.0.0.1` answered with HTTP status 401 (`plugins.txt` line 2)" in result.err


def test_a_token_in_the_place_of_a_user(stock, monkeypatch):
    monkeypatch.setenv("INDEX_TOKEN", "t0ken-of-mine")
    with FaultyIndex(stock.wheels, credentials="t0ken-of-mine:") as index:
        stock.plugins_file.write_text(f"--index-url {index.url_with('${INDEX_TOKEN}')}\ninventree-alpha\n")
        result = stock.run("install", "--verbose")
    assert (result.code, stock.installed()) == (0, ["inventree_alpha-1.0"])
    assert "t0ken-of-mine" not in result.out + result.err


def test_the_url_of_a_package(stock, by_variables):
    with FaultyIndex(stock.wheels, credentials=f"{USER}:{PASSWORD}") as index:
        place = index.url_with(*by_variables).replace("/simple/", "/files/")
        line = f"inventree-alpha @ {place}inventree_alpha-1.0-py3-none-any.whl"
        stock.plugins_file.write_text(f"{line}\n")
        first = stock.run("install", "--verbose")
        again = stock.run("install", "--json")
        shown = stock.run("show", "alpha", "--json")
        stock.plugins_file.write_text(line.replace("1.0", "9.9") + "\n")
        missing = stock.run("install", "--verbose")
    assert (first.code, again.code, again.json["changed"], shown.code, missing.code) == (0, 0, False, 0, 1)
    assert "inventree_alpha-9.9-py3-none-any.whl` does not exist" in missing.err
    for result in (first, again, shown, missing):
        assert not has_password(result.out + result.err)
    assert files_with_password(stock) == []


def test_it_goes_to_no_other_server(stock, by_variables):
    """An index that sends its client elsewhere does not send the password along."""
    with (
        FaultyIndex(stock.wheels) as other,
        FaultyIndex(stock.wheels, credentials=f"{USER}:{PASSWORD}") as index,
    ):
        index.misbehave("redirect", at=".whl", to=f"http://localhost:{other.port}")
        stock.plugins_file.write_text(f"--index-url {index.url_with(*by_variables)}\ninventree-alpha\n")
        assert stock.run("install").code == 0
    assert other.paths == ["/files/inventree_alpha-1.0-py3-none-any.whl"]
    assert [request.authorization for request in other.requests] == [None]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no list of processes to read")
@pytest.mark.parametrize("way", ["variables", "netrc"])
def test_no_process_has_it_on_its_command_line(stock, by_variables, by_netrc, way):
    """The index looks at all processes of the machine while somebody waits for its answer."""
    command_lines = set()

    def look(request):
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has ended
                command_lines.add(path.read_bytes().decode(errors="replace"))

    with FaultyIndex(stock.wheels, credentials=f"{USER}:{PASSWORD}", on_request=look) as index:
        url = index.url_with(*by_variables)
        if way == "netrc":
            by_netrc()
            url = index.url
        stock.plugins_file.write_text(f"--index-url {url}\ninventree-alpha\n")
        result = stock.run_binary("install")
    assert result.code == 0, result.err
    assert any("pip" in line and "--report" in line for line in command_lines), "pip was to be seen"
    assert any("inventree_plugins" in line for line in command_lines), "invplug was to be seen"
    assert [line for line in command_lines if has_password(line)] == []
