"""The ways to an index: proxies, redirections, a server that recovers."""

from __future__ import annotations

import pytest

from tests.package_index import FaultyIndex, only_from_indexes

INSTALLER = "pip"

WHEEL = "inventree_alpha-1.0-py3-none-any.whl"


@pytest.fixture
def stock(instance, monkeypatch):
    """An instance with `alpha` in the folder of wheels, which only an index can bring it."""
    only_from_indexes(monkeypatch)
    instance.wheel("alpha")
    return instance


@pytest.fixture
def index(stock):
    with FaultyIndex(stock.wheels) as index:
        yield index


def test_a_proxy_of_the_environment_is_asked(stock, index, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{index.port}")
    lines = [
        "--trusted-host packages.invalid",
        "--index-url http://packages.invalid/simple/",
        "inventree-alpha",
    ]
    stock.plugins_file.write_text("\n".join(lines))
    assert stock.run("install").code == 0
    assert stock.installed() == ["inventree_alpha-1.0"]
    assert index.paths == [
        "http://packages.invalid/simple/inventree-alpha/",
        f"http://packages.invalid/files/{WHEEL}",
    ]


def test_a_proxy_of_pips_own_configuration_is_asked(stock, index, monkeypatch, tmp_path):
    settings = tmp_path / "pip.conf"
    settings.write_text(
        f"[global]\nproxy = http://127.0.0.1:{index.port}\n"
        "index-url = http://packages.invalid/simple/\ntrusted-host = packages.invalid\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert stock.run("install", "inventree-alpha").code == 0
    assert stock.plugins_file.read_text() == "inventree-alpha\n"
    assert index.paths[0] == "http://packages.invalid/simple/inventree-alpha/"


def test_an_index_that_pip_does_not_trust(stock):
    stock.plugins_file.write_text("--index-url http://packages.invalid/simple/\ninventree-alpha\n")
    result = stock.run("install")
    assert (result.code, result.out, stock.installed()) == (1, "", [])
    assert "could not be looked up: `packages.invalid` is to be asked by `http:`" in result.err
    assert "--trusted-host" in result.err


def test_a_proxy_that_refuses(stock, index, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{index.port}")
    stock.plugins_file.write_text("--index-url https://packages.invalid/simple/\ninventree-alpha\n")
    result = stock.run("install")
    assert (result.code, result.out, stock.installed()) == (1, "", [])
    assert (
        "`inventree-alpha` could not be looked up: the proxy on the way to `packages.invalid`" in result.err
    )
    assert "hint: check `HTTPS_PROXY`" in result.err
    assert {(request.method, request.path) for request in index.requests} == {
        ("CONNECT", "packages.invalid:443")
    }


def test_an_index_that_recovers(stock, index, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "2")
    index.misbehave(500, at="/simple/", times=1)
    index.misbehave("close", at=".whl", times=1)
    stock.plugins_file.write_text(f"--index-url {index.url}\ninventree-alpha\n")
    assert stock.run("install").code == 0
    assert index.paths == [*["/simple/inventree-alpha/"] * 2, *[f"/files/{WHEEL}"] * 2]


def test_an_index_that_leads_elsewhere(stock, index):
    with FaultyIndex(stock.wheels) as old:
        old.misbehave("redirect", to=f"http://127.0.0.1:{index.port}")
        stock.plugins_file.write_text(f"--index-url {old.url}\ninventree-alpha\n")
        assert stock.run("install").code == 0
    assert (old.paths[0], index.paths[0]) == ("/simple/inventree-alpha/", "/simple/inventree-alpha/")


def test_nothing_missing_opens_no_connection(stock, index):
    stock.plugins_file.write_text(f"--index-url {index.url}\ninventree-alpha\n")
    assert stock.run("install").code == 0
    seen = index.connections
    assert seen > 0
    again = stock.run("install", "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    assert index.connections == seen


def test_times_of_upload_are_told_to_those_who_ask(stock):
    """pip needs them for `--uploaded-prior-to`."""
    stock.wheel("alpha", "2.0")
    times = {WHEEL: "2020-01-01T00:00:00Z", "inventree_alpha-2.0-py3-none-any.whl": "2030-01-01T00:00:00Z"}
    with FaultyIndex(stock.wheels, upload_times=times) as index:
        stock.plugins_file.write_text(f"--index-url {index.url}\ninventree-alpha\n")
        assert stock.run("install").code == 0
    assert stock.installed() == ["inventree_alpha-2.0"]
