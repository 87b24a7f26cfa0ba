"""Author and date of the last commit that touched the plugin's file, from real repositories."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from inventree_plugins.git_facts import GitFacts, last_commit


@pytest.fixture
def git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)

    def run(*arguments, cwd=tmp_path / "plugins", author="Ann Author", date="2024-05-06T23:30:00+02:00"):
        env = {
            **os.environ,
            "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": "Com", "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_COMMITTER_DATE": date,
        }  # fmt: skip
        subprocess.run(["git", *arguments], cwd=cwd, env=env, check=True, capture_output=True)

    (tmp_path / "plugins").mkdir()
    return run


@pytest.fixture
def repository(world, git, plugin_text):
    world.directory()
    git("init", "-q")
    world.write("plugins/demo.py", plugin_text)
    git("add", ".")
    git("commit", "-qm", "one")
    world.write("plugins/other.txt", "x")
    git("add", ".")
    git("commit", "-qm", "two", author="Other", date="2025-01-01T00:00:00Z")
    return world.root / "plugins/demo.py"


def test_last_commit_of_the_file_itself(world, repository, capfd):
    plugin = world.plugin()
    assert (plugin.author, plugin.pub_date) == ("Ann Author", "2024-05-06")
    assert (plugin.origins["author"], plugin.origins["pub_date"]) == ("git", "git")
    assert capfd.readouterr() == ("", "")


def test_last_commit_of_a_package_is_that_of_any_of_its_files(world, git, plugin_text):
    world.directory()
    world.write("plugins/__init__.py", "")
    git("init", "-q")
    world.write("plugins/pack/__init__.py", "")
    world.write("plugins/pack/core.py", plugin_text)
    git("add", ".")
    git("commit", "-qm", "one")
    world.write("plugins/pack/deep/__init__.py", "x = 1")
    git("add", ".")
    git("commit", "-qm", "two", author="Helper", date="2024-07-08T00:00:00Z")
    world.write("plugins/other.py", "")
    git("add", ".")
    git("commit", "-qm", "three", author="Other", date="2025-01-01T00:00:00Z")
    plugin = world.plugin()
    assert (plugin.author, plugin.pub_date) == ("Helper", "2024-07-08")


def test_editable_checkout_asks_git_after_the_distribution(world, git, plugin_text):
    distribution = world.package("pack.core:Demo", metadata="Author-email: Dist <d@example.org>\n")
    world.write("plugins/src/pack/__init__.py", "")
    world.write("plugins/src/pack/core.py", plugin_text)
    world.write(
        "site/__editable___demo_finder.py", f"MAPPING = {{'pack': '{world.root}/plugins/src/pack'}}\n"
    )
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    plugin = world.plugin()
    assert plugin.distribution == distribution
    assert (plugin.author, plugin.pub_date) == ("Dist <d@example.org>", "2024-05-06")
    assert (plugin.origins["author"], plugin.origins["pub_date"]) == ("distribution", "git")


def test_installed_package_in_a_repository_is_not_asked_for(world, git, plugin_text):
    """An environment may lie in the server's checkout, and be tracked by mistake."""
    world.package("pack:Demo")
    world.write("site/pack/__init__.py", plugin_text)
    git("init", "-q", cwd=world.root)
    git("add", ".", cwd=world.root)
    git("commit", "-qm", "one", cwd=world.root)
    assert world.plugin().pub_date is None


def test_class_beats_git(world, repository, plugin_text):
    repository.write_text(plugin_text + "    AUTHOR = 'Own'\n")
    plugin = world.plugin()
    assert (plugin.author, plugin.pub_date) == ("Own", "2024-05-06")


def test_no_repository(tmp_path):
    assert last_commit(tmp_path / "x.py") is None


def test_no_commit(world, git, plugin_text):
    git("init", "-q")
    assert last_commit(world.write("plugins/demo.py", plugin_text)) is None


def test_file_that_is_not_tracked(world, repository):
    assert last_commit(world.write("plugins/new.py", "")) is None


def test_shallow_clone(world, git, repository):
    git("clone", "-q", "--depth=1", f"file://{repository.parent}", "../shallow")
    assert (world.root / "shallow/demo.py").is_file()
    assert last_commit(world.root / "shallow/demo.py") is None


def test_worktree_points_elsewhere(world, git, repository):
    git("worktree", "add", "-q", "../tree")
    assert (world.root / "tree/demo.py").is_file()
    assert last_commit(world.root / "tree/demo.py") is None


@pytest.mark.parametrize("damage", ["HEAD", "objects", "config"])
def test_broken_repository(repository, damage, capfd):
    target = repository.parent / ".git" / damage
    if damage == "objects":
        target.rename(target.with_name("gone"))
    else:
        target.write_bytes(b"\0nonsense [")
    assert last_commit(repository) is None
    assert capfd.readouterr() == ("", "")


def test_program_named_by_the_repository_is_not_run(repository, git, tmp_path):
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    for key in ("gpg.program", "core.fsmonitor", "core.pager", "diff.external", "core.sshCommand"):
        git("config", key, str(program))
    git("config", "log.showSignature", "true")
    assert last_commit(repository) == GitFacts("Ann Author", "2024-05-06")
    assert not trace.exists()


def test_without_a_git_program_nothing_is_said(repository):
    code = (
        "import sys; from pathlib import Path; from inventree_plugins.git_facts import last_commit\n"
        "print(last_commit(Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(repository)],
        env={"PATH": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("None\n", "", 0)


def test_submodule_points_elsewhere(world, git, repository):
    (world.root / "outer").mkdir()
    outer = world.root / "outer"
    git("init", "-q", cwd=outer)
    git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(repository.parent),
        "sub",
        cwd=outer,
    )
    assert (outer / "sub/demo.py").is_file()
    assert last_commit(outer / "sub/demo.py") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_repository_of_another_user(world, repository, capfd):
    for path in (repository.parent, *repository.parent.rglob("*")):
        os.chown(path, 12345, 12345)
    assert last_commit(repository) is None
    assert capfd.readouterr() == ("", "")


def test_credentials_of_a_remote_appear_nowhere(world, git, repository, capfd):
    git("remote", "add", "origin", "https://user:s3cret@example.org/x.git")
    assert world.plugin().author == "Ann Author"
    assert "s3cret" not in repr(world.discover()) + "".join(capfd.readouterr())
