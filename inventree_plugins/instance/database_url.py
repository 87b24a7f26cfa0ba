"""`--database`: a URL, or a file. What is refused is never repeated: it may hold a password."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from inventree_plugins.errors import ConfigurationError, UnsupportedDatabaseError
from inventree_plugins.models import Database

__all__ = ["parse_database"]

URL_SCHEMES = {
    "sqlite": "sqlite3",
    "sqlite3": "sqlite3",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}
# What is meant for a server and would be a strange name of a file.
NO_FILE = re.compile(
    r"(?:^|\s)(?:password|host|dbname|user)\s*=|^(?:\w+:)?(?://)?[^/\s]*:[^/]*@", re.IGNORECASE
)


def parse_database(text: str, *, directory: Path) -> Database:
    """Return the database; raise UnsupportedDatabaseError and ConfigurationError."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _sqlite(text, directory / text)
    engine = URL_SCHEMES.get(scheme.partition("+")[0].lower())
    if engine is None:
        raise UnsupportedDatabaseError(
            f"unknown database engine `{scheme}` (option --database)",
            hint="use sqlite:///FILE, postgresql://… or mysql://…, or the path of an SQLite file",
        )
    if engine == "sqlite3":
        # Other tools write sqlite:///relative and sqlite:////absolute; people mean either with three.
        path = directory / unquote(rest.removeprefix("/"))
        absolute = Path(unquote(rest))
        return _sqlite(rest, absolute if absolute.exists() and not path.exists() else path)
    return _server(engine, text)


def _sqlite(text: str, path: Path) -> Database:
    if NO_FILE.search(text) and not os.path.exists(path):  # noqa: PTH110 - a NUL is no error
        raise ConfigurationError(
            "`--database` looks like the address of a server, but is no URL",
            hint="write it as postgresql://USER:PASSWORD@HOST/NAME, or mysql://…",
        )
    return Database("sqlite3", str(path))


def _server(engine: str, text: str) -> Database:
    hint = "escape what is special in user and password, as %23 for #, %2F for /, %3F for ? and %40 for @"
    try:
        url = urlsplit(text)
        port = str(url.port) if url.port else None
    except ValueError:
        # Its own words would show a part of the password.
        raise ConfigurationError("`--database` is not a URL", hint=hint) from None
    if url.fragment or ("@" in url.path + url.query and "@" not in url.netloc):
        raise ConfigurationError("`--database` is not a URL: it ends too early", hint=hint)
    return Database(
        engine,
        unquote(url.path.lstrip("/")),
        user=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        host=_host(url.netloc) if url.hostname else None,
        port=port,
        options=dict(parse_qsl(url.query)),
    )


def _host(netloc: str) -> str:
    """Return the host as it was written: it may be the folder of a socket, whose case counts."""
    address = netloc.rpartition("@")[2]
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return unquote(address.partition(":")[0])
