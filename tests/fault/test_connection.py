"""A few runs of what `make fault` does at length."""

from pathlib import Path

from tests.fault.connection import connection
from tests.fault.person import MOMENTS
from tests.fault.serving import logged

RUNS, SEED = 2, 4


def test_no_answer_is_lost_that_was_shown_as_saved(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    outcome = connection(url, log, RUNS, SEED)
    assert outcome.faults == []
    assert outcome.runs == RUNS
    assert outcome.saved > 300
    assert len(outcome.steps) > 15
    assert {*MOMENTS} < outcome.cuts.keys()
    # A lost connection is no fault of the server, so it is not logged.
    assert logged(log) == []
