"""`invplug lock` and `install --locked`: what is locked, what belongs to plugins.txt, what is installed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pip
import pytest
import tomli
from packaging import version
from packaging.pylock import Pylock

from inventree_plugins.commands.culprit import with_culprit
from inventree_plugins.commands.lock_packages import Naming, as_locked
from inventree_plugins.errors import InstallError
from inventree_plugins.packages import InstallRequest, ResolvedPackage
from inventree_plugins.requirements import parse_requirement_argument
from tests.builders import build_sdist, build_wheel
from tests.package_index import FaultyIndex, digest_of, only_from_indexes
from tests.projects import commit, project_files, write_files


@pytest.fixture
def lock(instance):
    """Return a function that reads the lock beside plugins.txt, as the standard has it."""

    def read() -> Pylock:
        path = instance.folder / "pylock.plugins.toml"
        content = Pylock.from_dict(tomli.loads(path.read_text(encoding="utf-8")))
        content.validate()
        return content

    return read


@pytest.fixture
def index(instance, monkeypatch):
    """An index over the folder of wheels, the only place that packages come from."""
    only_from_indexes(monkeypatch)
    with FaultyIndex(instance.wheels) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        yield index


def locked(content):
    return {each.name: str(each.version) for each in content.packages}


def lock_file(instance) -> Path:
    return instance.folder / "pylock.plugins.toml"


def freeze(instance) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", instance.environment, "freeze", "--all"],
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(done.stdout.splitlines())


def has_nothing_to_do(instance, *options) -> bool:
    """Install, and tell whether that changed nothing; what brings no plugin is warned of each time."""
    result = instance.run("install", *options, "--json")
    assert result.code == 0, result.out
    return (result.json["changed"], result.data["plan"]) == (False, [])


def host_wheel(instance, name, version):
    """Install something that no plugin brings, so that it is the server's own."""
    wheel = build_wheel(instance.folder.parent / "host", name, version)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", instance.environment, "install", "-q", "--no-deps", wheel],
        check=True,
        env={**os.environ, "PIP_NO_INDEX": "1"},
    )


# What is in a lock.


def test_the_lock_has_all_that_is_needed_with_versions_and_hashes(instance, lock):
    build_wheel(instance.wheels, "Helper_Lib", "3.1")
    wheel = instance.wheel("alpha", requires=["helper.lib>=3"])
    instance.wheel("beta", "2.0")
    instance.plugins_file.write_text("inventree-beta\n# first\nInvenTree_Alpha >= 1  # pinned later\n")
    result = instance.run("lock")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"locked 3 packages in `{lock_file(instance)}`\n"
    content = lock()
    assert [each.name for each in content.packages] == ["helper-lib", "inventree-alpha", "inventree-beta"]
    assert locked(content) == {"helper-lib": "3.1", "inventree-alpha": "1.0", "inventree-beta": "2.0"}
    alpha = content.packages[1]
    assert alpha.dependencies == [{"name": "helper-lib"}]
    (file,) = alpha.wheels
    assert file.hashes == {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    assert (file.name, Path(file.path)) == (wheel.name, wheel)
    minor = ".".join(platform.python_version_tuple()[:2])
    assert str(content.requires_python) == f"=={minor}.*"
    assert content.created_by == "invplug"
    assert all(marker.evaluate() for marker in content.environments)
    assert content.tool["invplug"]["requirements"] == ["inventree-alpha>=1", "inventree-beta"]
    assert instance.installed() == []
    assert not instance.store.exists()


def test_locking_again_changes_nothing(instance):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("lock", "--json").json["changed"] is True
    before = lock_file(instance).read_bytes(), lock_file(instance).stat().st_mtime_ns
    again = instance.run("lock", "--json")
    assert (again.code, again.err, again.json["changed"]) == (0, "", False)
    assert again.data == {
        "path": str(lock_file(instance)),
        "packages": [{"name": "inventree-alpha", "version": "1.0"}],
        "differences": [],
    }
    assert (lock_file(instance).read_bytes(), lock_file(instance).stat().st_mtime_ns) == before
    assert instance.run("lock").err.startswith("nothing to do: ")


def test_a_dry_run_writes_nothing(instance):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    result = instance.run("lock", "--dry-run")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("would lock 1 package in ")
    assert not lock_file(instance).exists()
    document = instance.run("lock", "--dry-run", "--json").json
    assert (document["changed"], document["dry_run"]) == (False, True)
    assert instance.run("lock", "--check", "--dry-run").code == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\r\n"], ids=["no text", "other newlines"])
def test_a_dry_run_compares_bytes(instance, content):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("lock").code == 0
    assert instance.run("lock", "--dry-run").err.startswith("nothing to do: ")
    changed = lock_file(instance).read_bytes().replace(b"\n", content)
    lock_file(instance).write_bytes(changed)
    result = instance.run("lock", "--dry-run")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("would lock 1 package in ")
    assert lock_file(instance).read_bytes() == changed


def test_a_dry_run_over_what_cannot_be_read(instance):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    lock_file(instance).mkdir()
    result = instance.run("lock", "--dry-run", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"], error["path"]) == (1, "file-access", str(lock_file(instance)))


def test_what_is_installed_does_not_decide(instance, lock):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    assert instance.run("install", "inventree-alpha").code == 0
    build_wheel(instance.wheels, "helper", "2.0")
    instance.wheel("alpha", "1.5", requires=["helper"])
    assert instance.run("lock").code == 0
    assert locked(lock()) == {"helper": "2.0", "inventree-alpha": "1.5"}
    assert instance.installed() == ["helper-1.0", "inventree_alpha-1.0"]


def test_the_servers_own_packages_stay_and_are_not_locked(instance, lock):
    """They need not even be on the index."""
    host_wheel(instance, "Django", "5.2")
    instance.wheel("alpha", requires=["Django>=5"])
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("lock").code == 0
    assert locked(lock()) == {"inventree-alpha": "1.0"}


def test_what_would_change_the_servers_own_is_not_locked(instance):
    host_wheel(instance, "Django", "5.2")
    build_wheel(instance.wheels, "Django", "4.2")
    instance.wheel("alpha", requires=["Django<5"])
    instance.plugins_file.write_text("inventree-alpha\n")
    lock_file(instance).write_text("# an older one\n")
    result = instance.run("lock", "--json")
    assert result.code == 1
    assert result.json["errors"][0]["code"] == "install-host-conflict"
    assert lock_file(instance).read_text() == "# an older one\n"


def test_extras_and_markers_are_those_of_the_target(instance, lock):
    for name in ("plain", "special", "elsewhere"):
        build_wheel(instance.wheels, name, "1.0")
    instance.wheel(
        "alpha",
        requires=["plain", 'special ; extra == "fast"', 'elsewhere ; sys_platform == "win32"'],
        metadata={"Provides-Extra": "fast"},
    )
    instance.plugins_file.write_text('inventree-alpha[fast]\nelsewhere ; python_version < "3"\n')
    assert instance.run("lock").code == 0
    assert locked(lock()).keys() == {"plain", "special", "inventree-alpha"}
    assert instance.run("install", "--locked").code == 0
    assert instance.installed() == ["inventree_alpha-1.0", "plain-1.0", "special-1.0"]
    assert instance.run("lock", "--check").code == 0


def test_an_empty_plugins_file_has_an_empty_lock(instance, lock):
    instance.plugins_file.write_text("# nothing yet\n")
    assert instance.run("lock").code == 0
    assert lock().packages == []
    assert instance.run("install", "--locked").code == 0


def test_no_plugins_file_is_no_lock(instance):
    for arguments in (("lock",), ("lock", "--check"), ("install", "--locked")):
        result = instance.run(*arguments, "--json")
        assert (result.code, result.json["errors"][0]["code"]) == (2, "plugins-file")
    assert not lock_file(instance).exists()


def test_a_line_that_leads_nowhere_is_named(instance):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\ninventree-nowhere\n")
    result = instance.run("lock", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"], error["line"]) == (1, "install-not-found", 2)
    assert not lock_file(instance).exists()


def test_lines_are_asked_for_as_the_whole_was(instance):
    """Only without what is installed do they fail, and pip does not say whose fault it is."""
    host_wheel(instance, "Django", "5.2")
    build_wheel(instance.wheels, "helper", "1.0")
    for slug in ("alpha", "beta", "gamma", "delta"):
        instance.wheel(slug, requires=["helper"] if slug == "gamma" else [])
    text = "".join(f"inventree-{slug}\n" for slug in ("alpha", "beta", "gamma", "delta"))
    instance.plugins_file.write_text(text)
    assert instance.run("install").code == 0
    build_wheel(instance.wheels, "helper", "1.0", requires=["Django"])
    (instance.folder / "limits.txt").write_text("Django<5\n")
    instance.plugins_file.write_text(f"-c limits.txt\n{text}")
    result = instance.run("lock", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"], error["line"]) == (1, "install-host-conflict", 4)
    assert error["message"].startswith("`inventree-gamma`: ")
    assert not lock_file(instance).exists()


@pytest.mark.parametrize("bad", [{0}, {6}, {11}, {0, 11}, {4, 7}, {2, 5, 9}], ids=str)
def test_few_questions_find_the_lines_to_blame(tmp_path, bad):
    """Three that only together fail are none that could be named."""
    names = [f"plugin-{number}" for number in range(12)]
    lines = [(parse_requirement_argument(name, cwd=tmp_path), name) for name in names]
    questions = []

    def ask(request):
        questions.append(request.requirements)
        if {names[number] for number in bad} <= set(request.requirements):
            raise InstallError("it failed")

    request = InstallRequest(requirements=tuple(names))
    found = with_culprit(None, request, InstallError("all failed"), lines, ask=ask)
    blamed = tuple(names[number] for number in sorted(bad))
    assert found.names == (blamed if len(bad) < 3 else ())
    assert len(questions) <= 1 + 4 + 1 + max(bad)


def test_files_are_named_by_their_url_and_without_credentials(instance, index, lock, monkeypatch):
    instance.wheel("alpha")
    index.credentials = "ada:pass-phrase"
    monkeypatch.setenv("INDEX_PASSWORD", "pass-phrase")
    monkeypatch.delenv("PIP_INDEX_URL")
    for password in ("pass-phrase", "${INDEX_PASSWORD}"):
        url = index.url_with("ada", password)
        instance.plugins_file.write_text(f"--index-url {url}\ninventree-alpha\n")
        assert instance.run("lock").code == 0
        text = lock_file(instance).read_text()
        assert "pass-phrase" not in text
        (file,) = lock().packages[0].wheels
        assert file.url == f"http://127.0.0.1:{index.port}/files/{file.name}"
        assert instance.run("lock", "--check").code == 0
    # Another password is the same index.
    instance.plugins_file.write_text(instance.plugins_file.read_text().replace("${INDEX_PASSWORD}", "new"))
    assert "new" not in instance.run("lock", "--check").out


def test_an_index_of_the_command_line_is_asked_and_not_kept(instance, lock, monkeypatch, tmp_path):
    only_from_indexes(monkeypatch)
    with (
        FaultyIndex(tmp_path / "stock", credentials="ada:pass-phrase") as index,
        FaultyIndex(tmp_path / "nothing") as nothing,
    ):
        monkeypatch.setenv("PIP_INDEX_URL", nothing.url)
        wheel = index.wheel("inventree-alpha")
        instance.plugins_file.write_text("inventree-alpha\n")
        url = index.url_with("ada", "pass-phrase")
        for arguments, environ in ((("--index-url", url), None), ((), url)):
            monkeypatch.setenv("INVPLUG_EXTRA_INDEX_URL", environ or "")
            assert instance.run("lock").code == 1 if environ is None else True
            result = instance.run("lock", *arguments)
            assert result.code == 0, result.err
            assert "pass-phrase" not in lock_file(instance).read_text()
            assert lock().packages[0].wheels[0].url.endswith(f"/files/{wheel.name}")
            assert instance.run("lock", "--check").code == 0
            lock_file(instance).unlink()
        place = ("--find-links", str(index.folder))
        monkeypatch.setenv("INVPLUG_EXTRA_INDEX_URL", "")
        assert instance.run("lock", *place).code == 0
        assert lock().packages[0].wheels[0].path == str(wheel)
    assert instance.plugins_file.read_text() == "inventree-alpha\n"


def test_a_token_in_the_address_of_a_file_is_not_written(instance, lock, monkeypatch, tmp_path):
    wheel = instance.wheel("alpha")
    only_from_indexes(monkeypatch)
    token = "t0k3n-t0k3n-t0k3n"
    monkeypatch.setenv("TOKEN", token)
    with FaultyIndex(tmp_path / "stock") as index:
        served = index.folder / token / wheel.name
        served.parent.mkdir()
        wheel.rename(served)
        address = f"http://127.0.0.1:{index.port}/files/{token}/{wheel.name}?signature=s1gned"
        page = instance.folder / "links" / token / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f'<a href="{address}">{wheel.name}</a>')
        instance.plugins_file.write_text(
            "--no-index\n--find-links ./links/${TOKEN}/index.html\ninventree-alpha\n"
        )
        result = instance.run("lock")
        assert result.code == 0, result.err
        text = lock_file(instance).read_text()
        assert token not in text
        assert "s1gned" not in text
        assert lock().packages[0].wheels[0].url.endswith("/files/${TOKEN}/" + wheel.name)
        assert instance.run("install", "--locked").code == 0
    assert instance.installed() == ["inventree_alpha-1.0"]


@pytest.mark.parametrize("fragment", ["", "#md5={md5}"])
def test_a_file_without_a_hash_that_counts_is_fetched_for_it(instance, lock, tmp_path, fragment):
    wheel = instance.wheel("alpha")
    page = tmp_path / "simple" / "inventree-alpha" / "index.html"
    page.parent.mkdir(parents=True)
    md5 = hashlib.md5(wheel.read_bytes()).hexdigest()
    page.write_text(f'<a href="{wheel.as_uri()}{fragment.format(md5=md5)}">{wheel.name}</a>')
    instance.plugins_file.write_text("inventree-alpha\n")
    environ = {"PIP_INDEX_URL": (tmp_path / "simple").as_uri(), "PIP_NO_INDEX": "", "PIP_FIND_LINKS": ""}
    result = instance.run_binary("lock", env=environ)
    assert result.code == 0, result.err
    assert lock().packages[0].wheels[0].hashes == {"sha256": digest_of(wheel)}
    assert instance.run_binary("install", "--locked", env=environ).code == 0
    assert instance.installed() == ["inventree_alpha-1.0"]


# Which lock belongs to which plugins.txt.

CHANGES = {
    "added": ("inventree-alpha\ninventree-beta\n", "plugins.txt line 2: added `inventree-beta`"),
    "removed": ("# nothing\n", "removed `inventree-alpha`"),
    "changed": (
        "\n\ninventree-alpha>=0.5\n",
        "plugins.txt line 3: changed to `inventree-alpha>=0.5` from `inventree-alpha`",
    ),
    "option": (
        "--pre\ninventree-alpha\n",
        "plugins.txt line 1: added `--pre`",
    ),
    "hash": (
        f"inventree-alpha --hash=sha256:{'0' * 64}\n",
        f"plugins.txt line 1: changed to `inventree-alpha --hash sha256:{'0' * 64}` from `inventree-alpha`",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_check_says_what_differs_and_asks_nobody(instance, index, case):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("lock").code == 0
    connections = index.connections
    text, line = CHANGES[case]
    instance.plugins_file.write_text(text)
    result = instance.run("lock", "--check")
    assert (result.code, result.out) == (3, f"{line}\n")
    assert result.err == "the lock is out of date: `invplug lock` makes it anew\n"
    document = instance.run("lock", "--check", "--json").json
    assert (document["exit_code"], document["status"], document["changed"]) == (3, "ok", False)
    (row,) = document["data"]["differences"]
    assert set(row) == {"kind", "now", "locked", "path", "line"}
    assert index.connections == connections


@pytest.mark.parametrize(
    "text",
    [
        "inventree-alpha\n--pre\nhelper==1.0\n",
        "# comment\n\nhelper == 1.0 # why\n--pre\nInvenTree.Alpha\n",
        "--pre\r\nhelper==1.0\r\ninventree-alpha",
        "-r more.txt\n--pre\ninventree_alpha\n",
        "--pre\n--trusted-host 127.0.0.1\nhelper==1.0\ninventree-alpha\n",
    ],
)
def test_comments_order_and_spelling_do_not_count(instance, text):
    instance.wheel("alpha")
    build_wheel(instance.wheels, "helper", "1.0")
    (instance.folder / "more.txt").write_text("helper==1.0\n")
    instance.plugins_file.write_text("--pre\ninventree-alpha\nhelper==1.0\n")
    assert instance.run("lock").code == 0
    instance.plugins_file.write_bytes(text.encode())
    result = instance.run("lock", "--check")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"`{lock_file(instance)}` belongs to plugins.txt as it is\n"


@pytest.mark.parametrize("option", ["-r", "-c"])
def test_what_included_files_say_counts(instance, option):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    more = instance.folder / "more.txt"
    more.write_text("helper<3\n")
    instance.plugins_file.write_text(f"inventree-alpha\n{option} more.txt\n")
    assert instance.run("lock").code == 0
    assert instance.run("lock", "--check").code == 0
    more.write_text("helper<2\n")
    result = instance.run("lock", "--check", "--json")
    assert result.code == 3
    assert result.data["differences"] == [
        {"kind": "changed", "now": "helper<2", "locked": "helper<3", "path": str(more), "line": 1}
    ]


def test_check_without_a_lock(instance):
    instance.plugins_file.write_text("inventree-alpha\n")
    result = instance.run("lock", "--check", "--json")
    assert (result.code, result.data["packages"]) == (3, [])
    assert [each["kind"] for each in result.data["differences"]] == ["missing"]
    text = instance.run("lock", "--check")
    assert (text.code, text.out) == (3, f"there is no `{lock_file(instance)}`\n")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (r'"==3\.\d+\.\*"', '"==3.7.*"', "Python ==3.7.*"),
        (r'sys_platform == \\"\w+\\"', r'sys_platform == \\"beos\\"', "beos"),
    ],
)
def test_a_lock_for_another_python(instance, old, new, word):
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("lock").code == 0
    text, count = re.subn(old, new, lock_file(instance).read_text())
    assert count == 1
    lock_file(instance).write_text(text)
    check = instance.run("lock", "--check", "--json")
    assert (check.code, [each["kind"] for each in check.data["differences"]]) == (3, ["python"])
    assert word in instance.run("lock", "--check").out
    result = instance.run("install", "--locked", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "lock-other-python")
    assert word in error["message"]
    assert instance.installed() == []


HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'
DAMAGES = {
    "not toml": ('created-by = "invplug"\n=', 2),
    "cut off": ('created-by = "invplug"\nlock-version = "1.0', 2),
    "not a lock": ('created-by = "invplug"\n', 1),
    "another standard": ('lock-version = "9.0"\ncreated-by = "x"\npackages = []\n', 1),
    "a package without a file": (
        f'{HEAD}\n[[packages]]\nname = "a"\ndirectory = {{path = "a"}}\n\n\n[[packages]]\nname = "b"\n',
        9,
    ),
    "a wrong type": ('lock-version = "1.0"\ncreated-by = "x"\npackages = 4\n', 3),
    "no text": (b'lock-version = "1.0"\ncreated-by = "\xff"\n', 2),
    "another's notes": ('lock-version = "1.0"\ncreated-by = "x"\npackages = []\n[tool]\ninvplug = 3\n', 4),
    "other notes": (
        'lock-version = "1.0"\ncreated-by = "x"\npackages = []\n[tool.invplug]\nrequirements = [3]\n',
        4,
    ),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_lock_is_named_with_its_line(instance, case):
    content, line = DAMAGES[case]
    instance.wheel("alpha")
    instance.plugins_file.write_text("inventree-alpha\n")
    lock_file(instance).write_bytes(content if isinstance(content, bytes) else content.encode())
    for arguments in (("lock", "--check"), ("install", "--locked")):
        result = instance.run(*arguments, "--json")
        (error,) = result.json["errors"]
        assert (result.code, error["code"]) == (2, "lock-file")
        assert (error["path"], error["line"]) == (str(lock_file(instance)), line)
        assert f"line {line} " in error["message"]
    assert instance.installed() == []
    assert instance.run("lock").code == 0
    assert instance.run("lock", "--check").code == 0


def test_a_lock_of_another_tool_belongs_to_no_plugins_file(instance):
    instance.plugins_file.write_text("inventree-alpha\n")
    lock_file(instance).write_text('lock-version = "1.0"\ncreated-by = "pip"\npackages = []\n')
    result = instance.run("install", "--locked", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "lock-outdated")
    assert instance.run("lock", "--check").code == 3


# Installing a lock.


@pytest.fixture
def two_versions(instance, index):
    """A lock of `alpha` 1.0 with `helper` 1.0, while 2.0 of both is on the index by now."""
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("lock").code == 0
    build_wheel(instance.wheels, "helper", "2.0")
    instance.wheel("alpha", "2.0", requires=["helper"])
    return instance


def test_the_locked_versions_are_installed_and_no_others(two_versions):
    result = two_versions.run("install", "--locked", "--json")
    assert (result.code, result.err) == (0, "")
    assert {each["name"]: each["to"] for each in result.data["plan"]} == {
        "inventree-alpha": "1.0",
        "helper": "1.0",
    }
    assert {each["name"]: each["why"] for each in result.data["plan"]} == {
        "inventree-alpha": ["plugins.txt line 1"],
        "helper": ["inventree-alpha"],
    }
    assert result.data["created"] == ["alpha"]
    assert freeze(two_versions) == ["helper==1.0", "inventree-alpha==1.0"]
    assert two_versions.run("lock", "--check").code == 0


def test_what_is_there_needs_no_installer(two_versions, index):
    assert two_versions.run("install", "--locked").code == 0
    connections = index.connections
    again = two_versions.run("install", "--locked")
    assert (again.code, again.out) == (0, "")
    assert again.err == "nothing to do: everything is installed\n"
    assert index.connections == connections


def test_other_versions_are_changed_to_the_locked_ones(two_versions):
    assert two_versions.run("install").code == 0
    assert two_versions.installed() == ["helper-2.0", "inventree_alpha-2.0"]
    dry = two_versions.run("install", "--locked", "--dry-run", "--json")
    assert (dry.code, dry.json["changed"]) == (0, False)
    result = two_versions.run("install", "--locked", "--json")
    assert result.data["plan"] == dry.data["plan"]
    assert {each["name"]: (each["from"], each["to"], each["action"]) for each in result.data["plan"]} == {
        "inventree-alpha": ("2.0", "1.0", "downgrade"),
        "helper": ("2.0", "1.0", "downgrade"),
    }
    assert two_versions.installed() == ["helper-1.0", "inventree_alpha-1.0"]


def test_only_what_is_missing_is_put_in(two_versions):
    assert two_versions.run("install", "--locked").code == 0
    site = next(two_versions.environment.glob("lib/python*/site-packages"))
    alpha = site / "inventree_alpha-1.0.dist-info" / "METADATA"
    before = alpha.stat().st_mtime_ns
    for path in (site / "helper-1.0.dist-info").iterdir():
        path.unlink()
    (site / "helper-1.0.dist-info").rmdir()
    result = two_versions.run("install", "--locked", "--json")
    assert [each["name"] for each in result.data["plan"]] == ["helper"]
    assert alpha.stat().st_mtime_ns == before


def test_a_file_with_other_bytes_is_refused(two_versions, index):
    for path in index.folder.glob("helper-1.0-*.whl"):
        path.unlink()
    build_wheel(index.folder, "helper", "1.0", modules={"helper.py": "stolen = True\n"})
    result = two_versions.run("install", "--locked", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "install-hash-mismatch")
    assert "helper" in error["message"]
    assert two_versions.installed() == []
    assert not two_versions.store.exists()


def test_a_plugins_file_that_has_moved_on_is_refused(two_versions, index):
    connections = index.connections
    with two_versions.plugins_file.open("a") as file:
        file.write("# more\ninventree-beta\n")
    result = two_versions.run("install", "--locked", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "lock-outdated")
    assert (error["path"], error["line"]) == (str(two_versions.plugins_file), 3)
    assert "`inventree-beta`" in error["message"]
    assert "`invplug lock`" in error["hint"]
    assert two_versions.installed() == []
    assert index.connections == connections


def test_a_missing_lock_is_an_error(instance):
    instance.plugins_file.write_text("inventree-alpha\n")
    result = instance.run("install", "--locked")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"error: there is no lock `{lock_file(instance)}`\nhint: ")
    assert instance.run("install", "--locked", "--json").json["errors"][0]["code"] == "lock-missing"


@pytest.mark.parametrize(
    "more", [["inventree-alpha"], ["--upgrade"], ["--pin"], ["--keep-going"], ["--bundle", "x"]], ids=" ".join
)
def test_options_that_a_lock_excludes(instance, more):
    result = instance.run("install", "--locked", *more)
    assert (result.code, result.out) == (2, "")
    assert "exclude each other" in result.err


def test_a_lock_is_installed_from_another_place_and_stays_the_lock(two_versions, monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    stock = tmp_path / "stock"
    stock.mkdir()
    for path in two_versions.wheels.glob("*.whl"):
        path.rename(stock / path.name)
    assert two_versions.run("install", "--locked").code == 1
    result = two_versions.run("install", "--locked", "--find-links", str(stock))
    assert result.code == 0
    assert two_versions.plugins_file.read_text() == "inventree-alpha\n"
    assert two_versions.installed() == ["helper-1.0", "inventree_alpha-1.0"]


def test_the_servers_own_packages_are_protected_from_a_lock(instance):
    build_wheel(instance.wheels, "Django", "4.2")
    instance.wheel("alpha", requires=["Django<5"])
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("lock").code == 0
    host_wheel(instance, "Django", "5.2")
    result = instance.run("install", "--locked", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "install-host-conflict")
    assert "`Django`" in error["message"] or "`django`" in error["message"]
    assert instance.installed() == ["Django-5.2"]
    allowed = instance.run("install", "--locked", "--allow-host-changes", "--json")
    assert allowed.code == 0
    assert "host-changed" in {each["code"] for each in allowed.json["warnings"]}
    assert instance.installed() == ["Django-4.2", "inventree_alpha-1.0"]


@pytest.mark.parametrize("there", ["4.2", None])
def test_a_lock_from_a_server_with_other_packages_of_its_own(instance, there):
    instance.wheel("alpha", requires=["Django>=5"])
    instance.plugins_file.write_text("inventree-alpha\n")
    host_wheel(instance, "Django", "5.2")
    assert instance.run("lock").code == 0
    (info,) = instance.environment.glob("lib/python*/site-packages/Django-5.2.dist-info")
    shutil.rmtree(info)
    if there:
        host_wheel(instance, "Django", there)
    before = instance.installed()
    result = instance.run("install", "--locked", "--json")
    (error,) = result.json["errors"]
    assert (result.code, error["code"]) == (1, "install-lock-unfit")
    assert "`inventree-alpha` needs `Django>=5`" in error["message"]
    assert instance.installed() == before


# Other places than an index.


def test_a_source_archive_is_locked_and_built(instance, lock):
    sdist = build_sdist(
        instance.wheels, "inventree_gamma", "1.2", files=project_files("inventree-gamma", "1.2")
    )
    instance.plugins_file.write_text("inventree-gamma\n")
    assert instance.run("lock").code == 0
    (package,) = lock().packages
    assert (package.sdist.name, package.sdist.hashes) == (sdist.name, {"sha256": digest_of(sdist)})
    assert package.wheels is None
    assert instance.run("install", "--locked").code == 0
    assert freeze(instance) == ["inventree-gamma==1.2"]
    assert has_nothing_to_do(instance, "--locked")


def test_a_source_archive_that_is_none_by_the_standard(instance, lock):
    """It is locked as any archive, and installed from its place."""
    files = project_files("inventree-gamma", "1.2")
    sdist = build_sdist(instance.wheels, "inventree_gamma", "1.2", files=files)
    odd = sdist.rename(sdist.with_name("inventree_gamma-1.2.tgz"))
    instance.plugins_file.write_text(f"inventree-gamma @ {odd.as_uri()}\n")
    assert instance.run("lock").code == 0
    (package,) = lock().packages
    assert (Path(package.archive.path), package.archive.hashes) == (odd, {"sha256": digest_of(odd)})
    assert instance.run("install", "--locked").code == 0
    assert instance.installed() == ["inventree_gamma-1.2"]
    assert has_nothing_to_do(instance, "--locked")


@pytest.mark.parametrize("name", ["gamma-1.2.tar.bz2", "gamma-final-1.3.tar.gz"])
def test_what_an_older_pip_takes_for_a_source_archive(name):
    package = ResolvedPackage(
        name="gamma",
        version="1.2",
        requested=True,
        line="gamma==1.2",
        hashes=("md5:0", "sha256:1"),
        url=f"https://ada:secret@packages.example.org/{name}?key=s1gned#sha256=1",
    )
    found = as_locked(package, (), Naming(Path("/srv"), {}))
    assert (found.sdist, found.wheels) == (None, None)
    assert (found.archive.url, found.archive.hashes) == (
        f"https://packages.example.org/{name}",
        {"sha256": "1"},
    )


def test_a_version_that_no_lock_can_hold():
    """pip before 24.1 installs such."""
    package = ResolvedPackage(
        name="gamma", version="1.2-final!", requested=True, line="gamma", url="file:///x"
    )
    with pytest.raises(InstallError, match=r"`gamma` cannot be locked: `1\.2-final!` is no version"):
        as_locked(package, (), Naming(Path("/srv"), {}))


# With a name before it, pip takes a repository on this machine since 24.1.
REPOSITORIES = ["git+{uri}@main#egg=inventree-delta", "-e git+{uri}@main#egg=inventree-delta"]
if version.parse(pip.__version__) >= version.parse("24.1"):
    REPOSITORIES.append("inventree-delta @ git+{uri}@main")


@pytest.mark.parametrize("line", REPOSITORIES)
def test_a_repository_is_locked_to_its_commit(instance, lock, tmp_path, line):
    source = write_files(tmp_path / "source", project_files("inventree-delta", text="STATE = 1\n"))
    first = commit(source)
    instance.plugins_file.write_text(line.format(uri=source.as_uri()) + "\n")
    assert instance.run("lock").code == 0
    (package,) = lock().packages
    assert (package.vcs.type, package.vcs.commit_id, package.vcs.requested_revision) == ("git", first, "main")
    write_files(source, project_files("inventree-delta", text="STATE = 2\n"))
    second = commit(source)
    assert instance.run("install", "--locked").code == 0
    site = next(instance.environment.glob("lib/python*/site-packages"))
    assert (site / "inventree_delta.py").read_text() == "STATE = 1\n"
    assert has_nothing_to_do(instance, "--locked")
    assert instance.run("lock").code == 0
    assert lock().packages[0].vcs.commit_id == second
    assert instance.run("install", "--locked").code == 0
    assert (site / "inventree_delta.py").read_text() == "STATE = 2\n"


@pytest.mark.parametrize("line", ["./mine", "inventree-mine @ {uri}", "{uri}", "-e ./mine", "-e {uri}"])
def test_a_source_tree_is_locked_as_a_folder(instance, lock, line):
    source = write_files(instance.folder / "mine", project_files("inventree-mine"))
    instance.plugins_file.write_text(line.format(uri=source.as_uri()) + "\n")
    editable = line.startswith("-e")
    result = instance.run("lock")
    assert result.code == 0, result.err
    (package,) = lock().packages
    assert (package.name, package.version) == ("inventree-mine", None)
    assert (package.directory.path, bool(package.directory.editable)) == ("mine", editable)
    result = instance.run("install", "--locked")
    assert result.code == 0, result.err
    site = next(instance.environment.glob("lib/python*/site-packages"))
    assert (site / "inventree_mine.py").exists() is not editable
    assert has_nothing_to_do(instance, "--locked")
    # It is what plugins.txt asks for, too.
    assert has_nothing_to_do(instance)


def test_an_archive_by_its_url_beside_packages_of_an_index(instance, lock, index):
    wheel = build_wheel(instance.wheels, "inventree-omega", "3.0")
    instance.wheel("alpha")
    url = f"http://127.0.0.1:{index.port}/files/{wheel.name}"
    instance.plugins_file.write_text(f"inventree-alpha\n{url}\n")
    assert instance.run("lock").code == 0
    archive = next(each.archive for each in lock().packages if each.archive)
    assert (archive.url, archive.hashes) == (url, {"sha256": digest_of(wheel)})
    assert instance.run("install", "--locked").code == 0
    assert instance.installed() == ["inventree_alpha-1.0", "inventree_omega-3.0"]
    connections = index.connections
    assert has_nothing_to_do(instance, "--locked")
    assert index.connections == connections


def test_a_repository_does_not_take_the_hashes_from_the_others(instance, tmp_path):
    """pip wants hashes for all of a run, or for none."""
    wheel = instance.wheel("alpha")
    source = write_files(tmp_path / "source", project_files("inventree-delta"))
    commit(source)
    instance.plugins_file.write_text(f"inventree-alpha\ngit+{source.as_uri()}#egg=inventree-delta\n")
    assert instance.run("lock").code == 0
    wheel.unlink()
    instance.wheel("alpha", modules={"stolen.py": ""})
    result = instance.run("install", "--locked", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (1, "install-hash-mismatch")
    assert instance.installed() == []


# Other tools.


def pip_has_locks() -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--help"], capture_output=True, text=True, check=True
    )
    return "pylock" in done.stdout


@pytest.mark.skipif(not pip_has_locks(), reason="this pip does not install locks")
def test_pip_takes_the_lock(instance, index, tmp_path):
    build_wheel(instance.wheels, "helper", "1.0")
    instance.wheel("alpha", requires=["helper"])
    build_sdist(instance.wheels, "inventree_gamma", "1.2", files=project_files("inventree-gamma", "1.2"))
    instance.plugins_file.write_text("inventree-alpha\ninventree-gamma\n")
    assert instance.run("lock").code == 0
    report = tmp_path / "report.json"
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        instance.environment,
        "install",
        "--dry-run",
        "--no-deps",
    ]
    done = subprocess.run(
        [*command, "--report", report, "-r", lock_file(instance)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = {
        each["metadata"]["name"]: each["metadata"]["version"]
        for each in json.loads(report.read_text())["install"]
    }
    assert found == {"helper": "1.0", "inventree-alpha": "1.0", "inventree-gamma": "1.2"}
