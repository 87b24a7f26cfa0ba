"""What bad input gets: one clear error with a hint and the right exit code, and nothing half written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import time
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.builders import build_sdist, build_wheel


@contextmanager
def as_nobody():
    """Give up root's right to everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def refused(instance):
    """Run a command that must fail, once for a person and once with --json, and return the error.

    Nothing may have changed: neither in the instance's folder, nor in its environment, nor in `more`.
    """

    def check(*arguments, code, words=(), exit_code=1, more=(), hint=True):
        folders = (instance.folder, instance.environment, *more)
        before = [files_below(folder) for folder in folders]
        text = instance.run(*arguments)
        assert (text.code, text.out) == (exit_code, "")
        lines = text.err.splitlines()
        assert sum(line.startswith("error: ") for line in lines) == 1, text.err
        for word in words:
            assert str(word) in text.err
        assert "Traceback" not in text.err
        if hint:
            assert lines[-1].startswith("hint: "), text.err
        document = instance.run(*arguments, "--json")
        assert (document.code, document.json["exit_code"]) == (exit_code, exit_code)
        assert (document.json["status"], document.json["changed"]) == ("error", False)
        assert document.err == ""
        [error] = document.json["errors"]
        assert error["code"] == code, error
        assert error["message"] in text.err
        after = [files_below(folder) for folder in folders]
        for old, new in zip(before, after, strict=True):
            new.pop(".invplug.lock", None)
            old.pop(".invplug.lock", None)
            assert new == old
        return error

    return check


# --- config.yaml


def test_a_config_that_is_missing(refused, instance):
    error = refused(
        "--config", "no.yaml", "list", code="configuration", exit_code=2, words=["no.yaml", "--config"]
    )
    assert error["path"] == str(instance.folder / "no.yaml")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"plugins_enabled: [unclosed\ndebug: true\n", ["line 2"]),
        (b"a: b: c\n", ["line 1"]),
        (b"\tplugins_enabled: true\n", ["line 1"]),
        (b"- a list\n- of things\n", ["list"]),
        (b"just words\n", ["str"]),
        (b"\x00\x01\x02\xff\xfe", []),
        (b"name: \xff\xfe\n", []),
        (b"a: !!python/object/apply:os.system ['false']\n", ["line 1"]),
        (b"database: {engine: sqlite3}\n", ["name"]),
        (b"database: {engine: oracle, name: x}\n", ["oracle"]),
    ],
)
@pytest.mark.parametrize("command", [("list",), ("install",), ("config", "show")])
def test_a_config_that_is_malformed(refused, instance, content, words, command):
    config = instance.folder / "config.yaml"
    config.write_bytes(content)
    code = "database-engine" if b"oracle" in content else "configuration"
    error = refused("--config", str(config), *command, code=code, exit_code=2, words=[config, *words])
    assert error["path"] == str(config)


def test_a_config_that_is_a_directory(refused, instance):
    (instance.folder / "config").mkdir()
    refused(
        "--config", "config", "list", code="configuration", exit_code=2, words=[instance.folder / "config"]
    )


def test_a_config_without_a_database(refused, instance):
    (instance.folder / "config.yaml").write_text("debug: true\n")
    refused(
        "--config",
        "config.yaml",
        "list",
        code="configuration",
        exit_code=2,
        words=["config.yaml", "database"],
    )


def test_a_server_that_is_none(refused, instance):
    refused("--server", ".", "list", code="server-source", exit_code=2, words=[instance.folder, "manage.py"])
    refused("--server", "nowhere", "list", code="server-source", exit_code=2, words=["nowhere"])


# --- plugins.txt


def test_a_plugins_file_that_is_a_directory(refused, instance):
    instance.plugins_file.mkdir()
    for command in (("install",), ("install", "x"), ("uninstall", "x"), ("enable", "--all-in-file")):
        refused(*command, code="plugins-file", exit_code=2, words=[instance.plugins_file, "directory"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# fine\n\x7fELF\x02\x00\x00\x01", ["line 2", "binary"]),
        (b"# fine\n# caf\xe9\ninventree-x\n", ["line 2", "UTF-8", "0xe9"]),
        ("# fine\ninventree-x\n".encode("utf-16"), ["line 1"]),
    ],
)
def test_a_plugins_file_that_is_no_text(refused, instance, content, words):
    instance.plugins_file.write_bytes(content)
    for command in (("install",), ("install", "inventree-x"), ("uninstall", "inventree-x")):
        refused(*command, code="plugins-file", exit_code=2, words=[instance.plugins_file, *words])


@pytest.mark.parametrize(
    "line",
    [
        "inventree-x=1.0",
        "inventree x",
        "inventree-x==",
        "inventree-x @",
        "--no-such-option",
        "-r",
        "-r missing.txt",
        "-c missing.txt",
        "-e",
        "inventree-x ; python_version <",
        "<<<<<<< HEAD",
    ],
)
def test_a_line_that_pip_would_refuse(refused, instance, line):
    instance.wheel("alpha")
    instance.plugins_file.write_text(f"# mine\ninventree-alpha\n{line}\n")
    error = refused("install", code="plugins-file", exit_code=2, words=[instance.plugins_file, "line 3"])
    assert error["line"] == 3
    # A server that is down because of that line must still be listed.
    listed = instance.run("list", "--json")
    assert listed.code == 0
    if line != "-c missing.txt":  # listing needs no constraints
        assert listed.json["warnings"][0]["line"] == 3


def test_a_file_that_includes_itself(refused, instance):
    instance.plugins_file.write_text("# mine\n-r plugins.txt\n")
    assert refused("install", code="plugins-file", exit_code=2, words=["itself"])["line"] == 2


def test_a_read_only_plugins_file_is_refused_before_anything_is_installed(refused, instance):
    instance.wheel("alpha")
    instance.plugins_file.write_text("# mine\n")
    instance.plugins_file.chmod(0o444)
    refused("install", "inventree-alpha", code="file-access", words=[instance.plugins_file, "read-only"])
    # Nothing is to be recorded here, so nothing need be written.
    instance.plugins_file.chmod(0o644)
    instance.plugins_file.write_text("inventree-alpha\n")
    instance.plugins_file.chmod(0o444)
    assert instance.run("install").code == 0


# --- packages


def test_an_argument_that_is_no_requirement(refused):
    for argument in ("inventree-x=1.0", "a b", "./nowhere", "missing.whl", "x @", ""):
        refused("install", argument, code="requirement", exit_code=2, words=[f"`{argument}`"])
    refused("install", "-e", code="usage", exit_code=2, words=["-e"])


def test_an_argument_that_is_a_folder_without_a_project(refused, instance):
    (instance.folder / "empty").mkdir()
    refused("install", "./empty", code="requirement", exit_code=2, words=["./empty", "pyproject.toml"])


def test_a_package_that_does_not_exist(refused, instance):
    instance.wheel("alpha")
    refused(
        "install",
        "inventree-alpha",
        "inventree-nowhere",
        code="install-not-found",
        words=["inventree-nowhere"],
    )
    instance.plugins_file.write_text("inventree-alpha\n# why\ninventree-nowhere # here\n")
    error = refused("install", code="install-not-found", words=["inventree-nowhere", "plugins.txt", "line 3"])
    assert (error["path"], error["line"]) == (str(instance.plugins_file), 3)


def test_a_version_that_does_not_exist(refused, instance):
    instance.wheel("alpha", "1.0")
    refused("install", "inventree-alpha==9", code="install-no-version", words=["inventree-alpha==9", "1.0"])


def test_a_package_for_another_python(refused, instance):
    instance.wheel("alpha", metadata={"Requires-Python": ">=3.99"})
    instance.plugins_file.write_text("inventree-alpha\n")
    error = refused("install", code="install-no-version", words=["inventree-alpha", ">=3.99", "line 1"])
    assert error["line"] == 1


def test_a_wheel_for_another_platform(refused, instance, tmp_path):
    wheel = build_wheel(tmp_path / "other", "inventree-alpha", "1.0", tag="cp27-none-win32")
    refused("install", str(wheel), code="install-no-wheel", words=["cp27-none-win32"])


BUILD_SYSTEM = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "inventree-brittle"
version = "1.0"
"""
BACK_END = """
def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise RuntimeError("the compiler is missing")
"""


def test_a_package_that_fails_to_build(refused, instance):
    build_sdist(
        instance.wheels,
        "inventree-brittle",
        "1.0",
        files={"pyproject.toml": BUILD_SYSTEM, "backend.py": BACK_END},
    )
    instance.plugins_file.write_text("# mine\ninventree-brittle\n")
    error = refused(
        "install", code="install-build-failed", words=["inventree-brittle", "the compiler is missing"]
    )
    assert error["line"] == 2
    refused("install", "inventree-brittle", code="install-build-failed", words=["the compiler is missing"])


def test_two_lines_that_contradict_each_other(refused, instance):
    for version in ("1.0", "2.0"):
        instance.wheel("alpha", version)
    instance.plugins_file.write_text("# mine\ninventree-alpha==1.0\ninventree-alpha==2.0\n")
    error = refused(
        "install", code="install-conflict", words=["inventree-alpha==1.0", "inventree-alpha==2.0"]
    )
    assert error["line"] in {2, 3}
    # Naming the package settles it.
    assert instance.run("install", "inventree-alpha==2.0").code == 0
    assert instance.plugins_file.read_text() == "# mine\ninventree-alpha==2.0\n"
    assert instance.run("install", "--json").json["changed"] is False


def test_a_package_without_entry_point_is_a_warning(instance):
    build_wheel(instance.wheels, "no-plugin", "1.0")
    result = instance.run("install", "no-plugin")
    assert (result.code, result.out) == (0, "")
    assert "warning: `no-plugin` has no `inventree_plugins` entry point" in result.err
    assert "hint: " in result.err
    again = instance.run("install", "no-plugin", "--enable", "--json")
    assert (again.code, again.json["status"], again.json["changed"]) == (0, "ok", False)
    assert [warning["code"] for warning in again.json["warnings"]] == ["no-plugin"]
    assert not instance.store.exists() or instance.rows() == {}


def test_two_packages_with_one_slug(refused, instance):
    instance.wheel("alpha")
    instance.wheel("alpha", package="inventree-other")
    result = instance.run("install", "inventree-alpha", "inventree-other")
    assert (result.code, result.out) == (0, "")
    assert "inventree-alpha" in result.err
    assert "inventree-other" in result.err
    assert "`alpha`" in result.err
    assert {key: row["active"] for key, row in instance.rows().items()} == {"alpha": 0}
    problems = instance.run("list", "--json").data["plugins"][0]["problems"]
    assert "slug-collision" in {problem["code"] for problem in problems}
    refused("enable", "alpha", code="slug-collision", words=["inventree-alpha", "inventree-other"])
    again = instance.run("install", "inventree-alpha", "inventree-other", "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    assert "slug-collision" in {warning["code"] for warning in again.json["warnings"]}


# --- the database


SCHEMA = """
CREATE TABLE plugin_pluginconfig (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    key varchar(255) NOT NULL UNIQUE,
    name varchar(255) NULL,
    active bool NOT NULL
    {more}
);
CREATE TABLE plugin_pluginsetting (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT, key varchar(50) NOT NULL, value varchar(2000) NOT NULL,
    plugin_id integer NOT NULL REFERENCES plugin_pluginconfig (id)
);
CREATE TABLE common_inventreesetting (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    key varchar(50) NOT NULL UNIQUE,
    value varchar(2000) NOT NULL
);
"""


@pytest.fixture
def database(tmp_path):
    """Make a server's database, of a version without the newer columns."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "server.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA.format(more=""))
        connection.execute("INSERT INTO plugin_pluginconfig (key, name, active) VALUES ('alpha', 'Alpha', 0)")
        connection.commit()
    return path


@pytest.fixture
def alpha(instance):
    """An instance in which `alpha` is installed and `inventree-beta` could be."""
    instance.wheel("beta")
    site = next(instance.environment.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(instance.wheel("alpha")) as archive:
        archive.extractall(site)
    instance.plugins_file.write_text("inventree-alpha\n")
    assert instance.run("discover").code == 0
    return instance


READING = [("list",), ("show", "alpha"), ("is-enabled", "alpha")]
CHANGING = [
    ("enable", "alpha"),
    ("disable", "alpha"),
    ("discover",),
    ("install",),
    ("install", "inventree-beta"),
    ("uninstall", "alpha"),
]


@pytest.mark.parametrize("command", [*READING, *CHANGING], ids=" ".join)
def test_a_database_that_is_missing(refused, alpha, tmp_path, command):
    path = tmp_path / "missing.sqlite3"
    refused("--database", str(path), *command, code="database-missing", exit_code=2, words=[path])
    assert not path.exists()


def test_a_configured_database_that_is_missing(refused, alpha, tmp_path):
    (alpha.folder / "config.yaml").write_text("database:\n  engine: sqlite3\n  name: /no/where.sqlite3\n")
    refused(
        "--config", "config.yaml", "list", code="database-missing", exit_code=2, words=["/no/where.sqlite3"]
    )


@pytest.mark.parametrize("command", [*READING, *CHANGING], ids=" ".join)
def test_a_database_that_is_corrupt(refused, alpha, database, command):
    database.write_bytes(b"SQLite format 3\0" + b"\xa5" * 4000)
    refused(
        "--database",
        str(database),
        *command,
        code="database-corrupt",
        exit_code=2,
        words=[database],
        more=[database.parent],
    )


@pytest.mark.parametrize("command", [*READING, *CHANGING], ids=" ".join)
def test_a_database_that_is_no_server_s(refused, alpha, tmp_path, command):
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "other.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title text)")
        connection.commit()
    refused(
        "--database",
        str(path),
        *command,
        code="database-not-inventree",
        exit_code=2,
        words=[path],
        more=[folder],
    )


def test_a_database_that_is_a_directory_or_text(refused, alpha, tmp_path):
    refused("--database", str(tmp_path), "list", code="database-corrupt", exit_code=2, words=[tmp_path])
    text = tmp_path / "notes.txt"
    text.write_text("some notes\n" * 100)
    refused("--database", str(text), "list", code="database-corrupt", exit_code=2, words=[text])


@pytest.mark.parametrize(
    "command", [("enable", "alpha"), ("install", "inventree-beta"), ("discover",)], ids=" ".join
)
def test_a_database_that_is_read_only(refused, alpha, database, command):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM plugin_pluginconfig")
        connection.commit()
    database.chmod(0o444)
    assert alpha.run("--database", str(database), "list").code == 0
    refused(
        "--database",
        str(database),
        *command,
        code="database-read-only",
        words=[database],
        more=[database.parent],
    )


def test_nothing_need_be_written_to_a_read_only_database_where_nothing_changes(alpha, database):
    database.chmod(0o444)
    for command in (("discover",), ("install",), ("disable", "alpha"), ("enable", "alpha", "--dry-run")):
        result = alpha.run("--database", str(database), *command, "--json")
        assert (result.code, result.json["changed"]) == (0, False)


@contextmanager
def holding(path: Path, how: str):
    """Keep the database locked from another process."""
    code = f"""
        import sqlite3, sys
        connection = sqlite3.connect({str(path)!r}, isolation_level=None)
        connection.execute("BEGIN {how}")
        print("held", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "held\n"
        try:
            yield
        finally:
            child.communicate("")


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("command", [("enable", "alpha"), ("install", "inventree-beta")], ids=" ".join)
def test_a_database_that_stays_locked(refused, alpha, database, command, journal):
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    with holding(database, "IMMEDIATE"):
        start = time.monotonic()
        refused(
            "--database",
            str(database),
            "--lock-timeout",
            "0.5",
            *command,
            code="database-locked",
            exit_code=5,
            words=[database, "--lock-timeout"],
        )
        assert time.monotonic() - start < 30
        assert alpha.run("--database", str(database), "--lock-timeout", "0.5", "list").code == 0
    assert alpha.run("--database", str(database), *command, "--json").json["changed"] is True


def test_a_database_that_stays_locked_for_readers_too(refused, alpha, database):
    with holding(database, ["EXCLUSIVE", " UPDATE plugin_pluginconfig SET name = 'x'"][0]):
        result = alpha.run("--database", str(database), "--lock-timeout", "0.3", "enable", "alpha")
    assert (result.code, result.out) == (5, "")


def test_a_database_older_than_a_column(alpha, database):
    for changed in (True, False):
        result = alpha.run("--database", str(database), "install", "inventree-beta", "--enable", "--json")
        assert (result.code, result.json["changed"]) == (0, changed)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT key, active FROM plugin_pluginconfig ORDER BY key").fetchall()
    assert rows == [("alpha", 0), ("beta", 1)]


def test_a_database_that_is_too_old(refused, alpha, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "old.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE plugin_pluginconfig (id integer PRIMARY KEY, key varchar(255))")
        connection.commit()
    refused(
        "--database",
        str(path),
        "list",
        code="database-not-inventree",
        exit_code=2,
        words=["active"],
        more=[folder],
    )


def test_a_database_newer_than_invplug(refused, alpha, tmp_path):
    """A column that must have a value, and which invplug does not know."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "new.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA.format(more=", colour varchar(9) NOT NULL"))
    assert alpha.run("--database", str(path), "list").code == 0
    refused("--database", str(path), "discover", code="plugin-row", words=["colour"], more=[folder])


def test_what_fails_after_the_installation_is_told_with_what_was_done(alpha, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "new.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA.format(more=", colour varchar(9) NOT NULL"))
    result = alpha.run("--database", str(path), "install", "inventree-beta", "--json")
    assert result.code == 1
    assert (result.json["status"], result.json["changed"]) == ("partial", True)
    assert [item["name"] for item in result.data["installed"]] == ["inventree-beta"]
    assert result.data["recorded"] == ["inventree-beta"]
    assert result.json["errors"][0]["code"] == "plugin-row"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        # Nobody listens on the first port.
        ("postgresql://u:secret@127.0.0.1:1/x", "database-unreachable"),
        ("mysql://u:secret@127.0.0.1:1/x", "database-unreachable"),
        ("postgresql:///x?host=/nowhere&password=secret", "database-unreachable"),
        ("postgresql://u:secret@127.0.0.1:1/x?connect_timeout=secret-word", "configuration"),
        ("postgresql://u:secret@127.0.0.1:1/x?nonsense=1", "configuration"),
        ("mysql://u:secret@127.0.0.1:port/x", "configuration"),
        ("oracle://u:secret@h/x", "database-engine"),
    ],
)
def test_a_database_that_cannot_be_opened(refused, alpha, url, code):
    for words in (("list",), ("enable", "alpha"), ("settings", "set", "alpha", "KEY", "x"), ("reload",)):
        error = refused("--database", url, *words, code=code, exit_code=2, hint="port" not in url)
        assert "u:secret" not in str(error)
        assert "password=secret" not in str(error)


# --- the interpreter


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "command", [("list",), ("install", "inventree-alpha"), ("is-installed", "alpha")], ids=" ".join
)
def test_an_interpreter_that_is_none(refused, instance, tmp_path, command):
    instance.wheel("alpha")
    folder = tmp_path / "nothing here"
    folder.mkdir()
    text = tmp_path / "notes.txt"
    text.write_text("print('no program')\n")
    cases = [
        tmp_path / "missing",
        folder,
        text,
        executable(tmp_path / "rubbish", "#!/bin/sh\necho rubbish\n"),
        executable(tmp_path / "number", "#!/bin/sh\necho 5\n"),
        executable(tmp_path / "object", "#!/bin/sh\necho '{}'\n"),
        executable(tmp_path / "binary", "\x7fnothing that runs"),
        executable(tmp_path / "fails", "#!/bin/sh\necho 'it cannot' >&2\nexit 3\n"),
        executable(tmp_path / "interpreterless", "#!/no/such/program\n"),
        Path("/bin/cat"),
        Path(os.devnull),
        executable(instance.environment / "bin" / "some-script", "#!/bin/sh\necho rubbish\n"),
    ]
    for path in cases:
        error = refused(
            "--python",
            str(path),
            *command,
            code="interpreter",
            exit_code=2,
            words=[path, "--python"],
            more=[tmp_path / "wheels"],
        )
        assert error["path"] == str(path)


def test_an_interpreter_by_name_that_is_not_on_the_path(refused):
    refused("--python", "python9.9", "list", code="interpreter", exit_code=2, words=["python9.9"])


def test_an_environment_that_another_invplug_changes(refused, instance):
    instance.wheel("alpha")
    code = f"""
        import sys
        from filelock import FileLock
        with FileLock({str(instance.environment / ".invplug.lock")!r}):
            print("held", flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "held\n"
        for words in (("install", "inventree-alpha"), ("uninstall", "inventree-alpha")):
            refused(
                "--lock-timeout",
                "0.3",
                *words,
                code="lock-timeout",
                exit_code=5,
                words=["another invplug", instance.environment, "--lock-timeout"],
            )
        # Reading waits for nobody.
        assert instance.run("--lock-timeout", "0", "list").code == 0
        child.communicate("")
    assert instance.run("install", "inventree-alpha").code == 0


def test_a_lock_timeout_that_is_no_number(refused):
    for text in ("soon", "-1", "nan", "inf"):
        refused(f"--lock-timeout={text}", "list", code="usage", exit_code=2, words=[text], hint=False)


def test_an_interpreter_that_never_answers(instance, monkeypatch):
    monkeypatch.setattr("inventree_plugins.commands.context.PROBE_TIMEOUT", 0.3)
    program = instance.folder / "python"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    result = instance.run("list", "--python", str(program))
    assert (result.code, result.out) == (2, "")
    assert "did not end within" in result.err
