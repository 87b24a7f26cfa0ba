"""What a configuration says of a connection holds as it does for the server: text, TLS, limits, files."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from uuid import uuid4

import pytest

from inventree_plugins.models import Database
from inventree_plugins.store import open_store
from inventree_plugins.store.mysql_file import client_options
from inventree_plugins.store.server import one_line
from tests.databases import MysqlServer, build_server
from tests.private_servers import MissingServerError, shared_server
from tests.store.programs import CONFIG, PATIENCE, Site, open_change

SERVERS = ("postgresql", "mysql")
PASSWORD = "пароль-длинный"

pytestmark = pytest.mark.filterwarnings("error")

on_servers = pytest.mark.parametrize("engine", SERVERS)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])
on_mysql = pytest.mark.parametrize("engine", ["mysql"])


@pytest.fixture
def case(engine, make_case):
    return make_case(engine)


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(None, folder, plugins=["sheet", "no-row"])


@pytest.fixture
def works(invplug):
    """Return a function that reads and changes what the configuration leads to."""

    def check(case):
        assert invplug("is-enabled", "barcode").code == 0
        assert invplug("list").code == 0
        assert invplug("enable", "sheet", "no-row").code == 0
        assert invplug("settings", "set", "sheet", "KEY", "ünï 😀").code == 0
        assert invplug("settings", "set", "sheet", "KEY", "").code == 0
        assert invplug("disable", "sheet", "no-row").code == 0

    return check


@pytest.fixture
def fails(invplug):
    """Return a function that runs a command which must fail with a code, and returns its error."""

    def check(code, *words, exit_code=2):
        failed = invplug("--json", *(words or ("list",)))
        assert (failed.code, failed.error["code"]) == (exit_code, code), failed
        assert failed.error["hint"]
        return failed.error

    return check


@pytest.fixture
def user(case):
    """Return a function that makes a user who may do everything in the case's database."""
    made = []

    def make(password=PASSWORD, *, also="", grants=True):
        name = f"invplug_{uuid4().hex[:12]}"
        made.append(name)
        if case.engine == "postgresql":
            case.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {also}")
            case.sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
            case.sql(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {name}")
        else:
            case.sql(f"CREATE USER {name} IDENTIFIED BY '{password}' {also}")
            if grants:
                case.sql(f"GRANT ALL ON {case.database.name}.* TO {name}")
        return name

    yield make
    for name in made:
        if case.engine == "postgresql":
            case.sql(f"DROP OWNED BY {name}")
            case.sql(f"DROP ROLE {name}")
        else:
            case.sql(f"DROP USER {name}")


# Text


@on_servers
def test_a_password_that_is_not_ascii(case, configured, user, works):
    configured(case, user=user(), password=PASSWORD)
    works(case)


@pytest.mark.parametrize("way", ["role", "variable", "option", "options"])
@on_postgresql
def test_a_client_encoding_that_is_none(case, configured, user, works, monkeypatch, way):
    name = user()
    options = {}
    if way == "role":
        case.sql(f"ALTER ROLE {name} SET client_encoding = 'SQL_ASCII'")
    elif way == "variable":
        monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    else:
        options = (
            {"client_encoding": "LATIN1"} if way == "option" else {"options": "-c client_encoding=LATIN1"}
        )
    configured(case, user=name, password=PASSWORD, options=options)
    works(case)


@contextmanager
def encoded(case, encoding):
    """Make a server's database beside the case's in an encoding of PostgreSQL's."""
    name = f"{case.database.name}_{encoding.lower()}"
    other = type(case)(case.database._replace(name=name))
    with closing(case.connect()) as connection:
        connection.autocommit = True
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding} LOCALE 'C'")
        try:
            build_server(other, "1.5")
            yield other
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@on_postgresql
def test_a_database_without_an_encoding(case, configured, works):
    with encoded(case, "SQL_ASCII") as other:
        configured(other)
        works(other)


@on_postgresql
def test_a_database_whose_encoding_lacks_a_text(case, configured, invplug, fails):
    with encoded(case, "LATIN1") as other:
        configured(other)
        assert invplug("is-enabled", "barcode").code == 0
        assert_lacks_a_text(other, invplug, fails)


@on_mysql
def test_tables_whose_character_set_lacks_a_text(case, configured, invplug, fails):
    for table in (CONFIG, "plugin_pluginsetting"):
        case.sql("SET foreign_key_checks = 0")
        with closing(case.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET latin1 COLLATE latin1_bin")
    configured(case)
    assert_lacks_a_text(case, invplug, fails)


def assert_lacks_a_text(case, invplug, fails):
    assert invplug("is-enabled", "плагин").code == 1
    assert invplug("enable", "sheet").code == 0
    assert invplug("settings", "set", "sheet", "KEY", "schön").code == 0
    before = case.dump()
    error = fails("plugin-row", "settings", "set", "sheet", "KEY", "пример", exit_code=1)
    assert "cannot hold" in error["message"]
    assert case.dump() == before
    [(value,)] = case.sql("SELECT value FROM plugin_pluginsetting WHERE \"key\" = 'KEY'")
    assert value == "schön"


@on_servers
def test_arguments_that_are_not_utf8(case, configured, invplug, fails):
    configured(case)
    assert invplug("is-enabled", "\udcff").code == 1
    before = case.dump()
    for words in (("sheet", "KEY", "\udcff"), ("sheet", "--force", "K\udcff", "1")):
        failed = invplug("settings", "set", *words)
        assert failed.code in {1, 2}, failed
        assert "Traceback" not in failed.err
    assert case.dump() == before
    configured(case, user="\udcff")
    assert "UTF-8" in fails("configuration")["message"]


@on_mysql
@pytest.mark.parametrize("charset", ["latin1", "utf8", "utf8mb3", "utf8mb4", "cp1251"])
def test_a_character_set_of_the_options(case, configured, works, charset):
    configured(case, options={"charset": charset, "init_command": "SET NAMES latin1"})
    works(case)


@on_mysql
def test_a_character_set_that_is_none(case, configured, fails):
    configured(case, options={"charset": "nope"})
    error = fails("configuration")
    assert "no character set `nope`" in error["message"]


@on_mysql
@pytest.mark.parametrize("collation", ["utf8mb3_general_ci", "utf8mb4_bin", "latin1_swedish_ci"])
def test_tables_of_older_databases(case, configured, invplug, collation):
    with closing(case.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        for table in case.tables(connection):
            charset = collation.partition("_")[0]
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET {charset} COLLATE {collation}")
    configured(case)
    assert invplug("enable", "sheet", "no-row").code == 0
    assert invplug("settings", "set", "sheet", "KEY", "schön").code == 0
    assert invplug("settings", "set", "sheet", "KEY", "schön").code == 0
    assert case.sql("SELECT value FROM plugin_pluginsetting WHERE \"key\" = 'KEY'") == [("schön",)]
    assert invplug("is-enabled", "SHEET").code == 1
    assert invplug("disable", "--all").code == 0


@on_mysql
@pytest.mark.parametrize("mode", ["EMPTY_STRING_IS_NULL", "NO_BACKSLASH_ESCAPES", "ORACLE", ""])
def test_modes_of_the_session(case, configured, works, mode):
    configured(case, options={"init_command": f"SET SESSION sql_mode = '{mode}'", "sql_mode": mode})
    works(case)


# Roles and rights


@on_postgresql
def test_a_role_that_is_assumed(case, configured, user, works, invplug):
    name, other = user(), user()
    case.sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")
    configured(case, user=name, password=PASSWORD)
    assert invplug("--json", "list").error["code"] == "database-access"
    case.sql(f"GRANT {other} TO {name}")
    case.sql(f"ALTER ROLE {name} NOINHERIT")
    configured(case, user=name, password=PASSWORD, options={"assume_role": other})
    works(case)


@on_mysql
def test_a_user_who_may_see_some_columns(case, configured, user, fails):
    name = user(grants=False)
    table = f"{case.database.name}.{CONFIG}"
    case.sql(f'GRANT SELECT (id, "key") ON {table} TO {name}')
    configured(case, user=name, password=PASSWORD)
    assert "may not be read" in fails("database-access")["message"]
    assert "migrat" not in str(fails("database-access", "enable", "sheet"))


# Limits


@on_servers
def test_a_limit_for_statements_does_not_end_the_wait_for_a_lock(case, configured, user, fails):
    if case.engine == "postgresql":
        name = user()
        case.sql(f"ALTER ROLE {name} SET statement_timeout = '300ms'")
    else:
        if "MariaDB" not in case.sql("SELECT version()")[0][0]:
            pytest.skip("MySQL knows no such limit for a user")
        name = user(also="WITH MAX_STATEMENT_TIME 0.3")
    configured(case, user=name, password=PASSWORD)
    statement = f"UPDATE {CONFIG} SET name = 'changed' WHERE id = 2"
    started = time.monotonic()
    with open_change(case, statement):
        error = fails("database-locked", "--lock-timeout", "2", "enable", "sheet", exit_code=5)
    assert time.monotonic() - started > 1.8
    assert "for 2" in error["message"]
    with open_store(case.database, timeout=5).writing():
        error = fails("database-locked", "--lock-timeout", "1", "enable", "sheet", exit_code=5)
    assert "another invplug" in error["message"]


@on_mysql
@pytest.mark.parametrize("seconds", ["0", "0.01", "0.3"])
def test_a_short_wait(case, configured, fails, seconds):
    configured(case)
    with open_change(case, f"UPDATE {CONFIG} SET name = 'changed' WHERE id = 2"):
        started = time.monotonic()
        message = fails("database-locked", "--lock-timeout", seconds, "enable", "sheet", exit_code=5)[
            "message"
        ]
        waited = time.monotonic() - started
    said = float(message.rpartition(" for ")[2].partition(" ")[0])
    assert said <= waited
    [(version,)] = case.sql("SELECT version()")
    if "MariaDB" in version:
        assert said < 0.95, "the server's own clock has whole seconds"


def sessions(case):
    if case.engine == "postgresql":
        found = "SELECT query FROM pg_stat_activity WHERE application_name = 'invplug'"
        return case.sql(f"{found} AND datname = current_database()")
    found = "SELECT info FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
    return [info for (info,) in case.sql(found) if info and "invplug" in info]


def await_sessions(case, are_there):
    deadline = time.monotonic() + 20
    while bool(sessions(case)) is not are_there:
        assert time.monotonic() < deadline, sessions(case)
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        ("mysql", signal.SIGINT),
        ("mysql", signal.SIGTERM),
        ("postgresql", signal.SIGINT),
        ("postgresql", signal.SIGKILL),
    ],
)
def test_who_ends_while_it_waits_leaves_the_queue(case, site, number):
    site.case = case
    with open_change(case, f"UPDATE {CONFIG} SET name = 'changed' WHERE id = 2"):
        process = site.start("--lock-timeout", "600", "enable", "sheet")
        await_sessions(case, are_there=True)
        time.sleep(0.3)
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        await_sessions(case, are_there=False)
    with open_store(case.database, timeout=5).writing():
        process = site.start("--lock-timeout", "600", "enable", "sheet")
        await_sessions(case, are_there=True)
        time.sleep(0.3)
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        time.sleep(1.5)
        assert [text for text in map(str, sessions(case)) if "LOCK(" in text.upper()] == []
    assert process.returncode


# Peers


@contextmanager
def peer(data):
    """Listen, and greet everyone with `data`; None is to accept and say nothing."""

    def greet(listener):
        kept = []
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if data is None:
                    kept.append(connection)
                    continue
                with connection, suppress(OSError):
                    connection.sendall(data)
                    connection.recv(1000)
        for connection in kept:
            connection.close()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=greet, args=[listener])
        thread.start()
        try:
            yield str(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@on_servers
@pytest.mark.parametrize("way", ["option", "timeout"])
def test_a_server_that_never_greets(case, configured, fails, way):
    changes = {"options": {"connect_timeout": 2}} if way == "option" else {"timeout": "2"}
    with peer(None) as port:
        configured(case, port=port, **changes)
        started = time.monotonic()
        fails("database-unreachable")
        assert time.monotonic() - started < 15


GREETINGS = [
    b"",
    b"\0" * 100,
    b"\xff" * 200,
    b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10,
    b"J\0\0\0\x0a5.5.5\0" + b"\1" * 80,
    b"\1\0\0\0\x0a",
    b"\6\0\0\0\x0aabcd\0",
]


@on_servers
@pytest.mark.parametrize("data", GREETINGS)
def test_something_else_greets(case, configured, fails, data):
    with peer(data) as port:
        configured(case, port=port, options={"connect_timeout": 2})
        fails("database-unreachable")


@on_servers
@pytest.mark.parametrize("host", ["é..x", "x" * 300])
def test_a_host_that_cannot_be(case, configured, fails, host):
    configured(case, host=host)
    assert "host" in fails("database-unreachable")["message"]


# Options


@pytest.mark.parametrize(
    ("engine", "options"),
    [
        ("postgresql", {"keepalives": "true"}),
        ("postgresql", {"service": "nosuch"}),
        ("postgresql", {"target_session_attrs": "nonsense"}),
        ("mysql", {"init_command": "SELEKT 1"}),
        ("mysql", {"init_command": "SET no_such_variable = 1"}),
        ("mysql", {"ssl_mode": "VERIFY"}),
        ("mysql", {"ssl_mode": "VERIFY_CA", "ssl": {"ca": "/nonexistent"}}),
        ("mysql", {"ssl": {"cert": "/nonexistent", "key": "/nonexistent"}}),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_used(case, configured, fails, options):
    configured(case, options=options)
    error = fails("configuration")
    assert "option" in error["message"]
    assert "INVENTREE_DB_OPTIONS" in error["hint"]


@on_mysql
def test_a_port_that_is_too_high(case, configured, fails):
    configured(case, port="99999")
    assert "99999" in fails("configuration")["message"]


@on_mysql
def test_a_file_of_options(case, configured, works, tmp_path, monkeypatch):
    database = case.database
    password = database.password.replace("\\", "\\\\")
    other = tmp_path / "more.cnf"
    other.write_text(f'[client]\npassword = "{password}"  # ours\n'.replace("%41'\"", "%41'\""))
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    lines = ["# a comment", "[mysqld]", "port = 1", "skip-networking", "[client]"]
    lines += [
        f"user={database.user}",
        f"host = {database.host}",
        f"port = {database.port} # not the usual one",
    ]
    (home / ".inventree.cnf").write_text("\n".join(lines))
    options = {"read_default_file": "~/.inventree.cnf"}
    configured(case, user=None, host=None, port=None, options=options)
    works(case)
    # The configuration beats the file.
    (home / ".inventree.cnf").write_text(
        "[client]\nhost = 127.0.0.2\nport = 1\nuser = nobody\npassword = no\n"
    )
    configured(case, options=options)
    works(case)


@on_mysql
def test_the_socket_of_a_file_of_options(case, databases, configured, works, tmp_path):
    socket_path = databases._server("mysql").address.socket
    if socket_path is None:
        pytest.skip("the named server's socket is not known")
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\nsocket = {socket_path}\n")
    options = {"read_default_file": str(file)}
    configured(case, host="localhost", port=None, options=options)
    works(case)


def test_what_a_file_of_options_says(tmp_path):
    more = tmp_path / "conf.d"
    more.mkdir()
    (more / "a.cnf").write_text("[client]\nssl_ca = /from/a folder # comment\n")
    (more / "b.txt").write_text("no option file")
    file = tmp_path / "my.cnf"
    file.write_text(
        "[client-server]\n\n!includedir conf.d\n[client]\nuser\nhost = 'a # b'\nPort=1\nport: 2\n"
        'password = "it\'s \\\\ \\s#"\n[mygroup]\nport = 3\n[other]\nport = 4\n'
    )
    found = client_options(str(file), "mygroup")
    assert found["ssl-ca"] == "/from/a folder"
    assert (found["user"], found["host"], found["port"]) == ("", "a # b", "3")
    assert found["password"] == "it's \\  #"
    assert client_options(str(file), None)["port"] == "1"
    assert client_options(None, None) == {}


@on_mysql
@pytest.mark.parametrize(
    "text", ["password = hush-hush\n", "[client\npassword = hush-hush\n", "[client]\n!inc hush-hush\n", None]
)
def test_a_file_of_options_that_cannot_be_read(case, configured, invplug, tmp_path, text):
    file = tmp_path / "my.cnf"
    if text is not None:
        file.write_text(text)
    configured(case, options={"read_default_file": str(file)})
    failed = invplug("--json", "list")
    assert (failed.code, failed.error["code"]) == (2, "configuration")
    assert str(file) in failed.error["message"]
    assert "hush" not in failed.out + failed.err


# Encryption


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory, databases):
    """Make a MariaDB with a certificate for 127.0.0.1; return a case and its authority's file."""
    with suppress(MissingServerError), shared_server("mysql-tls", databases._shared) as address:
        with closing(MysqlServer(address)) as server:
            case = server.create("1.5", lambda case: build_server(case, "1.5"))
            yield case, address.socket.replace("my.sock", "ca.pem")
            server.drop(case.database)
        return
    pytest.skip("MariaDB or `openssl` is not installed")


# None: works; a text: part of the message.
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
TLS = [
    ({}, "127.0.0.1", None),
    ({"ssl_mode": "REQUIRED"}, "localhost", None),
    ({"ssl": True}, "localhost", None),
    ({"ssl_mode": "VERIFY_CA"}, "127.0.0.1", UNTRUSTED),
    ({"ssl_mode": "VERIFY_IDENTITY"}, "127.0.0.1", UNTRUSTED),
    ({"ssl_verify_cert": True}, "127.0.0.1", UNTRUSTED),
    *(
        (({"ssl": {"ca": ca}} if is_mapping else {"ssl_ca": ca}) | mode, host, said)
        for is_mapping in (True, False)
        for mode, ca, host, said in (
            ({}, "CA", "localhost", None),
            ({}, "OTHER", "127.0.0.1", UNTRUSTED),
            ({"ssl_mode": "PREFERRED"}, "CA", "localhost", None),
            ({"ssl_mode": "PREFERRED"}, "OTHER", "localhost", UNTRUSTED),
            ({"ssl_mode": "REQUIRED"}, "CA", "localhost", None),
            ({"ssl_mode": "REQUIRED"}, "OTHER", "localhost", UNTRUSTED),
            ({"ssl_mode": "VERIFY_CA"}, "CA", "localhost", None),
            ({"ssl_mode": "VERIFY_CA"}, "OTHER", "localhost", UNTRUSTED),
            ({"ssl_mode": "VERIFY_IDENTITY"}, "CA", "127.0.0.1", None),
            ({"ssl_mode": "VERIFY_IDENTITY"}, "CA", "localhost", "localhost"),
            ({"ssl_mode": "VERIFY_IDENTITY"}, "OTHER", "127.0.0.1", UNTRUSTED),
            ({"ssl_mode": "DISABLED"}, "OTHER", "127.0.0.1", None),
        )
    ),
]


@pytest.mark.parametrize(("options", "host", "said"), TLS, ids=str)
def test_the_certificate_of_mysql(encrypted, configured, invplug, fails, options, host, said):
    case, authority = encrypted
    files = {"CA": authority, "OTHER": authority.replace("ca.pem", "other.pem")}
    text = json.dumps(options)
    for name, path in files.items():
        text = text.replace(f'"{name}"', json.dumps(path))
    configured(case, host=host, options=text)
    if said is None:
        assert invplug("list").code == 0
        assert invplug("enable", "sheet").code == 0
        return
    error = fails("database-unreachable")
    assert said in error["message"]
    assert "certificate" in error["hint"]


def test_a_user_who_must_encrypt(encrypted, configured, invplug, fails):
    case, authority = encrypted
    name = f"invplug_{uuid4().hex[:12]}"
    case.sql(f"CREATE USER {name} IDENTIFIED BY 'any' REQUIRE SSL")
    case.sql(f"GRANT ALL ON {case.database.name}.* TO {name}")
    configured(case, user=name, password="any", options={"ssl": {"ca": authority}})
    assert invplug("list").code == 0
    configured(case, user=name, password="any", options={"ssl_mode": "DISABLED"})
    fails("database-access")
    case.sql(f"DROP USER {name}")


# Messages


@pytest.mark.parametrize(
    ("password", "message", "expected"),
    [
        ("x", "xenon is next to x", "xenon is next to x"),
        ("x", "password=x host=y", "password=******** host=y"),
        ("x", "passwd='a \\' b' host=y", "passwd=******** host=y"),
        ("user", "user `users` of a superuser", "******** `users` of a superuser"),
        ("connection", "connections: connection refused", "connections: ******** refused"),
        ("s3cr3t-and-more", "nots3cr3t-and-more!", "not********!"),
        ("a.b*c", "'a.b*c' aab*c", "'********' aab*c"),
        (None, "no\n  password  supplied", "no password supplied"),
    ],
)
def test_what_a_message_keeps_to_itself(password, message, expected):
    database = Database("mysql", "name", password=password, options={"passwd": password or ""})
    assert one_line(message, database) == expected
