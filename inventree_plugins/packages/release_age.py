"""How old a release is: what the installer needs to leave out young ones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from inventree_plugins.errors import InstallError, UsageError
from inventree_plugins.packages.verdict import Evidence, Verdict

__all__ = ["no_upload_times", "time_before"]

# The first pip with `--uploaded-prior-to`.
_SINCE = 26
_NOT_TOLD = re.compile(r"^ERROR: Index (?P<page>\S+) does not provide upload-time metadata", re.MULTILINE)


def time_before(days: int) -> str:
    """Return the time that many days ago, in ISO 8601, for an installer that can go by it.

    Raises InstallError where invplug's pip cannot, and UsageError for more days than time has.
    """
    from pip import __version__ as pip_version  # noqa: PLC0415 - nothing of pip's inside; only few ask

    if int(re.split(r"\D", pip_version)[0]) < _SINCE:
        raise InstallError(
            f"pip {pip_version}, which invplug brings, cannot tell how old a release is",
            code="install-no-upload-times",
            hint=f"`--cooldown` needs pip {_SINCE}.0 or later in invplug's own environment",
        )
    try:
        return (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")
    except OverflowError:
        raise UsageError(f"`--cooldown` takes a number of days, not `{days}`") from None


def no_upload_times(evidence: Evidence) -> Verdict | None:
    """Recognise an index that does not tell when its files were uploaded."""
    match = _NOT_TOLD.search(evidence.text)
    if match is None:
        return None
    return Verdict(
        "install-no-upload-times",
        f"`{match['page']}` does not tell when its files were uploaded",
        detail=match[0].removeprefix("ERROR: "),
        hint="leave out `--cooldown`, or use an index that tells (PEP 700)",
    )
