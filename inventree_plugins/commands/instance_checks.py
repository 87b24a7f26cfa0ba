"""The gates that are the same for every plugin: configuration, store, plugins.txt and environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from inventree_plugins.commands.diagnosis import Check, Diagnosis, Stored
from inventree_plugins.commands.gates import support_command
from inventree_plugins.commands.survey import Survey
from inventree_plugins.errors import InvplugError
from inventree_plugins.instance.interpreter import choose_interpreter
from inventree_plugins.models import Declaration

__all__ = ["checks_after", "checks_before"]


def checks_before(diagnosis: Diagnosis) -> Iterator[Check]:
    """Check what stands before every plugin, in the order in which the server meets it."""
    yield _server_source(diagnosis)
    yield _database(diagnosis)
    yield _plugin_support(diagnosis)
    yield _plugin_directories(diagnosis)
    yield _plugins_file(diagnosis)
    yield _interpreter(diagnosis)
    yield _writable(diagnosis)
    yield _declared_packages(diagnosis)


def checks_after(diagnosis: Diagnosis) -> Iterator[Check]:
    """Check what concerns no single plugin, and keeps none from working today."""
    yield _second_writer(diagnosis)
    yield _other_rows(diagnosis)
    yield _orphan_rows(diagnosis)


def _server_source(diagnosis: Diagnosis) -> Check:
    code, instance = "server-source", diagnosis.context.instance
    if instance.source_root.value is not None:
        version = instance.server_version.value or "of unknown version"
        return Check(code, "ok", f"InvenTree {version} in `{instance.source_root.value}`")
    if instance.standalone:
        return Check(code, "ok", "a standalone instance has no server")
    hint = "name it with `--server DIR`; without it, version and built-in plugins are not known"
    return Check(code, "warning", "the server's source is not known", hint)


def _database(diagnosis: Diagnosis) -> Check:
    code, stored = "database", diagnosis.stored
    if isinstance(stored, InvplugError):
        return Check(code, "failed", stored.message, stored.hint, path=stored.path)
    database = diagnosis.context.instance.require_database()
    return Check(code, "ok", f"`{database.name}` ({database.engine}) can be read")


def _plugin_support(diagnosis: Diagnosis) -> Check:
    code, support = "plugin-support", diagnosis.context.instance.plugins_enabled
    if support.value:
        return Check(code, "ok", f"plugin support is on ({support.origin})")
    command = support_command(diagnosis.context)
    hint = (
        "the server loads nothing but its own plugins; INVENTREE_PLUGINS_ENABLED or `plugins_enabled` decide"
    )
    return Check(code, "failed", f"plugin support is off ({support.origin})", hint, command)


def _plugin_directories(diagnosis: Diagnosis) -> Check:
    code, directories = "plugin-directories", diagnosis.context.instance.plugin_dirs.value
    for directory in directories:
        if directory.is_dir() and not os.access(directory, os.R_OK | os.X_OK):
            hint = "make it readable for the server's user, and run invplug as that user"
            return Check(code, "failed", f"`{directory}` cannot be read", hint, path=directory)
    source_root = diagnosis.context.instance.source_root.value
    beside = [path for each in directories if each.parent != source_root for path in _modules_beside(each)]
    if beside:
        hint = "the server imports what lies beside a plugin directory too: give that a folder of its own"
        return Check(code, "warning", f"`{beside[0]}` lies beside a plugin directory", hint, path=beside[0])
    present = [f"`{each}`" for each in directories if each.is_dir()]
    return Check(code, "ok", ", ".join(present) or "there is no plugin directory")


def _modules_beside(directory: Path) -> Iterable[Path]:
    try:
        siblings = sorted(directory.parent.iterdir())
    except OSError:
        return ()
    return (
        path
        for path in siblings
        if path != directory and (path.suffix == ".py" or (path / "__init__.py").is_file())
    )


def _plugins_file(diagnosis: Diagnosis) -> Check:
    code, path = "plugins-file", diagnosis.context.instance.plugins_file.value
    survey = diagnosis.survey
    if isinstance(survey, InvplugError):
        return Check(code, "skipped", "not judged without the server's Python", path=path)
    for problem in survey.problems:
        return Check(code, "failed", problem.message, problem.hint, path=problem.path, line=problem.line)
    twice = _declared_twice(survey)
    if twice:
        first, second = twice
        message = f"`{path}` declares `{first.name}` twice: `{first.text}` and `{second.text}`"
        hint = f"remove line {first.line} or line {second.line}: pip refuses what contradicts itself"
        return Check(code, "failed", message, hint, path=second.path, line=second.line)
    if not path.exists():
        return Check(code, "ok", f"there is no `{path}` yet")
    return Check(code, "ok", f"`{path}` can be read: {_counted(len(survey.declared), 'requirement')}")


def _declared_twice(survey: Survey) -> tuple[Declaration, Declaration] | None:
    """Return two lines for one package, which the server's own editor leaves behind."""
    from inventree_plugins.packages import applying  # noqa: PLC0415 - imports packaging

    seen: dict[str, Declaration] = {}
    for item in applying(survey.declared, survey.interpreter):
        if item.name in seen and seen[item.name].text != item.text:
            return seen[item.name], item
        if item.name is not None:
            seen[item.name] = item
    return None


def _interpreter(diagnosis: Diagnosis) -> Check:
    code, interpreter = "interpreter", diagnosis.interpreter
    if isinstance(interpreter, InvplugError):
        return Check(code, "failed", interpreter.message, interpreter.hint)
    instance, survey = diagnosis.context.instance, diagnosis.survey
    text = f"Python {interpreter.version} at `{interpreter.executable}`"
    has_django = isinstance(survey, Survey) and any(each.key == "django" for each in survey.distributions)
    if not has_django and not instance.standalone:
        hint = "name the Python that runs the server with `--python PATH`; packages belong there"
        return Check(code, "failed", f"{text} has no Django, so no server runs in it", hint)
    return Check(code, "ok", f"{text} ({choose_interpreter(instance).origin})")


def _writable(diagnosis: Diagnosis) -> Check:
    code, interpreter = "writable", diagnosis.interpreter
    if isinstance(interpreter, InvplugError):
        return Check(code, "skipped", "not judged without the server's Python")
    folder = interpreter.site_packages
    if os.access(folder, os.W_OK):
        return Check(code, "ok", f"packages can be installed in `{folder}`")
    hint = "run invplug as the user who owns the environment; pip would install where the server may not look"
    return Check(code, "warning", f"`{folder}` may not be written by this user", hint, path=folder)


def _declared_packages(diagnosis: Diagnosis) -> Check:
    code, stored = "declared-packages", diagnosis.stored
    if not isinstance(stored, Stored):
        return Check(code, "skipped", "not judged without Python and database")
    missing = [each for each in stored.inventory.problems if each.code == "declared-not-installed"]
    for problem in missing[:1]:
        hint = "plugins.txt says what should be installed, not what is"
        message = problem.message + (f", and {len(missing) - 1} more" if len(missing) > 1 else "")
        return Check(code, "failed", message, hint, "invplug install", path=problem.path, line=problem.line)
    return Check(code, "ok", "what plugins.txt declares is installed")


def _second_writer(diagnosis: Diagnosis) -> Check:
    code, stored = "second-writer", diagnosis.stored
    if not isinstance(stored, Stored):
        return Check(code, "skipped", "not judged without Python and database")
    if not stored.installs_at_start:
        return Check(code, "ok", "the server does not run pip itself (PLUGIN_ON_STARTUP is off)")
    hint = "pin what is in plugins.txt, or turn the setting PLUGIN_ON_STARTUP off and let invplug install"
    return Check(
        code, "warning", "web and worker run pip on plugins.txt at each start (PLUGIN_ON_STARTUP)", hint
    )


def _other_rows(diagnosis: Diagnosis) -> Check:
    code, stored = "all-rows", diagnosis.stored
    if not isinstance(stored, Stored):
        return Check(code, "skipped", "not judged without Python and database")
    rowless = [each.slug for each in stored.inventory.entries if each.plugin and each.row is None]
    if not rowless:
        return Check(code, "ok", "every plugin has its row")
    message = f"{_counted(len(rowless), 'plugin')} without a row, such as `{rowless[0]}`"
    hint = "until they have one, `invoke migrate` on servers up to 1.5 leaves external plugins out"
    return Check(code, "warning", message, hint, "invplug discover")


def _orphan_rows(diagnosis: Diagnosis) -> Check:
    code, stored = "orphan-rows", diagnosis.stored
    if not isinstance(stored, Stored):
        return Check(code, "skipped", "not judged without Python and database")
    orphans = [each for each in stored.inventory.entries if each.source is None]
    if not orphans:
        return Check(code, "ok", "every row has its plugin")
    names = ", ".join(f"`{each.slug}`" for each in orphans)
    hint = "install what they belong to, or delete them; their settings go with them"
    command = None if any(each.enabled for each in orphans) else "invplug discover --prune"
    return Check(code, "warning", f"nothing provides the plugins of these rows: {names}", hint, command)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
