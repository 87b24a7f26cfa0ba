"""Each thing that can be wrong with a database server has its own error, which never tells the password."""

from __future__ import annotations

import json
import socket
import sys
import threading
from contextlib import closing, suppress
from uuid import uuid4

import psycopg
import pymysql
import pytest

from inventree_plugins.cli import main
from inventree_plugins.errors import DatabaseUnreachableError
from inventree_plugins.store import open_store
from tests.databases import ENGINES, connect_mysql
from tests.private_servers import MissingServerError
from tests.store.programs import CONFIG, Site, run

SERVERS = ("postgresql", "mysql")
# Each of its signs means something in a URL, an SQL text, a shell or a regular expression.
SECRET = "s3cr.t*'\"%41 @:/?#[]\\"

# Runs invplug without a package.
WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from inventree_plugins.cli import run
run()
"""
# A Python that tells how it was called before it is one.
NOSY = """#!{python}
import os, sys
with open({mark!r}, "a") as file:
    print(sys.argv, dict(os.environ), file=file)
    for number in (os.getpid(), os.getppid()):
        for name in ("cmdline", "environ"):
            print(open(f"/proc/{{number}}/{{name}}").read(), file=file)
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""

pytestmark = pytest.mark.filterwarnings("error")

on_servers = pytest.mark.parametrize("engine", SERVERS)
on_all = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture
def case(engine, make_case):
    return make_case(engine)


@pytest.fixture
def site(case, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(case, folder, plugins=["sheet", "no-row"])


@pytest.fixture
def fails(invplug, case):
    """Return a function that runs commands which must fail with a code, and tell no password."""

    def check(code, exit_code=2, *, secrets=(), commands=(("list",), ("enable", "sheet"))):
        for words in commands:
            plain = invplug(*words)
            verbose = invplug("--verbose", *words)
            as_json = invplug("--json", *words)
            assert (plain.code, verbose.code, as_json.code) == (exit_code,) * 3, (plain, as_json)
            error = as_json.error
            assert error["code"] == code, error
            assert error["hint"]
            assert not error["message"].endswith(".")
            assert "\n" not in error["message"]
            assert plain.out == ""
            assert error["message"] in plain.err
            everything = repr((plain, verbose, as_json))
            for secret in (case.database.password, SECRET, *secrets):
                if secret:
                    assert secret not in plain.err + as_json.out + verbose.out + verbose.err
                    assert json.dumps(secret)[1:-1] not in as_json.out
                    assert repr(secret)[1:-1] not in everything
        return error

    return check


@on_servers
def test_a_wrong_password(case, configured, fails):
    configured(case, password=SECRET)
    assert "refuses the connection" in fails("database-access")["message"]


@on_servers
def test_no_password(case, configured, fails, monkeypatch):
    configured(case)
    monkeypatch.delenv("INVENTREE_DB_PASSWORD")
    fails("database-access")


@on_servers
def test_an_unknown_user(case, configured, fails):
    configured(case, user="nobody-here", password=SECRET)
    fails("database-access")


@on_servers
def test_an_unknown_database(case, configured, fails):
    configured(case, name="none_such")
    error = fails("database-missing")
    assert "`none_such`" in error["message"]
    assert "never creates" in error["hint"]


@on_servers
@pytest.mark.parametrize("password", [None, SECRET])
def test_a_port_where_nobody_listens(case, configured, fails, password):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        configured(case, port=port, **({"password": password} if password else {}))
        assert f"`{case.database.name}` on `127.0.0.1:{port}`" in fails("database-unreachable")["message"]


@on_servers
def test_a_host_that_does_not_exist(case, configured, fails):
    configured(case, host="no-such-host.invalid")
    assert "no-such-host.invalid" in fails("database-unreachable", commands=[("list",)])["message"]


@on_servers
def test_a_socket_that_does_not_exist(case, site, tmp_path):
    # In a process of its own: PyMySQL leaves the socket to the garbage collector.
    command = [sys.executable, "-m", "inventree_plugins", *site.options(), "--json", "list"]
    failed = run(command, {**case.environ, "INVENTREE_DB_HOST": str(tmp_path / "none")})
    assert (failed.code, failed.error["code"]) == (2, "database-unreachable")
    assert f"`{tmp_path / 'none'}`" in failed.error["message"]


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_server_that_never_answers(case, configured, invplug):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        configured(case, port=str(silent.getsockname()[1]), options={"connect_timeout": 2})
        failed = invplug("--json", "list")
    assert (failed.code, failed.error["code"]) == (2, "database-unreachable")


@on_servers
def test_something_else_listens(case, configured, fails):
    def greet(listener):
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.sendall(b"220 mail.example ESMTP\r\n")
                    connection.recv(1000)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=greet, args=[listener])
        thread.start()
        configured(case, port=str(listener.getsockname()[1]))
        try:
            fails("database-unreachable", commands=[("list",)])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def end_sessions(case):
    """End the sessions of invplug as a server does that stops."""
    if case.engine == "postgresql":
        found = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'invplug'"
        assert case.sql(f"SELECT pg_terminate_backend(pid) {found}") == [(True,)]
        return
    sessions = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
    [(number,)] = case.sql(sessions)
    case.sql(f"KILL {number}")


@on_servers
def test_a_server_that_stops_during_a_change(case):
    before = case.dump()

    def change():
        with open_store(case.database, timeout=5).writing() as writer:
            writer.set_active(["sheet", "order_history"], True)
            end_sessions(case)
            writer.insert("new", name="New")

    with pytest.raises(DatabaseUnreachableError, match="lost the connection") as caught:
        change()
    assert caught.value.hint
    assert case.dump() == before
    with open_store(case.database, timeout=5).writing() as writer:
        assert writer.set_active(["sheet"], True) == ("sheet",)


@on_servers
def test_a_server_that_stops_before_the_commit(case):
    before = case.dump()

    def change():
        with open_store(case.database, timeout=5).writing() as writer:
            writer.set_active(["sheet", "order_history"], True)
            end_sessions(case)

    with pytest.raises(DatabaseUnreachableError, match="lost the connection"):
        change()
    assert case.dump() == before


WRONG_OPTIONS = {
    "postgresql": [
        {"no_such_option": "1"},
        {"sslmode": "nonsense"},
        {"options": "-c no_such_parameter=1"},
        {"options": "-c statement_timeout=soon"},
        {"connect_timeout": "soon"},
        {"sslrootcert": 3, "ssl": {"ca": "x"}},
    ],
    "mysql": [
        {"connect_timeout": "soon"},
        {"connect_timeout": -5},
        {"read_timeout": "1.5"},
        {"ssl": {"ca": "/nonexistent"}},
        {"ssl_ca": "/nonexistent"},
        {"ssl": "yes"},
        {"charset": "latin7x"},
    ],
}


@pytest.mark.parametrize(
    ("engine", "options"),
    [(engine, options) for engine in SERVERS for options in WRONG_OPTIONS[engine]],
    ids=str,
)
def test_an_option_that_cannot_be_used(case, configured, fails, options):
    configured(case, options=options)
    error = fails("configuration", commands=[("list",)])
    assert "option" in error["message"]
    assert "INVENTREE_DB_OPTIONS" in error["hint"]


@on_servers
def test_a_port_that_is_none(case, configured, fails):
    configured(case, port="soon")
    assert "soon" in fails("configuration", commands=[("list",)])["message"]


@pytest.mark.parametrize("engine", ["mysql"])
def test_options_of_other_drivers_are_let_be(case, configured, invplug):
    configured(case, options={"no_such_option": 1, "sql_mode": "ANSI", "isolation_level": "read committed"})
    assert invplug("list").code == 0
    assert invplug("enable", "sheet").code == 0


@pytest.mark.parametrize("engine", ["postgresql"])
def test_options_of_django_itself_are_let_be(case, configured, invplug):
    options = {"isolation_level": 4, "pool": True, "server_side_binding": True, "keepalives": True}
    configured(case, options=options)
    assert invplug("list").code == 0
    assert invplug("enable", "sheet").code == 0


@pytest.mark.parametrize(("engine", "package"), [("postgresql", "psycopg"), ("mysql", "pymysql")])
def test_a_driver_that_is_missing(case, configured, site, package):
    configured(case)
    for words in (["list"], ["disable", "--all"]):
        command = [sys.executable, "-c", WITHOUT, package, *site.options(), "--json", *words]
        failed = run(command)
        assert failed.code == 2
        assert failed.error["code"] == "database-driver"
        assert f"pip install 'invplug[{case.engine}]'" in failed.error["hint"]
        assert "Traceback" not in failed.err
        other = next(name for name in ("psycopg", "pymysql") if name != package)
        command[3] = other
        assert run(command).code == 0
    # No driver is needed for a look at the configuration.
    assert run([sys.executable, "-c", WITHOUT, package, *site.options(), "config", "show"]).code == 0


@pytest.fixture
def config_file(case, tmp_path):
    """Write the case's database into a `config.yaml`, in JSON, which is YAML, with changes."""

    def write(**changes):
        path = tmp_path / "config.yaml"
        database = case.database
        values = {
            "engine": database.engine,
            "name": database.name,
            "user": database.user,
            "password": database.password,
            "host": database.host,
            "port": int(database.port),
        }
        path.write_text(json.dumps({"database": {**values, **changes}}))
        return str(path)

    return write


def assert_no_secret(secret, *texts):
    for text in texts:
        for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
            assert spelling not in text, text


@on_servers
def test_the_password_of_the_configuration_reaches_no_child(case, site, config_file, tmp_path):
    mark = tmp_path / "mark"
    python = tmp_path / "nosy-python"
    real = next((site.environment / "bin").glob("python3*"))
    python.write_text(NOSY.format(python=str(real), mark=str(mark)))
    python.chmod(0o755)
    command = [sys.executable, "-m", "inventree_plugins", "--config", config_file(), "--python", str(python)]
    runs = [run([*command, *words]) for words in (["list", "--verbose"], ["disable", "sheet", "--json"])]
    assert [done.code for done in runs] == [0, 0], runs
    seen = mark.read_text()
    assert "nosy-python" in seen
    assert_no_secret(case.database.password, seen, *(text for done in runs for text in (done.out, done.err)))


@on_servers
@pytest.mark.parametrize("way", ["file", "environment", "option", "options"])
def test_the_password_is_not_shown(case, invplug, config_file, configured, monkeypatch, way):
    secret = SECRET if way != "option" else case.database.password
    arguments = []
    if way == "file":
        arguments = ["--config", config_file(password=secret)]
    elif way == "environment":
        configured(case, password=secret)
    elif way == "option":
        arguments = ["--database", case.url]
    else:
        name = "password" if case.engine == "postgresql" else "passwd"
        arguments = ["--config", config_file(password="", options={name: secret})]
    runs = [
        invplug(*arguments, *words)
        for words in (
            ["config", "show"],
            ["config", "show", "--json"],
            ["list"],
            ["enable", "sheet", "--json"],
        )
    ]
    codes = [done.code for done in runs]
    assert codes == ([0] * 4 if way == "option" else [0, 0, 2, 2])
    for done in runs:
        assert_no_secret(secret, done.out, done.err)
    assert "********" in runs[0].out


@on_servers
def test_a_fault_does_not_log_the_password(case, invplug, config_file, monkeypatch, tmp_path):
    def broken(*arguments, **options):
        raise LookupError(f"a bug, met with {options}")

    driver = psycopg if case.engine == "postgresql" else pymysql
    monkeypatch.setattr(driver, "connect", broken)
    done = invplug("--config", config_file(password=SECRET), "list")
    assert done.code == 70
    [log] = (tmp_path / "home").rglob("*.log")
    assert "a bug, met with" in log.read_text()
    assert_no_secret(SECRET, done.out, done.err, log.read_text())


def empty(case):
    """Fill nothing in."""


def foreign(case):
    case.sql("CREATE TABLE wp_posts (id integer PRIMARY KEY)")


def unmigrated(case):
    case.sql("CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(9), name varchar(9))")


@on_all
@pytest.mark.parametrize(
    ("build", "saying"),
    [(empty, "is empty"), (foreign, "1 table but no `plugin_pluginconfig`"), (unmigrated, "never migrated")],
    ids=["empty", "foreign", "unmigrated"],
)
def test_a_database_that_is_not_inventrees(engine, make_case, configured, build, saying, tmp_path, capsys):
    case = make_case(engine, build.__name__, build=build)
    site = Site(case, tmp_path / "work")
    configured(case)
    before = case.dump()
    for words in (["list"], ["disable", "--all"], ["is-enabled", "sheet"], ["discover"]):
        capsys.readouterr()
        assert main([*site.options(), "--json", *words]) == 2
        [error] = json.loads(capsys.readouterr().out)["errors"]
        assert error["code"] == "database-not-inventree"
        assert saying in error["message"]
    assert case.dump() == before


@on_all
def test_migrations_that_stopped_before_a_column(case, configured, fails):
    configured(case)
    case.sql(f"ALTER TABLE {CONFIG} RENAME COLUMN active TO was_active")
    before = case.dump()
    assert "no column `active`" in fails("database-not-inventree")["message"]
    assert case.dump() == before


@on_all
def test_migrations_that_stopped_before_a_table(case, configured, invplug):
    configured(case)
    case.sql("DROP TABLE plugin_pluginsetting")
    case.sql("DROP TABLE plugin_pluginusersetting")
    assert invplug("list").code == 0
    assert invplug("enable", "sheet", "no-row").code == 0
    before = case.dump()
    failed = invplug("--json", "settings", "set", "sheet", "KEY", "value")
    assert failed.code == 1
    assert failed.error["code"] == "plugin-row"
    assert "`plugin_pluginsetting` is missing" in failed.error["message"]
    assert "migrate" in failed.error["hint"]
    assert case.dump() == before
    assert invplug("discover", "--prune").code == 0


@on_all
def test_a_server_of_the_future(case, site, configured, invplug):
    configured(case)
    case.sql(f"ALTER TABLE {CONFIG} ADD COLUMN colour varchar(20) NOT NULL DEFAULT 'red'")
    case.sql(f"ALTER TABLE {CONFIG} ADD COLUMN weight integer NULL")
    assert invplug("enable", "sheet", "no-row").code == 0
    assert site.active()["no-row"] is True
    assert set(case.sql(f"SELECT colour, weight FROM {CONFIG}")) == {("red", None)}


@on_all
def test_a_server_of_the_future_that_needs_more(case, configured, invplug):
    configured(case)
    case.sql(f"ALTER TABLE {CONFIG} ADD COLUMN colour varchar(20) NOT NULL DEFAULT 'red'")
    if case.engine == "sqlite3":
        # Which cannot take a default away.
        [(made,)] = case.sql(f"SELECT sql FROM sqlite_master WHERE name = '{CONFIG}'")
        assert " DEFAULT 'red'" in made
        case.run(
            [
                ("PRAGMA writable_schema = ON", ()),
                (
                    "UPDATE sqlite_master SET sql = ? WHERE sql = ?",
                    (made.replace(" DEFAULT 'red'", ""), made),
                ),
            ]
        )
    else:
        case.sql(f"ALTER TABLE {CONFIG} ALTER COLUMN colour DROP DEFAULT")
    before = case.dump()
    failed = invplug("--json", "enable", "sheet", "no-row")
    assert (failed.code, failed.error["code"]) == (1, "plugin-row")
    assert "`colour`" in failed.error["message"]
    assert case.dump() == before
    # What has a row needs no new one.
    assert invplug("enable", "sheet").code == 0


def assert_is_read_only(case, invplug):
    """See that all that reads works, and all that changes says that it cannot."""
    before = case.dump()
    assert invplug("list").code == 0
    assert invplug("is-enabled", "barcode").code == 0
    assert invplug("enable", "sheet", "--dry-run").code == 0
    for words in (
        ["enable", "sheet"],
        ["disable", "--all"],
        ["discover"],
        ["settings", "set", "sheet", "KEY", "x"],
    ):
        failed = invplug("--json", *words)
        assert (failed.code, failed.error["code"]) == (1, "database-read-only"), failed
        assert failed.error["hint"]
    assert case.dump() == before


READ_ONLY_OPTIONS = {
    "postgresql": {"options": "-c default_transaction_read_only=on"},
    "mysql": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
}


@on_servers
def test_transactions_that_are_read_only_by_default(case, configured, invplug):
    configured(case, options=READ_ONLY_OPTIONS[case.engine])
    assert_is_read_only(case, invplug)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_database_that_is_read_only_by_default(case, configured, invplug):
    configured(case)
    case.sql(f"ALTER DATABASE {case.database.name} SET default_transaction_read_only = on")
    assert_is_read_only(case, invplug)


@pytest.fixture
def reader(case):
    """Make a user who may log in; return name and a function that allows tables to be read."""
    name = f"invplug_{uuid4().hex[:12]}"
    database = case.database.name
    if case.engine == "postgresql":
        case.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'only-reading'")
        allow = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
        drop = [f"DROP OWNED BY {name}", f"DROP ROLE {name}"]
    else:
        case.sql(f"CREATE USER {name} IDENTIFIED BY 'only-reading'")
        allow = f"GRANT SELECT ON {database}.* TO {name}"
        drop = [f"DROP USER {name}"]
    yield name, lambda: case.sql(allow)
    for statement in drop:
        case.sql(statement)


@on_servers
def test_a_user_who_may_only_read(case, configured, invplug, reader):
    name, allow = reader
    allow()
    configured(case, user=name, password="only-reading")
    assert_is_read_only(case, invplug)


@on_servers
def test_a_user_who_may_not_even_read(case, configured, fails, reader):
    name, _ = reader
    configured(case, user=name, password="only-reading")
    fails("database-access", secrets=["only-reading"], commands=[("list",), ("disable", "--all")])


@on_servers
def test_a_server_that_takes_no_more_connections(case, configured, fails, reader):
    name, allow = reader
    allow()
    configured(case, user=name, password="only-reading")
    if case.engine == "postgresql":
        case.sql(f"ALTER ROLE {name} CONNECTION LIMIT 0")
        fails("database-unreachable", commands=[("list",)])
        return
    case.sql(f"ALTER USER {name} WITH MAX_USER_CONNECTIONS 1")
    same_user = case.database._replace(user=name, password="only-reading")
    with closing(connect_mysql(same_user)):
        fails("database-unreachable", commands=[("list",)])


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_schema_that_the_search_path_leads_to(case, site, configured, invplug, fails):
    case.sql("ALTER SCHEMA public RENAME TO parts")
    configured(case)
    assert "is empty" in fails("database-not-inventree")["message"]
    # Another application of the same database has a table of the same name.
    case.sql("CREATE SCHEMA other")
    case.sql(f"CREATE TABLE other.{CONFIG} (id integer PRIMARY KEY)")
    configured(case, options={"options": "-c search_path=parts"})
    assert invplug("enable", "sheet", "no-row").code == 0
    assert invplug("settings", "set", "sheet", "KEY", "value").code == 0
    found = case.sql(f'SELECT "key" FROM parts.{CONFIG} WHERE active ORDER BY 1')
    assert found == [("barcode",), ("no-row",), ("sheet",)]
    assert case.sql(f"SELECT count(*) FROM other.{CONFIG}") == [(0,)]


@on_servers
def test_a_socket(case, databases, configured, invplug, site):
    try:
        address = databases._server(case.engine).address
    except MissingServerError as error:
        pytest.skip(str(error))
    if address.socket is None:
        pytest.skip("the named server's socket is not known")
    configured(case, host=address.socket)
    assert invplug("enable", "sheet").code == 0
    assert site.active()["sheet"] is True
    if case.engine == "mysql":
        configured(case, host="localhost", options={"unix_socket": address.socket})
        assert invplug("disable", "sheet").code == 0
        assert site.active()["sheet"] is False


@pytest.mark.parametrize("engine", ["mysql"])
def test_encryption_that_the_server_does_not_have(case, configured, invplug, fails):
    [(state,)] = case.sql("SELECT @@have_ssl")
    if state == "YES":
        pytest.skip("the server has a certificate")
    for mode in ("DISABLED", "PREFERRED"):
        configured(case, options={"ssl_mode": mode})
        assert invplug("list").code == 0
    configured(case, options={"ssl_mode": "REQUIRED"})
    assert "SSL" in fails("database-unreachable", commands=[("list",)])["message"]


@pytest.mark.parametrize("engine", ["postgresql"])
def test_encryption_that_postgresql_does_not_have(case, configured, invplug, fails):
    configured(case, options={"sslmode": "prefer"})
    assert invplug("list").code == 0
    if case.sql("SHOW ssl") == [("on",)]:
        pytest.skip("the server has a certificate")
    configured(case, options={"sslmode": "require"})
    assert "SSL" in fails("database-unreachable", commands=[("list",)])["message"]
