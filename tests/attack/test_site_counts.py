"""A file of counts spells out nobody's answers where its rule is on; where it is off the attack wins."""

import numpy as np
import pytest

from analysis.counts.joint import JointCounts, joint_counts
from analysis.disclosure.site_counts import FEWEST, SMALLEST, protect
from tests.attack.site_counts import ANSWERS, claims_about, people, spelled_out


def counted(n: int, seed: int) -> tuple[JointCounts, np.ndarray]:
    rows = people(n, seed)
    return joint_counts(rows, categories=range(ANSWERS)), rows


@pytest.mark.parametrize("n", [FEWEST, 60, 120])
def test_nobody_stands_alone_in_a_file_of_counts(n: int) -> None:
    for seed in range(4):
        counts, _ = counted(n, seed)
        told = protect(counts, np.random.default_rng(seed)).counts
        assert spelled_out(told) == []
        given = told.item_counts[told.item_counts > 0]
        pairs = told.tables[~np.eye(told.k, dtype=bool)]
        assert given.min() >= SMALLEST
        assert pairs[pairs > 0].min() >= SMALLEST


def test_without_the_rule_the_whole_row_of_who_stands_alone_is_there() -> None:
    counts, rows = counted(60, 1)
    alone = spelled_out(counts)
    assert len(alone) >= 5
    for item, answer, row in alone:
        (person,) = np.flatnonzero(rows[:, item] == answer)
        assert row == rows[person].tolist()


def test_what_two_answers_leave_is_certain_without_the_rule_alone() -> None:
    """With it about half of what is claimed is right, which statistics of the group would give as well."""
    counts, rows = counted(60, 1)
    open_ = claims_about(counts, rows, np.random.default_rng(3))
    assert open_.made >= 30
    assert open_.right == open_.made
    told = protect(counts, np.random.default_rng(1)).counts
    shut = claims_about(told, rows, np.random.default_rng(3))
    assert shut.made >= 30
    assert 0.2 < shut.right / shut.made < 0.75


def test_few_people_have_no_file() -> None:
    counts, _ = counted(FEWEST - 1, 1)
    with pytest.raises(ValueError, match=f"{FEWEST - 1} people are too few"):
        protect(counts, np.random.default_rng(1))
