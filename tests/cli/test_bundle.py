"""`invplug bundle` and `install --bundle`: from a machine with an index to one without any network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import tomli
from packaging.pylock import Pylock

from tests.builders import build_sdist, build_wheel
from tests.package_index import FaultyIndex, digest_of, only_from_indexes
from tests.projects import commit, project_files, write_files


@pytest.fixture
def index(instance, monkeypatch):
    """An index over the folder of wheels, the only place that packages come from."""
    only_from_indexes(monkeypatch)
    with FaultyIndex(instance.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        yield index


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "away" / "bundle"


@pytest.fixture
def bundled(instance, index, folder):
    """A bundle of `alpha`, which needs `helper`, and `beta`; the index has newer ones by now."""
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    instance.wheel("beta")
    instance.plugins_file.write_text("inventree-alpha\ninventree-beta\n")
    result = instance.run("bundle", str(folder))
    assert result.code == 0, result.err
    build_wheel(instance.wheels, "helper", "2.0")
    instance.wheel("alpha", "2.0", requires=["helper"])
    index.requests.clear()
    return instance


def lock_of(folder) -> Pylock:
    content = Pylock.from_dict(tomli.loads((folder / "pylock.plugins.toml").read_text(encoding="utf-8")))
    content.validate()
    return content


def renew(instance) -> None:
    """Give the instance an empty environment and no store, as on another machine."""
    shutil.rmtree(instance.environment)
    shutil.rmtree(instance.folder / ".invplug", ignore_errors=True)
    venv.create(instance.environment, with_pip=False, symlinks=True)


def content_of(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Making one.


def test_a_bundle_has_the_wheels_and_a_lock_that_names_them(instance, folder):
    build_wheel(instance.wheels, "helper", "1.0")
    wheel = instance.wheel("alpha", requires=["helper"])
    files = project_files("inventree-gamma", "1.2")
    build_sdist(instance.wheels, "inventree_gamma", "1.2", files=files)
    instance.plugins_file.write_text("inventree-alpha\ninventree-gamma\n")
    result = instance.run("bundle", str(folder))
    assert (result.code, result.out) == (0, "")
    assert result.err == f"collected 3 packages in `{folder}`\n"
    names = ["helper-1.0-py3-none-any.whl", wheel.name, "inventree_gamma-1.2-py3-none-any.whl"]
    assert sorted(content_of(folder)) == [*names, "pylock.plugins.toml"]
    assert [each.name for each in folder.parent.iterdir()] == ["bundle"]
    packages = lock_of(folder).packages
    assert [each.name for each in packages] == ["helper", "inventree-alpha", "inventree-gamma"]
    for package, name in zip(packages, names, strict=True):
        (file,) = package.wheels
        assert (file.name, file.path, file.url) == (name, name, None)
        assert file.hashes == {"sha256": digest_of(folder / name)}
    assert instance.installed() == []
    assert not instance.plugins_file.with_name("pylock.plugins.toml").exists()
    assert folder.stat().st_mode & 0o777 == 0o755


def test_bundling_again_changes_nothing(bundled, index, folder):
    for path in bundled.wheels.glob("*-2.0-*.whl"):
        path.unlink()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    result = bundled.run("bundle", str(folder), "--json")
    assert (result.code, result.err, result.json["changed"]) == (0, "", False)
    assert result.data["path"] == str(folder)
    assert result.data["packages"][0] == {
        "name": "helper",
        "version": "1.0",
        "file": "helper-1.0-py3-none-any.whl",
    }
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert bundled.run("bundle", str(folder)).err.startswith("nothing to do: ")


def test_an_earlier_bundle_is_replaced_as_a_whole(bundled, folder):
    document = bundled.run("bundle", str(folder), "--json").json
    assert document["changed"] is True
    assert sorted(content_of(folder)) == [
        "helper-2.0-py3-none-any.whl",
        "inventree_alpha-2.0-py3-none-any.whl",
        "inventree_beta-1.0-py3-none-any.whl",
        "pylock.plugins.toml",
    ]
    assert [each.name for each in folder.parent.iterdir()] == ["bundle"]


@pytest.mark.parametrize("fault", [500, "corrupt", "half"])
def test_a_bundle_that_fails_leaves_the_earlier_one(bundled, index, folder, fault):
    before = content_of(folder)
    index.misbehave(fault, at="inventree_alpha-2.0")
    result = bundled.run("bundle", str(folder), "--json")
    assert result.code == 1
    assert content_of(folder) == before
    assert [each.name for each in folder.parent.iterdir()] == ["bundle"]


def test_a_dry_run_makes_no_folder(instance, folder):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    result = instance.run("bundle", str(folder), "--dry-run")
    assert (result.code, result.out) == (0, "")
    assert result.err.endswith(": inventree-alpha 1.0\n")
    document = instance.run("bundle", str(folder), "--dry-run", "--json").json
    assert (document["changed"], document["dry_run"]) == (False, True)
    assert document["data"]["packages"] == [{"name": "inventree-alpha", "version": "1.0", "file": None}]
    assert not folder.parent.exists()


@pytest.mark.parametrize("names", [["notes.txt"], ["a-1.0-py3-none-any.whl"], ["pylock.plugins.toml", "x"]])
def test_a_folder_with_something_else_is_left_alone(instance, folder, names):
    instance.plugins_file.write_text("# nothing\n")
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("mine\n")
    result = instance.run("bundle", str(folder), "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"], error["path"]) == (1, "bundle-folder", str(folder))
    assert content_of(folder) == dict.fromkeys(names, b"mine\n")


def test_a_file_is_no_folder(instance, tmp_path):
    instance.plugins_file.write_text("# nothing\n")
    path = tmp_path / "file"
    path.write_text("mine\n")
    result = instance.run("bundle", str(path), "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "bundle-folder")
    assert path.read_text() == "mine\n"


def test_an_empty_folder_and_a_link_to_one_are_taken(instance, folder, tmp_path):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    folder.mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert instance.run("bundle", str(link)).code == 0
    assert link.is_symlink()
    assert (folder / "pylock.plugins.toml").is_file()


def test_the_servers_own_packages_are_not_collected(instance, folder):
    host = build_wheel(instance.folder.parent / "host", "Django", "5.2")
    pip = [sys.executable, "-m", "pip", "--python", instance.environment]
    environ = {**os.environ, "PIP_NO_INDEX": "1"}
    subprocess.run([*pip, "install", "-q", "--no-deps", host], check=True, env=environ)
    instance.wheel("alpha", requires=["Django"])
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("bundle", str(folder)).code == 0
    assert [each.name for each in lock_of(folder).packages] == ["inventree-alpha"]
    renew(instance)
    result = instance.run("install", "--bundle", str(folder), "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "install-lock-unfit")
    assert "`Django`" in error["message"]
    assert instance.installed() == []


# Installing from one.


def test_all_of_plugins_txt_comes_from_the_bundle_without_a_connection(bundled, index, folder, monkeypatch):
    renew(bundled)
    # As for all commands of that machine.
    monkeypatch.setenv("INVPLUG_INDEX_URL", index.url)
    connections = index.connections
    result = bundled.run("install", "--bundle", str(folder), "--json")
    assert (result.code, result.err) == (0, "")
    assert {each["name"]: each["to"] for each in result.data["plan"]} == {
        "inventree-alpha": "1.0",
        "inventree-beta": "1.0",
        "helper": "1.0",
    }
    assert bundled.installed() == ["helper-1.0", "inventree_alpha-1.0", "inventree_beta-1.0"]
    assert sorted(bundled.rows()) == ["alpha", "beta"]
    again = bundled.run("install", "--bundle", str(folder))
    assert (again.code, again.err) == (0, "nothing to do: everything is installed\n")
    assert index.connections == connections
    assert bundled.plugins_file.read_text() == "inventree-alpha\ninventree-beta\n"


def test_a_named_requirement_comes_with_what_it_needs_and_is_recorded(bundled, index, folder):
    renew(bundled)
    bundled.plugins_file.unlink()
    result = bundled.run("install", "--bundle", str(folder), "inventree-alpha<2", "--enable", "--json")
    assert result.code == 0, result.out
    assert bundled.installed() == ["helper-1.0", "inventree_alpha-1.0"]
    assert bundled.plugins_file.read_text() == "inventree-alpha<2\n"
    assert bundled.active() == ["alpha"]
    assert index.paths == []


def test_a_part_of_the_bundle_is_enough(bundled, folder):
    renew(bundled)
    bundled.plugins_file.write_text("--index-url http://127.0.0.1:9/simple\ninventree-beta>=1  # only this\n")
    assert bundled.run("install", "--bundle", str(folder)).code == 0
    assert bundled.installed() == ["inventree_beta-1.0"]


def test_other_versions_are_changed_to_those_of_the_bundle(bundled, folder):
    assert bundled.run("install").code == 0
    assert "inventree_alpha-2.0" in bundled.installed()
    dry = bundled.run("install", "--bundle", str(folder), "--dry-run", "--json")
    assert {each["name"]: each["action"] for each in dry.data["plan"]} == {
        "inventree-alpha": "downgrade",
        "helper": "downgrade",
    }
    assert bundled.run("install", "--bundle", str(folder)).code == 0
    assert bundled.installed() == ["helper-1.0", "inventree_alpha-1.0", "inventree_beta-1.0"]


@pytest.mark.parametrize(
    ("line", "code"),
    [("inventree-nowhere", "install-not-found"), ("inventree-beta>=2", "install-no-version")],
)
def test_what_the_bundle_does_not_have_is_refused(bundled, folder, line, code):
    renew(bundled)
    for arguments, place in (((line,), None), ((), 2)):
        bundled.plugins_file.write_text(f"# mine\n{line if place else 'inventree-alpha'}\n")
        before = bundled.plugins_file.read_text()
        result = bundled.run("install", "--bundle", str(folder), *arguments, "--json")
        (error,) = result.json["errors"]
        assert (result.code, error["code"], error["line"]) == (1, code, place)
        assert f"`{line}`" in error["message"]
        assert bundled.plugins_file.read_text() == before
        assert bundled.installed() == []


def test_a_wheel_that_was_exchanged_is_refused(bundled, folder):
    renew(bundled)
    build_wheel(folder, "helper", "1.0", modules={"helper.py": "stolen = True\n"})
    result = bundled.run("install", "--bundle", str(folder), "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-hash-mismatch")
    assert bundled.installed() == []


def test_a_folder_that_is_no_bundle(instance, tmp_path):
    instance.plugins_file.write_text("inventree-alpha\n")
    for folder in (tmp_path, tmp_path / "nowhere"):
        result = instance.run("install", "--bundle", str(folder), "--json")
        assert (result.code, result.json["errors"][0]["code"]) == (1, "bundle-folder")


def test_a_bundle_for_another_python(bundled, folder):
    path = folder / "pylock.plugins.toml"
    text = path.read_text()
    minor = f"=={sys.version_info[0]}.{sys.version_info[1]}.*"
    path.write_text(text.replace(minor, "==3.7.*"))
    result = bundled.run("install", "--bundle", str(folder), "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "lock-other-python")


def test_a_damaged_bundle(bundled, folder):
    (folder / "pylock.plugins.toml").write_text("lock\n")
    result = bundled.run("install", "--bundle", str(folder), "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "lock-file")


@pytest.mark.parametrize("prefix", ["", "-e "])
def test_repositories_and_source_trees_come_as_wheels(instance, folder, tmp_path, prefix):
    source = write_files(tmp_path / "delta", project_files("inventree-delta"))
    commit(source)
    write_files(instance.folder / "mine", project_files("inventree-mine"))
    write_files(instance.folder / "other", project_files("inventree-other"))
    text = f"{prefix}git+{source.as_uri()}@main#egg=inventree-delta\n-e ./mine\n./other\n"
    instance.plugins_file.write_text(text)
    result = instance.run("bundle", str(folder))
    assert result.code == 0, result.err
    names = ["inventree-delta", "inventree-mine", "inventree-other"]
    assert [each.name for each in lock_of(folder).packages] == names
    assert not (instance.environment / "src").exists()
    for place in (source, instance.folder / "mine", instance.folder / "other"):
        shutil.rmtree(place)
    renew(instance)
    result = instance.run("install", "--bundle", str(folder), "--json")
    assert result.code == 0, result.out
    assert instance.installed() == ["inventree_delta-1.0", "inventree_mine-1.0", "inventree_other-1.0"]


@pytest.mark.parametrize(
    "more", [["--upgrade"], ["--keep-going"], ["-f", "."], ["-i", "http://x/"]], ids=" ".join
)
def test_options_that_a_bundle_excludes(instance, more):
    result = instance.run("install", "--bundle", "x", *more)
    assert (result.code, result.out) == (2, "")
    assert "exclude each other" in result.err
