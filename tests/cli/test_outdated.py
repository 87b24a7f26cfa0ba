"""`invplug outdated`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.builders import build_wheel, install_folder
from tests.cli.conftest import PLUGIN, Instance, Result
from tests.cli.test_install import snapshot
from tests.package_index import FaultyIndex, PackageIndex, Request

OLD, YOUNG = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def rows(result: Result) -> dict[str, dict[str, Any]]:
    """Return the packages of the answer by name."""
    return {row["name"]: row for row in result.data["packages"]}


def versions(row: dict[str, Any]) -> list[str | None]:
    return [row[key] for key in ("installed", "wanted", "latest", "newest")]


def holds(row: dict[str, Any]) -> list[str]:
    return [hold["code"] for hold in row["held_by"]]


def install(instance: Instance, text: str) -> None:
    """Install what plugins.txt says, and leave it with that text."""
    instance.plugins_file.write_text(text)
    assert instance.run("install").code == 0


def gated(instance: Instance, slug: str, version: str, **bounds: str) -> Path:
    """Build a wheel whose plugin says which servers it is for."""
    name = slug.title()
    text = PLUGIN.format(name=name, slug=slug, version=version, mixins="SettingsMixin")
    text += "".join(f'    {key} = "{value}"\n' for key, value in bounds.items())
    return instance.wheel(slug, version, modules={f"inventree_{slug}/core.py": text})


def server(instance: Instance, version: str = "1.2.0") -> tuple[str, ...]:
    """Make a server's source, and return the options that name it and what is there already."""
    root = instance.folder.parent / "server" / "src" / "backend" / "InvenTree"
    for name, text in {
        "manage.py": "",
        "InvenTree/version.py": f'INVENTREE_SW_VERSION = "{version}"\n',
        "plugin/__init__.py": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return (
        "--server",
        str(root),
        "--database",
        str(instance.store),
        "--plugins-file",
        str(instance.plugins_file),
    )


def test_nothing_is_outdated(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    result = instance.run("outdated")
    assert (result.code, result.out, result.err) == (0, "", "everything is as new as it can be\n")
    answer = instance.run("outdated", "--exit-code", "--json")
    assert (answer.code, answer.json["changed"]) == (0, False)
    assert answer.data["packages"] == [
        {
            "name": "inventree-alpha",
            "slugs": ["alpha"],
            "installed": "1.0",
            "wanted": "1.0",
            "latest": "1.0",
            "newest": "1.0",
            "outdated": False,
            "pinned": False,
            "held_by": [],
        }
    ]


def test_nothing_declared_and_nothing_installed_starts_no_installer(instance, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_LOG", str(tmp_path / "pip.log"))
    result = instance.run("outdated", "--json")
    assert (result.code, result.data) == (0, {"packages": []})
    assert not (tmp_path / "pip.log").exists()


def test_a_line_and_what_it_holds(instance):
    for slug in ("alpha", "beta", "gamma"):
        instance.wheel(slug, "1.0")
    install(
        instance,
        "inventree-alpha\n# a comment\ninventree-beta==1.0  # slow since\ninventree-gamma>=1,<3\n",
    )
    for slug in ("alpha", "beta", "gamma"):
        for version in ("2.0", "3.0"):
            instance.wheel(slug, version)
    before = snapshot(instance.folder, instance.environment)
    result = instance.run("outdated", "--exit-code")
    assert result.code == 3
    assert result.err == ""
    head, *lines = result.out.splitlines()
    assert head.split("  ")[0] == "Package"
    assert [line.split()[:5] for line in lines] == [
        ["inventree-alpha", "1.0", "3.0", "3.0", "3.0"],
        ["inventree-beta", "1.0", "1.0", "3.0", "3.0"],
        ["inventree-gamma", "1.0", "2.0", "3.0", "3.0"],
    ]
    assert "pinned in `plugins.txt` line 3" in lines[1]
    assert "`plugins.txt` line 4 asks for `inventree-gamma>=1,<3`" in lines[2]
    answer = instance.run("outdated", "--json")
    assert answer.code == 0
    found = rows(answer)
    assert [holds(row) for row in found.values()] == [[], ["pin"], ["limit"]]
    assert [row["pinned"] for row in found.values()] == [False, True, False]
    assert all(row["outdated"] for row in found.values())
    assert snapshot(instance.folder, instance.environment) == before


def test_named_ones_only_by_slug_or_package(instance):
    for slug in ("alpha", "beta", "gamma"):
        instance.wheel(slug)
    install(instance, "inventree-alpha\ninventree-beta\ninventree-gamma\n")
    result = instance.run("outdated", "gamma", "Inventree_Alpha", "--json")
    assert list(rows(result)) == ["inventree-gamma", "inventree-alpha"]
    unknown = instance.run("outdated", "alpa", "--json")
    assert (unknown.code, unknown.json["errors"][0]["code"]) == (1, "plugin-not-found")
    assert "`alpha`" in unknown.json["errors"][0]["hint"]


def test_a_plugin_package_that_plugins_txt_does_not_declare(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    instance.plugins_file.write_text("# nothing any more\n")
    instance.wheel("alpha", "2.0")
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert (versions(row), row["outdated"]) == (["1.0", "2.0", "2.0", "2.0"], True)


def test_what_is_declared_and_not_installed(instance):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert (versions(row), row["outdated"], row["slugs"]) == ([None, "1.0", "1.0", "1.0"], False, [])


def test_a_line_for_another_environment_does_not_count(instance):
    instance.wheel("alpha")
    instance.wheel("alpha", "2.0")
    install(
        instance,
        'inventree-alpha==2.0 ; python_version < "3"\ninventree-alpha==1.0 ; python_version >= "3"\n'
        'inventree-beta ; python_version < "3"\n',
    )
    found = rows(instance.run("outdated", "--json"))
    assert list(found) == ["inventree-alpha"]
    assert versions(found["inventree-alpha"]) == ["1.0", "1.0", "2.0", "2.0"]
    assert found["inventree-alpha"]["held_by"] == [
        {"code": "pin", "message": "pinned in `plugins.txt` line 2"}
    ]


def test_what_comes_from_a_place_has_no_newest(instance):
    wheel = instance.wheel("alpha")
    install(instance, f"inventree-alpha @ {wheel.as_uri()}\n")
    instance.wheel("alpha", "2.0")
    result = instance.run("outdated", "--exit-code", "--json")
    row = rows(result)["inventree-alpha"]
    assert (result.code, versions(row), holds(row)) == (0, ["1.0", None, None, None], ["place"])


def test_python_holds(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0", metadata={"Requires-Python": ">=3.99"})
    result = instance.run("outdated", "--exit-code", "--json")
    row = rows(result)["inventree-alpha"]
    assert (result.code, versions(row)) == (0, ["1.0", "1.0", "1.0", "2.0"])
    (hold,) = row["held_by"]
    assert hold["code"] == "python"
    assert "2.0 needs Python >=3.99, and the server has 3." in hold["message"]
    assert "needs Python >=3.99" in instance.run("outdated").out


def test_the_servers_own_packages_hold(instance):
    site = next(instance.environment.glob("lib/python*/site-packages"))
    install_folder(site, "Django", "5.2")
    instance.wheel("alpha", requires=["django>=4"])
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0", requires=["django>=5"])
    instance.wheel("alpha", "3.0", requires=["django>=6"])
    build_wheel(instance.wheels, "django", "6.0")
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert versions(row) == ["1.0", "2.0", "2.0", "3.0"]
    assert row["held_by"] == [
        {"code": "host", "message": "3.0 needs `django>=6`, and the server has django 5.2"}
    ]


def test_the_servers_own_packages_hold_at_one_remove(instance):
    site = next(instance.environment.glob("lib/python*/site-packages"))
    install_folder(site, "Django", "5.2")
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0", requires=["between"])
    build_wheel(instance.wheels, "between", "1.0", requires=["django>=6"])
    build_wheel(instance.wheels, "django", "6.0")
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert versions(row) == ["1.0", "1.0", "1.0", "2.0"]
    (hold,) = row["held_by"]
    assert hold["code"] == "host"
    assert "`django>=6`" in hold["message"]


def test_constraints_of_plugins_txt_hold(instance):
    instance.wheel("alpha")
    (instance.folder / "limits.txt").write_text("inventree-alpha<2\n")
    install(instance, "-c limits.txt\ninventree-alpha\n")
    instance.wheel("alpha", "2.0")
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert versions(row) == ["1.0", "1.0", "1.0", "2.0"]
    assert row["held_by"] == [
        {"code": "constraint", "message": "`limits.txt` line 1 allows `inventree-alpha<2`"}
    ]


def test_another_plugin_holds(instance):
    build_wheel(instance.wheels, "shared", "1.0")
    instance.wheel("alpha", requires=["shared<2"])
    instance.wheel("beta", requires=["shared"])
    install(instance, "inventree-alpha\ninventree-beta\n")
    build_wheel(instance.wheels, "shared", "2.0")
    instance.wheel("beta", "2.0", requires=["shared>=2"])
    found = rows(instance.run("outdated", "--json"))
    assert versions(found["inventree-alpha"]) == ["1.0", "1.0", "1.0", "1.0"]
    assert versions(found["inventree-beta"]) == ["1.0", "1.0", "1.0", "2.0"]
    (hold,) = found["inventree-beta"]["held_by"]
    assert hold["code"] == "conflict"
    assert "inventree-alpha" in hold["message"]


def test_prereleases_are_told_and_count_when_wanted(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0")
    instance.wheel("alpha", "3.0a1")
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert (versions(row), holds(row)) == (["1.0", "2.0", "2.0", "3.0a1"], ["pre-release"])
    row = rows(instance.run("outdated", "--pre", "--json"))["inventree-alpha"]
    assert (versions(row), holds(row)) == (["1.0", "3.0a1", "3.0a1", "3.0a1"], [])


def test_only_a_prerelease_is_not_worth_a_line(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0rc1")
    result = instance.run("outdated", "--exit-code")
    assert (result.code, result.out) == (0, "")


def test_who_has_a_prerelease_gets_the_next_one(instance):
    instance.wheel("alpha", "2.0rc1")
    install(instance, "inventree-alpha>=2.0rc1\n")
    instance.wheel("alpha", "2.0rc2")
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert versions(row) == ["2.0rc1", "2.0rc2", "2.0rc2", "2.0rc2"]


def test_the_plugins_own_bounds_for_the_server(instance):
    gated(instance, "alpha", "1.0", MIN_VERSION="1.0.0")
    install(instance, "inventree-alpha\n")
    gated(instance, "alpha", "2.0", MIN_VERSION="1.1.0")
    gated(instance, "alpha", "3.0", MIN_VERSION="1.3.0")
    gated(instance, "alpha", "4.0", MIN_VERSION="2.0.0")
    row = rows(instance.run(*server(instance), "outdated", "--json"))["inventree-alpha"]
    assert versions(row) == ["1.0", "2.0", "2.0", "4.0"]
    assert row["held_by"] == [
        {"code": "version-gate", "message": "InvenTree 1.2.0 refuses `alpha`: it needs 2.0.0 or later"}
    ]
    # Without a server nobody knows its version.
    row = rows(instance.run("outdated", "--json"))["inventree-alpha"]
    assert versions(row) == ["1.0", "4.0", "4.0", "4.0"]


def test_one_bad_line_does_not_hide_the_rest(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0")
    instance.plugins_file.write_text("nowhere\ninventree-alpha\nnowhere-either\n")
    result = instance.run("outdated", "--exit-code", "--json")
    assert result.code == 3
    found = rows(result)
    assert versions(found["inventree-alpha"]) == ["1.0", "2.0", "2.0", "2.0"]
    assert versions(found["nowhere"]) == [None] * 4
    warnings = [each for each in result.json["warnings"] if each["code"] == "newest-unknown"]
    assert sorted(each["line"] for each in warnings) == [1, 3]
    assert "`nowhere`" in warnings[0]["message"]


@pytest.fixture
def online(instance, monkeypatch):
    """The instance, with pip looking where the test says."""
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_RETRIES", "1")  # with none, pip does not say what failed
    return instance


def test_an_index_that_does_not_answer_is_no_good_news(online, monkeypatch):
    with FaultyIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        install(online, "inventree-alpha\n")
        index.misbehave("close")
        result = online.run("outdated", "--exit-code", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-network")


def closing_at_the_last(index: FaultyIndex, page: str, online: Instance, *arguments: str) -> Result:
    """Run twice, and let the index fail from the second run's last request for a page."""
    index.requests.clear()
    assert online.run(*arguments).code == 0
    left = [None] * index.paths.count(page)

    def count(request: Request) -> None:
        if request.path == page and left:
            left.pop()
        if not left:
            index.misbehave("close")

    index.on_request = count
    return online.run(*arguments)


def test_an_index_that_fails_later_is_no_conflict(online, monkeypatch):
    with FaultyIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        build_wheel(online.wheels, "shared", "1.0")
        online.wheel("alpha", requires=["shared<2"])
        online.wheel("beta", requires=["shared"])
        install(online, "inventree-alpha\ninventree-beta\n")
        build_wheel(online.wheels, "shared", "2.0")
        online.wheel("beta", "2.0", requires=["shared>=2"])
        result = closing_at_the_last(index, "/simple/inventree-beta/", online, "outdated", "--json")
    assert (result.code, [each["code"] for each in result.json["errors"]]) == (1, ["install-network"])


def test_an_index_that_fails_later_tells_no_age(online, monkeypatch):
    times = {
        "inventree_alpha-1.0-py3-none-any.whl": OLD,
        "inventree_alpha-2.0-py3-none-any.whl": YOUNG,
    }
    with FaultyIndex(online.wheels, upload_times=times) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        install(online, "inventree-alpha\n")
        online.wheel("alpha", "2.0")
        arguments = ("outdated", "--cooldown", "7", "--json")
        result = closing_at_the_last(index, "/simple/inventree-alpha/", online, *arguments)
    assert (result.code, [each["code"] for each in result.json["errors"]]) == (1, ["install-network"])


def test_one_resolution_for_all_of_a_kept_index(online, monkeypatch):
    with PackageIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        for slug in ("alpha", "beta", "gamma"):
            online.wheel(slug)
        install(online, "inventree-alpha\ninventree-beta<2\ninventree-gamma\n")
        online.wheel("alpha", "1.1")
        online.wheel("beta", "1.1")
        online.wheel("beta", "2.0")
        found = rows(online.run("outdated", "--json"))
    assert [versions(row) for row in found.values()] == [
        ["1.0", "1.1", "1.1", "1.1"],
        ["1.0", "1.1", "2.0", "2.0"],
        ["1.0"] * 4,
    ]


def test_each_page_of_the_index_is_asked_for_once_where_nothing_is_new(online, monkeypatch):
    with FaultyIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        for slug in ("alpha", "beta"):
            online.wheel(slug)
        install(online, "inventree-alpha\ninventree-beta==1.0\n")
        index.requests.clear()
        assert online.run("outdated", "--exit-code").code == 0
        pages = [path for path in index.paths if path.startswith("/simple/")]
    assert sorted(pages) == ["/simple/inventree-alpha/", "/simple/inventree-beta/"]


def test_an_index_of_the_command_line_with_its_password(online, monkeypatch):
    with FaultyIndex(online.wheels, credentials="ada:secret") as index:
        online.wheel("alpha")
        url = index.url_with("ada", "secret")
        assert online.run("install", "inventree-alpha", "--index-url", url).code == 0
        assert "secret" not in online.plugins_file.read_text()
        online.wheel("alpha", "2.0")
        monkeypatch.setenv("INVPLUG_INDEX_URL", url)
        found = rows(online.run("outdated", "--json"))
    assert versions(found["inventree-alpha"]) == ["1.0", "2.0", "2.0", "2.0"]


def test_young_releases_do_not_count(online, monkeypatch):
    times = {
        "inventree_alpha-1.0-py3-none-any.whl": OLD,
        "inventree_alpha-2.0-py3-none-any.whl": OLD,
        "inventree_alpha-3.0-py3-none-any.whl": YOUNG,
    }
    with FaultyIndex(online.wheels, upload_times=times) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        install(online, "inventree-alpha\n")
        online.wheel("alpha", "2.0")
        online.wheel("alpha", "3.0")
        row = rows(online.run("outdated", "--cooldown", "7", "--json"))["inventree-alpha"]
    assert (versions(row), holds(row)) == (["1.0", "2.0", "2.0", "3.0"], ["cooldown"])


def test_an_index_without_upload_times_cannot_tell_young_releases(online, monkeypatch):
    with FaultyIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        install(online, "inventree-alpha\n")
        online.wheel("alpha", "2.0")
        result = online.run("outdated", "--cooldown", "7", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "install-no-upload-times")
    assert "/simple/inventree-alpha/" in error["message"]


@pytest.mark.parametrize("days", ["-1", "1.5", "soon", "", "99999999999"])
def test_a_cooldown_that_is_no_number_of_days(instance, days):
    result = instance.run("outdated", "--cooldown", days)
    assert (result.code, result.out) == (2, "")
    assert f"takes a number of days, not `{days}`" in result.err


def test_a_pip_that_knows_no_upload_times(instance, tmp_path):
    (tmp_path / "older" / "pip").mkdir(parents=True)
    (tmp_path / "older" / "pip" / "__init__.py").write_text('__version__ = "25.3"\n')
    result = instance.run_binary("outdated", "--cooldown", "7", env={"PYTHONPATH": str(tmp_path / "older")})
    assert (result.code, result.out) == (1, "")
    assert "pip 25.3" in result.err
    assert "needs pip 26.0 or later" in result.err


def test_a_plugins_txt_that_cannot_be_read(instance):
    instance.plugins_file.write_text("inventree alpha\n")
    result = instance.run("outdated", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "plugins-file")
