"""The server's configuration: environment beats `config.yaml` beats default (SPEC §4)."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from inventree_plugins.errors import ConfigurationError
from inventree_plugins.models import Setting

__all__ = ["Configuration", "read_config_file", "to_bool", "to_list", "to_mapping"]

T = TypeVar("T")

TRUTHY = frozenset({"1", "y", "yes", "t", "true", "on"})


def to_bool(value: Any) -> bool:
    """Read a truth value as the server does: anything but a truthy word is false."""
    return str(value).strip().lower() in TRUTHY


def to_list(value: Any) -> tuple[str, ...]:
    """Read a list, or a comma-separated text."""
    if value is None:
        return ()
    items = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return tuple(text for item in items if (text := str(item).strip()))


def to_mapping(value: Any) -> Mapping[str, Any]:
    """Read a mapping, or JSON text that holds one.

    Raises ValueError for text that is no JSON, and TypeError for what is no mapping.
    """
    if value is None or value == "":
        return {}
    parsed = json.loads(value) if isinstance(value, str) else value
    if not isinstance(parsed, Mapping):
        raise TypeError("not a mapping")
    return {str(key): item for key, item in parsed.items()}


def read_config_file(path: Path) -> Mapping[str, Any]:
    """Return the mapping in the YAML file `path`; raise ConfigurationError where it has none."""
    import yaml  # noqa: PLC0415 - only where there is a file to read

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data = path.read_bytes()
        content = yaml.load(data, Loader=loader)  # noqa: S506 - both are safe loaders
        if b"&" in data:
            json.dumps(content, default=str, skipkeys=True)  # finds an anchor that holds itself
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the configuration `{path}`: {error.strerror}",
            hint="name the server's `config.yaml` with `--config FILE`",
            path=path,
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise ConfigurationError(
            f"`{path}` is not valid YAML: {error.problem or error.context}"
            + (f" (line {line}, column {mark.column + 1})" if mark else ""),
            hint="mend the file; the server cannot read it either",
            path=path,
            line=line,
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"`{path}` is not a text file: {str(error).splitlines()[0]}",
            hint="name the server's `config.yaml` with `--config FILE`",
            path=path,
        ) from error
    except (ValueError, LookupError, RecursionError) as error:  # a KeyError for `!!bool maybe`
        raise ConfigurationError(
            f"`{path}` has a value that cannot be read: {error}",
            hint="mend the file; the server cannot read it either",
            path=path,
        ) from error
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise ConfigurationError(
            f"`{path}` holds no settings but {type(content).__name__} data",
            hint="the file must hold `name: value` lines",
            path=path,
        )
    return content


def _usable(value: Any, origin: str) -> Any:
    """Return the value; raise ConfigurationError for text that no path or name may hold."""
    if isinstance(value, str) and "\0" in value:
        raise ConfigurationError(f"{origin} holds a NUL character", hint="mend the value")
    return value


class Configuration(NamedTuple):
    """The environment and the configuration file, asked together."""

    environ: Mapping[str, str]
    path: Path | None
    content: Mapping[str, Any]

    def lookup(self, variable: str | None, key: str | None) -> Setting[Any] | None:
        """Return the value of an environment variable, else of a dotted key, else None."""
        if variable and self.environ.get(variable, "") != "":
            return Setting(_usable(self.environ[variable], variable), f"environment {variable}")
        value: Any = self.content
        for part in key.split(".") if key else ():
            value = value.get(part) if isinstance(value, Mapping) else None
        if key is None or value is None:
            return None
        return Setting(_usable(value, f"{self.path}: {key}"), f"{self.path}: {key}")

    def read(self, key: str, convert: Callable[[Any], T], *, default: Setting[T]) -> Setting[T]:
        """Return the converted value of `INVENTREE_<KEY>`, else of the key; raise ConfigurationError."""
        found = self.lookup(f"INVENTREE_{key.upper()}", key)
        if found is None:
            return default
        try:
            return Setting(convert(found.value), found.origin)
        except (ValueError, TypeError) as error:
            raise ConfigurationError(
                f"{found.origin} has a value of the wrong kind: {error}",
                hint="correct the value; the server cannot use it either",
                path=self.path,
            ) from error

    def switch(self, key: str, *, default: Setting[bool]) -> Setting[bool]:
        """Return the truth value of `INVENTREE_<KEY>`, else of the key; an empty variable is false."""
        variable = f"INVENTREE_{key.upper()}"
        if self.environ.get(variable) == "":
            return Setting(False, f"environment {variable}, which is empty")
        return self.read(key, to_bool, default=default)
