"""What every use case is given: the instance, and how to go about the work."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from inventree_plugins.errors import ConfigurationError, UsageError
from inventree_plugins.instance import (
    Instance,
    InstanceOptions,
    resolve_instance,
)
from inventree_plugins.models import Interpreter
from inventree_plugins.store import Store, open_store

if TYPE_CHECKING:
    from inventree_plugins.commands.applying import PlannedPackage
    from inventree_plugins.packages import Installer

__all__ = [
    "DEFAULT_LOCK_TIMEOUT",
    "INSTALLERS",
    "NOBODY",
    "Context",
    "InstanceOptions",
    "Listener",
    "open_context",
]

# Seconds to wait for another invplug, or for the database's writer.
DEFAULT_LOCK_TIMEOUT = 10.0
# A Python says what it is in a tenth of a second; on a cold disk it may take longer.
PROBE_TIMEOUT = 30.0
# Who may be asked for; the first is the default.
INSTALLERS = ("auto", "pip", "uv")


def _ignore(_: object) -> None:
    """Let a message go unread."""


class Listener(NamedTuple):
    """Who is told what happens meanwhile: each line of the installer, and the plan before it happens.

    `modules` are what showing the plan will need to import.
    """

    output: Callable[[str], None] = _ignore
    plan: Callable[[tuple[PlannedPackage, ...]], None] = _ignore
    modules: tuple[str, ...] = ()


NOBODY = Listener()


class Context:
    """The instance, how long to wait for locks (seconds), and who listens meanwhile.

    `requested_installer` is one of INSTALLERS.
    """

    def __init__(
        self,
        instance: Instance,
        *,
        lock_timeout: float = DEFAULT_LOCK_TIMEOUT,
        use_cache: bool = True,
        listener: Listener = NOBODY,
    ) -> None:
        self.instance = instance
        self.lock_timeout = lock_timeout
        self.use_cache = use_cache
        self.on_output = listener.output
        self.on_plan = listener.plan
        self.needed_by_listener = listener.modules
        self.requested_installer = INSTALLERS[0]

    def open_store(self) -> Store:
        """Open the instance's store; raise ConfigurationError when none is configured."""
        return open_store(self.instance.require_database(), timeout=self.lock_timeout)

    def require_writable_store(self) -> None:
        """Raise what a change would raise now: DatabaseLockedError, DatabaseReadOnlyError and the like."""
        database = self.instance.require_database()
        if database.standalone and not Path(database.name).exists():
            return  # its first row makes it
        with self.open_store().writing():
            pass

    @cached_property
    def interpreter(self) -> Interpreter:
        """Describe the target interpreter; raises InterpreterError."""
        from inventree_plugins.instance.interpreter import (  # noqa: PLC0415 - predicates need none
            choose_interpreter,
            inspect_interpreter,
        )

        chosen = choose_interpreter(self.instance)
        return inspect_interpreter(chosen.value, probe=_probe)

    def forget_interpreter(self) -> None:
        """Describe the interpreter anew when it is asked for next: packages may bring `.pth` files."""
        self.__dict__.pop("interpreter", None)

    @property
    def cache_file(self) -> Path:
        """Return where the facts about the instance's plugins are kept between runs."""
        import platformdirs  # noqa: PLC0415 - predicates need no cache

        # Two instances that share an interpreter would drive each other's facts out.
        places = (self.interpreter.prefix, self.instance.source_root.value, *self.instance.plugin_dirs.value)
        key = os.fsencode("\0".join(map(str, places)))
        name = f"facts-{zlib.crc32(key):08x}.json"
        return Path(platformdirs.user_cache_dir("invplug")) / name

    @cached_property
    def installer(self) -> Installer:
        """Return the installer for the target's packages, pip or uv.

        Raises InterpreterError, UsageError for an unknown name, and InstallError where uv was asked for and
        cannot be used.
        """
        from inventree_plugins.packages.choice import open_installer  # noqa: PLC0415 - for installing only
        from inventree_plugins.process import run  # noqa: PLC0415

        requested = self.requested_installer
        if requested not in INSTALLERS:  # a variable says so
            raise UsageError(f"there is no installer `{requested}`; it is `auto`, `pip` or `uv`")
        return open_installer(self.interpreter, run, requested=requested, on_line=self.on_output)

    @property
    def transaction_area(self) -> Path:
        """Return the folder in which changes of packages are prepared, on their file system if possible."""
        return self._lock_file.with_name(".invplug-changes")

    def environment_lock(self) -> AbstractContextManager[None]:
        """Return the lock that lets one invplug at a time change the environment."""
        from inventree_plugins.files import exclusive_lock  # noqa: PLC0415 - for installing only

        return exclusive_lock(self._lock_file, timeout=self.lock_timeout)

    @cached_property
    def _lock_file(self) -> Path:
        from inventree_plugins.files import own_folder  # noqa: PLC0415 - for installing only

        path = self.interpreter.prefix / ".invplug.lock"
        if os.access(path.parent, os.W_OK):
            return path
        # Packages then go to the user's site; the lock is the user's as well.
        return own_folder(self.cache_file.with_suffix("")) / "lock"


def _probe(command: list[str]) -> str:
    from inventree_plugins.errors import ProcessError  # noqa: PLC0415
    from inventree_plugins.process import run  # noqa: PLC0415 - most interpreters tell by their files

    completed = run(command, timeout=PROBE_TIMEOUT)
    if completed.returncode != 0:
        last = completed.stderr.strip().splitlines()[-1:] or [f"exit code {completed.returncode}"]
        raise ProcessError(last[0])
    return completed.stdout


def open_context(
    options: InstanceOptions,
    *,
    environ: Mapping[str, str],
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT,
    use_cache: bool = True,
    listener: Listener = NOBODY,
) -> Context:
    """Resolve the instance that `options` and `environ` mean, as seen from the working directory."""
    try:
        directory = Path.cwd()
    except FileNotFoundError as error:
        raise ConfigurationError(
            "the working directory does not exist any more", hint="change to another one"
        ) from error
    instance = resolve_instance(options, directory=directory, environ=environ)
    return Context(instance, lock_timeout=lock_timeout, use_cache=use_cache, listener=listener)
