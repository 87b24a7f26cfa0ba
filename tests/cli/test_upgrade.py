"""`invplug upgrade`."""

from __future__ import annotations

import json

import pytest

from tests.builders import build_sdist, build_wheel, install_folder
from tests.cli.conftest import Instance
from tests.cli.test_install import BACK_END, PYPROJECT, snapshot
from tests.cli.test_outdated import OLD, YOUNG, gated, install, server
from tests.package_index import FaultyIndex, PackageIndex


def upgraded(result) -> list[tuple[str, str, str]]:
    return [(row["name"], row["from"], row["to"]) for row in result.data["upgraded"]]


def kept(result) -> dict[str, str]:
    return {row["name"]: hold["code"] for row in result.data["kept"] for hold in row["held_by"]}


def broken_release(instance: Instance, slug: str, version: str) -> None:
    """Write a source archive that cannot be built."""
    name = f"inventree-{slug}"
    build_sdist(
        instance.wheels,
        name,
        version,
        files={
            "pyproject.toml": PYPROJECT.format(name=name, version=version),
            "backend.py": "raise RuntimeError('no compiler')\n",
        },
    )


@pytest.fixture
def two(instance):
    """Two plugins, of which newer releases are there."""
    for slug in ("alpha", "beta"):
        instance.wheel(slug)
    install(instance, "inventree-alpha  # the first\n\ninventree-beta\n")
    for slug in ("alpha", "beta"):
        instance.wheel(slug, "2.0")
    return instance


def test_all_is_upgraded_and_told_from_and_to(two):
    text = two.plugins_file.read_text()
    result = two.run("upgrade", "--all")
    assert (result.code, result.out) == (0, "")
    assert "upgraded inventree-alpha from 1.0 to 2.0\n" in result.err
    assert "upgraded inventree-beta from 1.0 to 2.0\n" in result.err
    assert two.installed() == ["inventree_alpha-2.0", "inventree_beta-2.0"]
    assert two.plugins_file.read_text() == text
    shown = {row["key"]: row["package_version"] for row in two.run("list", "--json").data["plugins"]}
    assert shown == {"alpha": "2.0", "beta": "2.0"}


def test_twice_is_unchanged(two):
    first = two.run("upgrade", "--all", "--json")
    assert (first.code, first.json["changed"], len(first.data["plan"])) == (0, True, 2)
    before = snapshot(two.folder, two.environment)
    again = two.run("upgrade", "--all", "--json")
    assert (again.code, again.json["changed"], again.json["next_steps"]) == (0, False, [])
    assert again.data == {"upgraded": [], "plan": [], "pins": [], "kept": [], "created": [], "plugins": []}
    assert snapshot(two.folder, two.environment) == before
    assert two.run("upgrade", "--all").err == "nothing to upgrade\n"


@pytest.mark.parametrize("name", ["alpha", "inventree-alpha", "Inventree_Alpha"])
def test_a_named_one_alone(two, name):
    result = two.run("upgrade", name, "--json")
    assert result.code == 0
    assert upgraded(result) == [("inventree-alpha", "1.0", "2.0")]
    (planned,) = result.data["plan"]
    assert (planned["action"], planned["why"]) == ("upgrade", ["plugins.txt line 1"])
    assert [row["key"] for row in result.data["plugins"]] == ["alpha"]
    assert two.installed() == ["inventree_alpha-2.0", "inventree_beta-1.0"]


def test_it_is_called_update_as_well(two):
    result = two.run("update", "alpha", "--json")
    assert result.json["command"] == "upgrade"
    assert two.installed() == ["inventree_alpha-2.0", "inventree_beta-1.0"]


def test_a_dry_run_changes_nothing(two):
    before = snapshot(two.folder, two.environment)
    result = two.run("upgrade", "--all", "--dry-run")
    assert (result.code, result.out) == (0, "")
    assert "would upgrade inventree-alpha from 1.0 to 2.0" in result.err
    answer = two.run("upgrade", "--all", "--dry-run", "--json").json
    assert (answer["changed"], answer["dry_run"], len(answer["data"]["upgraded"])) == (False, True, 2)
    assert snapshot(two.folder, two.environment) == before


def test_the_plan_is_shown_before_it_is_carried_out(two):
    lines = two.run("upgrade", "alpha").err.splitlines()
    plan = next(line for line in lines if line.startswith("upgrade "))
    assert plan.split() == ["upgrade", "inventree-alpha", "1.0", "2.0", "plugins.txt", "line", "1"]
    assert lines.index(plan) < lines.index("upgraded inventree-alpha from 1.0 to 2.0")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "or give `--all` for every one"),
        (("alpha", "--all"), "`--all` and names exclude each other"),
        (("django",), "it may be the server's own"),
        (("--all", "--cooldown", "a week"), "takes a number of days"),
    ],
)
def test_wrong_command_lines(two, arguments, said):
    site = next(two.environment.glob("lib/python*/site-packages"))
    install_folder(site, "Django", "5.2")
    result = two.run("upgrade", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert two.installed() == ["Django-5.2", "inventree_alpha-1.0", "inventree_beta-1.0"]


def test_a_plugin_of_a_directory_is_no_package(two):
    (two.folder / "plugins").mkdir()
    (two.folder / "plugins" / "local.py").write_text(
        'from plugin import InvenTreePlugin\n\n\nclass Local(InvenTreePlugin):\n    NAME = "Local"\n'
    )
    result = two.run("upgrade", "local")
    assert (result.code, result.out) == (2, "")
    assert "`local` is not a package but part of" in result.err


def test_an_unknown_name_upgrades_nothing(two):
    result = two.run("upgrade", "alpha", "betta", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "plugin-not-found")
    assert "`beta`" in result.json["errors"][0]["hint"]
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]


# Pins and limits.


def test_a_pin_stays_and_is_told(two):
    text = "inventree-alpha==1.0  # why\ninventree-beta\n"
    two.plugins_file.write_text(text)
    result = two.run("upgrade", "--all", "--json")
    assert (result.code, upgraded(result)) == (0, [("inventree-beta", "1.0", "2.0")])
    (row,) = result.data["kept"]
    assert (row["name"], row["installed"]) == ("inventree-alpha", "1.0")
    assert row["held_by"] == [{"code": "pin", "message": "pinned in `plugins.txt` line 1"}]
    assert two.plugins_file.read_text() == text
    named = two.run("upgrade", "alpha")
    assert named.code == 0
    assert "inventree-alpha stays at 1.0: pinned in `plugins.txt` line 1\n" in named.err


def test_what_is_declared_and_not_installed_is_not_upgraded(two):
    two.plugins_file.write_text("inventree-alpha\ninventree-new\n")
    result = two.run("upgrade", "inventree-new")
    assert (result.code, result.out) == (0, "")
    said = "inventree-new is not installed: `invplug install` installs what plugins.txt declares\n"
    assert result.err == f"{said}nothing to upgrade\n"


def test_a_pin_that_may_move_stays_a_pin_with_its_comment(two):
    two.plugins_file.write_bytes(
        b"# mine\r\nInventree_Alpha [extra] == 1.0 ; python_version > '3'  # why\r\ninventree-beta == 1.0"
    )
    result = two.run("upgrade", "alpha", "--unpin", "--json")
    assert (result.code, upgraded(result)) == (0, [("inventree-alpha", "1.0", "2.0")])
    assert result.data["pins"] == ["inventree-alpha==2.0"]
    assert two.plugins_file.read_bytes() == (
        b"# mine\r\nInventree_Alpha [extra]==2.0 ; python_version > '3'  # why\r\ninventree-beta == 1.0"
    )
    assert two.installed() == ["inventree_alpha-2.0", "inventree_beta-1.0"]
    assert two.run("install", "--json").json["changed"] is False


def test_only_the_pin_of_this_environment_moves(two):
    two.plugins_file.write_text(
        'inventree-alpha==0.9 ; python_version < "3"\ninventree-alpha==1.0 ; python_version >= "3"\n'
    )
    assert two.run("upgrade", "--all", "--unpin").code == 0
    assert two.plugins_file.read_text() == (
        'inventree-alpha==0.9 ; python_version < "3"\ninventree-alpha==2.0 ; python_version >= "3"\n'
    )


def test_a_dry_run_tells_which_pins_would_move(two):
    text = "inventree-alpha==1.0\n"
    two.plugins_file.write_text(text)
    result = two.run("upgrade", "alpha", "--unpin", "--dry-run")
    assert "would pin in plugins.txt: `inventree-alpha==2.0`" in result.err
    assert two.plugins_file.read_text() == text


def test_a_pin_of_an_included_file_stays(two):
    (two.folder / "more.txt").write_text("inventree-alpha==1.0\n")
    two.plugins_file.write_text("-r more.txt\ninventree-beta\n")
    result = two.run("upgrade", "--all", "--unpin", "--json")
    assert (result.code, upgraded(result)) == (0, [("inventree-beta", "1.0", "2.0")])
    assert kept(result) == {"inventree-alpha": "pin"}
    assert "`more.txt` line 1" in result.data["kept"][0]["held_by"][0]["message"]
    assert (two.folder / "more.txt").read_text() == "inventree-alpha==1.0\n"


def test_a_line_with_hashes_is_refused_before_anything_changes(two):
    text = f"inventree-alpha==1.0 --hash=sha256:{'0' * 64}\n"
    two.plugins_file.write_text(text)
    result = two.run("upgrade", "--all", "--unpin", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "plugins-file")
    assert two.plugins_file.read_text() == text
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]


@pytest.mark.parametrize("options", [(), ("--unpin",)])
def test_a_limit_holds_always(two, options):
    two.wheel("alpha", "1.5")
    text = "inventree-alpha<2  # 2 is slow\ninventree-beta\n"
    two.plugins_file.write_text(text)
    result = two.run("upgrade", "alpha", "--json", *options)
    assert upgraded(result) == [("inventree-alpha", "1.0", "1.5")]
    again = two.run("upgrade", "alpha", "--json", *options)
    assert kept(again) == {"inventree-alpha": "limit"}
    assert again.data["kept"][0]["newest"] == "2.0"
    assert two.plugins_file.read_text() == text


def test_what_its_line_excludes_is_brought_to_it(two):
    assert two.run("upgrade", "alpha").code == 0
    two.plugins_file.write_text("inventree-alpha<2\n")
    result = two.run("upgrade", "alpha")
    assert result.code == 0
    assert "downgraded inventree-alpha from 2.0 to 1.0" in result.err


# What is left alone, and what holds.


def test_what_comes_from_a_place_or_is_missing_is_left_alone(two):
    wheel = two.wheels / "inventree_alpha-1.0-py3-none-any.whl"
    two.plugins_file.write_text(f"inventree-alpha @ {wheel.as_uri()}\ninventree-gamma\ninventree-beta\n")
    two.wheel("gamma")
    result = two.run("upgrade", "--all", "--json")
    assert (result.code, upgraded(result)) == (0, [("inventree-beta", "1.0", "2.0")])
    assert kept(result) == {"inventree-alpha": "place", "inventree-gamma": "not-installed"}


def test_a_working_copy_is_left_alone(instance, tmp_path):
    folder = tmp_path / "checkout"
    (folder / "inventree_local").mkdir(parents=True)
    (folder / "inventree_local" / "__init__.py").write_text("")
    (folder / "inventree_local" / "core.py").write_text(
        'from plugin import InvenTreePlugin\n\n\nclass LocalPlugin(InvenTreePlugin):\n    NAME = "Local"\n'
    )
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name="inventree-local", version="1.0"))
    (folder / "backend.py").write_text(BACK_END.format(name="inventree-local", version="1.0"))
    install(instance, f"-e {folder}\n")
    instance.wheel("local", "2.0")
    for text in (f"-e {folder}\n", "inventree-local\n", "\n"):
        instance.plugins_file.write_text(text)
        result = instance.run("upgrade", "--all", "--json")
        assert (result.code, result.json["changed"], kept(result)) == (0, False, {"inventree-local": "place"})


def test_a_plugin_package_that_plugins_txt_does_not_declare(two):
    two.plugins_file.write_text("inventree-beta\n")
    result = two.run("upgrade", "--all", "--json")
    assert sorted(upgraded(result)) == [("inventree-alpha", "1.0", "2.0"), ("inventree-beta", "1.0", "2.0")]
    assert two.plugins_file.read_text() == "inventree-beta\n"


def test_the_servers_own_packages_stay(instance):
    site = next(instance.environment.glob("lib/python*/site-packages"))
    install_folder(site, "Django", "5.2")
    instance.wheel("alpha", requires=["django>=4"])
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0", requires=["django>=6"])
    build_wheel(instance.wheels, "django", "6.0")
    result = instance.run("upgrade", "--all")
    assert result.code == 0
    said = "inventree-alpha stays at 1.0 (2.0 is there): 2.0 needs `django>=6`, and the server has django 5.2"
    assert said in result.err
    assert instance.installed() == ["Django-5.2", "inventree_alpha-1.0"]


def test_the_servers_own_packages_change_where_that_is_allowed(instance):
    build_wheel(instance.wheels, "servers-own", "1.0")
    instance.plugins_file.write_text("servers-own\n")
    assert instance.run("install").code == 0
    instance.wheel("alpha", requires=["servers-own"])
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0", requires=["servers-own>=2"])
    build_wheel(instance.wheels, "servers-own", "2.0")
    assert kept(instance.run("upgrade", "--all", "--json")) == {"inventree-alpha": "host"}
    result = instance.run("upgrade", "--all", "--allow-host-changes", "--json")
    assert (result.code, upgraded(result)) == (0, [("inventree-alpha", "1.0", "2.0")])
    assert [row["code"] for row in result.json["warnings"]] == ["host-changed"]
    assert instance.installed() == ["inventree_alpha-2.0", "servers_own-2.0"]


def test_python_and_prereleases(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    instance.wheel("alpha", "2.0rc1")
    instance.wheel("alpha", "3.0", metadata={"Requires-Python": ">=3.99"})
    result = instance.run("upgrade", "--all", "--json")
    assert (result.code, kept(result)) == (0, {"inventree-alpha": "python"})
    result = instance.run("upgrade", "--all", "--pre", "--json")
    assert upgraded(result) == [("inventree-alpha", "1.0", "2.0rc1")]


def test_who_has_a_prerelease_gets_the_next_one(instance):
    instance.wheel("alpha", "2.0rc1")
    install(instance, "inventree-alpha>=2.0rc1\n")
    instance.wheel("alpha", "1.9")
    instance.wheel("alpha", "2.0rc2")
    assert upgraded(instance.run("upgrade", "--all", "--json")) == [("inventree-alpha", "2.0rc1", "2.0rc2")]
    assert instance.run("upgrade", "--all", "--json").json["changed"] is False


def test_dependencies_move_only_as_far_as_needed(instance):
    for name in ("shared", "other"):
        build_wheel(instance.wheels, name, "1.0")
    instance.wheel("alpha", requires=["shared", "other"])
    install(instance, "inventree-alpha\n")
    for name in ("shared", "other"):
        for version in ("2.0", "3.0"):
            build_wheel(instance.wheels, name, version)
    instance.wheel("alpha", "2.0", requires=["shared>=2,<3", "other"])
    result = instance.run("upgrade", "alpha")
    assert result.code == 0
    assert "upgraded shared from 1.0 to 2.0\n" in result.err
    assert instance.installed() == ["inventree_alpha-2.0", "other-1.0", "shared-2.0"]


def test_others_of_plugins_txt_stay_satisfied(instance):
    for version in ("1.0", "2.0"):
        build_wheel(instance.wheels, "shared", version)
    instance.wheel("alpha", requires=["shared<2"])
    instance.wheel("beta", requires=["shared"])
    install(instance, "inventree-alpha\ninventree-beta\n")
    instance.wheel("beta", "2.0", requires=["shared>=2"])
    for arguments in (("beta",), ("--all",)):
        result = instance.run("upgrade", *arguments, "--json")
        assert (result.code, result.json["changed"], kept(result)) == (
            0,
            False,
            {"inventree-beta": "conflict"},
        )
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0", "shared-1.0"]


# What plugins ask of the server.


def test_a_release_that_the_server_would_refuse_is_never_installed(instance):
    gated(instance, "alpha", "1.0")
    install(instance, "inventree-alpha\n")
    assert instance.run("enable", "alpha").code == 0
    gated(instance, "alpha", "2.0", MIN_VERSION="1.1.0")
    gated(instance, "alpha", "3.0", MAX_VERSION="1.1.9")
    gated(instance, "alpha", "4.0", MIN_VERSION="1.3.0")
    options = server(instance)
    for more in (("--dry-run",), ()):
        result = instance.run(*options, "upgrade", "alpha", "--json", *more)
        assert (result.code, upgraded(result)) == (0, [("inventree-alpha", "1.0", "2.0")])
    assert "restart" in {step["code"] for step in result.json["next_steps"]}
    again = instance.run(*options, "upgrade", "alpha", "--json")
    assert (again.json["changed"], kept(again)) == (False, {"inventree-alpha": "version-gate"})
    assert "it needs 1.3.0 or later" in again.data["kept"][0]["held_by"][0]["message"]
    assert instance.installed() == ["inventree_alpha-2.0"]


def test_a_release_that_takes_one_of_two_plugins_away_is_not_installed(instance):
    def release(version: str, *, first: str, second: str) -> None:
        plugin = 'from plugin import InvenTreePlugin\n\n\nclass P(InvenTreePlugin):\n    NAME = "{}"\n'
        build_wheel(
            instance.wheels,
            "inventree-twins",
            version,
            modules={
                "twins/__init__.py": "",
                "twins/one.py": plugin.format("One") + first,
                "twins/two.py": plugin.format("Two") + second,
            },
            entry_points={"One": "twins.one:P", "Two": "twins.two:P"},
        )

    too_new = '    MIN_VERSION = "9.0.0"\n'
    release("1.0", first="", second=too_new)
    install(instance, "inventree-twins\n")
    release("2.0", first="", second=too_new)  # no worse than it is
    release("3.0", first=too_new, second="")
    result = instance.run(*server(instance), "upgrade", "--all", "--json")
    assert upgraded(result) == [("inventree-twins", "1.0", "2.0")]


def gated_dependency(instance: Instance, *, has_wheel: bool) -> tuple[str, ...]:
    """Let `beta` 2.0 need `alpha` 2.0, which the server refuses, while `alpha` 3.0 cannot be installed."""
    gated(instance, "alpha", "1.0")
    instance.wheel("beta")
    install(instance, "inventree-alpha\ninventree-beta\n")
    # What is installed does not meet its line, so that nothing keeps it where it is.
    instance.plugins_file.write_text("inventree-alpha!=1.0\ninventree-beta\n")
    gated(instance, "alpha", "2.0", MIN_VERSION="9.0.0")
    if has_wheel:
        instance.wheel("alpha", "3.0", requires=["nowhere"])
    else:
        broken_release(instance, "alpha", "3.0")
    instance.wheel("beta", "2.0", requires=["inventree-alpha>=2,<3"])
    return server(instance)


@pytest.mark.parametrize(
    ("has_wheel", "code"), [(True, "install-not-found"), (False, "install-build-failed")]
)
def test_a_release_that_was_given_up_and_comes_back_as_a_dependency(instance, has_wheel, code):
    options = gated_dependency(instance, has_wheel=has_wheel)
    instance.wheel("beta", "1.5")
    for more in (("--dry-run",), ()):
        result = instance.run(*options, "upgrade", "--all", "--keep-going", "--json", *more)
        assert (result.code, upgraded(result)) == (1, [("inventree-beta", "1.0", "1.5")])
        assert [(error["code"], error["line"]) for error in result.json["errors"]] == [(code, 1)]
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_beta-1.5"]


def test_a_dependency_that_the_server_would_refuse_where_its_own_may_change(instance):
    options = gated_dependency(instance, has_wheel=False)
    more = ("--keep-going", "--allow-host-changes", "--json")
    result = instance.run(*options, "upgrade", "--all", *more)
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "install-failed")
    assert "`inventree-alpha` 2.0" in error["message"]
    assert "it needs 9.0.0 or later" in error["message"]
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]


def test_next_steps_of_an_enabled_plugin(instance):
    instance.wheel("alpha", mixins="AppMixin")
    install(instance, "inventree-alpha\n")
    assert instance.run("enable", "alpha").code == 0
    instance.wheel("alpha", "2.0", mixins="AppMixin")
    result = instance.run("upgrade", "alpha", "--json")
    assert "migrate" in {step["code"] for step in result.json["next_steps"]}
    assert instance.active() == ["alpha"]


def test_a_new_plugin_of_a_newer_release_gets_its_row(instance):
    instance.wheel("alpha")
    install(instance, "inventree-alpha\n")
    text = 'from plugin import InvenTreePlugin\n\n\nclass Extra(InvenTreePlugin):\n    NAME = "Extra"\n'
    build_wheel(
        instance.wheels,
        "inventree-alpha",
        "2.0",
        modules={"inventree_alpha/__init__.py": "", "inventree_alpha/extra.py": text},
        entry_points={"Extra": "inventree_alpha.extra:Extra"},
    )
    result = instance.run("upgrade", "alpha", "--json")
    assert (upgraded(result), result.data["created"]) == ([("inventree-alpha", "1.0", "2.0")], ["extra"])
    assert not instance.rows()["extra"]["active"]


def test_reload_asks_running_servers(two):
    result = two.run("upgrade", "alpha", "--reload", "--json")
    assert result.data["reload_requested"] is True
    assert two.run("upgrade", "alpha", "--reload", "--json").data["reload_requested"] is False


# What goes wrong.


def test_one_that_cannot_be_built_stops_all_or_is_left_out(two):
    broken_release(two, "alpha", "3.0")
    before = snapshot(two.folder, two.environment)
    result = two.run("upgrade", "--all", "--json")
    assert (result.code, result.json["changed"]) == (1, False)
    (error,) = result.json["errors"]
    assert (error["code"], error["line"]) == ("install-build-failed", 1)
    assert snapshot(two.folder, two.environment) == before
    result = two.run("upgrade", "--all", "--keep-going", "--json")
    assert (result.code, result.json["status"]) == (1, "partial")
    assert upgraded(result) == [("inventree-beta", "1.0", "2.0")]
    assert [error["code"] for error in result.json["errors"]] == ["install-build-failed"]
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-2.0"]


def test_one_that_no_index_has_any_more(two):
    for path in two.wheels.glob("inventree_alpha*"):
        path.unlink()
    result = two.run("upgrade", "--all", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"], error["line"]) == (1, "install-not-found", 1)
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]
    result = two.run("upgrade", "--all", "--keep-going", "--json")
    assert (result.code, upgraded(result)) == (1, [("inventree-beta", "1.0", "2.0")])


def test_a_database_that_cannot_be_used_is_known_before(two):
    result = two.run("--database", "nowhere.sqlite3", "upgrade", "--all", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "database-missing")
    assert two.installed() == ["inventree_alpha-1.0", "inventree_beta-1.0"]


def test_the_real_program(two):
    result = two.run_binary("upgrade", "--all", "--json")
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["changed"] is True
    assert two.installed() == ["inventree_alpha-2.0", "inventree_beta-2.0"]


# Indexes.


@pytest.fixture
def online(instance, monkeypatch):
    """The instance, with pip looking where the test says."""
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_RETRIES", "1")  # with none, pip does not say what failed
    return instance


def test_from_a_kept_index_that_plugins_txt_names(online):
    with PackageIndex(online.wheels) as index:
        online.wheel("alpha")
        install(online, f"--index-url {index.url}\ninventree-alpha==1.0  # why\n")
        online.wheel("alpha", "2.0")
        assert online.run("upgrade", "alpha", "--unpin").code == 0
    assert online.plugins_file.read_text() == f"--index-url {index.url}\ninventree-alpha==2.0  # why\n"
    assert online.installed() == ["inventree_alpha-2.0"]


def test_an_index_that_does_not_answer_is_not_nothing_to_upgrade(online, monkeypatch):
    with FaultyIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        install(online, "inventree-alpha\n")
        index.misbehave("close")
        result = online.run("upgrade", "--all", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-network")


def test_half_a_wheel_leaves_all_as_it_was(online, monkeypatch):
    with FaultyIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        install(online, "inventree-alpha==1.0\n")
        online.wheel("alpha", "2.0")
        index.misbehave("half", at="alpha-2.0")
        before = snapshot(online.folder, online.environment)
        result = online.run("upgrade", "alpha", "--unpin", "--json")
    assert (result.code, result.json["changed"]) == (1, False)
    assert snapshot(online.folder, online.environment) == before


def test_an_index_of_the_command_line_with_its_password(online):
    with FaultyIndex(online.wheels, credentials="ada:secret") as index:
        online.wheel("alpha")
        url = index.url_with("ada", "secret")
        assert online.run("install", "inventree-alpha", "--index-url", url).code == 0
        text = online.plugins_file.read_text()
        online.wheel("alpha", "2.0")
        result = online.run("upgrade", "alpha", "--index-url", url, "--verbose")
    assert result.code == 0
    assert "secret" not in result.out + result.err
    assert online.installed() == ["inventree_alpha-2.0"]
    assert online.plugins_file.read_text() == text


def test_young_releases_are_left_out(online, monkeypatch):
    times = {
        "inventree_alpha-1.0-py3-none-any.whl": OLD,
        "inventree_alpha-2.0-py3-none-any.whl": OLD,
        "inventree_alpha-3.0-py3-none-any.whl": YOUNG,
        "inventree_beta-1.0-py3-none-any.whl": YOUNG,
    }
    with FaultyIndex(online.wheels, upload_times=times) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        online.wheel("beta")
        install(online, "inventree-alpha\ninventree-beta\n")
        online.wheel("alpha", "2.0")
        online.wheel("alpha", "3.0")
        result = online.run("upgrade", "--all", "--cooldown", "7", "--json")
        assert (result.code, upgraded(result)) == (0, [("inventree-alpha", "1.0", "2.0")])
        assert kept(result) == {"inventree-beta": "cooldown"}
        result = online.run("upgrade", "--all", "--json")
        assert upgraded(result) == [("inventree-alpha", "2.0", "3.0")]


def test_an_index_without_upload_times_cannot_tell_young_releases(online, monkeypatch):
    with FaultyIndex(online.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        online.wheel("alpha")
        install(online, "inventree-alpha\n")
        online.wheel("alpha", "2.0")
        for more in ((), ("--keep-going",)):
            result = online.run("upgrade", "--all", "--cooldown", "7", "--json", *more)
            assert (result.code, result.json["errors"][0]["code"]) == (1, "install-no-upload-times")
    assert online.installed() == ["inventree_alpha-1.0"]
