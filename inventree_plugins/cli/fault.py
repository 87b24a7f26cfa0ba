"""The log of an unexpected fault."""

from __future__ import annotations

import platform
import re
import sys
import tempfile
import time
import traceback
from pathlib import Path

import platformdirs

from inventree_plugins import __version__

__all__ = ["write_fault_log"]

CREDENTIALS = re.compile(r"://[^/@\s'\"]*@")


def write_fault_log(error: Exception, words: list[str]) -> Path:
    """Write what a bug report needs, without credentials, and return where."""
    text = "\n".join(
        (
            f"invplug {__version__}, Python {platform.python_version()} on {platform.platform()}",
            f"command line: {words}",
            "",
            "".join(traceback.format_exception(type(error), error, error.__traceback__)),
        )
    )
    name = time.strftime("invplug-%Y%m%d-%H%M%S.log")
    text = CREDENTIALS.sub("://********@", text)
    for folder in (Path(platformdirs.user_log_dir("invplug")), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    sys.stderr.write(text)
    return Path("(not written)")
