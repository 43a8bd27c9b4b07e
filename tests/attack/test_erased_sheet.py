"""The figures of a closed wave do not reveal what somebody erased, even beside all other rows."""

from itertools import product

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from analysis.disclosure.rounding import blurred, borne
from analysis.estimate import Matrix
from app.closing import figures
from tests.attack.conftest import Target
from tests.attack.erased_sheet import CONTROLS, OPTIONS, alphas, attack, found, quantile, unchanged

pytestmark = pytest.mark.either

ITEMS = 5
SHEETS = np.array(list(product(range(OPTIONS), repeat=ITEMS)), dtype=float)


def test_no_answer_of_an_erased_sheet_is_named_by_figures_and_rows(target: Target) -> None:
    outcome = attack(target.url, 6, seed=1)
    assert (outcome.named, outcome.moved, outcome.of) == (0, 0, 180), outcome


@pytest.mark.parametrize("control", CONTROLS)
def test_the_attack_wins_where_figures_are_exact_or_computed_at_every_look(
    target: Target, control: str
) -> None:
    outcome = attack(target.url, 2, seed=1, control=control)
    assert outcome.named > 20, outcome
    assert outcome.moved == (2 if control == "live" else 0)


def scale(seed: int) -> Matrix:
    """Answers of n people to five items, of whom the first gave the same extreme answer to each."""
    chance = default_rng(seed)
    n = int(chance.integers(30, 91))
    answers = 2 + chance.normal(size=(n, 1)) + chance.normal(size=(n, ITEMS))
    return np.clip(np.round(answers), 0, OPTIONS - 1)


def told(answers: Matrix, chance: Generator | None) -> dict[str, float]:
    alpha = float(alphas(answers[1:], answers[:1])[0])
    low, high = (1 - (1 - alpha) * quantile(at, *answers.shape) for at in (0.975, 0.025))
    exact = (alpha, low, high)
    shown = borne(*(exact if chance is None else blurred(*exact, chance)))
    return dict(zip(("value", "low", "high"), (min(each, 1.0) for each in shown), strict=True))


def named(answers: Matrix, shown: dict[str, float]) -> tuple[int, int]:
    """How many answers of the first person are named rightly and wrongly, by the rows of all others."""
    first, rows = answers[0], answers[1:]
    nobody = (float(alphas(rows[1:], rows[:1])[0]), len(rows))
    of_each = alphas(rows, SHEETS)
    return found(of_each, len(answers), nobody, SHEETS, truth=list(first), told=shown)


@pytest.mark.parametrize("seed", [141, 732, 2165])
def test_an_unusual_sheet_is_named_by_rounded_figures_unless_chance_moved_them(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    answers, chance = scale(seed), default_rng(5)
    assert {named(answers, told(answers, chance)) for _ in range(20)} == {(0, 0)}
    monkeypatch.setattr(figures, "blurred", unchanged)
    assert named(answers, told(answers, None)) == (ITEMS, 0)
