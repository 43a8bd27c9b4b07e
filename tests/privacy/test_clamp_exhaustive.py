"""No answer is ruled out for anyone: every possible data set, as an outsider or a colleague reads it."""

from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest

from analysis.disclosure.base_table import Item, Rules, Sum, clamp, with_bands
from tests.privacy.attackers import ruled_out

NO_CLAMP = -1  # with C = -1 the edges of the clamp are the edges of the scale


def told(values: tuple[float, ...], *, points: int, insiders: int) -> Sum:
    return clamp(values, 0, points - 1, Rules(insiders=insiders))


@pytest.mark.parametrize(
    ("points", "n", "insiders"),
    [(5, 6, 0), (5, 6, 1), (5, 7, 2), (2, 10, 0), (2, 10, 1), (2, 10, 2), (4, 7, 1), (2, 12, 1)],
)
def test_every_answer_stays_possible_for_everyone(points, n, insiders):
    display = partial(told, points=points, insiders=insiders)
    for knowing in range(insiders + 1):
        assert not ruled_out(product(range(points), repeat=n), display, range(points), knowing)


@pytest.mark.parametrize(("points", "n"), [(5, 6), (2, 10)])
def test_without_the_clamp_answers_are_ruled_out(points, n):
    display = partial(told, points=points, insiders=NO_CLAMP)
    assert ruled_out(product(range(points), repeat=n), display, range(points), 0)
    assert ruled_out(product(range(points), repeat=n), display, range(points), 1)


def test_a_clamp_for_nobody_does_not_stop_a_colleague():
    display = partial(told, points=5, insiders=0)
    assert not ruled_out(product(range(5), repeat=6), display, range(5), 0)
    assert ruled_out(product(range(5), repeat=6), display, range(5), 1)


# ---- facet scores: 0 to 100 in steps of 5 (five answers) or of 6.25 (four); counted in 80ths of a point ----

FIVE, FOUR = 400, 500
SCORES = sorted({FIVE * i for i in range(21)} | {FOUR * i for i in range(17)})


def facet_display(total: int, n: int, *, step: float) -> Sum:
    return clamp([total / 80] + [0.0] * (n - 1), 0, 100, Rules(), step=step)


def facet_scores_ruled_out(n: int, step: float) -> int:
    """Over every sum that n people can reach: what is possible for one, beside a colleague."""
    reach = {0}
    for _ in range(n - 2):
        reach = {total + score for total in reach for score in SCORES}
    together = {(one, other): one + other for one in SCORES for other in SCORES}
    shown: dict[Sum, set[tuple[int, int]]] = {}
    for pair, amount in together.items():
        for total in reach:
            shown.setdefault(facet_display(total + amount, n, step=step), set()).add(pair)
    return sum(
        (score, known) not in pairs
        for pairs in shown.values()
        for known in {k for _, k in pairs}
        for score in SCORES
    )


@pytest.mark.parametrize("n", [5, 6])
def test_every_facet_score_stays_possible(n):
    assert facet_scores_ruled_out(n, step=5) == 0


def test_an_exact_sum_of_facet_scores_would_rule_some_out():
    assert facet_scores_ruled_out(5, step=1 / 80) > 0


# ---- sums and bands of one item together, by histograms ------------------------------------------------


def an_item(points: int) -> Item:
    return Item(id="x", sentence="", reversed=False, low=0, high=points - 1, labels=("",) * points)


def histograms(n: int, points: int) -> np.ndarray:
    if points == 2:
        return np.stack([np.arange(n + 1), n - np.arange(n + 1)], axis=1)
    parts = [histograms(n - first, points - 1) for first in range(n + 1)]
    return np.concatenate([np.insert(part, 0, first, axis=1) for first, part in enumerate(parts)])


def real_display(counts: tuple[int, ...], insiders: int) -> Sum:
    values = [value for value, count in enumerate(counts) for _ in range(count)]
    points = len(counts)
    rules = Rules(insiders=insiders)
    return with_bands(clamp(values, 0, points - 1, rules), an_item(points), values, rules)


def by_display(n: int, points: int, insiders: int) -> tuple[np.ndarray, np.ndarray]:
    """All histograms, with a number for what is displayed of each: written independently of the code it
    checks.
    """
    table = histograms(n, points)
    total = table @ np.arange(points)
    top = points - 1
    low, high = (insiders + 1) * top, (n - insiders - 1) * top
    sizes = {
        (5, False): ["212"],
        (5, True): ["11111", "2111", "1112", "212"],
        (7, False): ["313"],
        (4, True): ["1111", "211", "112"],
        (3, False): ["111"],
        (3, True): ["111"],
    }.get((points, n >= 40), [])
    number = np.where(total <= low, 0, np.where(total >= high, 1, 2))
    open_ = number == 2
    number[open_] += total[open_] * 8
    for kind, size in enumerate(sizes, start=1):
        edges = np.cumsum([0, *map(int, size)])
        counts = np.stack([table[:, a:b].sum(axis=1) for a, b in pairwise(edges)], axis=1)
        room = (insiders + 1) * (max(map(int, size)) - 1)
        fits = open_ & (counts.min(axis=1) >= insiders + 2)
        fits &= (total - counts @ edges[:-1] >= room) & (counts @ (edges[1:] - 1) - total >= room)
        number[fits] += kind
        for place in range(len(size)):
            number[fits] += counts[fits, place] * (8 * 1000) * (n + 1) ** place
        open_ = open_ & ~fits
    return table, np.unique(number, return_inverse=True)[1]


def ruled_out_by_bands(n: int, points: int, insiders: int = 1) -> int:
    table, display = by_display(n, points, insiders)
    size = display.max() + 1

    def in_some(rows: np.ndarray) -> np.ndarray:
        return np.bincount(display, weights=rows, minlength=size) > 0

    present = [in_some(table[:, known] >= 1) for known in range(points)]
    return sum(
        int(
            (
                present[known] & ~in_some((table[:, known] >= 1) & (table[:, value] >= 1 + (known == value)))
            ).sum()
        )
        for known in range(points)
        for value in range(points)
    )


@pytest.mark.parametrize("n", range(20, 61))
def test_sum_and_bands_together_rule_nothing_out(n):
    """Attack A1 on the joint display, over every histogram of n answers."""
    assert ruled_out_by_bands(n, 5) == 0


@pytest.mark.parametrize(
    ("points", "n", "insiders"),
    [(3, 20, 1), (3, 40, 1), (4, 40, 1), (4, 60, 1), (7, 20, 1), (5, 40, 2), (5, 20, 2)],
)
def test_so_do_those_of_other_scales(points, n, insiders):
    assert ruled_out_by_bands(n, points, insiders) == 0


@pytest.mark.parametrize(("n", "points"), [(20, 5), (40, 3), (40, 4)])
def test_the_displays_counted_are_the_displays_shown(n, points):
    """The test's own display and the code's distinguish the same histograms, for all of these n."""
    table, display = by_display(n, points, 1)
    pairs = {
        (int(number), real_display(tuple(row), 1))
        for row, number in zip(table.tolist(), display, strict=True)
    }
    assert len(pairs) == len({number for number, _ in pairs}) == len({shown for _, shown in pairs})


def test_the_displays_of_larger_groups_are_those_shown():
    rng = np.random.default_rng(7)
    for n in (30, 39, 40, 45):
        table, display = by_display(n, 5, 1)
        rows = rng.choice(len(table), 1500, replace=False)
        pairs = {(int(display[i]), real_display(tuple(table[i].tolist()), 1)) for i in rows}
        assert len(pairs) == len({number for number, _ in pairs}) == len({shown for _, shown in pairs})
