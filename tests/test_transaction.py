"""Files that change together: all or nothing, wherever the work is cut short."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from inventree_plugins import commit
from inventree_plugins.errors import FileAccessError, ProcessError
from inventree_plugins.process import run
from inventree_plugins.transaction import Transaction, recover


class World:
    """An environment with an old package, a staged new one, and a text file."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "env" / "site"
        self.area = folder / "env" / ".invplug-changes"
        self.text = folder / "data" / "plugins.txt"
        for name, content in {
            "pkg/__init__.py": "old",
            "pkg/gone.py": "old",
            "pkg/deep/only_old.py": "old",
            "pkg-1.dist-info/RECORD": "old",
            "other.py": "mine",
        }.items():
            _write(self.site / name, content)
        _write(self.text, "pkg==1\n")
        self.old = snapshot(folder)
        self.folder = folder

    def prepare(self, transaction: Transaction) -> None:
        stage = transaction.folder / "stage"
        for name, content in {
            "pkg/__init__.py": "new",
            "pkg/added.py": "new",
            "fresh/module.py": "new",
            "pkg-2.dist-info/RECORD": "new",
            "other.py": "taken over",
        }.items():
            _write(stage / name, content)
        listed = ["pkg/__init__.py", "pkg/gone.py", "pkg/deep/only_old.py", "pkg-1.dist-info/RECORD"]
        transaction.remove([self.site / each for each in listed], below=self.site)
        transaction.put(stage, self.site)
        transaction.write(self.text, "pkg==2\n")

    @property
    def new(self) -> dict[str, str]:
        return {
            "data/plugins.txt": "pkg==2\n",
            "env/site/fresh/module.py": "new",
            "env/site/other.py": "taken over",
            "env/site/pkg-2.dist-info/RECORD": "new",
            "env/site/pkg/__init__.py": "new",
            "env/site/pkg/added.py": "new",
        }

    def now(self) -> dict[str, str]:
        return snapshot(self.folder)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def snapshot(folder: Path) -> dict[str, str]:
    """Return every file's content, and empty folders."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else "a folder"
        for path in sorted(folder.rglob("*"))
        if path.is_file() or not any(path.iterdir())
    }


@pytest.fixture
def world(tmp_path):
    folder = tmp_path / "world"
    folder.mkdir()
    return World(folder)


def journalled(world: World) -> Path:
    """Prepare everything up to the written journal and return its folder."""
    transaction = Transaction(world.area)
    world.prepare(transaction)

    def refuse(*_: object, **__: object) -> None:
        raise ProcessError("not today")

    kept = world.folder.parent / "kept"
    real = commit.complete
    commit.complete = lambda folder: shutil.copytree(folder, kept / folder.name)  # keep it from happening
    try:
        with pytest.raises(ProcessError):
            transaction.commit(refuse)
    finally:
        commit.complete = real
    shutil.rmtree(kept)
    return transaction.folder


def test_everything_happens_and_nothing_is_left(world):
    with Transaction(world.area) as transaction:
        world.prepare(transaction)
        assert snapshot(world.site) == {
            key.removeprefix("env/site/"): value
            for key, value in world.old.items()
            if key.startswith("env/site")
        }
        transaction.commit(run)
    assert world.now() == world.new


def test_without_a_commit_nothing_happens(world):
    with Transaction(world.area) as transaction:
        world.prepare(transaction)
    assert world.now() == world.old


def test_mode_owner_and_link_of_a_text_stay(world, tmp_path):
    world.text.chmod(0o640)
    os.chown(world.text, 12, 34)
    link = tmp_path / "link.txt"
    link.symlink_to(world.text)
    with Transaction(world.area) as transaction:
        transaction.write(link, "new\n")
        transaction.commit(run)
    assert link.is_symlink()
    assert (link.read_text(), world.text.read_text()) == ("new\n", "new\n")
    status = world.text.stat()
    assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == (0o640, 12, 34)


def test_a_cut_after_any_step_is_brought_to_its_end(world):
    folder = journalled(world)
    steps = commit.read_journal(folder / commit.JOURNAL)
    count = len(steps["moves"]) + len(steps["replacements"])
    assert count >= 9
    pristine = world.folder.parent / "pristine"
    shutil.copytree(world.folder, pristine, symlinks=True)
    for done in range(count + 1):
        shutil.rmtree(world.folder)
        shutil.copytree(pristine, world.folder, symlinks=True)
        for source, destination, *_ in [*steps["moves"], *steps["replacements"]][:done]:
            Path(source).replace(destination)
        assert recover(world.area) == 1
        assert world.now() == world.new, f"cut after step {done}"
        assert recover(world.area) == 0


# Runs the journal, and dies before the n-th thing that it does to a file.
DYING = """
import os, runpy, sys
from pathlib import Path
program, folder, number = sys.argv[1:]
left = int(number)
def die(event, arguments):
    global left
    if event in {"open", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.copytree"}:
        left -= 1
        if left == 0:
            os._exit(9)
complete = runpy.run_path(program)["complete"]
sys.addaudithook(die)
try:
    complete(Path(folder))
except OSError:
    sys.exit(1)
"""


def dies_everywhere(world: World, folder: Path, expected: dict[str, str], code: int) -> None:
    """Hold that the journal comes to one end, at whatever moment the program that carries it out dies."""
    away = Path(tempfile.mkdtemp(dir=world.folder.parent))
    places = {"world": world.folder} | ({} if world.folder in folder.parents else {"folder": folder})
    for name, place in places.items():
        shutil.copytree(place, away / name, symlinks=True)
    for number in range(1, 400):
        for name, place in places.items():
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(away / name, place, symlinks=True)
        command = [sys.executable, "-I", "-S", "-c", DYING, commit.__file__, str(folder), str(number)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in {9, code}, done.stderr
        with suppress(FileAccessError):
            recover(folder.parent)
        assert world.now() == expected, f"death before step {number}"
        assert not folder.exists()
        if done.returncode == code:
            return
    raise AssertionError("it never ended")


def test_it_may_die_before_anything_that_it_does(world):
    dies_everywhere(world, journalled(world), world.new, 0)


def test_it_may_die_while_it_takes_everything_back(world):
    folder = journalled(world)
    journal = commit.read_journal(folder / commit.JOURNAL)
    journal["replacements"].append([str(folder / "old" / "text-0"), str(world.text / "below-a-file"), ""])
    shutil.copy(folder / "old" / "text-0", folder / "copy")
    journal["replacements"][0][2] = str(folder / "copy")
    commit.write_journal(folder / commit.JOURNAL, journal)
    dies_everywhere(world, folder, world.old, 1)


@pytest.mark.parametrize("fails", [False, True])
def test_it_may_die_between_two_file_systems(world, tmp_path, fails):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system to write to")
    world.area = elsewhere / f"invplug-test-{os.getpid()}-{fails}"
    try:
        folder = journalled(world)
        if fails:
            journal = commit.read_journal(folder / commit.JOURNAL)
            journal["moves"].append([str(folder / "lock"), str(world.text / "below-a-file")])
            commit.write_journal(folder / commit.JOURNAL, journal)
            (folder / "lock").touch()
        dies_everywhere(world, folder, world.old if fails else world.new, int(fails))
    finally:
        shutil.rmtree(world.area, ignore_errors=True)


def test_a_mounted_file_on_a_full_disk_keeps_its_content(world, tmp_path):
    """Such a file can only be written in place, which must not begin with emptying it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts = [["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk]]
    if subprocess.run(mounts[0], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        (disk / "plugins.txt").write_text("pkg==1\n")
        subprocess.run(["mount", "--bind", disk / "plugins.txt", world.text], check=True)
        with suppress(OSError), (disk / "filler").open("wb") as filler:
            while True:
                filler.write(b"0" * 512)
                filler.flush()
        with Transaction(world.area) as transaction:
            world.prepare(transaction)
            transaction.write(world.text, "pkg==2\n" + "# much more\n" * 2000)
            with pytest.raises(FileAccessError, match="No space left"):
                transaction.commit(run)
        assert world.now() == world.old
        assert (disk / "plugins.txt").read_text() == "pkg==1\n"
    finally:
        subprocess.run(["umount", world.text], check=False)
        subprocess.run(["umount", disk], check=True)


def test_a_step_that_fails_takes_everything_back(world):
    folder = journalled(world)
    journal = folder / commit.JOURNAL
    steps = commit.read_journal(journal)
    pristine = world.folder.parent / "pristine"
    shutil.copytree(world.folder, pristine, symlinks=True)
    for number in range(len(steps["moves"]) + 1):
        shutil.rmtree(world.folder)
        shutil.copytree(pristine, world.folder, symlinks=True)
        broken = commit.read_journal(journal)
        broken["moves"].insert(number, [str(world.text), str(world.text / "below-a-file")])
        commit.write_journal(journal, broken)
        with pytest.raises(FileAccessError, match="below-a-file"):
            recover(world.area)
        assert world.now() == world.old, f"failure at step {number}"
        assert recover(world.area) == 0


def test_a_failure_while_it_happens_is_told_and_changes_nothing(world):
    with Transaction(world.area) as transaction:
        world.prepare(transaction)
        _write(transaction.folder / "second" / "x", "x")
        transaction.put(transaction.folder / "second", world.text / "below-a-file")
        with pytest.raises(FileAccessError) as caught:
            transaction.commit(run)
    assert "is as before" in caught.value.message
    assert world.now() == world.old


def test_a_program_that_is_killed_is_taken_over(world):
    def killed(command, **_):
        return run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])

    with Transaction(world.area) as transaction:
        world.prepare(transaction)
        transaction.commit(killed)
    assert world.now() == world.new


HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
input()
"""


def test_the_program_lets_no_signal_stop_it(world):
    folder = journalled(world)
    # A lock that is held makes it wait, so that the signals come before the first step.
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    program = subprocess.Popen([sys.executable, "-I", "-S", commit.__file__, str(folder)])
    waiting = Path(f"/proc/{program.pid}/wchan")
    while "lock" not in waiting.read_text() and program.poll() is None:
        pass
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        program.send_signal(number)
    assert program.poll() is None
    holder.communicate("go\n", timeout=30)
    assert program.wait(timeout=30) == 0
    assert recover(world.area) == 0
    assert world.now() == world.new


def test_what_was_only_prepared_is_cleared_away(world):
    transaction = Transaction(world.area)
    world.prepare(transaction)
    assert recover(world.area) == 0
    assert world.now() == world.old


def test_another_file_system_makes_no_difference(world, tmp_path):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system to write to")
    area = elsewhere / f"invplug-test-{os.getpid()}"
    try:
        with Transaction(area) as transaction:
            world.prepare(transaction)
            transaction.commit(run)
        assert world.now() == world.new
        assert not area.exists()
    finally:
        shutil.rmtree(area, ignore_errors=True)


def test_a_link_among_the_changes_is_followed_by_nobody(world, tmp_path):
    theirs = tmp_path / "theirs"
    _write(theirs / "below" / "file", "precious")
    _write(theirs / "beside", f"{theirs}/below/file\0")
    world.area.mkdir()
    (world.area / "change-link").symlink_to(theirs)
    assert recover(world.area) == 0
    commit.complete(world.area / "change-link")
    assert sorted(snapshot(theirs)) == ["below/file", "beside"]


def test_a_damaged_journal_is_no_short_one(world):
    folder = journalled(world)
    journal = folder / commit.JOURNAL
    whole = journal.read_bytes()
    before = snapshot(world.site)
    for length in (0, 1, whole.index(b"\0moves\0") + 1, len(whole) - 1):
        journal.write_bytes(whole[:length])
        with pytest.raises(FileAccessError, match="damaged"):
            recover(world.area)
    journal.write_bytes(whole)
    assert snapshot(world.site) == before
    assert recover(world.area) == 1
    assert world.now() == world.new


def test_what_was_taken_back_is_no_success_though_its_folder_stays(world, monkeypatch):
    """As where something in it cannot be removed."""
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with Transaction(world.area) as transaction:
        transaction.write(world.text, "new\n")
        _write(transaction.folder / "second" / "x", "x")
        transaction.put(transaction.folder / "second", world.text / "below-a-file")
        with pytest.raises(FileAccessError, match="is as before"):
            transaction.commit(run)
    assert world.text.read_text() == "pkg==1\n"


def test_a_disk_that_is_full_before_the_journal_changes_nothing(world, monkeypatch):
    real = os.fsync

    def full(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".new":
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with Transaction(world.area) as transaction:
        world.prepare(transaction)
        with pytest.raises(FileAccessError, match="No space left"):
            transaction.commit(run)
    assert world.now() == world.old
