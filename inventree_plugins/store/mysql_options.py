"""What PyMySQL is told, of options that may be written for mysqlclient, and of an option file."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from inventree_plugins.errors import ConfigurationError
from inventree_plugins.models import Database
from inventree_plugins.store.mysql_file import client_options
from inventree_plugins.store.mysql_tls import tls_options
from inventree_plugins.store.server import CONNECT_TIMEOUT, MASK, whole_number

__all__ = ["CHARSET", "Login", "login_of"]

# Where servers listen when nobody says otherwise; for `localhost` MySQL's own clients look there too.
SOCKETS = ("/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")  # noqa: S108
DEFAULT_PORT = 3306
LAST_PORT = 65_535
# Whatever the tables have, the server turns it into this, which holds every text, and back.
CHARSET = "utf8mb4"
# Seconds beyond the wait for a lock, after which an answer does not come any more.
GRACE = 30


class Secret(bytes):
    """A password that no traceback shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return what says nothing."""
        return MASK


class Login(NamedTuple):
    """What the driver takes, and what is to be done when it has let us in."""

    driver: Mapping[str, Any]
    read_timeout: int
    init_command: str | None
    charset: str | None


def login_of(database: Database, *, waiting: float) -> Login:
    """Return how to log in, for statements that wait for locks as many seconds as `waiting`.

    Raises:
        ConfigurationError: An option has a value that cannot be, or a file of options cannot be read.
    """
    given = database.options
    file = client_options(_text(given.get("read_default_file")), _text(given.get("read_default_group")))
    timeout = whole_number(given, "connect_timeout", 0) or whole_number(
        file, "connect-timeout", CONNECT_TIMEOUT
    )
    address = _address(database, file)
    password = database.password or given.get("password") or given.get("passwd") or file.get("password")
    driver: dict[str, Any] = {
        "program_name": "invplug",
        "charset": CHARSET,
        "database": database.name,
        "user": database.user or given.get("user") or file.get("user"),
        # As mysqlclient sends it; PyMySQL would take it for Latin-1.
        "password": Secret(str(password or "").encode("utf-8", "surrogateescape")),
        "bind_address": _text(given.get("bind_address") or file.get("bind-address")),
        "connect_timeout": timeout,
        # Until it has let us in: who accepts a connection and says no more would hold a pipeline up.
        "read_timeout": timeout,
        **{name: whole_number(given, name, 0) for name in ("write_timeout", "max_allowed_packet")},
        **address,
        **tls_options(database, file, is_local="unix_socket" in address),
    }
    return Login(
        {name: value for name, value in driver.items() if value},
        # An answer may take as long as a lock.
        read_timeout=max(whole_number(given, "read_timeout", 0), math.ceil(waiting) + GRACE),
        init_command=_text(given.get("init_command") or file.get("init-command")),
        charset=_text(given.get("charset") or file.get("default-character-set")),
    )


def _address(database: Database, file: Mapping[str, str]) -> dict[str, Any]:
    """Return host and port, or the socket that is meant by a path, and by `localhost` where there is one."""
    host = database.host or file.get("host") or ""
    port = whole_number({"port": database.port or file.get("port") or None}, "port", 0) or DEFAULT_PORT
    if not 0 < port <= LAST_PORT:
        raise ConfigurationError(
            f"the database's port is none: {port}", hint="correct `INVENTREE_DB_PORT` or `database.port`"
        )
    place = {"host": host, "port": port}
    if host.startswith("/"):
        return {"unix_socket": host}
    if database.options.get("unix_socket"):
        return {**place, "unix_socket": str(database.options["unix_socket"])}
    if host in {"", "localhost"} and file.get("protocol", "").lower() != "tcp":
        usual = next(filter(os.path.exists, SOCKETS), None) if port == DEFAULT_PORT else None
        path = file.get("socket") or usual
        return {**place, "unix_socket": path} if path else place
    return place


def _text(value: object) -> str | None:
    return str(value) if value else None
