"""`invplug doctor` on a plugins.txt that an editor without knowledge of its format has had in its hands."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from inventree_plugins.cli.confirm import agrees
from inventree_plugins.files import exclusive_lock
from tests.cli.conftest import Instance, Result
from tests.cli.test_doctor import Site, checks, diagnose, healthy, shut, snapshot
from tests.requirements.crude_editor import append, crude_edit

CODE = "plugins-file-damage"
PLAIN = "# Our plugins\ninventree-alpha==1.0  # pinned, see #12\n\ninventree-beta\n"
UPDATED = "# Our plugins\n\ninventree-beta\ninventree-alpha==2.0  # pinned, see #12\n"
HASHED = "inventree-alpha==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


@pytest.fixture
def site(make_case, tmp_path, capsys) -> Site:
    folder = tmp_path / "server"
    folder.mkdir()
    return Site(folder, make_case("sqlite3", "1.5"), capsys)


@pytest.fixture
def wheels(instance: Instance) -> Instance:
    """Have three plugins in two versions to install."""
    for version in ("1.0", "2.0"):
        for slug in ("alpha", "beta", "gamma"):
            instance.wheel(slug, version)
    return instance


def pip_install(instance: Instance) -> int:
    """Install plugins.txt as the server does, with real pip, and return the exit code."""
    pip = [sys.executable, "-m", "pip", "--python", str(instance.environment), "--quiet"]
    done = subprocess.run(
        [*pip, "install", "-U", "-r", str(instance.plugins_file)], check=False, capture_output=True
    )
    return done.returncode


def damage(result: Result, code: str = CODE) -> dict[str, Any]:
    """Return what the check says, which is not that all is well."""
    assert shut(result)[code] in {"failed", "warning"}
    return checks(result)[code]


def mend(instance: Instance) -> dict[str, Any]:
    """Mend, hold that a second time there is nothing to do, and return what was mended in the file."""
    result = instance.run("doctor", "--fix", "--json")
    assert (result.err, result.json["changed"], CODE in shut(result)) == ("", True, False)
    before = instance.plugins_file.stat()
    again = instance.run("doctor", "--fix", "--json")
    assert (again.json["changed"], again.data["mended"], CODE in shut(again)) == (False, [], False)
    after = instance.plugins_file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    return next(row for row in result.data["mended"] if row["code"] == CODE)


@pytest.mark.parametrize(
    ("damaged", "codes", "mended"),
    [
        (crude_edit(PLAIN, "inventree-alpha==2.0"), {CODE: "failed"}, UPDATED),
        (crude_edit(PLAIN, "Inventree_Beta"), {CODE: "warning"}, PLAIN),
        (crude_edit(PLAIN, "inventree-beta"), {CODE: "warning"}, PLAIN),
        (
            append(f"{PLAIN.rstrip()}>=1", "inventree-gamma==1.0"),
            {"plugins-file": "failed", CODE: "failed"},
            f"{PLAIN.rstrip()}>=1\ninventree-gamma==1.0\n",
        ),
        (
            append(f"{PLAIN}inventree-alpha==1.0", "inventree-alpha==2.0"),
            {"plugins-file": "failed", CODE: "failed"},
            UPDATED,
        ),
        (
            crude_edit(f"{PLAIN.rstrip()} \\", "inventree-gamma==1.0"),
            {"plugins-file": "failed", CODE: "failed"},
            f"{PLAIN}inventree-gamma==1.0\n",
        ),
        # pip says nothing of this one, and installs no gamma.
        (
            crude_edit(f"{PLAIN}--pre \\", "inventree-gamma==1.0"),
            {CODE: "failed"},
            f"{PLAIN}--pre\ninventree-gamma==1.0\n",
        ),
        (crude_edit(HASHED, "inventree-alpha"), {CODE: "warning"}, "inventree-alpha\n"),
    ],
    ids=["update", "spelling", "again", "append", "same", "backslash", "options", "hashes"],
)
def test_what_an_editor_leaves_is_mended_and_pip_installs_it(wheels, damaged, codes, mended):
    wheels.plugins_file.write_text(damaged)
    result = wheels.run("doctor", "--json")
    assert {code: status for code, status in shut(result).items() if "plugins-file" in code} == codes
    for code in codes:
        assert damage(result, code)["path"] == str(wheels.plugins_file)
        assert damage(result, code)["command"].endswith("doctor --fix")
    gamma = "inventree_gamma-1.0"
    is_well = pip_install(wheels) == 0 and (gamma in wheels.installed() or "gamma" not in damaged)
    assert is_well is ("failed" not in codes.values())
    found = mend(wheels)
    assert wheels.plugins_file.read_text() == mended
    assert found["slugs"] == []
    assert found["message"].startswith(f"`{wheels.plugins_file}`: line")
    assert found["diff"][:2] == [f"--- {wheels.plugins_file}", f"+++ {wheels.plugins_file}"]
    gone = [line[1:] for line in found["diff"][2:] if line.startswith("-")]
    new = [line[1:] for line in found["diff"][2:] if line.startswith("+")]
    lines = damaged.splitlines()
    for line in gone:
        lines.remove(line)
    assert sorted([*lines, *new]) == sorted(mended.splitlines())
    assert pip_install(wheels) == 0
    declared = [name for name in ("alpha", "beta", "gamma") if f"inventree-{name}" in mended]
    assert [name.split("-")[0] for name in wheels.installed()] == [f"inventree_{name}" for name in declared]


def test_what_is_installed_decides_between_two_lines(wheels):
    wheels.plugins_file.write_text("inventree-alpha==1.0\n")
    assert pip_install(wheels) == 0
    wheels.plugins_file.write_text("inventree-alpha==1.0\ninventree-alpha==2.0  # next\n")
    mend(wheels)
    assert wheels.plugins_file.read_text() == "inventree-alpha==1.0  # next\n"
    wheels.plugins_file.write_text("inventree-alpha==2.0\ninventree-alpha>=1,<2\n")
    mend(wheels)
    assert wheels.plugins_file.read_text() == "inventree-alpha>=1,<2\n"


def test_the_change_is_shown_to_a_person(wheels):
    text = f"\ufeff{PLAIN}".replace("\n", "\r\n")
    wheels.plugins_file.write_bytes(crude_edit(text, "inventree-alpha==2.0").encode())
    assert pip_install(wheels) != 0
    damaged = wheels.plugins_file.read_bytes()
    told = wheels.run("doctor")
    assert told.code == 4
    assert f"failed   {CODE}" in told.out
    assert "lines 2 and 5 contradict each other" in told.err
    assert "doctor --fix`; remove line 2 or line 5: pip installs nothing at all before" in told.err
    assert wheels.plugins_file.read_bytes() == damaged
    result = wheels.run("doctor", "--fix")
    assert f"mended: `{wheels.plugins_file}`: lines 2 and 5 contradict each other" in result.err
    lines = result.out.splitlines()
    assert lines[:3] == [f"--- {wheels.plugins_file}", f"+++ {wheels.plugins_file}", "@@ -1,5 +1,4 @@"]
    assert lines[3:9] == [
        " \\ufeff# Our plugins",
        "-inventree-alpha==1.0  # pinned, see #12",
        "",
        " inventree-beta",
        "-inventree-alpha==2.0",
        "+inventree-alpha==2.0  # pinned, see #12",
    ]
    assert lines[9].startswith("ok ")
    assert "\x1b" not in result.out
    wheels.plugins_file.write_bytes(damaged)
    shown = wheels.run_binary("doctor", "--fix", env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert "\x1b[32m+inventree-alpha==2.0  # pinned, see #12\x1b[0m" in shown.out
    assert "\x1b[31m-inventree-alpha==2.0\x1b[0m" in shown.out


def test_a_password_in_the_file_is_not_shown(wheels):
    text = "--index-url https://me:secret@host/simple\ninventree-alpha\ninventree-alpha==1.0\n"
    for words in (["doctor"], ["doctor", "--fix"], ["doctor", "--fix", "--json"]):
        wheels.plugins_file.write_text(text)
        result = wheels.run(*words)
        assert "secret" not in result.out + result.err
    assert any("@host/simple" in line for line in result.data["mended"][0]["diff"])
    assert wheels.plugins_file.read_text() == text.replace("inventree-alpha\n", "")


def test_mode_and_link_stay(wheels):
    real = wheels.folder / "elsewhere" / "requirements.txt"
    real.parent.mkdir()
    real.write_text(crude_edit(PLAIN, "inventree-beta"))
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 12, 34)
    wheels.plugins_file.symlink_to(real)
    mend(wheels)
    status = real.stat()
    assert (wheels.plugins_file.is_symlink(), real.read_text()) == (True, PLAIN)
    assert status.st_mode & 0o7777 == 0o640
    assert os.geteuid() != 0 or (status.st_uid, status.st_gid) == (12, 34)
    assert [path.name for path in real.parent.iterdir()] == [real.name]


def test_a_file_that_may_not_be_written_stays(wheels):
    text = crude_edit(PLAIN, "inventree-beta")
    wheels.plugins_file.write_text(text)
    wheels.plugins_file.chmod(0o444)
    result = wheels.run("doctor", "--fix", "--json")
    assert (result.code, result.json["errors"][0]["code"], result.json["changed"]) == (
        1,
        "file-access",
        False,
    )
    assert wheels.plugins_file.read_text() == text


def test_another_invplug_is_waited_for(wheels):
    text = crude_edit(PLAIN, "inventree-beta")
    wheels.plugins_file.write_text(text)
    words = ("doctor", "--fix", "--json", "--lock-timeout", "0.1")
    with exclusive_lock(wheels.environment / ".invplug.lock", timeout=1):
        result = wheels.run(*words)
        assert (result.code, result.json["errors"][0]["code"]) == (5, "lock-timeout")
        assert wheels.plugins_file.read_text() == text
        # Whoever has nothing to mend in the file need not wait.
        wheels.plugins_file.write_text("inventree-beta\n")
        assert wheels.run(*words).code == 4
    assert wheels.run(*words).code == 4


def test_what_only_a_person_can_decide_is_named_and_left(wheels):
    for text, code, words in (
        ("inventree-alpha>=1\ninventree-alpha<2\n", CODE, "line 1 or line 2"),
        ("inventree-alpha[x]==1.0\ninventree-alpha==2.0\n", CODE, "line 1 or line 2"),
        ("inventree-alpha==1.0rc1inventree-beta==1.0\n", CODE, "line of its own"),
        ("inventree-alpha==1.0rc1inventree-beta==1.0\n", "plugins-file", "line 1"),
        ("inventree-beta\n# inventree-alpha==1.0\nnot one\n", "plugins-file", "line 3"),
    ):
        wheels.plugins_file.write_text(text)
        result = wheels.run("doctor", "--fix", "--json")
        found = damage(result, code)
        assert (result.data["mended"], found["command"]) == ([], None)
        assert words in found["message"] + found["hint"]
        assert wheels.plugins_file.read_text() == text


def test_a_file_that_is_none_is_left_to_its_check(wheels):
    wheels.plugins_file.write_bytes(b"inventree-alpha\0\ninventree-alpha\n")
    result = wheels.run("doctor", "--fix", "--json")
    assert (checks(result)["plugins-file"]["status"], checks(result)[CODE]["status"]) == ("failed", "skipped")
    assert result.data["mended"] == []


# With a server and its database.


def test_a_package_of_a_row_tells_where_to_cut(site):
    site.plugins_file.write_text("inventree-alpha==1.0inventree-beta")
    result = diagnose(site)
    assert shut(result)["plugins-file"] == "failed"
    # It could be a strange version.
    assert checks(result)["plugins-file"]["command"] is None
    site.row("beta", package="Inventree_Beta")
    assert damage(diagnose(site), "plugins-file")["command"].endswith("doctor --fix")
    result = site.run("doctor", "--fix", "--json")
    assert (result.code, result.data["first_failed"]) == (4, "declared-packages")
    assert site.plugins_file.read_text() == "inventree-alpha==1.0\ninventree-beta"


def test_a_line_may_be_left_of_an_uninstalled_plugin(site):
    text = crude_edit("inventree-alpha\n# old ones\ninventree-old>=1.0\n", "inventree-old", remove=True)
    assert "inventree-old" in text
    site.plugins_file.write_text(text)
    found = damage(diagnose(site))
    assert (found["status"], found["line"], found["command"]) == ("warning", 3, None)
    assert "line 3 may be left of a plugin that was uninstalled: `inventree-old>=1.0`" in found["message"]
    # It may as well be new, or lost with a container: that is no one's but the administrator's to say.
    before = snapshot(site)
    result = site.run("doctor", "--fix", "--json")
    assert (result.json["changed"], result.data["mended"], snapshot(site)) == (False, [], before)
    for command in ("invplug uninstall inventree-old", "invplug install"):
        assert f"`{command}`" in found["hint"]
    assert site.run("uninstall", "inventree-old").code == 0
    assert site.plugins_file.read_text() == "inventree-alpha\n# old ones\n"
    healthy(site)


LEFT = "inventree-alpha\n# old ones\ninventree-old>=1.0  # mine\ninventree-older\ninventree-alpha\n"


def test_a_left_line_goes_when_that_is_said(site):
    site.plugins_file.write_text(LEFT)
    result = site.run("doctor", "--fix", "--yes", "--json")
    assert site.plugins_file.read_text() == "inventree-alpha\n# old ones\n# mine\n"
    assert "-inventree-older" in result.data["mended"][0]["diff"]
    assert "line 3 may be left of a plugin" in result.data["mended"][0]["message"]
    healthy(site)


def test_nothing_goes_of_another_environment_or_for_a_name_that_nobody_has(site):
    other = "inventree-old<2.0; python_version < '3'\n"
    site.plugins_file.write_text(f"inventree-alpha\ninventree-old>=2.0\n{other}")
    assert site.run("doctor", "nosuch", "--fix", "--yes").code == 1
    assert "inventree-old>=2.0" in site.plugins_file.read_text()
    result = site.run("doctor", "--fix", "--yes", "--json")
    assert [mend["message"].count("may be left") for mend in result.data["mended"]] == [1]
    assert site.plugins_file.read_text() == f"inventree-alpha\n{other}"


def test_yes_goes_with_fix(site):
    result = site.run("doctor", "--yes", "--json")
    assert (result.code, result.json["errors"][0]["code"]) == (2, "usage")


def test_a_question_shows_no_password_and_no_escape_code(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert not agrees("line 1: `x@https://ada:secret@host/x.whl` \x1b[2K. Remove it?")
    shown = capsys.readouterr().err
    assert "secret" not in shown
    assert "u001b[2K. Remove it? [y/N]: " in shown


@pytest.mark.parametrize(
    ("answers", "left"), [("yn", "inventree-older\n"), ("ny", "inventree-old>=1.0  # mine\n")]
)
def test_each_left_line_is_asked_about_on_a_terminal(site, answers, left):
    site.plugins_file.write_text(LEFT)
    master, slave = pty.openpty()
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "inventree_plugins",
            "--server",
            str(site.folder),
            "doctor",
            "--fix",
            "--quiet",
        ],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        os.write(master, "".join(f"{each}\n" for each in answers).encode())
        _, err = child.communicate(timeout=60)
    os.close(slave)
    os.close(master)
    assert err.count("[y/N]: ") == 2
    assert (
        "line 3 may be left of a plugin that was uninstalled: `inventree-old>=1.0`. Remove it? [y/N]: " in err
    )
    kept = site.plugins_file.read_text()
    assert left in kept
    # What is certain is mended whatever the answers are.
    assert (kept.count("inventree-alpha"), kept.count("inventree-old")) == (1, 1)


@pytest.mark.parametrize(
    "line",
    [
        # The server's editor would have taken these out.
        "inventree-old==1.0",
        "inventree-old  # mine",
        "inventree-old @ https://host/old.zip",
        # No plugin of this server.
        "inventree-old; python_version < '3'",
    ],
)
def test_a_line_that_cannot_be_left_is_not_suspected(site, line):
    site.plugins_file.write_text(f"inventree-alpha\n{line}\n")
    assert CODE not in shut(diagnose(site))


@pytest.mark.parametrize("package", ["Inventree.Old", None])
def test_a_line_of_a_plugin_that_the_store_knows_was_lost_with_its_container(site, package):
    site.plugins_file.write_text("inventree-alpha\ninventree-old\n")
    site.row("old", package=package)
    assert CODE not in shut(diagnose(site))


def test_the_file_is_mended_while_the_database_cannot_be_changed(site):
    site.package("beta")
    site.plugins_file.write_text("inventree-alpha\ninventree-alpha\n")
    words = ("doctor", "--fix", "--lock-timeout", "0.2")
    with site.case.connect() as connection:
        connection.execute("BEGIN IMMEDIATE")
        result = site.run(*words, "--json")
        assert (result.code, result.json["status"], result.json["changed"]) == (5, "partial", True)
        assert [error["code"] for error in result.json["errors"]] == ["database-locked"]
        assert [row["code"] for row in result.data["mended"]] == [CODE]
        assert site.run(*words).code == 5
        connection.rollback()
    connection.close()
    assert site.plugins_file.read_text() == "inventree-alpha\n"
    result = site.run(*words, "--json")
    assert (result.code, [row["code"] for row in result.data["mended"]]) == (0, ["row"])


def test_the_file_is_mended_without_a_database(site):
    for path in site.folder.parent.glob("database-*/*"):
        path.unlink()
    site.plugins_file.write_text("inventree-alpha\ninventree-alpha\n")
    result = site.run("doctor", "--fix", "--json")
    assert (result.code, result.data["first_failed"], result.json["changed"]) == (4, "database", True)
    assert site.plugins_file.read_text() == "inventree-alpha\n"


def test_another_python_decides_nothing(site, instance):
    text = "inventree-alpha==1.0\ninventree-alpha==2.0\n"
    site.plugins_file.write_text(text)
    for python in (instance.environment, site.folder / "nothing"):
        result = site.run("doctor", "--fix", "--json", "--python", str(python))
        assert (checks(result)[CODE]["status"], result.json["changed"]) == ("failed", False)
        assert site.plugins_file.read_text() == text
