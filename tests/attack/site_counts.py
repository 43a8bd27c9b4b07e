"""Somebody reads a site's file of counts and knows some answers of one person: what do they learn for sure?

`alone`: an answer that one person alone gave to an item. The tables of that item spell out all they answered.
`known`: two answers of a person. A third answer is ruled out where no table has it beside one of the two, and
claimed where one is left. Rows are made up: a factor model of thirty items.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.counts.joint import JointCounts
from analysis.simulation import higher_order, simulate, thresholds_from

ITEMS, ANSWERS = 30, 5
SHARES = (0.36, 0.3, 0.2, 0.11, 0.03)


@dataclass(frozen=True)
class Claims:
    made: int
    right: int
    by_margin: int
    """How many would be right if the answer that most people gave were claimed."""


def people(n: int, seed: int) -> NDArray[np.int64]:
    loadings, phi = higher_order([0.85] * 6, [k // 5 for k in range(ITEMS)], 0.7)
    return simulate(n, loadings, thresholds_from(SHARES), np.random.default_rng(seed), phi=phi)


def spelled_out(counts: JointCounts) -> list[tuple[int, float, list[float]]]:
    """Return what the file says of everybody who stands alone: item, answer, and their whole row."""
    found = []
    for item, place in np.argwhere(counts.item_counts == 1):
        row = [counts.categories[int(np.flatnonzero(table)[0])] for table in counts.tables[item, :, place]]
        found.append((int(item), counts.categories[place], row))
    return found


def claims_about(counts: JointCounts, rows: NDArray[np.int64], rng: np.random.Generator) -> Claims:
    """Claim a third answer of each person from two that are known, wherever one alone is left."""
    places = {value: place for place, value in enumerate(counts.categories)}
    made = right = by_margin = 0
    for row in rows:
        i, j = rng.choice(ITEMS, 2, replace=False)
        for other in range(ITEMS):
            if other in (i, j):
                continue
            left = np.flatnonzero(
                (counts.tables[i, other, places[row[i]]] > 0) & (counts.tables[j, other, places[row[j]]] > 0)
            )
            if left.size == 1:
                made += 1
                right += counts.categories[left[0]] == row[other]
                by_margin += counts.categories[int(counts.item_counts[other].argmax())] == row[other]
    return Claims(made=made, right=right, by_margin=by_margin)
