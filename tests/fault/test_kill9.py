"""One kill of those that `make fault` does 200 times; there a server that keeps nothing is noticed, too."""

from pathlib import Path

from tests.fault.kill9 import kill9


def test_nothing_acknowledged_is_lost_by_a_kill(sqlite_url: str, tmp_path: Path) -> None:
    outcome = kill9(sqlite_url, tmp_path / "log", 1, seed=1, at_least=30)
    assert outcome.holds, outcome
    assert (outcome.rounds, outcome.acknowledged >= 30) == (1, True)
