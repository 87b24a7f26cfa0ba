"""Certificates and keyrings of pip's own configuration keep working, whoever installs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.certificates import OPENSSL, certify
from tests.cli.test_installers import BOTH
from tests.package_index import FaultyIndex, only_from_indexes

SECRET = "s3cret-of-the-keyring"
# As uv asks, and older pips, and as pip does since 26.
KEYRING = f"""#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
case "$*" in
    "get "*" ada") echo {SECRET} ;;
    "--mode=creds --output=json get "*" ada") echo '{{"username": "ada", "password": "{SECRET}"}}' ;;
    *) exit 1 ;;
esac
"""

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")


@pytest.fixture(params=BOTH)
def shop(request, instance, monkeypatch):
    """An instance that finds packages on indexes only."""
    only_from_indexes(monkeypatch)
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "5")
    monkeypatch.setenv("INVPLUG_INSTALLER", request.param)
    instance.wheel("alpha")
    return instance


@pytest.fixture
def certificates(tmp_path) -> Path:
    folder = tmp_path / "certificates"
    folder.mkdir()
    certify(folder)
    return folder


@needs_openssl
@pytest.mark.parametrize("by", ["variable", "configuration"])
def test_an_authority_of_ones_own(shop, certificates, by, monkeypatch, tmp_path):
    if by == "variable":
        monkeypatch.setenv("PIP_CERT", str(certificates / "ca.pem"))
    else:
        settings = tmp_path / "pip.conf"
        settings.write_text(f"[global]\ncert = {certificates / 'ca.pem'}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    with FaultyIndex(shop.wheels, tls=certificates) as index:
        result = shop.run("install", "inventree-alpha", "--index-url", index.url)
    assert (result.code, shop.installed()) == (0, ["inventree_alpha-1.0"]), result.err
    assert index.paths


@needs_openssl
@pytest.mark.parametrize("trusted", ["other.pem", None])
def test_an_authority_that_nobody_knows(shop, certificates, trusted, monkeypatch):
    if trusted:
        monkeypatch.setenv("PIP_CERT", str(certificates / trusted))
    with FaultyIndex(shop.wheels, tls=certificates) as index:
        result = shop.run("install", "inventree-alpha", "--index-url", index.url)
    assert (result.code, result.out, shop.installed(), index.paths) == (1, "", [], [])
    assert "certificate" in result.err.splitlines()[0]
    assert "`PIP_CERT`" in result.err
    assert not shop.plugins_file.exists()


@needs_openssl
def test_a_certificate_of_the_client(shop, certificates, monkeypatch):
    both = certificates / "both.pem"
    both.write_text((certificates / "client.key").read_text() + (certificates / "client.pem").read_text())
    monkeypatch.setenv("PIP_CERT", str(certificates / "ca.pem"))
    with FaultyIndex(shop.wheels, tls=certificates, asks_client=True) as index:
        refused = shop.run("install", "inventree-alpha", "--index-url", index.url)
        assert (refused.code, index.paths) == (1, [])
        monkeypatch.setenv("PIP_CLIENT_CERT", str(both))
        result = shop.run("install", "inventree-alpha", "--index-url", index.url)
    assert (result.code, shop.installed()) == (0, ["inventree_alpha-1.0"]), result.err


def test_a_keyring_has_the_password(shop, monkeypatch, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "keyring").write_text(KEYRING)
    (programs / "keyring").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    with FaultyIndex(shop.wheels, credentials=f"ada:{SECRET}") as index:
        shop.plugins_file.write_text(f"--index-url {index.url_with('ada')}\ninventree-alpha\n")
        assert shop.run("install").code == 1
        monkeypatch.setenv("PIP_KEYRING_PROVIDER", "subprocess")
        result = shop.run("install")
    assert (result.code, shop.installed()) == (0, ["inventree_alpha-1.0"]), result.err
    assert f"127.0.0.1:{index.port}" in (programs / "asked").read_text()
    assert SECRET not in result.out + result.err
