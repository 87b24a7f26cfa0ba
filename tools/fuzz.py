"""Run discovery over damaged sources: each run must end with a typed result, and soon.

Sources are those of the plugin packages of the field, else those of this environment, and always the
project's own. A finding is saved to a file, with the error as a comment, and makes the exit code 1. The same
seed makes the same damage: `--only N` repeats one case.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from inventree_plugins.discovery import (  # noqa: E402 - the project is not on the path
    FactsCache,
    Places,
    cache_file,
    discover,
    examine,
)
from inventree_plugins.discovery.syntax import read_facts  # noqa: E402
from inventree_plugins.models import Discovery, Distribution, EntryPoint, Plugin, Problem  # noqa: E402
from inventree_plugins.packages import normalize  # noqa: E402
from inventree_plugins.validation import Server, Subject, judge  # noqa: E402
from tools.field import field_packages  # noqa: E402
from tools.mutations import mutated, with_probe  # noqa: E402

FOLDER = ROOT / ".bench"
COUNT = 100_000
CHUNK = 250
# A run takes some milliseconds; the rest is room for a busy machine.
MOST_SECONDS = 5.0
LARGEST = 40_000

_CLASS = re.compile(rb"^class ([A-Za-z_]\w*)", re.MULTILINE)
_METADATA = (
    b"Metadata-Version: 2.1\nName: fuzzed\nVersion: 1.0\nSummary: words\nAuthor-email: A <a@example.org>\n"
)


class TooSlowError(BaseException):
    """The run takes too long; no `except Exception` may swallow it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A source that discovery does not get through, and what happened."""

    case: int
    source: bytes
    error: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a chunk of cases: how many were read as Python, plugins found, findings."""

    cases: int
    parsed: int
    plugins: int
    findings: tuple[Finding, ...]


class World:
    """A plugin directory and a package, both of the source on trial."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "plugins"
        self.package = root / "site" / "fuzzed"
        self.info = root / "site" / "fuzzed-1.0.dist-info"
        self._cache = root / "facts"
        for folder in (self.directory, self.package, self.info):
            folder.mkdir(parents=True)
        (self.directory / "__init__.py").touch()
        (self.package / "__init__.py").touch()

    def run(self, rng: Random, source: bytes) -> Discovery:
        """Discover the source as a directory's module and as a package's; AssertionError when not typed."""
        (self.directory / "fuzzed.py").write_bytes(source)
        (self.package / "core.py").write_bytes(source)
        (self.info / "METADATA").write_bytes(mutated(rng, _METADATA, source))
        name = rng.choice([each.decode() for each in _CLASS.findall(source)] or ["Absent"])
        attribute = rng.choice((name, name, "Probe", "", f"{name}.{name}", "os.path"))
        point = EntryPoint("inventree_plugins", "fuzzed", "fuzzed.core", attribute)
        site = self.info.parent
        owner = Distribution("fuzzed", normalize("fuzzed"), "1.0", site, self.info, (point,))
        places = Places(directories=(self.directory,), distributions=(owner,), import_path=(site,))
        found = discover(places)
        check(found)
        _check_closely(places, found)
        if rng.randrange(10) == 0:
            self._check_cached(places, found)
        return found

    def _check_cached(self, places: Places, found: Discovery) -> None:
        # The source was written just now, and would not be kept.
        cache_file.GRAIN_NS = 0
        self._cache.unlink(missing_ok=True)
        cold = discover(places, cache=FactsCache(self._cache))
        warm = discover(places, cache=FactsCache(self._cache))
        _hold(repr(cold) == repr(found), "a run with an empty cache finds something else")
        _hold(repr(warm) == repr(found), "a run with a full cache finds something else")


def _check_closely(places: Places, found: Discovery) -> None:
    """Look closely at what was found, and judge it by every rule."""
    anatomies = examine(places).anatomies
    _hold(len(anatomies) == len(found.plugins), "a close look finds other plugins")
    for anatomy in anatomies:
        for problem in judge(Subject(anatomy, Server("1.5.0"))):
            _check_problem(problem)


def _hold(condition: object, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def check(found: Discovery) -> None:
    """Raise AssertionError unless everything found is of the types that are promised."""
    for plugin in found.plugins:
        _check_plugin(plugin)
    for problem in found.problems:
        _check_problem(problem)


def _check_plugin(plugin: Plugin) -> None:
    _hold(isinstance(plugin.slug, str) and re.fullmatch(r"[a-z0-9_-]+", plugin.slug), f"slug {plugin.slug!r}")
    for field in ("name", "title", "description", "author", "version", "website", "license"):
        value = getattr(plugin, field)
        _hold(value is None or (isinstance(value, str) and value), f"{field} {value!r}")
    _hold(
        plugin.pub_date is None or re.fullmatch(r"\d{4}-\d\d-\d\d", plugin.pub_date), f"{plugin.pub_date!r}"
    )
    _hold(all(isinstance(each, str) for each in (*plugin.settings, *plugin.mixins)), "keys that are no text")
    for problem in plugin.problems:
        _check_problem(problem)
    for each in plugin.shadowed:
        _check_plugin(each)


def _check_problem(problem: Problem) -> None:
    _hold(isinstance(problem, Problem) and isinstance(problem.message, str), f"{problem!r}")
    _hold(problem.path is None or isinstance(problem.path, Path), f"path {problem.path!r}")
    _hold(problem.line is None or isinstance(problem.line, int), f"line {problem.line!r}")
    json.dumps([str(value) for value in problem])


def case_source(sources: Sequence[bytes], seed: int, case: int) -> tuple[Random, bytes]:
    """Return the case's own source of chance, and its damaged source."""
    rng = Random(f"{seed}:{case}")
    text = b""
    # What is no Python goes no further than the parser: most get several tries to stay Python.
    for _ in range(rng.choice((1, 3, 6))):
        text = mutated(rng, rng.choice(sources), rng.choice(sources))
        if rng.random() < 0.6:  # noqa: PLR2004 - a share
            text = with_probe(rng, text)
        if read_facts(text).problem is None:
            break
    return rng, text


def run_cases(sources: Sequence[bytes], seed: int, cases: range, root: Path) -> Tally:
    """Run the cases in a world below `root`."""
    world = World(root)
    findings: list[Finding] = []
    parsed = plugins = 0
    for case in cases:
        rng, source = case_source(sources, seed, case)
        start = time.perf_counter()
        try:
            with _time_limit():
                found = world.run(rng, source)
        except (Exception, TooSlowError) as error:  # noqa: BLE001 - any error is what is looked for
            seconds = time.perf_counter() - start
            text = "".join(traceback.format_exception(error)[-6:])
            findings.append(Finding(case, source, f"after {seconds:.1f} s\n{text}"))
            continue
        plugins += len(found.plugins)
        codes = {each.code for each in found.problems}
        parsed += codes.isdisjoint({"syntax-error", "too-complex", "file-too-large", "unreadable-file"})
    return Tally(len(cases), parsed, plugins, tuple(findings))


@contextmanager
def _time_limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def own_sources() -> list[bytes]:
    """Return the project's own sources, where most of what discovery can read occurs."""
    return _texts((*ROOT.glob("inventree_plugins/**/*.py"), *ROOT.glob("tests/**/*.py")))


def real_sources() -> list[bytes]:
    """Return the sources of the field's packages; without these, of this environment."""
    site = field_packages(FOLDER / "field") or Path(sysconfig.get_path("purelib"))
    return _texts(site.glob("**/*.py"))


def _texts(paths: Iterator[Path] | Sequence[Path]) -> list[bytes]:
    texts = (path.read_bytes() for path in sorted(paths) if path.stat().st_size <= LARGEST)
    return [text for text in texts if text.strip()]


def _save(finding: Finding, seed: int, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(finding.source).hexdigest()[:12]
    path = folder / f"{seed}-{finding.case}-{name}.py.txt"
    path.write_bytes(finding.source)
    path.with_suffix(".error").write_text(finding.error)
    return path


def _run_all(sources: Sequence[bytes], options: argparse.Namespace, root: Path) -> Iterator[Tally]:
    chunks = [range(at, min(at + CHUNK, options.count)) for at in range(0, options.count, CHUNK)]
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = {
            pool.submit(run_cases, sources, options.seed, chunk, root / str(chunk.start)): chunk
            for chunk in chunks
        }
        for future in as_completed(waiting):
            folder = root / str(waiting[future].start)
            try:
                yield future.result()
            except BrokenProcessPool:
                yield Tally(0, 0, 0, _crashes(root))
                return
            shutil.rmtree(folder, ignore_errors=True)


def _crashes(root: Path) -> tuple[Finding, ...]:
    """Return what the workers were at when one of them died."""
    files = root.glob("*/plugins/fuzzed.py")
    return tuple(Finding(-1, file.read_bytes(), "a worker died at this or another one") for file in files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases over all cores; return 1 when there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="how many damaged sources")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeat a run")
    parser.add_argument("--only", type=int, help="run this one case and print its source")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many processes")
    parser.add_argument("--findings", type=Path, default=FOLDER / "findings", help="where findings go")
    options = parser.parse_args(arguments)
    sources = real_sources() + own_sources()
    print(f"seed {options.seed}: {options.count} mutations of {len(sources)} sources", flush=True)
    with tempfile.TemporaryDirectory() as root:
        if options.only is not None:
            sys.stdout.buffer.write(case_source(sources, options.seed, options.only)[1] + b"\n")
            cases = range(options.only, options.only + 1)
            return _report(iter([run_cases(sources, options.seed, cases, Path(root) / "one")]), options)
        return _report(_run_all(sources, options, Path(root)), options)


def _report(tallies: Iterator[Tally], options: argparse.Namespace) -> int:
    start = time.perf_counter()
    cases = parsed = plugins = findings = 0
    for tally in tallies:
        cases, parsed, plugins = cases + tally.cases, parsed + tally.parsed, plugins + tally.plugins
        for finding in tally.findings:
            findings += 1
            path = _save(finding, options.seed, options.findings)
            print(f"case {finding.case}: {finding.error.strip().splitlines()[-1]} ({path})", flush=True)
    seconds = time.perf_counter() - start
    print(f"{cases} cases, {parsed} still Python, {plugins} plugins, {findings} findings, {seconds:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
