"""Encryption of a MySQL connection, from options as mysqlclient, PyMySQL and option files have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from inventree_plugins.errors import ConfigurationError
from inventree_plugins.models import Database
from inventree_plugins.store.server import one_line, unusable_options

if TYPE_CHECKING:
    import ssl

__all__ = ["tls_options"]

MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
FILES = ("ca", "capath", "cert", "key", "cipher")
TRUE = frozenset({"1", "true", "yes", "on", "required"})


class Tls(NamedTuple):
    """What is asked for; the names of files are as they were given."""

    mode: str
    files: Mapping[str, str]
    password: str
    is_required: bool
    verifies: bool
    verifies_host: bool


def tls_options(database: Database, file: Mapping[str, str], *, is_local: bool) -> dict[str, Any]:
    """Return what PyMySQL is told.

    An authority that is given is always used, whatever the mode; the host's name in the server's certificate
    counts for VERIFY_IDENTITY only, as with mysqlclient. Raises ConfigurationError.
    """
    tls = _asked_for(database, file)
    if tls.mode == "DISABLED":
        return {"ssl_disabled": True}
    if not tls.is_required:
        # Nobody listens in on a socket, and making it ready takes longer than all the rest.
        return {"ssl_disabled": True} if is_local and not tls.mode else {}
    try:
        return {"ssl": _context(tls)}
    except (OSError, ValueError) as error:  # of `ssl`, which does not say which file
        names = ", ".join(f"{name} `{value}`" for name, value in tls.files.items())
        said = f"TLS with {names}: {error}"
        raise unusable_options(database, one_line(said, database)) from error


def _asked_for(database: Database, file: Mapping[str, str]) -> Tls:
    given = database.options
    mapping = _ssl(database)
    mode = _mode(database, file)
    asked = {
        name: str(given.get(f"ssl_{name}") or mapping.get(name) or file.get(f"ssl-{name}") or "")
        for name in FILES
    }
    files = {name: value for name, value in asked.items() if value}
    verifies_host = mode == "VERIFY_IDENTITY" or any(
        _is_true(value)
        for value in (
            given.get("ssl_verify_identity"),
            mapping.get("check_hostname"),
            file.get("ssl-verify-server-cert", "0") or "1",
        )
    )
    verifies = (
        verifies_host
        or mode == "VERIFY_CA"
        or not files.keys().isdisjoint({"ca", "capath"})
        or _is_true(given.get("ssl_verify_cert"))
        or _is_true(mapping.get("verify_mode"))
    )
    is_required = verifies or mode == "REQUIRED" or bool(files) or bool(mapping) or given.get("ssl") is True
    password = given.get("ssl_key_password") or mapping.get("password") or ""
    return Tls(mode, files, str(password), is_required, verifies, verifies_host)


def _ssl(database: Database) -> Mapping[str, Any]:
    value = database.options.get("ssl")
    if isinstance(value, Mapping):
        return value
    if value is None or isinstance(value, bool):
        return {}
    raise unusable_options(database, "`ssl` is neither a mapping nor true nor false")


def _mode(database: Database, file: Mapping[str, str]) -> str:
    """Return the mode in capitals, and an empty text where none is given."""
    if _is_true(database.options.get("ssl_disabled")):
        return "DISABLED"
    given = database.options.get("ssl_mode")
    mode = str(given if given is not None else file.get("ssl-mode", "")).upper()
    if mode and mode not in MODES:
        raise ConfigurationError(
            f"the database option `ssl_mode` is none of {', '.join(MODES)}: `{mode}`",
            hint="correct it in INVENTREE_DB_OPTIONS, `database.options` or `--database`",
        )
    return mode


def _is_true(value: object) -> bool:
    # In a URL and in an option file everything is text.
    return str(value).lower() in TRUE


def _context(tls: Tls) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - only where it is asked for

    # Not `create_default_context`, which reads all authorities of the system, and since Python 3.13 refuses
    # certificates such as MySQL makes for itself.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.verifies_host
    context.verify_mode = ssl.CERT_REQUIRED if tls.verifies else ssl.CERT_NONE
    authorities = tls.files.get("ca"), tls.files.get("capath")
    if any(authorities):
        context.load_verify_locations(*authorities)
    elif tls.verifies:
        context.load_default_certs()
    if "cert" in tls.files:
        # A password that is none keeps OpenSSL from asking for one.
        context.load_cert_chain(tls.files["cert"], tls.files.get("key"), tls.password)
    if "cipher" in tls.files:
        context.set_ciphers(tls.files["cipher"])
    return context
