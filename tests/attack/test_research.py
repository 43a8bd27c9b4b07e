"""In a research study no cluster, rare value or report tells of a person, and every fault is caught."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attack.link import attack as link
from tests.attack.research import FAULTS, attack, reported

pytestmark = pytest.mark.either


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes migrated, empty databases of this engine."""
    made = iter(range(100))

    def make() -> str:
        if request.param == "postgres":
            return request.getfixturevalue("postgres").create(template="migrated")
        path = tmp_path / f"{next(made)}.sqlite"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        return f"sqlite:///{path}"

    return make


def test_no_attack_wins(empty: Callable[[], str]) -> None:
    """By chance one run in 1,000 is right for more than six clusters: it is repeated."""
    won = attack(empty()) and attack(empty(), seed=2)
    assert won == frozenset()
    assert reported(empty()) == frozenset()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_caught(empty: Callable[[], str], fault: str) -> None:
    won = reported(empty(), fault) if FAULTS[fault] == "reported" else attack(empty(), fault)
    assert FAULTS[fault] in won


def test_nor_is_a_code_linked_to_an_answer(empty: Callable[[], str], tmp_path: Path) -> None:
    """The link attack over a research study of two waves that are linked, with clusters and a flow."""
    url = empty()
    if not url.startswith("sqlite"):
        pytest.skip("the files of PostgreSQL are searched by test_link")
    outcome = link(url, tmp_path, 200, 1, kind="research")
    if outcome.linked:
        url = empty()
        outcome = link(url, tmp_path, 200, 101, kind="research")
    assert not outcome.linked, outcome
    assert link(empty(), tmp_path, 200, 2, "skip-mix", kind="research").linked
