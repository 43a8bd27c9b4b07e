"""A few runs of what `make fault` does at length."""

from pathlib import Path

from tests.fault.connection import connection

RUNS = 4


def test_no_answer_is_lost_that_was_shown_as_saved(url: str, tmp_path: Path) -> None:
    outcome = connection(url, tmp_path / "log", RUNS, seed=3)
    assert outcome.faults == []
    assert outcome.runs == RUNS
    assert outcome.saved > 500
    assert len(outcome.steps) > 15
    assert len(outcome.cuts) >= 4
