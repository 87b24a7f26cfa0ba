"""pip's settings in uv's words, so that one configuration holds for both installers."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from inventree_plugins.packages.package_sources import PackageSources
from inventree_plugins.packages.pip_settings import PipSettings, is_on

__all__ = ["UvSettings", "in_words_of_uv", "place_variables"]

# What pip says on a terminal, what it asks, and what other commands of pip do.
_NOTHING_TO_UV = frozenset(
    {
        "break-system-packages",
        "debug",
        "disable-pip-version-check",
        "exists-action",
        "format",
        "log",
        "log-file",
        "no-color",
        "no-input",
        "no-python-version-warning",
        "no-warn-conflicts",
        "no-warn-script-location",
        "progress-bar",
        "quiet",
        "require-virtualenv",
        "root-user-action",
        "use-pep517",
        "verbose",
        "warn-conflicts",
        "warn-script-location",
    }
)
# pip is started without these variables.
_ELSEWHERE = frozenset(
    {"dry-run", "ignore-installed", "no-deps", "prefix", "python", "report", "root", "target", "user"}
)


@dataclass(frozen=True, slots=True)
class UvSettings:
    """What uv is to be told: variables, which may hold passwords, arguments, and where packages lie.

    `obstacle` names the first setting that uv has no words for.
    """

    environment: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    arguments: tuple[str, ...] = ()
    sources: PackageSources = field(default_factory=PackageSources)
    obstacle: str | None = None


class _Words(NamedTuple):
    environment: Mapping[str, str | None] = {}
    arguments: tuple[str, ...] = ()


def in_words_of_uv(settings: PipSettings, environ: Mapping[str, str], *, is_virtual: bool) -> UvSettings:
    """Translate pip's settings; `is_virtual` tells of the target, and `environ` what else programs obey."""
    environment: dict[str, str | None] = {} if "cert" in settings.options else {**_certificates(environ)}
    arguments: list[str] = []
    obstacle = f"`{settings.damaged}` cannot be read" if settings.damaged else None
    for name, setting in settings.options.items():
        words = _translated(name, setting.value)
        if words is not None:
            environment |= words.environment
            arguments += words.arguments
        elif not (name in _ELSEWHERE and setting.is_variable):
            obstacle = obstacle or f"uv does not know pip's setting `{name}` ({setting.origin})"
    needed = settings.options.get("require-virtualenv")
    if needed is not None and is_on(needed.value) and not is_virtual:
        obstacle = obstacle or f"pip is to refuse any Python without a virtual environment ({needed.origin})"
    sources = _sources(settings)
    if sources.untrusted() is not None:
        obstacle = obstacle or f"pip passes over `{sources.untrusted()}`, which has no TLS, and uv would not"
    return UvSettings(environment, tuple(arguments), sources, obstacle)


def place_variables(sources: PackageSources, directory: Path) -> dict[str, str | None]:
    """Return the variables that tell uv where to look; relative paths count from `directory`.

    Variables, since a command line is for all to see, and these may hold passwords. uv prefers this index
    to any that a requirements file names.
    """
    links = (_as_url(place, directory) for place in sources.find_links)
    values = {
        "UV_DEFAULT_INDEX": sources.index_url or "",
        "UV_INDEX": " ".join(sources.extra_index_urls),
        "UV_FIND_LINKS": ",".join(link for link in links if link),
        "UV_INSECURE_HOST": " ".join(sources.trusted_hosts),
    }
    return {name: value for name, value in values.items() if value}


def _as_url(place: str, directory: Path) -> str | None:
    """Return a place as a URL that can stand in a list, None for a path that is not there: pip ignores it."""
    if re.match(r"(?!file:)[a-z][a-z+]+:", place, re.IGNORECASE):
        return place.replace(",", "%2C")
    written = unquote(urlsplit(place).path) if place.lower().startswith("file:") else place
    path = directory / os.path.expanduser(written)  # noqa: PTH111 - a `~` that stays is no error
    return path.absolute().as_uri() if path.exists() else None


def _sources(settings: PipSettings) -> PackageSources:
    values = {name: each.value for name, each in settings.options.items()}
    sources = PackageSources(
        index_url=values.get("index-url") or values.get("pypi-url"),
        extra_index_urls=tuple(values.get("extra-index-url", "").split()),
        find_links=tuple(values.get("find-links", "").split()),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        prereleases=is_on(values.get("pre", "")),
    )
    if is_on(values.get("no-index", "")):
        return replace(sources, no_index=True, index_url=None, extra_index_urls=())
    return sources


def _certificates(environ: Mapping[str, str]) -> Mapping[str, str | None]:
    """Return whom to trust, as pip does without a setting: whom requests' variables name, else the system."""
    bundle = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if bundle:
        return _cert(bundle).environment
    import ssl  # noqa: PLC0415 - for installing only

    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and not (paths.capath and any(Path(paths.capath).iterdir())):
        return {}  # uv brings certificates of its own
    # The second is what uv called it before 0.11.
    return {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}


def _translated(name: str, value: str) -> _Words | None:
    """Return a setting in uv's words, None where it has none; sources are no matter of this."""
    if name in _SOURCES:
        return _Words()
    if name in _TRANSLATIONS:
        return _TRANSLATIONS[name](value)
    return _Words() if name in _NOTHING_TO_UV else None


def _cert(value: str) -> _Words:
    return _Words({"SSL_CERT_DIR" if Path(value).is_dir() else "SSL_CERT_FILE": value})


def _proxy(value: str) -> _Words:
    names = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
    url = value if "://" in value else f"http://{value}"
    proxies: dict[str, str | None] = {each: url for name in names for each in (name, name.lower())}
    # pip's setting holds for every host.
    return _Words({**proxies, "NO_PROXY": None, "no_proxy": None})


def _seconds(value: str) -> _Words | None:
    try:
        return _Words({"UV_HTTP_TIMEOUT": str(max(1, math.ceil(float(value))))})
    except (ValueError, OverflowError):
        return None


def _constraints(value: str) -> _Words | None:
    if "://" in value:
        return None
    return _Words({}, tuple(word for path in value.split() for word in ("--constraint", path)))


def _keyring(value: str) -> _Words | None:
    # Without a terminal pip's `auto` is none.
    known: Mapping[str, _Words] = {
        "auto": _Words(),
        "disabled": _Words(),
        "subprocess": _Words({"UV_KEYRING_PROVIDER": "subprocess"}),
    }
    return known.get(value.lower())


def _upgrade_strategy(value: str) -> _Words | None:
    return _Words() if value == "only-if-needed" else None


def _if_off(value: str) -> _Words | None:
    return None if is_on(value) else _Words()


def _formats(option: str) -> Callable[[str], _Words]:
    """Return the translation of a choice between wheels and source archives."""

    def translate(value: str) -> _Words:
        names = [name.strip() for name in value.split(",")]
        return _Words({}, tuple(word for name in names if name for word in (option, name)))

    return translate


def _variable(name: str) -> Callable[[str], _Words]:
    """Return the translation of a setting whose value uv understands."""
    return lambda value: _Words({name: value})


_SOURCES = frozenset(
    {"extra-index-url", "find-links", "index-url", "no-index", "pre", "pypi-url", "trusted-host"}
)
_TRANSLATIONS: Mapping[str, Callable[[str], _Words | None]] = {
    # Beside pip's cache, which uv cannot read.
    "cache-dir": lambda value: _Words({"UV_CACHE_DIR": os.path.join(value, "uv")}),  # noqa: PTH118
    "cert": _cert,
    "client-cert": _variable("SSL_CLIENT_CERT"),
    "constraint": _constraints,
    "default-timeout": _seconds,
    "keyring-provider": _keyring,
    # Whatever its value: pip has never cared.
    "no-cache-dir": lambda _: _Words({"UV_NO_CACHE": "1"}),
    "no-binary": _formats("--no-binary"),
    "only-binary": _formats("--only-binary"),
    "prefer-binary": _if_off,
    "proxy": _proxy,
    "require-hashes": _if_off,
    "retries": _variable("UV_HTTP_RETRIES"),
    "timeout": _seconds,
    "upgrade": _if_off,
    "upgrade-strategy": _upgrade_strategy,
}
