"""Twenty people at two processes; `make fault` has five hundred, and a rush of five thousand."""

from pathlib import Path

import pytest

from tests.fault.processes import FAULTS, processes
from tests.fault.rush import rush
from tests.lib.postgres_server import Postgres


@pytest.mark.postgres
@pytest.mark.parametrize("fault", FAULTS)
def test_whoever_goes_from_one_process_to_the_other_loses_nothing_and_sees_nothing_that_ended(
    postgres: Postgres, tmp_path: Path, fault: str
) -> None:
    url = postgres.create(template="migrated")
    outcome = processes(url, tmp_path, 20, seed=1, ended=1, at_once=4, fault=fault)
    assert outcome.holds is not bool(fault), outcome
    assert outcome.after.keys() == {"accounts", "phones", "tokens", "waves"}, outcome
    assert min(outcome.asked.values()) > 100, outcome
    postgres.drop(url)


@pytest.mark.postgres
def test_everybody_who_comes_at_once_to_several_processes_is_stored(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.create(template="migrated")
    outcome = rush(url, tmp_path / "log", 12, 1.0, seed=1)
    assert outcome.holds, outcome
    assert outcome.stored == 12
    postgres.drop(url)
