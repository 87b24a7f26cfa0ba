"""Scheduled tasks: when they are due, that they run, and what a failing one does."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from inventree_plugins.host import Run
from tests.host.conftest import PATIENCE, failures_of, finished

UTC = timezone.utc
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def tasks(*entries):
    """Return the body of a plugin whose task `f` counts."""
    text = ", ".join(f"'t{number}': {entry}" for number, entry in enumerate(entries))
    return f"SCHEDULED_TASKS = {{{text}}}\ncount = 0\ndef f(self): type(self).count += 1"


def one(schedule, **more):
    return repr({"func": "f", "schedule": schedule, **more})


def hosting(world, *entries, **options):
    world.plugin("Demo", "ScheduleMixin", body=tasks(*entries))
    return world.boot("demo", **options)


def names(found):
    return [task.name for task in found]


def test_tasks_have_the_servers_names(world):
    host = hosting(world, one("D"), one("H"))
    assert names(host.tasks()) == ["plugin.demo.t0", "plugin.demo.t1"]


def test_a_new_task_is_due_at_once_and_runs(world):
    host = hosting(world, one("D"))
    assert names(host.due_tasks(START)) == ["plugin.demo.t0"]
    finished(host.run_due_tasks(START))
    assert host.get("demo").count == 1
    assert host.due_tasks(START) == ()


def test_asking_what_is_due_runs_nothing(world):
    host = hosting(world, one("D"))
    for _ in range(3):
        assert len(host.due_tasks(START)) == 1
    assert host.get("demo").count == 0


def test_without_the_switch_there_are_no_tasks(world):
    world.plugin("Demo", "ScheduleMixin", body=tasks(one("D")))
    assert world.boot("demo", switches=False).due_tasks(START) == ()


def test_inactive_plugins_have_no_tasks(world):
    hosting(world, one("D"))
    world.deactivate("demo")
    assert world.host().boot().tasks() == ()


def at(text, zone=UTC, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


NEXT = [
    ("I", 5, "2026-01-31T12:00", "2026-01-31T12:05"),
    ("I", 0.5, "2026-01-31T12:00", "2026-01-31T12:00:30"),
    ("I", 1440, "2026-12-31T12:00", "2027-01-01T12:00"),
    ("H", None, "2026-12-31T23:30", "2027-01-01T00:30"),
    ("D", None, "2028-02-28T12:00", "2028-02-29T12:00"),
    ("D", None, "2026-02-28T12:00", "2026-03-01T12:00"),
    ("W", None, "2026-12-28T12:00", "2027-01-04T12:00"),
    ("M", None, "2026-01-31T12:00", "2026-02-28T12:00"),
    ("M", None, "2028-01-31T12:00", "2028-02-29T12:00"),
    ("M", None, "2026-12-15T12:00", "2027-01-15T12:00"),
    ("M", None, "2026-11-30T12:00", "2026-12-30T12:00"),
    ("Q", None, "2026-11-30T12:00", "2027-02-28T12:00"),
    ("Q", None, "2026-09-30T12:00", "2026-12-30T12:00"),
    ("Y", None, "2028-02-29T12:00", "2029-02-28T12:00"),
    ("Y", None, "2026-12-31T12:00", "2027-12-31T12:00"),
    ("d", None, "2026-01-31T12:00", "2026-02-01T12:00"),
    (" H ", None, "2026-01-31T12:00", "2026-01-31T13:00"),
]


@pytest.mark.parametrize(("schedule", "minutes", "last", "due"), NEXT)
def test_a_task_is_due_again_at_its_time_and_not_before(world, schedule, minutes, last, due):
    more = {} if minutes is None else {"minutes": minutes}
    host = hosting(world, one(schedule, **more))
    finished(host.run_due_tasks(at(last)))
    assert host.due_tasks(at(due) - timedelta(seconds=1)) == ()
    assert len(host.due_tasks(at(due))) == 1
    assert len(host.due_tasks(at(due) + timedelta(days=4000))) == 1


# In Berlin clocks go from 2:00 to 3:00 on 29 March 2026, and from 3:00 back to 2:00 on 25 October.
CLOCKS = [
    ("H", {}, at("2026-10-25T02:30", BERLIN), at("2026-10-25T02:30", BERLIN, fold=1)),
    ("H", {}, at("2026-03-29T01:30", BERLIN), at("2026-03-29T03:30", BERLIN)),
    ("I", {"minutes": 30}, at("2026-10-25T02:45", BERLIN), at("2026-10-25T02:15", BERLIN, fold=1)),
    ("I", {"minutes": 30}, at("2026-03-29T01:45", BERLIN), at("2026-03-29T03:15", BERLIN)),
    ("H", {}, at("2026-10-25T00:30"), at("2026-10-25T02:30", BERLIN, fold=1)),
]


@pytest.mark.parametrize(("schedule", "more", "last", "due"), CLOCKS, ids=range(len(CLOCKS)))
def test_an_hour_is_an_hour_also_when_clocks_change(world, schedule, more, last, due):
    host = hosting(world, one(schedule, **more))
    finished(host.run_due_tasks(last))
    before = (due.astimezone(UTC) - timedelta(minutes=1)).astimezone(BERLIN)
    assert host.due_tasks(before) == ()
    assert len(host.due_tasks(due)) == 1


def test_a_day_goes_by_the_clock_of_the_zone_it_was_run_in(world):
    host = hosting(world, one("D"))
    finished(host.run_due_tasks(at("2026-10-24T12:00", BERLIN)))
    assert host.due_tasks(at("2026-10-25T11:59", BERLIN)) == ()
    assert len(host.due_tasks(at("2026-10-25T12:00", BERLIN))) == 1


def test_times_of_different_zones_are_compared(world):
    host = hosting(world, one("D"))
    finished(host.run_due_tasks(START))
    other = timezone(timedelta(hours=-11))
    assert host.due_tasks((START + timedelta(hours=23)).astimezone(other)) == ()
    assert len(host.due_tasks((START + timedelta(hours=24)).astimezone(other))) == 1


def test_a_time_without_a_zone_is_local(world):
    host = hosting(world, one("D"))
    finished(host.run_due_tasks(datetime(2026, 1, 31, 12, 0)))  # noqa: DTZ001
    assert host.due_tasks(datetime(2026, 2, 1, 11, 59)) == ()  # noqa: DTZ001
    assert len(host.due_tasks(datetime(2026, 2, 1, 12, 0))) == 1  # noqa: DTZ001


def test_now_is_now_unless_said_otherwise(world):
    host = hosting(world, one("D"))
    finished(host.run_due_tasks())
    assert host.due_tasks() == ()
    assert len(host.due_tasks(datetime.now(UTC) + timedelta(days=1))) == 1


@pytest.mark.parametrize("minutes", [1e12, float("inf"), 10**30])
def test_a_task_of_the_far_future_is_never_due_again(world, minutes):
    text = repr(minutes).replace("inf", "float('inf')")
    host = hosting(world, "{'func': 'f', 'schedule': 'I', 'minutes': " + text + "}")
    for zone in (UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=11))):
        finished(host.run_due_tasks(START.astimezone(zone)))
        assert host.due_tasks(START.astimezone(UTC) + timedelta(days=365 * 1000)) == ()
    assert host.get("demo").count == 1


def test_repeats_are_counted(world):
    host = hosting(world, one("D", repeats=2))
    for day in range(5):
        finished(host.run_due_tasks(START + timedelta(days=day)))
    assert host.get("demo").count == 2


@pytest.mark.parametrize("repeats", [-1, 0, None])
def test_minus_one_stands_for_ever(world, repeats):
    host = hosting(world, one("D", repeats=repeats))
    for day in range(5):
        finished(host.run_due_tasks(START + timedelta(days=day)))
    assert host.get("demo").count == 5


def test_a_task_that_missed_several_times_runs_once(world):
    host = hosting(world, one("H"))
    finished(host.run_due_tasks(START))
    finished(host.run_due_tasks(START + timedelta(days=9)))
    assert host.get("demo").count == 2


def test_a_clock_that_goes_back_runs_nothing_twice(world):
    host = hosting(world, one("H"))
    finished(host.run_due_tasks(START))
    finished(host.run_due_tasks(START - timedelta(minutes=30)))
    assert host.get("demo").count == 1


def test_runs_last_across_hosts_in_the_servers_mapping(world):
    runs = {}
    host = hosting(world, one("D"), runs=runs)
    finished(host.run_due_tasks(START))
    assert runs == {"plugin.demo.t0": Run(START, 1)}
    host.close()
    again = world.host(runs=runs).boot()
    assert again.due_tasks(START + timedelta(hours=1)) == ()
    assert len(again.due_tasks(START + timedelta(days=1))) == 1


def test_runs_last_across_reloads(world):
    host = hosting(world, one("D"))
    finished(host.run_due_tasks(START))
    world.plugin("Demo", "ScheduleMixin", body=tasks(one("D"), one("H")))
    host.reload(force=True)
    assert names(host.due_tasks(START + timedelta(hours=1))) == ["plugin.demo.t1"]


def test_functions_with_dots_are_global(world):
    (world.site / "far_away.py").write_text("calls = []\ndef work(): calls.append(1)\n")
    host = hosting(world, "{'func': 'far_away.work', 'schedule': 'D'}")
    finished(host.run_due_tasks(START))
    import far_away

    assert far_away.calls == [1]


def test_functions_of_the_plugins_own_module_may_be_named_with_dots(world):
    body = "SCHEDULED_TASKS = {'a': {'func': 'plugins.demo.work', 'schedule': 'D'}}"
    world.plugin("Demo", "ScheduleMixin", body=body, before="calls = []\ndef work(): calls.append(1)")
    host = world.boot("demo")
    finished(host.run_due_tasks(START))
    import plugins.demo

    assert plugins.demo.calls == [1]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("nothing", "AttributeError"),
        ("nowhere_at_all.f", "ModuleNotFoundError"),
        ("json.nothing_such", "AttributeError"),
        ("SCHEDULED_TASKS", "TypeError"),
        (".f", "ValueError"),
    ],
)
def test_a_function_that_is_not_there_is_told_of(world, function, kind):
    host = hosting(world, repr({"func": function, "schedule": "D"}), one("D"))
    finished(host.run_due_tasks(START))
    assert failures_of(host) == [("demo", "schedule", kind)]
    assert host.get("demo").count == 1


@pytest.mark.parametrize("text", ["raise ValueError", "raise SystemExit", "self.g()", "raise GeneratorExit"])
def test_a_task_that_raises_is_told_of_and_comes_again(world, text):
    body = tasks(repr({"func": "g", "schedule": "D"}), one("D")) + f"\ndef g(self): {text}"
    world.plugin("Demo", "ScheduleMixin", body=body)
    host = world.boot("demo")
    for day in range(2):
        finished(host.run_due_tasks(START + timedelta(days=day)))
    assert [(each.slug, each.phase) for each in host.failures] == [("demo", "schedule")] * 2
    assert host.get("demo").count == 2


SLOW = """
SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'H'}}
running = most = count = 0

def f(self):
    cls = type(self)
    cls.running += 1
    cls.count += 1
    cls.most = max(cls.most, cls.running)
    self.started.set()
    assert self.go.wait(20)
    cls.running -= 1

started = threading.Event()
go = threading.Event()
"""


def test_a_task_that_still_runs_when_it_is_due_again_does_not_run_twice_at_once(world):
    world.plugin("Demo", "ScheduleMixin", body=SLOW, before="import threading")
    host = world.boot("demo")
    plugin = host.get("demo")
    futures = [*host.run_due_tasks(START)]
    assert plugin.started.wait(PATIENCE)
    for hour in range(1, 6):
        futures += host.run_due_tasks(START + timedelta(hours=hour))
    plugin.go.set()
    finished(futures)
    assert plugin.most == 1


def test_a_task_that_still_runs_does_not_pile_up(world):
    """Of all the times that it missed, it makes up for one at most."""
    world.plugin("Demo", "ScheduleMixin", body=SLOW, before="import threading")
    host = world.boot("demo")
    plugin = host.get("demo")
    futures = [*host.run_due_tasks(START)]
    assert plugin.started.wait(PATIENCE)
    for hour in range(1, 20):
        futures += host.run_due_tasks(START + timedelta(hours=hour))
    plugin.go.set()
    finished(futures)
    assert plugin.count <= 2


def test_a_slow_task_holds_up_no_other(world):
    world.plugin("Slow", "ScheduleMixin", body=SLOW, before="import threading")
    world.plugin("Demo", "ScheduleMixin", body=tasks(one("D")))
    host = world.boot("demo", "slow")
    demo, slow = host.run_due_tasks(START)
    finished([demo])
    assert host.get("demo").count == 1
    host.get("slow").go.set()
    finished([slow])


def test_a_slow_task_does_not_hold_up_the_events_of_its_plugin(world):
    body = SLOW + "\ndef process_event(self, event): self.seen = event"
    world.plugin("Demo", "ScheduleMixin", "EventMixin", body=body, before="import threading")
    host = world.boot("demo")
    started = host.run_due_tasks(START)
    finished(host.trigger("x"))
    assert host.get("demo").seen == "x"
    host.get("demo").go.set()
    finished(started)


def test_threads_that_look_at_once_start_each_task_once(world):
    host = hosting(world, one("D"), one("D"))
    barrier, futures = threading.Barrier(8), []

    def look():
        barrier.wait(PATIENCE)
        futures.extend(host.run_due_tasks(START))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    finished(futures)
    assert len(futures) == 2


def test_a_plugin_disabled_between_start_and_run_is_told_of_or_runs(world):
    host = hosting(world, one("D"))
    task = host.due_tasks(START)[0]
    world.deactivate("demo")
    host.reload()
    assert host.due_tasks(START) == ()
    assert task.slug == "demo"


EVENTFUL = """
SCHEDULED_TASKS = {'a': {'func': 'f', 'schedule': 'I', 'minutes': 0.0001}}
def f(self):
    self.count += 1
    if self.count == 3: self.done.set()
count = 0
done = threading.Event()
"""


def test_the_scheduler_thread_runs_tasks_until_the_host_is_closed(world):
    world.plugin("Demo", "ScheduleMixin", body=EVENTFUL, before="import threading")
    host = world.boot("demo")
    host.start_scheduler(seconds=0.001)
    host.start_scheduler(seconds=0.001)
    plugin = host.get("demo")
    assert plugin.done.wait(PATIENCE)
    host.close()
    count = plugin.count
    assert not [each for each in threading.enumerate() if each.name == "plugin-scheduler"]
    assert plugin.count == count


def test_the_scheduler_can_be_started_again_after_another_boot(world):
    world.plugin("Demo", "ScheduleMixin", body=EVENTFUL, before="import threading")
    host = world.boot("demo")
    host.start_scheduler(seconds=0.001)
    host.close()
    plugin = host.get("demo")
    plugin.count = 0
    plugin.done.clear()
    with pytest.raises(RuntimeError, match="the host is closed"):
        host.run_due_tasks(datetime(2099, 1, 1, tzinfo=UTC))
    host.boot()
    host.start_scheduler(seconds=0.001)
    assert plugin.done.wait(PATIENCE)


class Flaky(dict):
    """A mapping over something that fails once, such as a database."""

    def __init__(self):
        super().__init__()
        self.failed = threading.Event()

    def __setitem__(self, key, value):
        if not self.failed.is_set():
            self.failed.set()
            raise OSError("the database is away")
        super().__setitem__(key, value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_scheduler_survives_a_mapping_that_fails_once(world):
    world.plugin("Demo", "ScheduleMixin", body=EVENTFUL, before="import threading")
    runs = Flaky()
    host = world.boot("demo", runs=runs)
    host.start_scheduler(seconds=0.001)
    assert runs.failed.wait(PATIENCE)
    assert host.get("demo").done.wait(2)


def test_the_scheduler_survives_a_task_that_raises(world):
    body = EVENTFUL.replace("self.count += 1", "self.count += 1\n    if self.count == 1: raise SystemExit")
    world.plugin("Demo", "ScheduleMixin", body=body, before="import threading")
    host = world.boot("demo")
    host.start_scheduler(seconds=0.001)
    assert host.get("demo").done.wait(PATIENCE)


def test_the_scheduler_goes_on_over_a_reload(world):
    world.plugin("Other", "ScheduleMixin", body=EVENTFUL, before="import threading")
    host = hosting(world, one("D"))
    host.start_scheduler(seconds=0.001)
    world.activate("other")
    host.reload()
    assert host.get("other").done.wait(PATIENCE)
