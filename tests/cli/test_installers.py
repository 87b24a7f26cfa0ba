"""pip and uv do the same: plan, environment, errors, protection; and which of them is taken."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from inventree_plugins.packages.choice import find_uv
from inventree_plugins.process import run
from tests.builders import build_sdist, build_wheel, install_folder
from tests.cli.test_install import BACK_END, LOCAL_PLUGIN, PYPROJECT, snapshot
from tests.package_index import FaultyIndex, PackageIndex, only_from_indexes

UV = find_uv(run)
needs_uv = pytest.mark.skipif(UV is None, reason="uv is not there")
BOTH = ["pip", pytest.param("uv", marks=needs_uv)]
# Left by one installer and not by the other, or with other words for the same.
OWN_FILES = {"INSTALLER", "RECORD", "direct_url.json", "uv_build.json", "uv_cache.json"}


@pytest.fixture(params=BOTH)
def installer(request, instance, monkeypatch):
    """Have `instance` install with either, and with no other."""
    monkeypatch.setenv("INVPLUG_INSTALLER", request.param)
    return request.param


@pytest.fixture
def site(instance):
    return next(instance.environment.glob("lib/python*/site-packages"))


def project(folder, name="inventree-local", version="1.0"):
    """Write a source tree with one plugin, which builds without a network."""
    module = name.replace("-", "_")
    (folder / module).mkdir(parents=True)
    (folder / module / "__init__.py").write_text("")
    (folder / module / "core.py").write_text(LOCAL_PLUGIN)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name, version=version))
    (folder / "backend.py").write_text(BACK_END.format(name=name, version=version))
    return folder


def repository(folder):
    """Make the source tree a git repository."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "one")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


def add_script(wheel, name, module):
    """Give a wheel a console script, `NAME = MODULE:main`."""
    with zipfile.ZipFile(wheel, "a") as archive:
        info = next(each.split("/")[0] for each in archive.namelist() if ".dist-info/" in each)
        archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {module}:main\n")


def freeze(environment):
    """Return what pip says is installed; the hash of an archive is a part that only pip records."""
    command = [sys.executable, "-m", "pip", "--python", str(environment), "freeze", "--all"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.partition("#sha256=")[0] for line in done.stdout.splitlines()]


def contents(environment, other):
    """Return every file of an environment that matters, with the text that it would have in `other`."""
    found = {}
    for path in sorted(environment.rglob("*")):
        if path.name in OWN_FILES or "__pycache__" in path.parts or path.is_symlink() or path.is_dir():
            continue
        if path.name not in {"pyvenv.cfg", ".invplug.lock"} and "activate" not in path.name.lower():
            data = path.read_bytes().replace(os.fsencode(environment), os.fsencode(other))
            # Each writes its own few lines into a script; the first is what it runs with.
            found[path.relative_to(environment)] = data.split(b"\n")[0] if path.parent.name == "bin" else data
    return found


# The same plan


@dataclass(frozen=True)
class Scenario:
    """What there is, by a function of an instance that returns the words of the command."""

    build: Callable[..., list[str]]
    plan: list[tuple[str, str | None, str | None, str]]
    by_pip: bool = False


def named_with_a_dependency(instance):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    return ["install", "inventree-alpha"]


def all_of_plugins_txt(instance):
    for version in ("1.0", "1.1", "2.0"):
        instance.wheel("alpha", version)
        build_wheel(instance.wheels, "helper", version)
    instance.wheel("beta", requires=["helper<2"])
    instance.plugins_file.write_text("# ours\ninventree-alpha<2  # not yet\n\nInvenTree_Beta >= 1.0\n")
    return ["install"]


def extras(instance):
    build_wheel(instance.wheels, "fast", "1.0")
    build_wheel(instance.wheels, "slow", "1.0")
    extra = {"Provides-Extra": "speed"}
    build_wheel(instance.wheels, "engine", "1.0", requires=["fast; extra == 'speed'", "slow"], metadata=extra)
    instance.wheel("alpha", requires=["engine[speed]"])
    instance.wheel("beta", requires=["slow; extra == 'speed'"], metadata=extra)
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta[speed]\n")
    return ["install"]


def markers(instance):
    build_wheel(instance.wheels, "old-times", "1.0")
    build_wheel(instance.wheels, "always", "1.0")
    instance.wheel("alpha", requires=["old-times; python_version < '3'", "always; python_version > '3'"])
    instance.wheel("beta")
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta; sys_platform == 'win32'\n")
    return ["install"]


def installed_is_kept(instance):
    for version in ("1.0", "2.0"):
        build_wheel(instance.wheels, "helper", version)
    instance.wheel("alpha", requires=["helper==1.0"])
    assert instance.run("install", "inventree-alpha", "--installer", "pip").code == 0
    instance.wheel("alpha", "2.0", requires=["helper"])
    instance.wheel("beta", requires=["helper"])
    return ["install", "inventree-beta"]


def dependency_is_upgraded(instance):
    for version in ("1.0", "1.5", "2.0"):
        build_wheel(instance.wheels, "helper", version)
    instance.wheel("alpha", requires=["helper<1.5"])
    assert instance.run("install", "inventree-alpha", "--installer", "pip").code == 0
    instance.wheel("alpha", "2.0", requires=["helper"])
    instance.wheel("beta", requires=["helper>1,<2"])
    return ["install", "inventree-beta", "inventree-alpha>1"]


def upgrade_of_what_is_named(instance):
    for version in ("1.0", "2.0"):
        build_wheel(instance.wheels, "helper", version)
    instance.wheel("alpha", requires=["helper==1.0"])
    instance.wheel("beta", requires=["helper"])
    assert instance.run("install", "inventree-alpha", "inventree-beta", "--installer", "pip").code == 0
    instance.wheel("alpha", "2.0", requires=["helper"])
    instance.wheel("beta", "2.0", requires=["helper"])
    return ["install", "inventree-alpha", "--upgrade"]


def newer_than_any_index_has(instance):
    instance.wheel("alpha", "1.0")
    newest = instance.wheel("alpha", "3.0")
    assert instance.run("install", "inventree-alpha", "--installer", "pip").code == 0
    newest.unlink()
    instance.wheel("beta", "1.0")
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta\n")
    return ["install", "--upgrade"]


def prereleases(instance):
    instance.wheel("alpha", "1.0")
    instance.wheel("alpha", "2.0rc1")
    instance.wheel("beta", "1.0b2")
    instance.wheel("gamma", "1.0")
    instance.wheel("gamma", "2.0a1")
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta\ninventree-gamma>=2.0a0\n")
    return ["install"]


def prereleases_that_plugins_txt_allows(instance):
    instance.wheel("alpha", "1.0")
    instance.wheel("alpha", "2.0rc1")
    instance.plugins_file.write_text("--pre\ninventree-alpha\n")
    return ["install"]


def constraints_and_includes(instance):
    for version in ("1.0", "1.1", "2.0"):
        instance.wheel("alpha", version)
        build_wheel(instance.wheels, "helper", version)
    instance.wheel("beta", requires=["helper"])
    (instance.folder / "limits.txt").write_text("helper<2\n")
    (instance.folder / "more.txt").write_text("inventree-beta\n")
    instance.plugins_file.write_text("\ufeffinventree-alpha==1.1\r\n-c limits.txt\r\n-r more.txt")
    return ["install"]


def a_continued_line(instance):
    instance.wheel("alpha", "1.0")
    instance.wheel("alpha", "1.1")
    instance.plugins_file.write_text("inventree-alpha == \\\n 1.0\n")
    return ["install"]


def the_servers_own_holds(instance):
    build_wheel(instance.wheels, "Django", "2.0")
    site = next(instance.environment.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(build_wheel(instance.wheels, "Django", "1.0")) as wheel:
        wheel.extractall(site)
    instance.wheel("alpha", "1.0", requires=["django<2"])
    instance.wheel("alpha", "2.0", requires=["Django>=2"])
    return ["install", "inventree-alpha"]


def the_servers_own_may_change(instance):
    words = the_servers_own_holds(instance)
    return [*words, "--allow-host-changes"]


def another_python(instance):
    instance.wheel("alpha", "1.0")
    # uv passes over upper ends.
    instance.wheel("alpha", "2.0", metadata={"Requires-Python": ">=3.6,<3.10"})
    instance.wheel("beta", "1.0")
    instance.wheel("beta", "2.0", metadata={"Requires-Python": ">=3.99"})
    return ["install", "inventree-alpha", "inventree-beta"]


def a_wheel_by_its_path(instance):
    build_wheel(instance.wheels, "helper", "1.0")
    wheel = instance.wheel("alpha", requires=["helper"])
    shutil.move(wheel, instance.folder)
    instance.plugins_file.write_text(f"./{wheel.name}\n")
    return ["install"]


def a_url(instance):
    wheel = instance.wheel("alpha")
    instance.plugins_file.write_text(f"inventree-alpha @ {wheel.as_uri()}\n")
    return ["install"]


def a_folder_is_built_each_time(instance):
    folder = project(instance.folder / "checkout")
    assert instance.run("install", str(folder), "--installer", "pip").code == 0
    instance.wheel("beta")
    instance.plugins_file.write_text("./checkout\ninventree-beta\n")
    return ["install"]


def an_editable_folder(instance):
    project(instance.folder / "checkout")
    instance.plugins_file.write_text("-e ./checkout\n")
    return ["install"]


def a_repository(instance):
    folder = repository(project(instance.folder / "checkout"))
    instance.plugins_file.write_text(f"inventree-local @ git+{folder.as_uri()}\n")
    return ["install"]


def an_archive_of_sources(instance):
    files = {
        "pyproject.toml": PYPROJECT.format(name="inventree-local", version="1.0"),
        "backend.py": BACK_END.format(name="inventree-local", version="1.0"),
        "inventree_local/__init__.py": "",
        "inventree_local/core.py": LOCAL_PLUGIN,
    }
    build_sdist(instance.wheels, "inventree-local", "1.0", files=files)
    return ["install", "inventree-local"]


def a_dependency_by_its_url(instance):
    wheel = build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=[f"helper @ {wheel.as_uri()}"])
    return ["install", "inventree-alpha"]


def wheels_before_sources(instance):
    """uv has no such option, and says so."""
    instance.wheel("alpha", "1.0")
    instance.plugins_file.write_text("--prefer-binary\ninventree-alpha\n")
    return ["install"]


SCENARIOS = [
    Scenario(named_with_a_dependency, [("helper", None, "1.0", "install")]),
    Scenario(
        all_of_plugins_txt, [("inventree-beta", None, "1.0", "install"), ("helper", None, "1.1", "install")]
    ),
    Scenario(extras, [("engine", None, "1.0", "install"), ("fast", None, "1.0", "install")]),
    Scenario(markers, [("always", None, "1.0", "install")]),
    Scenario(installed_is_kept, [("inventree-beta", None, "1.0", "install")]),
    Scenario(dependency_is_upgraded, [("helper", "1.0", "1.5", "upgrade")]),
    Scenario(upgrade_of_what_is_named, [("inventree-alpha", "1.0", "2.0", "upgrade")]),
    Scenario(newer_than_any_index_has, [("inventree-beta", None, "1.0", "install")]),
    Scenario(prereleases, [("inventree-gamma", None, "2.0a1", "install")]),
    Scenario(prereleases_that_plugins_txt_allows, [("inventree-alpha", None, "2.0rc1", "install")]),
    Scenario(constraints_and_includes, [("helper", None, "1.1", "install")]),
    Scenario(a_continued_line, [("inventree-alpha", None, "1.0", "install")], by_pip=True),
    Scenario(the_servers_own_holds, [("inventree-alpha", None, "1.0", "install")]),
    Scenario(the_servers_own_may_change, [("Django", "1.0", "2.0", "upgrade")]),
    Scenario(another_python, [("inventree-alpha", None, "1.0", "install")], by_pip=True),
    Scenario(a_wheel_by_its_path, [("inventree-alpha", None, "1.0", "install")]),
    Scenario(a_url, [("inventree-alpha", None, "1.0", "install")]),
    Scenario(a_folder_is_built_each_time, [("inventree-local", "1.0", "1.0", "again")]),
    Scenario(an_editable_folder, [("inventree-local", None, "1.0", "install")]),
    Scenario(a_repository, [("inventree-local", None, "1.0", "install")]),
    Scenario(an_archive_of_sources, [("inventree-local", None, "1.0", "install")]),
    Scenario(a_dependency_by_its_url, [("helper", None, "1.0", "install")], by_pip=True),
    Scenario(wheels_before_sources, [("inventree-alpha", None, "1.0", "install")], by_pip=True),
]


@needs_uv
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.build.__name__)
def test_the_plan_and_what_it_makes_are_the_same(instance, scenario):
    words = scenario.build(instance)
    text = instance.plugins_file.read_text() if instance.plugins_file.exists() else None
    store = instance.store.read_bytes() if instance.store.exists() else None
    before = snapshot(instance.environment)
    rehearsed = instance.run(*words, "--installer", "uv", "--dry-run", "--json", "--verbose")
    assert rehearsed.code == 0, rehearsed.out
    assert snapshot(instance.environment) == before
    assert ("pip resolves: " in rehearsed.err) == scenario.by_pip, rehearsed.err
    plan = rehearsed.data["plan"]
    found = [(each["name"], each["from"], each["to"], each["action"]) for each in plan]
    assert set(scenario.plan) <= set(found)
    other = instance.environment.with_name("other")
    shutil.copytree(instance.environment, other, symlinks=True)
    by_pip = instance.run(*words, "--installer", "pip", "--json")
    if text is not None:
        instance.plugins_file.write_text(text, newline="")
    else:
        instance.plugins_file.unlink()
    if store is None:
        shutil.rmtree(instance.store.parent)
    else:
        instance.store.write_bytes(store)
    mine, instance.environment = instance.environment, other
    by_uv = instance.run(*words, "--installer", "uv", "--json", "--verbose")
    assert (by_pip.code, by_uv.code) == (0, 0), by_uv.out
    assert by_uv.data["plan"] == by_pip.data["plan"] == plan
    assert "pip installs: " not in by_uv.err
    assert contents(other, mine) == contents(mine, mine)
    installers = {path.read_text().strip() for path in other.rglob("INSTALLER")}
    assert "uv" in installers
    again = instance.run(*words[:1], "--installer", "uv", "--json")
    assert (again.code, again.data["plan"]) == (0, [])


def test_pip_sees_the_same_installed(instance, installer, tmp_path):
    a_url(instance)
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("beta", requires=["helper"])
    folder = repository(project(tmp_path / "checkout"))
    project(tmp_path / "edited", name="inventree-edited")
    with instance.plugins_file.open("a") as file:
        file.write(f"inventree-beta\n-e {tmp_path / 'edited'}\ninventree-local @ git+{folder.as_uri()}\n")
    assert instance.run("install").code == 0
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    wheel = (instance.wheels / "inventree_alpha-1.0-py3-none-any.whl").as_uri()
    assert freeze(instance.environment) == [
        "helper==1.0",
        f"inventree-alpha @ {wheel}",
        "inventree-beta==1.0",
        "# Editable install with no version control (inventree-edited==1.0)",
        f"-e {tmp_path / 'edited'}",
        f"inventree-local @ git+{folder.as_uri()}@{commit}",
    ]


# What both do alike


def test_cold_and_again(instance, installer):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    instance.plugins_file.write_text("inventree-alpha\n")
    result = instance.run("install", "--json")
    assert (result.code, result.err) == (0, "")
    assert [(each["name"], each["to"], each["why"], each["requested"]) for each in result.data["plan"]] == [
        ("inventree-alpha", "1.0", ["plugins.txt line 1"], True),
        ("helper", "1.0", ["inventree-alpha"], False),
    ]
    assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0"]
    assert list(instance.rows()) == ["alpha"]
    again = instance.run("install", "--json")
    assert (again.code, again.json["changed"]) == (0, False)


def test_what_was_asked_for_is_marked_and_nothing_else(instance, installer, site):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    assert instance.run("install", "inventree-alpha").code == 0
    assert [path.parent.name for path in site.glob("*/REQUESTED")] == ["inventree_alpha-1.0.dist-info"]
    for record in site.glob("*/RECORD"):
        listed = [line.split(",")[0] for line in record.read_text().splitlines()]
        assert [name for name in listed if not (site / name).exists()] == []
        assert (f"{record.parent.name}/REQUESTED" in listed) == (record.parent / "REQUESTED").exists()


def test_a_script_starts_with_the_targets_python(instance, installer):
    code = "import sys\n\n\ndef main():\n    print(sys.prefix)\n"
    wheel = build_wheel(instance.wheels, "inventree-tool", "1.0", modules={"tool.py": code})
    add_script(wheel, "tool", "tool")
    assert instance.run("install", "inventree-tool").code == 0
    script = instance.environment / "bin" / "tool"
    assert script.read_text().splitlines()[0] == f"#!{instance.environment}/bin/python"
    done = subprocess.run([script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(instance.environment)
    assert instance.run("uninstall", "inventree-tool", "--yes").code == 0
    assert not script.exists()


def test_nothing_of_the_preparation_is_left(instance, installer, monkeypatch, tmp_path, site):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    install_folder(site, "Django", "1.0")
    before = snapshot(instance.environment)
    instance.wheel("alpha", requires=["Django"])
    assert instance.run("install", "inventree-alpha", "--dry-run").code == 0
    assert instance.run("install", "inventree-alpha").code == 0
    new = set(snapshot(instance.environment)) - set(before)
    names = {Path(path).relative_to(instance.environment).parts[-1] for path in new}
    assert not names & {".lock", ".invplug-changes", "invplug"}
    assert {path: data for path, data in snapshot(instance.environment).items() if path in before} == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_without_an_index(instance, installer, monkeypatch, tmp_path):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    instance.wheel("alpha")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    instance.plugins_file.write_text("--no-index\n--find-links ../wheels\ninventree-alpha\n")
    assert instance.run("install").code == 0
    assert instance.installed() == ["inventree_alpha-1.0"]


def test_links_and_versions_of_several_indexes(instance, installer, monkeypatch, tmp_path):
    only_from_indexes(monkeypatch)
    build_wheel(tmp_path / "one", "inventree-alpha", "1.0")
    build_wheel(tmp_path / "two", "inventree-alpha", "3.0")
    build_wheel(tmp_path / "three", "inventree-alpha", "2.0")
    with FaultyIndex(tmp_path / "one") as one, FaultyIndex(tmp_path / "two") as two:
        instance.plugins_file.write_text(
            f"--index-url {one.url}\n--extra-index-url {two.url}\n--find-links {tmp_path / 'three'}\n"
            "inventree-alpha\n"
        )
        assert instance.run("install").code == 0
        assert "/simple/inventree-alpha/" in one.paths
    assert instance.installed() == ["inventree_alpha-3.0"]


def test_a_pinned_file_with_hashes(instance, installer):
    helper = build_wheel(instance.wheels, "helper", "1.0")
    alpha = instance.wheel("alpha", requires=["helper"])
    lines = [
        f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for name, path in (("inventree-alpha", alpha), ("helper", helper))
    ]
    instance.plugins_file.write_text(lines[0])
    assert (instance.run("install").code, instance.installed()) == (1, [])
    instance.plugins_file.write_text("".join(lines))
    assert instance.run("install").code == 0
    assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0"]


@pytest.mark.parametrize("option", [(), ("--upgrade",)])
def test_another_hash(instance, installer, option):
    instance.wheel("alpha")
    instance.plugins_file.write_text(f"inventree-alpha==1.0 --hash=sha256:{'0' * 64}\n")
    result = instance.run("install", *option, "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"], error["line"]) == (1, "install-hash-mismatch", 1)
    assert instance.installed() == []


# The same errors


def not_found(instance):
    instance.wheel("alpha", requires=["nowhere>=2"])
    return "install-not-found"


def no_version(instance):
    instance.wheel("alpha", requires=["helper>=2"])
    build_wheel(instance.wheels, "helper", "1.0")
    return "install-no-version"


def no_version_for_this_python(instance):
    instance.wheel("alpha", metadata={"Requires-Python": "<3.9"})
    return "install-no-version"


def conflict(instance):
    for version in ("1.0", "2.0"):
        build_wheel(instance.wheels, "helper", version)
    instance.wheel("alpha", requires=["helper<2"])
    instance.wheel("beta", requires=["helper>=2"])
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta\n")
    return "install-conflict"


def conflict_with_the_server(instance):
    build_wheel(instance.wheels, "Django", "2.0")
    site = next(instance.environment.glob("lib/python*/site-packages"))
    install_folder(site, "Django", "1.0")
    instance.wheel("alpha", requires=["Django>=2"])
    return "install-host-conflict"


def build_failure(instance):
    files = {
        "pyproject.toml": PYPROJECT.format(name="inventree-alpha", version="1.0"),
        "backend.py": "def build_wheel(*_):\n    raise RuntimeError('there is no compiler')\n",
    }
    build_sdist(instance.wheels, "inventree-alpha", "1.0", files=files)
    return "install-build-failed"


def torn_wheel(instance):
    wheel = instance.wheel("alpha")
    wheel.write_bytes(wheel.read_bytes()[:100])
    return "install-failed"


def missing_path(instance):
    instance.plugins_file.write_text("./nowhere-1.0-py3-none-any.whl\n")
    return "install-failed"


@needs_uv
@pytest.mark.parametrize(
    "build",
    [
        not_found,
        no_version,
        no_version_for_this_python,
        conflict,
        conflict_with_the_server,
        build_failure,
        torn_wheel,
        missing_path,
    ],
    ids=lambda build: build.__name__,
)
def test_errors_are_pips_whoever_installs(instance, build):
    instance.plugins_file.write_text("# ours\ninventree-alpha\n")
    code = build(instance)
    before = snapshot(instance.environment, instance.folder)
    errors = {}
    for name in ("pip", "uv"):
        result = instance.run("install", "--installer", name, "--json")
        assert result.code == 1
        (errors[name],) = result.json["errors"]
        assert errors[name].pop("detail", None) is not None or build is conflict_with_the_server
        after = snapshot(instance.environment, instance.folder)
        assert {path for path in after if ".invplug.lock" not in path} == set(before)
    assert errors["uv"] == errors["pip"]
    assert errors["uv"]["code"] == code


def test_the_rest_is_installed_all_the_same(instance, installer):
    conflict(instance)
    instance.wheel("gamma")
    instance.plugins_file.write_text("inventree-gamma\ninventree-nowhere\ninventree-alpha\n")
    result = instance.run("install", "--keep-going", "--json")
    assert (result.code, result.json["status"]) == (1, "partial")
    assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0", "inventree_gamma-1.0"]


# Passwords

USER, PASSWORD = "inventree", "s3cr3t-of-ours"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no list of processes to read")
@pytest.mark.parametrize("way", ["setting", "line", "option"])
def test_a_password_is_nowhere(instance, installer, monkeypatch, way):
    only_from_indexes(monkeypatch)
    instance.wheel("alpha", requires=["helper"])
    build_wheel(instance.wheels, "helper", "1.0")
    seen = set()

    def look(_):
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it has ended
                seen.add(path.read_bytes().decode(errors="replace"))

    with FaultyIndex(instance.wheels, credentials=f"{USER}:{PASSWORD}", on_request=look) as index:
        url = index.url_with(USER, PASSWORD)
        text, words = "inventree-alpha\n", []
        if way == "setting":
            monkeypatch.setenv("PIP_INDEX_URL", url)
        elif way == "line":
            monkeypatch.setenv("INDEX_PASSWORD", PASSWORD)
            text = f"--index-url {index.url_with(USER, '${INDEX_PASSWORD}')}\n{text}"
        else:
            words = ["--index-url", url]
        instance.plugins_file.write_text(text)
        results = [instance.run("install", *words, *more, "--verbose") for more in (["--dry-run"], [])]
        missing = instance.run("install", *words, "inventree-nowhere", "--verbose", "--json")
    assert [each.code for each in (*results, missing)] == [0, 0, 1]
    assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0"]
    assert any(installer in line and "install" in line for line in seen), "the installer was to be seen"
    assert [line for line in seen if PASSWORD in line] == []
    assert PASSWORD not in "".join(each.out + each.err for each in (*results, missing))
    files = [path for path in instance.folder.parent.rglob("*") if path.is_file()]
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def test_the_index_of_pips_settings_with_its_password(instance, installer, monkeypatch, tmp_path):
    only_from_indexes(monkeypatch)
    instance.wheel("alpha")
    with PackageIndex(instance.wheels, user=USER, password=PASSWORD) as index:
        settings = tmp_path / "pip.conf"
        settings.write_text(f"[global]\nindex-url = {index.url_with(USER, PASSWORD)}\ntimeout = 5\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
        result = instance.run("install", "inventree-alpha", "--verbose")
    assert result.code == 0
    assert "pip resolves" not in result.err
    assert PASSWORD not in result.out + result.err


# Which of them


def test_uv_is_taken_where_it_is_there(instance, monkeypatch):
    monkeypatch.delenv("INVPLUG_INSTALLER")
    instance.wheel("alpha")
    result = instance.run("install", "inventree-alpha", "--verbose")
    assert (result.code, result.out) == (0, "")
    said = result.err.splitlines()[0]
    assert said == (
        f"installer: uv ({UV.version}, {UV.origin})" if UV else "installer: pip (uv is not there)"
    )
    quiet = instance.run("install", "inventree-alpha", "--upgrade")
    assert "installer" not in quiet.err
    asked = instance.run("install", "inventree-alpha", "--upgrade", "--installer", "pip", "--verbose")
    assert asked.err.splitlines()[0] == "installer: pip (it was asked for)"


@needs_uv
@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PIP_PREFER_BINARY", "1", "uv does not know pip's setting `prefer-binary` (`PIP_PREFER_BINARY`)"),
        ("PIP_USE_FEATURE", "fast-deps", "uv does not know pip's setting `use-feature` (`PIP_USE_FEATURE`)"),
        ("PIP_KEYRING_PROVIDER", "import", "uv does not know pip's setting `keyring-provider`"),
        ("PIP_INDEX_URL", "http://packages.invalid/simple", "pip passes over `packages.invalid`"),
    ],
)
def test_pip_is_taken_where_uv_would_not_do_the_same(instance, monkeypatch, variable, value, reason):
    monkeypatch.setenv("INVPLUG_INSTALLER", "auto")
    monkeypatch.setenv(variable, value)
    if variable == "PIP_INDEX_URL":
        monkeypatch.delenv("PIP_NO_INDEX")
    instance.wheel("alpha")
    result = instance.run("install", "inventree-alpha", "--verbose")
    assert result.code == 0
    assert result.err.startswith(f"installer: pip ({reason}")
    assert {path.read_text().strip() for path in instance.environment.rglob("INSTALLER")} == {"pip"}
    refused = instance.run("install", "inventree-alpha", "--upgrade", "--installer", "uv")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"error: uv cannot be used: {reason}")
    assert "hint: `--installer auto`" in refused.err


@needs_uv
def test_an_option_of_a_line_that_uv_does_not_know(instance, monkeypatch):
    files = {
        "pyproject.toml": PYPROJECT.format(name="inventree-local", version="1.0"),
        "backend.py": BACK_END.format(name="inventree-local", version="1.0").replace(
            "modules = {}", 'modules = {"seen.py": repr(config_settings)}'
        ),
        "inventree_local/__init__.py": "",
        "inventree_local/core.py": LOCAL_PLUGIN,
    }
    build_sdist(instance.wheels, "inventree-local", "1.0", files=files)
    instance.plugins_file.write_text("inventree-local --config-settings key=value\n")
    refused = instance.run("install", "--installer", "uv", "--json")
    (error,) = refused.json["errors"]
    assert (refused.code, error["code"]) == (1, "install-no-uv")
    assert "`--config-settings`" in error["message"]
    result = instance.run("install", "--installer", "auto", "--verbose")
    assert result.code == 0
    assert (
        "installer: pip, since uv does not know the option `--config-settings` of a requirement" in result.err
    )
    (seen,) = instance.environment.rglob("seen.py")
    assert seen.read_text() == "{'key': 'value'}"


def test_uv_that_is_not_there(instance, monkeypatch):
    monkeypatch.setattr("inventree_plugins.packages.choice.find_uv", lambda _: None)
    instance.wheel("alpha")
    result = instance.run("install", "inventree-alpha", "--installer", "uv", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "install-no-uv")
    assert "`pip install --upgrade 'invplug[uv]'`" in error["hint"]
    assert instance.installed() == []
    instance.wheel("beta")
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta\n")
    for option in ((), ("--keep-going",)):
        result = instance.run("install", "--installer", "uv", *option, "--json")
        (error,) = result.json["errors"]
        assert (result.code, error["message"], error["line"]) == (
            1,
            "uv cannot be used: uv is not there",
            None,
        )
    result = instance.run("install", "inventree-alpha", "--installer", "auto", "--verbose")
    assert (result.code, result.err.splitlines()[0]) == (0, "installer: pip (uv is not there)")


def test_uv_that_fails_where_pip_would_not(instance, monkeypatch, tmp_path):
    """As a uv of another machine would, or one without a cache."""
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "uv 99.0" && exit\necho "error: no"; exit 2\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr("inventree_plugins.packages.choice._beside", lambda: None)
    instance.wheel("alpha")
    refused = instance.run("install", "inventree-alpha", "--installer", "uv")
    assert (refused.code, refused.out, instance.installed()) == (1, "", [])
    assert "error: uv failed: no\n" in refused.err
    assert "hint: `--installer pip` does without uv" in refused.err
    result = instance.run("install", "inventree-alpha", "--installer", "auto", "--verbose")
    assert result.code == 0
    assert result.err.splitlines()[0] == "installer: uv (99.0, on the path)"
    assert "pip resolves: uv failed: no" in result.err
    assert "pip installs: uv failed: no" in result.err
    assert instance.installed() == ["inventree_alpha-1.0"]


def test_an_installer_that_is_none(instance, monkeypatch):
    instance.wheel("alpha")
    result = instance.run("install", "inventree-alpha", "--installer", "conda")
    assert (result.code, result.out) == (2, "")
    assert "`--installer` takes `auto`, `pip` or `uv`, not `conda`" in result.err
    monkeypatch.setenv("INVPLUG_INSTALLER", "conda")
    assert instance.run("install", "inventree-alpha").code == 2
    assert instance.run("is-installed", "inventree-alpha").code == 1
