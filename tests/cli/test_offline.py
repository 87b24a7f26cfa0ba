"""`install --offline`: whatever the file, the settings and the packages name, no connection is opened."""

from __future__ import annotations

import pytest

from tests.builders import build_sdist, build_wheel
from tests.package_index import FaultyIndex, only_from_indexes
from tests.projects import commit, project_files, write_files


@pytest.fixture
def index(instance, monkeypatch, tmp_path):
    """An index that has everything, which nobody may ask."""
    only_from_indexes(monkeypatch)
    with FaultyIndex(tmp_path / "stock") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("INVPLUG_EXTRA_INDEX_URL", index.url)
        index.wheel("inventree-remote")
        yield index
        assert index.connections == 0


def refusal(instance, *arguments):
    before = instance.plugins_file.read_bytes()
    result = instance.run("install", "--offline", *arguments, "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"], result.json["changed"]) == (1, "install-offline", False)
    assert instance.installed() == []
    assert instance.plugins_file.read_bytes() == before
    return error


def test_a_folder_of_wheels_is_all_that_is_asked(instance, index):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    instance.plugins_file.write_text(
        f"--index-url {index.url}\n--extra-index-url {index.url}\n--trusted-host 127.0.0.1\n"
        f"--find-links {index.url}inventree-remote/\ninventree-alpha\n"
    )
    result = instance.run("install", "--offline", "--find-links", str(instance.wheels))
    assert result.code == 0, result.err
    assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0"]
    assert f"--find-links {instance.wheels}\n" in instance.plugins_file.read_text()
    again = instance.run("install", "--offline")
    assert (again.code, again.err) == (0, "nothing to do: everything is installed\n")


def test_named_requirements_too(instance, index):
    instance.wheel("alpha")
    instance.plugins_file.write_text(f"--index-url {index.url}\n--find-links {instance.wheels}\n")
    assert instance.run("install", "--offline", "inventree-alpha").code == 0
    assert instance.installed() == ["inventree_alpha-1.0"]
    assert instance.plugins_file.read_text().endswith("\ninventree-alpha\n")


def test_what_is_given_up_lets_the_rest_stay_offline(instance, index):
    """The remaining requirement fails as well, and its package is on the index only."""
    instance.wheel("alpha")
    instance.plugins_file.write_text(f"--index-url {index.url}\n--find-links {instance.wheels}\n")
    names = ("inventree-nowhere", "inventree-alpha", "inventree-remote")
    result = instance.run("install", "--offline", "--keep-going", *names, "--json")
    assert (result.code, result.json["status"]) == (1, "partial")
    assert [each["code"] for each in result.json["errors"]] == ["install-not-found"] * 2
    assert instance.installed() == ["inventree_alpha-1.0"]


def test_what_only_the_index_has_is_not_found(instance, index):
    instance.plugins_file.write_text(f"--index-url {index.url}\ninventree-remote\n")
    for arguments in ((), ("--dry-run",), ("--upgrade",)):
        result = instance.run("install", "--offline", *arguments, "--json")
        assert (result.code, result.json["errors"][0]["code"]) == (1, "install-not-found")
    assert instance.installed() == []


@pytest.mark.parametrize("setting", ["PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"])
def test_pips_own_settings_lead_nowhere(instance, index, monkeypatch, setting):
    monkeypatch.setenv(setting, f"{index.url}inventree-remote/")
    instance.plugins_file.write_text("inventree-remote\n")
    result = instance.run("install", "--offline", "--json")
    assert (result.code, result.json["status"]) == (1, "error")
    assert instance.installed() == []


def test_pips_configuration_file_leads_nowhere(instance, index, monkeypatch, tmp_path):
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {index.url}\nfind-links = {index.url}inventree-remote/\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    result = instance.run("install", "--offline", "--find-links", str(instance.wheels))
    assert result.code == 0, result.err


@pytest.mark.parametrize(
    "line",
    [
        "inventree-remote @ {files}inventree_remote-1.0-py3-none-any.whl",
        "{files}inventree_remote-1.0-py3-none-any.whl",
        "git+http://127.0.0.1:{port}/remote.git#egg=inventree-remote",
        "-e git+http://127.0.0.1:{port}/remote.git#egg=inventree-remote",
        "inventree-remote @ git+ssh://git@127.0.0.1:{port}/remote.git@main",
    ],
)
def test_a_requirement_from_the_network_is_refused_with_its_line(instance, index, line):
    text = line.format(files=index.url.replace("simple", "files"), port=index.port)
    instance.plugins_file.write_text(f"# mine\n{text}\n")
    error = refusal(instance)
    assert error["line"] == 2
    assert "`--offline` forbids" in error["message"]
    if not line.startswith("-e"):
        instance.plugins_file.write_text("")
        assert refusal(instance, text)["line"] is None


def test_the_password_of_a_refused_url_is_not_shown(instance, index):
    url = index.url_with("ada", "s3cret").replace("simple", "files")
    instance.plugins_file.write_text(f"inventree-remote @ {url}inventree_remote-1.0-py3-none-any.whl\n")
    assert "s3cret" not in str(refusal(instance))


@pytest.mark.parametrize("option", ["-r", "-c"])
def test_an_include_over_the_network_is_refused(instance, index, option):
    instance.wheel("alpha")
    instance.plugins_file.write_text(
        f"--find-links {instance.wheels}\n{option} {index.url}x.txt\ninventree-alpha\n"
    )
    assert index.url in refusal(instance)["message"]


def test_links_over_the_network_on_the_command_line_are_refused(instance, index):
    instance.plugins_file.write_text("inventree-remote\n")
    assert index.url in refusal(instance, "--find-links", index.url)["message"]


@pytest.mark.parametrize("option", ["--index-url", "--extra-index-url"])
def test_an_index_on_the_command_line_contradicts(instance, index, option):
    result = instance.run("install", "--offline", option, index.url)
    assert (result.code, result.out) == (2, "")
    assert f"`--offline` and `{option}` exclude each other" in result.err


@pytest.mark.parametrize("scheme", ["http", "git+http", "git+ssh"])
def test_what_a_wheel_requires_from_the_network_is_not_fetched(instance, index, scheme):
    place = f"{scheme}://git@127.0.0.1:{index.port}/files/inventree_remote-1.0-py3-none-any.whl"
    instance.wheel("alpha", requires=[f"inventree-remote @ {place}"])
    instance.plugins_file.write_text(f"--find-links {instance.wheels}\ninventree-alpha\n")
    result = instance.run("install", "--offline", "--json")
    assert (result.code, result.json["status"]) == (1, "error")
    assert instance.installed() == []


def test_what_a_build_requires_comes_from_the_folder_or_not_at_all(instance, index):
    files = project_files("inventree-gamma")
    files["pyproject.toml"] = files["pyproject.toml"].replace(
        "requires = []", 'requires = ["inventree-remote"]'
    )
    build_sdist(instance.wheels, "inventree_gamma", "1.0", files=files)
    instance.plugins_file.write_text(f"--find-links {instance.wheels}\ninventree-gamma\n")
    result = instance.run("install", "--offline", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-build-failed")
    build_wheel(instance.wheels, "inventree-remote", "1.0")
    assert instance.run("install", "--offline").code == 0
    assert instance.installed() == ["inventree_gamma-1.0"]


def test_places_on_this_machine_work(instance, index, tmp_path):
    wheel = instance.wheel("alpha")
    write_files(instance.folder / "mine", project_files("inventree-mine"))
    source = write_files(tmp_path / "delta", project_files("inventree-delta"))
    commit(source)
    instance.plugins_file.write_text(
        f"inventree-alpha @ {wheel.as_uri()}\n-e ./mine\ngit+{source.as_uri()}#egg=inventree-delta\n"
    )
    result = instance.run("install", "--offline")
    assert result.code == 0, result.err
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_delta-1.0", "inventree_mine-1.0"]


def test_what_came_from_the_network_before_is_no_hindrance(instance, monkeypatch, tmp_path):
    only_from_indexes(monkeypatch)
    with FaultyIndex(tmp_path / "stock") as index:
        wheel = index.wheel("inventree-remote")
        url = index.url.replace("simple", "files") + wheel.name
        instance.plugins_file.write_text(f"inventree-remote @ {url}\n")
        assert instance.run("install").code == 0
        instance.wheel("alpha", requires=["inventree-remote"])
        connections = index.connections
        with instance.plugins_file.open("a") as file:
            file.write("inventree-alpha\n")
        result = instance.run("install", "--offline", "--find-links", str(instance.wheels))
        assert result.code == 0, result.err
        assert index.connections == connections
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_remote-1.0"]


def test_a_lock_is_installed_offline(instance, index, monkeypatch, tmp_path):
    wheel = instance.wheel("alpha")
    instance.plugins_file.write_text(f"--find-links {instance.wheels}\ninventree-alpha\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert instance.run("lock").code == 0
    monkeypatch.delenv("PIP_NO_INDEX")
    assert instance.run("install", "--locked", "--offline").code == 0
    assert instance.installed() == ["inventree_alpha-1.0"]
    assert wheel.exists()


def test_a_locked_repository_on_the_network_is_refused_offline(instance, index, tmp_path):
    source = write_files(tmp_path / "delta", project_files("inventree-delta"))
    commit(source)
    instance.plugins_file.write_text(f"git+{source.as_uri()}#egg=inventree-delta\n")
    assert instance.run("lock").code == 0
    path = instance.folder / "pylock.plugins.toml"
    text = path.read_text().replace(f'path = "{source}"', f'url = "http://127.0.0.1:{index.port}/delta.git"')
    path.write_text(text)
    refusal(instance, "--locked")
