"""`invplug validate`: judge plugins by rules, and on request by loading them in a process of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import NamedTuple

from inventree_plugins.anatomy import Anatomy
from inventree_plugins.commands.context import Context
from inventree_plugins.commands.survey import Survey, places_of, take_survey
from inventree_plugins.commands.validate_loading import Loading, LoadOptions
from inventree_plugins.commands.validate_targets import (
    Target,
    find_target,
    path_of,
    whole_instance,
)
from inventree_plugins.discovery import FactsCache, Places, examine
from inventree_plugins.errors import InterpreterError, UnhealthyError, UsageError
from inventree_plugins.models import Distribution, Plugin, Problem, Source
from inventree_plugins.packages import (
    missing_requirements,
    modules_brought,
    read_metadata,
    shared_modules,
)
from inventree_plugins.validation import (
    NEWEST,
    RULES,
    LoadResult,
    Rule,
    Server,
    Subject,
    explain,
    judge,
    load_problems,
    require_rule,
    selected,
)
from inventree_plugins.vocabulary import BUILTIN_SLUGS, MANDATORY_SLUGS

__all__ = [
    "Checked",
    "LoadOptions",
    "LoadResult",
    "Rule",
    "ValidateOptions",
    "Validation",
    "all_rules",
    "explain",
    "require_rule",
    "validate",
]


class ValidateOptions(NamedTuple):
    """What to check, for which server, by which rules; `load` is None to leave loading out."""

    targets: tuple[str, ...] = ()
    against: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool = False
    load: LoadOptions | None = None


class Checked(NamedTuple):
    """A plugin that was checked, and what came of loading it, where it was loaded."""

    plugin: Plugin
    loaded: LoadResult | None = None


class Validation(NamedTuple):
    """What was checked, for which version of the server, and what was found."""

    plugins: tuple[Checked, ...]
    findings: tuple[Problem, ...]
    server_version: str | None
    strict: bool

    @property
    def errors(self) -> int:
        """Return how many findings are errors."""
        return sum(1 for each in self.findings if each.severity == "error")

    @property
    def error(self) -> UnhealthyError | None:
        """Return what the command ends with when something was found that counts."""
        if self.is_healthy:
            return None
        warnings = len(self.findings) - self.errors
        counts = [
            f"{count} {word}{'s' * (count != 1)}"
            for count, word in ((self.errors, "error"), (warnings, "warning"))
            if count
        ]
        hint = "`invplug validate --explain CODE` tells what a code means and how to mend it"
        return UnhealthyError(f"found {' and '.join(counts)}", hint=hint)

    @property
    def is_healthy(self) -> bool:
        """Tell whether nothing was found that counts."""
        return not (self.findings if self.strict else self.errors)


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, in the order in which a server would meet what they are about."""
    return tuple(RULES.values())


def validate(context: Context, options: ValidateOptions) -> Validation:
    """Check the targets, or all plugins of the instance but the server's own.

    Raises:
        UsageError: A rule or the version to judge for is none.
        PluginNotFoundError: A target is nothing that can be checked.
        InterpreterError: There is no target interpreter, and something needs one.
    """
    selected((), select=options.select, ignore=options.ignore)  # refuses unknown codes before the work
    survey = _survey(context, options)
    server = _server(context, options.against, survey)
    places = _places(context, survey, server)
    if options.load is not None and _is_other(context, server):
        hint = "load with the server that the options lead to, or judge for another one without loading"
        raise UsageError("`--against` and `--load` exclude each other", hint=hint)
    targets = [find_target(name, places, survey) for name in options.targets] or [whole_instance(places)]
    plugins: list[Checked] = []
    findings: list[Problem] = []
    around = _Around(context, server, survey)
    with ExitStack() as stack:
        loading = Loading(context, options.load, stack) if options.load else None
        for target in targets:
            checked, found = _check(target, around, loading)
            plugins += checked
            findings += found
    chosen = selected(findings, select=options.select, ignore=options.ignore)
    return Validation(tuple(plugins), tuple(chosen), server.version, options.strict)


def _survey(context: Context, options: ValidateOptions) -> Survey | None:
    """Look at the instance; a path can be checked where there is none."""
    try:
        return take_survey(context)
    except InterpreterError:
        if options.targets and all(path_of(name).exists() for name in options.targets) and not options.load:
            return None
        raise


def _server(context: Context, against: str | None, survey: Survey | None) -> Server:
    instance = context.instance
    own = instance.server_version.value
    version = _three_parts(against) if against is not None else own
    seen = {each.slug for each in survey.discovery.plugins if each.source is Source.BUILTIN} if survey else ()
    mandatory = MANDATORY_SLUGS if instance.mandatory.unknown else frozenset(instance.mandatory.slugs)
    return Server(version, mandatory, BUILTIN_SLUGS | frozenset(seen))


def _three_parts(version: str) -> str:
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}(\.\d{1,4})?", version, re.ASCII):
        raise UsageError(f"`{version}` is no version of InvenTree", hint="give one such as `1.5` or `1.5.2`")
    return version if version.count(".") > 1 else f"{version}.0"


def _is_other(context: Context, server: Server) -> bool:
    """Tell whether the server judged for is not the one whose source is at hand."""
    return server.version != context.instance.server_version.value


def _places(context: Context, survey: Survey | None, server: Server) -> Places:
    source_root = context.instance.source_root.value
    places = places_of(context, survey) if survey else Places()
    return places._replace(
        source_root=None if _is_other(context, server) else source_root,
        # Of a server that is not known nothing is required, but what the newest would refuse is an error.
        server_version=server.version or f"{NEWEST}.0",
    )


class _Around:
    """What is around every target: the server, and what is installed beside."""

    def __init__(self, context: Context, server: Server, survey: Survey | None) -> None:
        self.server = server
        self.neighbours = survey.discovery.plugins if survey else ()
        self.cache = FactsCache(context.cache_file) if survey and context.use_cache else None
        self._interpreter = survey.interpreter if survey else None
        self._installed = survey.distributions if survey else ()

    @cached_property
    def _modules(self) -> Mapping[str, tuple[Distribution, ...]]:
        return modules_brought(self._installed)

    def shared(self, distribution: Distribution | None) -> Mapping[str, tuple[str, ...]]:
        """Return the top-level modules of a distribution that others bring too, with their names."""
        return shared_modules(distribution, self._modules) if distribution else {}

    def lacking(self, distribution: Distribution | None) -> tuple[str, ...]:
        """Return the distributions that one requires and that are not installed."""
        if distribution is None or self._interpreter is None:
            return ()
        required = read_metadata(distribution).requires_dist
        return missing_requirements(required, self._installed, self._interpreter)


def _check(target: Target, around: _Around, loading: Loading | None) -> tuple[list[Checked], list[Problem]]:
    examination = examine(target.places, cache=around.cache)
    anatomies = [each for each in examination.anatomies if target.slug in {None, each.plugin.slug}]
    findings = [*target.problems]
    if target.slug is None:
        findings += examination.problems
    checked = []
    for anatomy in anatomies:
        findings += judge(_subject(anatomy, target, around))
        loaded = loading.load(anatomy.plugin, target) if loading else None
        if loaded is not None:
            findings += load_problems(anatomy.plugin, loaded)
        checked.append(Checked(anatomy.plugin, loaded))
    if not target.is_whole and not anatomies and not findings:
        message = f"`{target.label}` holds no plugin"
        findings.append(Problem("no-plugin-found", message, "error", path=target.path))
    return checked, findings


def _subject(anatomy: Anatomy, target: Target, around: _Around) -> Subject:
    distribution = anatomy.plugin.distribution
    return Subject(
        anatomy,
        around.server,
        () if target.is_whole else around.neighbours,
        shared=around.shared(distribution),
        is_installed=not target.import_path,
        lacking=around.lacking(distribution),
    )
