"""Package indexes on `invplug install`'s command line, and what plugins.txt keeps of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from inventree_plugins.cli.output import Talk
from tests.package_index import FaultyIndex, PackageIndex, only_from_indexes

SECRET = "s3cret-of-the-index"


@pytest.fixture
def shop(instance, tmp_path, monkeypatch):
    """An instance, a private index that asks for a password, and a public one."""
    only_from_indexes(monkeypatch)
    with (
        PackageIndex(tmp_path / "private", user="ada", password=SECRET) as private,
        FaultyIndex(tmp_path / "public") as public,
    ):
        instance.wheel("mine")
        shutil.move(instance.wheels / "inventree_mine-1.0-py3-none-any.whl", private.folder)
        instance.wheel("theirs")
        shutil.move(instance.wheels / "inventree_theirs-1.0-py3-none-any.whl", public.folder)
        instance.private, instance.public = private, public
        monkeypatch.setenv("PIP_INDEX_URL", public.url)
        yield instance


def test_a_private_index_is_kept_without_its_password(shop):
    url = shop.private.url_with("ada", SECRET)
    result = shop.run("install", "inventree-mine", "--extra-index-url", url, "--json")
    assert result.code == 0
    kept = shop.private.url_with("ada")
    assert shop.plugins_file.read_text() == f"--extra-index-url {kept}\ninventree-mine\n"
    (warning,) = [each for each in result.json["warnings"] if each["code"] == "password-not-kept"]
    assert "netrc" in warning["hint"]
    assert SECRET not in result.out
    again = shop.run("install", "inventree-mine", "--extra-index-url", url, "--json")
    assert (again.code, again.json["changed"]) == (0, False)


def test_the_next_container_finds_it_with_the_password_from_netrc(shop, tmp_path, monkeypatch):
    shop.plugins_file.write_text(f"--extra-index-url {shop.private.url_with('ada')}\ninventree-mine\n")
    refused = shop.run("install", "--json")
    assert refused.code == 1
    assert shop.installed() == []
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login ada password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert shop.run("install").code == 0
    assert shop.installed() == ["inventree_mine-1.0"]


def test_the_variable_names_it_too(shop, monkeypatch):
    monkeypatch.setenv("INVPLUG_EXTRA_INDEX_URL", shop.private.url_with("ada", SECRET))
    assert shop.run("install", "inventree-mine").code == 0
    assert shop.private.url_with("ada") in shop.plugins_file.read_text()


def test_the_password_is_nowhere_to_be_seen(shop, tmp_path, monkeypatch):
    """Neither in what is printed, nor in a file, nor in the command line of any process meanwhile."""
    seen = []

    def look(_request):
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes()
            except OSError:
                continue
            if SECRET.encode() in line:
                seen.append(line)

    with FaultyIndex(shop.private.folder, credentials=f"ada:{SECRET}", on_request=look) as index:
        monkeypatch.setenv("INVPLUG_EXTRA_INDEX_URL", index.url_with("ada", SECRET))
        monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
        result = shop.run_binary("install", "inventree-mine", "--verbose", "--json")
        assert index.paths != []
    assert result.code == 0
    assert seen == []
    assert SECRET not in result.out + result.err
    for folder, _, names in os.walk(tmp_path):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                assert SECRET.encode() not in path.read_bytes(), path


def test_a_name_that_both_indexes_have_is_reported(shop, monkeypatch):
    shutil.copy(shop.private.folder / "inventree_mine-1.0-py3-none-any.whl", shop.public.folder)
    monkeypatch.setenv("INVPLUG_EXTRA_INDEX_URL", shop.private.url_with("ada", SECRET))
    result = shop.run("install", "inventree-mine", "inventree-theirs", "--json")
    assert result.code == 0
    found = [each for each in result.json["warnings"] if each["code"] == "name-on-both-indexes"]
    assert len(found) == 1
    assert "`inventree-mine`" in found[0]["message"]
    assert f"127.0.0.1:{shop.private.port}" in found[0]["message"]
    assert SECRET not in result.out


def test_an_index_alone_takes_the_place_of_the_public_one(shop):
    result = shop.run("install", "inventree-mine", "-i", shop.private.url_with("ada", SECRET), "--json")
    assert result.code == 0
    assert shop.public.paths == []
    assert shop.plugins_file.read_text().startswith(f"--index-url {shop.private.url_with('ada')}\n")


def test_a_folder_is_kept_with_its_full_path(shop):
    folder = shop.folder / "here"
    folder.mkdir()
    shutil.move(shop.public.folder / "inventree_theirs-1.0-py3-none-any.whl", folder)
    assert shop.run("install", "inventree-theirs", "--find-links", "here").code == 0
    assert shop.plugins_file.read_text() == f"--find-links {folder}\ninventree-theirs\n"


@pytest.mark.parametrize("command", ["install", "outdated", "upgrade", "lock", "bundle"])
def test_a_folder_that_is_not_there_is_refused(shop, command):
    words = {"upgrade": ["--all"], "bundle": ["made"]}.get(command, [])
    result = shop.run(command, *words, "--find-links", "nowhere", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "usage")
    assert result.json["errors"][0]["message"] == "`--find-links` names `nowhere`, which is not there"


def test_a_folder_that_cannot_be_there_is_refused(shop):
    assert shop.run("install", "inventree-mine", "--find-links", "a" * 300).code == 2


def test_what_is_no_url_is_refused(shop):
    result = shop.run("install", "inventree-mine", "--index-url", "not a url", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "usage")
    assert not shop.plugins_file.exists()


def test_nothing_is_kept_when_nothing_could_be_installed(shop):
    result = shop.run(
        "install", "inventree-nowhere", "--extra-index-url", shop.private.url_with("ada", SECRET)
    )
    assert result.code == 1
    assert not shop.plugins_file.exists()


def test_a_dry_run_keeps_nothing(shop):
    url = shop.private.url_with("ada", SECRET)
    result = shop.run("install", "inventree-mine", "--extra-index-url", url, "--dry-run", "--json")
    assert (result.code, [each["name"] for each in result.data["plan"]]) == (0, ["inventree-mine"])
    assert not shop.plugins_file.exists()


@pytest.mark.parametrize("option", ["-i", "--extra-index-url", "--find-links"])
@pytest.mark.parametrize("start", ["", "//", "http:/", "htp:/"])
def test_the_password_of_what_is_no_url_is_not_shown(shop, option, start):
    url = f"{start}ada:{SECRET}@host/simple"
    result = shop.run("install", "inventree-mine", option, url, "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "usage")
    assert SECRET not in result.out + result.err
    plain = shop.run("install", "inventree-mine", option, url)
    assert (plain.code, plain.out) == (2, "")
    assert "host/simple` is no URL" in plain.err
    assert SECRET not in plain.err
    assert not shop.plugins_file.exists()


@pytest.mark.parametrize("fault", [401, 403, 500, "close"])
@pytest.mark.parametrize("installer", ["pip", "auto"])
def test_another_index_never_stands_in_for_one_that_does_not_answer(shop, tmp_path, installer, fault):
    """As when the password is missing: the public package of that name may be somebody else's."""
    shutil.copy(shop.private.folder / "inventree_mine-1.0-py3-none-any.whl", shop.public.folder)
    with FaultyIndex(shop.private.folder) as index:
        index.misbehave(fault)
        shop.plugins_file.write_text(f"--extra-index-url {index.url}\ninventree-mine\n")
        result = shop.run("install", "--installer", installer, "--json")
        assert (result.code, result.json["errors"][0]["code"]) == (1, "install-network")
        assert f"127.0.0.1:{index.port}" in result.json["errors"][0]["message"]
        assert shop.installed() == []
        index.behave()
        index.misbehave(404)  # it does not have the package
        assert shop.run("install", "--installer", installer).code == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git+https://host.invalid:8443/x.git@v1", None),
        ("https://[::1]:8443/x.git@v1", None),
        ("https://host/feed@local/s", None),
        ("git+ssh://git@host:22/x.git@v1", None),
        ("https://u:pw@host:8443/x.git@v1", "https://********@host:8443/x.git@v1"),
        ("https://u:1234@host/x.git@v1", "https://********@host/x.git@v1"),
        ("https://TOKEN@host:8443/x.git@v1", "https://********@host:8443/x.git@v1"),
        ("https://u:p@ss@host/x", "https://********@host/x"),
        ("https://u:p/w@host/x", "https://********@host/x"),
        ("https://u:12p/w@host/x", "https://********@host/x"),
        ("https:/u:pw@host/x", "https:/********@host/x"),
        ("https://${USER}:${PASS}@host/x", None),
        ("https://a:80/x@1 https://u:pw@b/y", "https://a:80/x@1 https://********@b/y"),
    ],
)
def test_credentials_are_masked_and_the_rest_of_a_url_is_not(capsys, text, shown):
    Talk().data(f"`{text}`")
    assert capsys.readouterr() == (f"`{shown or text}`\n", "")


def test_a_source_that_is_kept_is_told(shop):
    folder = shop.folder / "here"
    folder.mkdir()
    assert shop.run("install", "inventree-theirs").code == 0
    before = shop.plugins_file.read_text()
    arguments = ("install", "--find-links", "here", "inventree-theirs")
    line = f"--find-links {folder}"
    rehearsed = shop.run(*arguments, "--dry-run")
    assert (rehearsed.code, rehearsed.out, rehearsed.err) == (
        0, "", f"would keep in plugins.txt: `{line}`\n"
    )  # fmt: skip
    assert shop.plugins_file.read_text() == before
    assert shop.run(*arguments, "--dry-run", "--json").data["kept"] == [line]
    done = shop.run(*arguments)
    assert (done.code, done.out, done.err) == (0, "", f"kept in plugins.txt: `{line}`\n")
    assert shop.plugins_file.read_text() == f"{line}\n{before}"
    for more in ((), ("--dry-run",)):
        again = shop.run(*arguments, *more)
        assert (again.code, again.err) == (0, "nothing to do: everything is installed\n")
    assert shop.run(*arguments, "--json").data["kept"] == []


def test_an_index_is_told_without_its_password(shop):
    url = shop.private.url_with("ada", SECRET)
    plain = shop.run("install", "inventree-mine", "--extra-index-url", url)
    assert plain.code == 0
    assert "kept in plugins.txt: `--extra-index-url http://" in plain.err
    assert SECRET not in plain.out + plain.err


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_repository_is_no_path_and_its_password_not_shown(instance, form):
    result = instance.run("install", f"git+https://u:{SECRET}@127.0.0.1:9/q.git", *form)
    assert result.code == 2
    assert "does not exist" not in result.out + result.err
    assert SECRET not in result.out + result.err
    assert not instance.plugins_file.exists()
