"""Made-up answers carry a mark in themselves, and answers of people do not seem to."""

import numpy as np
import pytest

from analysis.simulated_mark import looks_simulated, marked
from analysis.simulation import higher_order, simulate

CODES = range(5)


def unmarked(n: int, seed: int = 1) -> np.ndarray:
    loadings, phi = higher_order([0.85] * 6, np.repeat(range(6), 5), 0.75)
    return simulate(n, loadings, [-1, -0.2, 0.5, 1.2], np.random.default_rng(seed), phi=phi)


def with_mark(n: int) -> np.ndarray:
    answers = unmarked(n * 6)
    return answers[marked(answers, CODES)][:n]


@pytest.mark.parametrize("seed", range(20))
def test_answers_without_the_mark_do_not_look_simulated(seed: int) -> None:
    assert not looks_simulated(unmarked(2000, seed), CODES)


def test_the_mark_survives_another_order_fewer_rows_and_other_codes_of_no_answer() -> None:
    answers = with_mark(400)
    rng = np.random.default_rng(2)
    holed = np.where(rng.random(answers.shape) < 0.05, -99, answers)
    kept = holed[marked(holed, CODES)]
    assert looks_simulated(rng.permutation(answers), CODES)
    assert looks_simulated(answers[:40], CODES)
    assert looks_simulated(np.where(kept == -99, np.nan, kept.astype(float)), CODES)


def test_the_mark_survives_where_half_of_the_rows_were_changed() -> None:
    answers = with_mark(400)
    answers[:200, 0] = 4 - answers[:200, 0]
    assert looks_simulated(answers, CODES)


def test_many_people_who_answer_alike_do_not_look_simulated() -> None:
    alike = np.repeat(with_mark(1), 300, axis=0)
    assert not looks_simulated(np.concatenate([unmarked(200), alike]), CODES)


def test_the_mark_moves_no_distribution() -> None:
    plain, chosen = unmarked(30_000), with_mark(5000)
    np.testing.assert_allclose(chosen.mean(axis=0), plain.mean(axis=0), atol=0.08)
    np.testing.assert_allclose(np.corrcoef(chosen, rowvar=False), np.corrcoef(plain, rowvar=False), atol=0.06)
