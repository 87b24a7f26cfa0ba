"""A short run of the fuzzer, over this project's own sources; `make fuzz` takes longer and real plugins."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventree_plugins.models import Discovery, Plugin, Problem, Source
from tools import fuzz
from tools.mutations import MUTATIONS, mutated

SEED = 20260806
CASES = 400


def test_damaged_sources_end_with_a_typed_result(tmp_path):
    tally = fuzz.run_cases(fuzz.own_sources(), SEED, range(CASES), tmp_path)
    assert [finding.error for finding in tally.findings] == []
    assert tally.cases == CASES
    # Else the damage is such that nothing gets further than the parser.
    assert tally.parsed > CASES / 4
    assert tally.plugins > CASES / 20


def test_same_seed_makes_the_same_source():
    sources = fuzz.own_sources()
    first, second = (fuzz.case_source(sources, SEED, 7)[1] for _ in range(2))
    assert first == second
    assert first != fuzz.case_source(sources, SEED, 8)[1]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("text", [b"x", b"\n", b"  \n\n", b"x = 1\nclass A(B):\n    C = 'd'\n"])
def test_mutation_takes_any_text(mutation, text):
    for number in range(20):
        assert isinstance(mutation(fuzz.Random(number), text, b"y = 2\n"), bytes)


def test_mutated_text_is_never_empty():
    assert all(mutated(fuzz.Random(number), b"x", b"y") for number in range(200))


def _failing(error):
    def discover(*_, **__):
        raise error

    return discover


@pytest.mark.parametrize("error", [KeyError("lost"), RecursionError(), fuzz.TooSlowError()])
def test_finding_is_saved_and_makes_the_exit_code_1(tmp_path, monkeypatch, capsys, error):
    monkeypatch.setattr(fuzz, "discover", _failing(error))
    monkeypatch.setattr(fuzz, "real_sources", list)
    folder = tmp_path / "findings"
    code = fuzz.main(["--seed", "1", "--only", "3", "--count", "5", "--findings", str(folder)])
    assert code == 1
    source = fuzz.case_source(fuzz.own_sources(), 1, 3)[1]
    (saved,) = folder.glob("1-3-*.py.txt")
    assert saved.read_bytes() == source
    assert type(error).__name__ in saved.with_suffix(".error").read_text()
    assert "1 findings" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [{"slug": ""}, {"slug": "A b"}, {"version": 1}, {"title": ""}, {"pub_date": "soon"}, {"settings": (1,)}],
)
def test_result_of_other_types_is_a_finding(changes):
    fields = {"slug": "a", "name": "A", "source": Source.PACKAGE, "module": "m", "class_name": "A"}
    plugin = Plugin(**{**fields, "path": Path("m.py"), "line": 1, **changes})
    with pytest.raises(AssertionError):
        fuzz.check(Discovery((plugin,), ()))


def test_problem_of_other_types_is_a_finding():
    with pytest.raises(AssertionError):
        fuzz.check(Discovery((), (Problem("code", None),)))
