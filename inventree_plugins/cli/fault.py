"""The log of an unexpected fault."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import time
import traceback
from pathlib import Path

import platformdirs

from inventree_plugins import __version__

__all__ = ["without_secrets", "write_fault_log"]

# As far as the last `@`: a password may hold anything that its URL should have escaped.
CREDENTIALS = re.compile(r"://[^\s'\"]*@")
NAMED_SECRETS = re.compile(
    r"""((?:password|passwd|secret|token|key)['"]?\s*[=:]\s*)"""
    r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s&'",]+)""",
    re.IGNORECASE,
)
SECRET_VARIABLES = ("INVENTREE_DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD")
MASK = "********"


def without_secrets(text: str) -> str:
    """Return `text` with the passwords in it masked."""
    for name in SECRET_VARIABLES:
        if os.environ.get(name):
            text = text.replace(os.environ[name], MASK)
    text = CREDENTIALS.sub(f"://{MASK}@", text)
    return NAMED_SECRETS.sub(rf"\1{MASK}", text)


def without_value(words: list[str]) -> list[str]:
    """Mask all that may be the value of `settings set SLUG KEY VALUE`."""
    if "settings" not in words or "set" not in words[words.index("settings") :]:
        return words
    start = words.index("set", words.index("settings")) + 1
    plain = [place for place in range(start, len(words)) if not words[place].startswith("--")]
    # Slug and key, or what stands before them for an option, tell where the fault is.
    return [MASK if place in plain[2:] else word for place, word in enumerate(words)]


def write_fault_log(error: BaseException, words: list[str]) -> Path:
    """Write what a bug report needs, without credentials, and return where."""
    text = without_secrets(
        "\n".join(
            (
                f"invplug {__version__}, Python {platform.python_version()} on {platform.platform()}",
                f"command line: {without_value(words)}",
                "",
                "".join(traceback.format_exception(type(error), error, error.__traceback__)),
            )
        )
    )
    name = f"{time.strftime('invplug-%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    for folder in (Path(platformdirs.user_log_dir("invplug")), Path(tempfile.gettempdir())):
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Nobody else's file, nor a link that somebody laid in a folder open to all.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:  # noqa: PTH123
                stream.write(text)
        except OSError:
            continue
        return path
    sys.stderr.write(text)
    return Path("(not written)")
