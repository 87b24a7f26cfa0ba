"""What a tester broke once: forks, executors, options, and methods that are not as they should be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

import pytest

from inventree_plugins.host import HostOptions, PluginHost
from inventree_plugins.sdk import PluginError
from tests.host.conftest import PATIENCE, failures_of, finished
from tests.host.test_host_boot import config
from tests.host.test_host_events import AtOnce

HEAR = "def process_event(self, event, heard, *args): heard.append((self.slug, *args))"
SCAN = "def scan(self, barcode_data): return 1"
TASK = "SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'D'}}\ndef f(self): self.ran = True"

# Forking. The script's lines run in the child, whose `host` is the parent's.

FORKING = """
import os, signal, sys, threading

from inventree_plugins.host import HostOptions, PluginHost

class Runs(dict):
    entered, go, waits = threading.Event(), threading.Event(), False

    def get(self, *args):
        if self.waits:
            self.entered.set()
            self.go.wait(20)
        return super().get(*args)

def child():
    signal.alarm(8)  # who hangs is ended
{child}

runs = Runs()
host = PluginHost.from_config(None, HostOptions(runs=runs)).boot()
demo = host.get("demo")
for future in [*host.trigger("x", threading.Event()), *host.run_due_tasks()]:
    future.result(20)
{parent}
pid = os.fork()
if not pid:
    try:
        child()
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
runs.go.set()
host.close()
sys.exit(code)
"""
FORKED = """
def process_event(self, event, heard, *wait):
    heard.set()
    for each in wait:
        each.wait(20)

SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'I', 'minutes': 1e-5}}

def f(self): self.ran.set()

ran = threading.Event()
"""
SCHEDULER = "demo.ran.clear()\nruns.clear()\nhost.start_scheduler(seconds=60)\nassert demo.ran.wait(20)"
CHILD_HEARS = """
heard = threading.Event()
futures = host.trigger("x", heard)
assert heard.wait(3) and len(futures) == 1
host.close()
"""
CHILD_RUNS = """
runs.waits = False
demo.ran = threading.Event()
host.start_scheduler(seconds=0.01)
assert demo.ran.wait(3)
host.close()
"""
HANDLER = "entered = threading.Event()\nhost.trigger('x', entered, runs.go)\nassert entered.wait(20)"
CHILD_RELOADS = """
import time
before = time.monotonic()
assert host.reload(force=True)
assert time.monotonic() - before < 1.5, "the reload waited for a thread of the parent"
"""


def run(script):
    """Run a script in a process of its own, in this folder."""
    # From 3.12 on Python warns of forks of processes with threads.
    command = [sys.executable, "-W", "ignore", "-c", script]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def forked(world, parent, child):
    world.plugin("Demo", "EventMixin", "ScheduleMixin", body=FORKED, before="import threading")
    world.activate("demo")
    world.switch("ENABLE_PLUGINS_EVENTS", "ENABLE_PLUGINS_SCHEDULE")
    lines = "\n".join(f"    {line}" for line in child.splitlines())
    run(FORKING.format(parent=parent, child=lines))


@pytest.mark.parametrize("child", [CHILD_HEARS, CHILD_RUNS], ids=["trigger", "scheduler"])
def test_a_child_of_a_fork_has_threads_of_its_own(world, child):
    forked(world, SCHEDULER, child)


def test_a_child_of_a_fork_that_came_while_a_handler_ran_delivers(world):
    forked(world, HANDLER, CHILD_HEARS)


def test_a_child_of_a_fork_that_came_while_a_handler_ran_reloads_without_waiting_for_it(world):
    change = f"{CHILD_RELOADS}assert host.get('demo').WHICH == 2"
    write = "from pathlib import Path\nfile = Path('plugins/demo.py')\n"
    write += "file.write_text(file.read_text() + '\\n    WHICH = 2\\n')\n"
    forked(world, HANDLER, write + change)


def test_a_child_of_a_fork_that_came_while_the_scheduler_read_the_runs_has_a_scheduler(world):
    forked(world, "runs.waits = True\nhost.start_scheduler()\nassert runs.entered.wait(20)", CHILD_RUNS)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"plugins": [3]}, TypeError),
        ({"plugins": "mod:Cls"}, TypeError),
        ({"builtins": "mine"}, TypeError),
        ({"version": "1.5"}, ValueError),
        ({"version": "x"}, ValueError),
    ],
)
def test_options_that_nobody_can_mean_are_refused_at_once(world, options, kind):
    with pytest.raises(kind, match=next(iter(options))):
        PluginHost(world.instance(), HostOptions(**options))


def test_a_configured_plugin_directory_that_is_missing_is_told_of(world):
    path = config(world, plugins_enabled=True, plugin_dir=str(world.folder / "nowhere"))
    host = world.host(path).boot()
    assert failures_of(host) == [(None, "import", "FileNotFoundError")]
    assert str(world.folder / "nowhere") in host.failures[0].message


def test_the_directory_of_a_standalone_instance_may_be_missing(world):
    host = world.host().boot()
    assert (world.plugins.exists(), host.failures) == (False, ())


def test_a_directory_may_be_given_as_text(world, monkeypatch):
    world.plugin("Demo")
    world.activate("demo")
    monkeypatch.chdir(world.folder.parent)
    with PluginHost.from_config(directory=str(world.folder)) as host:
        assert list(host.boot().plugins) == ["demo"]


def test_a_long_queue_keeps_no_worker_from_the_others(world):
    wants = "\ndef wants_process_event(self, event): return event == self.slug"
    world.plugin("Many", "EventMixin", body=HEAR + wants)
    world.plugin("One", "EventMixin", body=HEAR + wants)
    waits = "def process_event(self, event, go): assert go.wait(20)"
    world.plugin("Go", "EventMixin", body=waits + wants)
    host = world.boot("many", "one", "go", workers=1)
    heard, go = [], threading.Event()
    futures = list(host.trigger("go", go))
    futures += [each for number in range(50) for each in host.trigger("many", heard, number)]
    futures += host.trigger("one", heard)
    go.set()
    finished(futures)
    assert [number for slug, *numbers in heard if slug == "many" for number in numbers] == list(range(50))
    assert heard.index(("one",)) < heard.index(("many", 49))


def test_closing_waits_for_the_deliveries_in_the_callers_executor(world):
    world.plugin("Demo", "EventMixin", body=f"go = None\n{HEAR}; assert self.go.wait(20)")
    with ThreadPoolExecutor(2) as executor:
        host = world.boot("demo", executor=executor)
        heard, host.get("demo").go = [], threading.Event()
        for number in range(20):
            host.trigger("x", heard, number)
        closing = threading.Thread(target=host.close)
        closing.start()
        closing.join(0.05)
        assert closing.is_alive()
        host.get("demo").go.set()
        closing.join(PATIENCE)
        assert len(heard) == 20


def test_an_executor_that_its_owner_shut_down_is_an_error_and_the_task_stays_due(world):
    world.plugin("Demo", "EventMixin", "ScheduleMixin", body=f"{HEAR}\n{TASK}")
    executor = ThreadPoolExecutor(1)
    host = world.boot("demo", executor=executor)
    executor.shutdown()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            host.trigger("x", [])
        with pytest.raises(RuntimeError):
            host.run_due_tasks()
        assert [task.name for task in host.due_tasks()] == ["plugin.demo.a"]
    host.close()


def test_what_was_queued_ends_where_the_owner_cancels_it(world):
    world.plugin("Demo", "EventMixin", body="def process_event(self, event, heard): pass")
    executor = ThreadPoolExecutor(1)
    host = world.boot("demo", executor=executor)
    go = threading.Event()
    executor.submit(go.wait, PATIENCE)
    futures = [*host.trigger("x", []), *host.trigger("x", [])]
    executor.shutdown(wait=False, cancel_futures=True)
    go.set()
    for each in futures:
        with pytest.raises(CancelledError):
            each.result(PATIENCE)
    host.close()


def refused(world):
    """Return futures of deliveries that a pool of processes cannot make."""
    world.plugin("Demo", "EventMixin", body=HEAR)
    executor = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with executor:
        host = world.boot("demo", executor=executor)
        futures = [each for _ in range(3) for each in host.trigger("x", [])]
        host.close(timeout=PATIENCE)
    return futures


def test_a_pool_of_processes_cancels_deliveries(world):
    for each in refused(world):
        with pytest.raises(CancelledError):
            each.result(PATIENCE)


def test_who_waits_for_cancelled_deliveries_does_not_hang(world):
    assert not wait(refused(world), timeout=0.3).not_done


@pytest.mark.parametrize("is_given", [False, True], ids=["own", "given"])
def test_closing_waits_no_longer_than_it_is_told_to(world, is_given):
    body = "def process_event(self, event, go, done): assert go.wait(20); done.set()"
    world.plugin("Demo", "EventMixin", body=body)
    executor = ThreadPoolExecutor(1) if is_given else None
    host = world.boot("demo", executor=executor)
    go, done = threading.Event(), threading.Event()
    try:
        futures = host.trigger("x", go, done)
        host.close(timeout=0.05)
        assert not done.is_set()
    finally:
        go.set()
    finished(futures)
    if executor:
        executor.shutdown()
    assert done.is_set()


def test_no_thread_is_left_after_a_close_that_did_not_wait_for_what_is_queued(world):
    world.plugin("Demo", "EventMixin", body="def process_event(self, event, go): assert go.wait(20)")
    before = set(threading.enumerate())
    host = world.boot("demo")
    go = threading.Event()
    futures = [each for _ in range(3) for each in host.trigger("x", go)]
    host.close(timeout=0.05)
    go.set()
    finished(futures)
    for each in set(threading.enumerate()) - before:
        each.join(0.3)
    assert set(threading.enumerate()) <= before


MANY = """
def process_event(self, event, number):
    self.seen.append(number)
    for each in range(1, 2001) if event == "start" else ():
        trigger_event("x", each)
    if event == "chain" and number < 2000:
        trigger_event("chain", number + 1)
seen = []
"""


@pytest.mark.parametrize("event", ["start", "chain"])
def test_thousands_of_events_of_a_handler_in_an_executor_that_runs_things_at_once(world, event):
    world.plugin("Demo", "EventMixin", body=MANY, before="from plugin.events import trigger_event")
    host = world.boot("demo", executor=AtOnce())
    host.trigger(event, 0)
    assert (host.get("demo").seen, host.failures) == (list(range(2001)), ())


def test_closing_from_two_threads_at_once(world):
    world.plugin("Demo", "EventMixin", body=HEAR)
    host = world.boot("demo")
    host.start_scheduler(seconds=0.01)
    heard, errors, both = [], [], threading.Barrier(2)

    def close():
        try:
            both.wait(PATIENCE)
            host.close()
            assert len(heard) == 50
        except BaseException as error:  # noqa: BLE001 - the test tells
            errors.append(error)

    for number in range(50):
        host.trigger("x", heard, number)
    threads = [threading.Thread(target=close) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert errors == []


def test_a_task_without_its_method_is_told_of_and_stays_due(world):
    world.plugin("Demo", "ScheduleMixin", body=TASK.replace("def f", "def g"))
    host = world.boot("demo")
    for times in (1, 2):
        finished(host.run_due_tasks())
        assert failures_of(host) == [("demo", "schedule", "AttributeError")] * times
        assert [task.name for task in host.due_tasks()] == ["plugin.demo.a"]


HEARS = "def process_event(self, event): pass"
ASYNC = {
    "scan": ("BarcodeMixin", "barcode", "async def scan(self, barcode_data): return 0"),
    "event": ("EventMixin", "events", f"async {HEARS}"),
    "task": ("ScheduleMixin", "schedule", TASK.replace("def f", "async def f")),
    "action": ("ActionMixin", "action", "async def perform_action(self, user, data): pass"),
    "wants": ("EventMixin", "events", f"{HEARS}\nasync def wants_process_event(self, event): return False"),
    "name": ("ActionMixin", "action", "async def action_name(self): return 'async'"),
}


@pytest.mark.parametrize(
    ("mixin", "phase", "body"),
    [pytest.param(*each, id=name) for name, each in ASYNC.items()],
)
def test_an_async_method_is_told_of_and_the_next_plugin_is_asked(world, mixin, phase, body):
    world.plugin("Async", mixin, body=body)
    world.plugin("Good", "BarcodeMixin", body=SCAN)
    host = world.boot("async", "good")
    finished([*host.trigger("x"), *host.run_due_tasks()])
    assert host.scan("x") == 1
    if mixin == "ActionMixin":
        with pytest.raises(PluginError):
            host.perform_action("Async")
    assert failures_of(host) == [("async", phase, "TypeError")]
    assert "async" in host.failures[0].message


UNTRANSLATED = """
from django.utils.translation import gettext_lazy

class Bad(InvenTreePlugin):
    NAME = gettext_lazy("x")
"""


def test_a_name_that_needs_a_configured_django_harms_no_other(world, monkeypatch):
    pytest.importorskip("django")
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    world.plugin("Demo", before=UNTRANSLATED)
    world.activate("demo")
    # Other tests have configured Django here.
    script = "from inventree_plugins.host import PluginHost\nhost = PluginHost.from_config().boot()\n"
    script += "assert list(host.plugins) == ['demo'], host.failures\n(failure,) = host.failures\n"
    run(
        script
        + "assert (failure.phase, type(failure.error).__name__) == ('identity', 'ImproperlyConfigured')"
    )
