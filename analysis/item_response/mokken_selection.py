"""Which items form Mokken scales, and whether answers rise with the rest of the scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from analysis.estimate import Matrix, PrintedTable, TableParts, Unavailable, as_matrix, complete_rows, table
from analysis.item_response.mokken import mokken_scalability

ROUNDING: Final = 1e-12
EARLIER: Final = 1e-10  # subtracted from H for each later position: the first of equal pairs is chosen
ONE_SIDED: Final = 1.6449  # 5 % of the normal distribution, to the digits that mokken has


@dataclass(frozen=True, kw_only=True)
class MokkenScales(PrintedTable):
    """The scale of each item, numbered from 1 in the order found, 0 for an item of none."""

    scales: tuple[int, ...]
    names: tuple[str, ...]
    lower_bound: float
    n: int

    def _rows(self) -> list[tuple[str, int]]:
        return list(zip(self.names, self.scales, strict=True))

    def __str__(self) -> str:
        return f"n = {self.n}, lower bound {self.lower_bound:g}\n" + table(*self._table())

    def _table(self) -> TableParts:
        return ("item", "scale"), self._rows()


@dataclass(frozen=True, kw_only=True)
class Monotonicity:
    """One item's steps over groups of people ordered by the rest score.

    `comparisons` counts pairs of groups that could go against the order, `violations` those that do by more
    than the smallest that counts; `largest` and `sum` are of their sizes, `significant` how many of them a
    one-sided test at 5 % confirms, `z` the largest statistic. `groups` holds the lowest and the highest rest
    score, the number of people, and the shares who pass each step.
    """

    name: str
    h: float
    comparisons: int
    violations: int
    largest: float
    sum: float
    z: float
    significant: int
    groups: tuple[tuple[float, float, int, tuple[float, ...]], ...]

    @property
    def per_comparison(self) -> float:
        """Sum of the violations over the number of comparisons, NaN where there is none."""
        return self.sum / self.comparisons if self.comparisons else float("nan")

    @property
    def criterion(self) -> int:
        """Molenaar and Sijtsma's weighted sum of all these: below 40 is taken for sampling error."""
        if not self.violations:
            return 0
        return floor(
            50 * (0.3 - self.h)
            + sqrt(self.violations)
            + 100 * self.violations / self.comparisons
            + 100 * self.largest
            + 10 * sqrt(self.sum)
            + 1000 * self.per_comparison
            + 5 * self.z
            + 10 * sqrt(self.significant)
            + 100 * self.significant / self.comparisons
        )


def mokken_scales(
    X: ArrayLike,
    *,
    lower_bound: float = 0.3,
    alpha: float = 0.05,
    names: Sequence[str] | None = None,
) -> MokkenScales | Unavailable:
    """Sort items into Mokken scales: the automated item selection procedure.

    Parameters
    ----------
    X
        n x k answers, NaN for missing; complete rows count.
    lower_bound
        What each item's H within its scale must reach.
    alpha
        Level of all tests of a scale together, that H_ij and H_i are above nought.
    names
        Names of the items.

    Returns
    -------
    MokkenScales or Unavailable
        Unavailable where H is: fewer than 3 complete rows or 2 items, or a constant item.

    Raises
    ------
    ValueError
        `alpha` is not between 0 and 1.

    Notes
    -----
    H_i = Σ_j cov(i, j) / Σ_j max cov(i, j), the largest covariances that the margins allow, and H the same
    with sums over all pairs (see `mokken_scalability`).

    A scale starts with the pair of the highest significant H_ij and takes in, one at a time, the item that
    covaries negatively with none in it, whose H_i with them reaches the bound and is significant, and that
    leaves the H of the scale highest; what is left forms the next scale. Tests are Mokken's z with alpha over
    the number of pairs and items tried so far. The first of equal items, in their order, is taken. Equal to
    ``mokken::aisp(na.omit(x), lowerbound, alpha = alpha)``.

    References
    ----------
    Mokken, R. J. (1971). A Theory and Procedure of Scale Analysis. De Gruyter.
    Sijtsma, K., & van der Ark, L. A. (2017). A tutorial on how to do a Mokken scale analysis. British Journal
    of Mathematical and Statistical Psychology, 70, 137-158.

    Examples
    --------
    >>> from analysis.simulation import simulate
    >>> X = simulate(300, [[0.8, 0]] * 3 + [[0, 0.8]] * 2, [-0.5, 0.5], np.random.default_rng(1))
    >>> mokken_scales(X).scales
    (1, 1, 1, 2, 2)
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not at {alpha}")
    rows = complete_rows(as_matrix(X))
    found = mokken_scalability(rows)
    if isinstance(found, Unavailable):
        return found
    pairs = _pairs(rows, alpha, lower_bound)
    scales = np.zeros(found.k, dtype=np.int64)
    scale = 0
    while (scales == 0).sum() >= 2:  # noqa: PLR2004 - a scale has two items
        scale += 1
        if not pairs.form(scales, scale):
            break
    return MokkenScales(
        scales=tuple(int(s) for s in scales),
        names=_names(names, found.k),
        lower_bound=lower_bound,
        n=len(rows),
    )


def _names(names: Sequence[str] | None, k: int) -> tuple[str, ...]:
    given = tuple(names) if names is not None else tuple(f"item {j + 1}" for j in range(k))
    if len(given) != k:
        raise ValueError(f"there are {k} items and {len(given)} names")
    return given


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Covariances of all pairs, and the highest that their margins allow, which the search uses."""

    covariance: Matrix
    highest: Matrix
    n: int
    alpha: float
    bound: float

    def form(self, scales: NDArray[np.int64], scale: int) -> bool:
        """Write the next scale's number to its items; False where no two items start one."""
        free = np.flatnonzero(scales == 0).tolist()
        tried = len(free) * (len(free) - 1) / 2
        start = self._start(free, self._critical(tried))
        if start is None:
            return False
        members = list(start)
        while True:
            others = [j for j in free if j not in members and not (self.covariance[j, members] < 0).any()]
            if not others:
                break
            tried += len(others)
            critical = self._critical(tried)
            best = max(others, key=lambda j: (self._worth(members, j, critical), -j))
            if self._worth(members, best, critical) < self.bound:
                break
            members.append(best)
        scales[members] = scale
        return True

    def _start(self, free: list[int], critical: float) -> tuple[int, int] | None:
        """Return the pair of the highest H that is significant and reaches the bound."""
        spread = np.sqrt(np.diagonal(self.covariance))
        z = self.covariance / np.outer(spread, spread) * sqrt(self.n - 1)
        best: tuple[float, int, int] | None = None
        for later in free:
            for earlier in (item for item in free if item < later):
                h = self.covariance[later, earlier] / self.highest[later, earlier] - (later + 1) * EARLIER
                if abs(z[later, earlier]) >= critical and (best is None or h > best[0]):
                    best = h, earlier, later
        if best is None:
            return None
        _, one, two = best
        return (one, two) if self.covariance[one, two] / self.highest[one, two] >= self.bound else None

    def _worth(self, members: list[int], j: int, critical: float) -> float:
        """Return H of the scale with item j added, or a number below any H where j may not be added."""
        own = self.covariance[j, members]
        if own.sum() / self.highest[j, members].sum() < self.bound:
            return -98.0
        variance = np.diagonal(self.covariance)
        if own.sum() * sqrt(self.n - 1) / sqrt(float((variance[j] * variance[members]).sum())) < critical:
            return -97.0
        both = np.ix_([*members, j], [*members, j])
        off = ~np.eye(len(members) + 1, dtype=bool)
        return float(self.covariance[both][off].sum() / self.highest[both][off].sum())

    def _critical(self, tried: float) -> float:
        return abs(float(ndtri(self.alpha / tried)))


def _pairs(rows: Matrix, alpha: float, bound: float) -> _Pairs:
    return _Pairs(
        covariance=np.cov(rows, rowvar=False),
        highest=np.cov(np.sort(rows, axis=0), rowvar=False),
        n=len(rows),
        alpha=alpha,
        bound=bound,
    )


def monotonicity(
    X: ArrayLike,
    *,
    smallest_violation: float = 0.03,
    smallest_group: int | None = None,
    names: Sequence[str] | None = None,
) -> tuple[Monotonicity | Unavailable, ...] | Unavailable:
    """Check of each item that its steps are passed the more often, the higher the score on the rest.

    Parameters
    ----------
    X
        n x k answers, whole numbers, NaN for missing; complete rows count.
    smallest_violation
        By how much a share must fall to count.
    smallest_group
        People at least in a group of rest scores; by default n/10 from 500 people, n/5 above 250, n/3 above
        150, and else 50.
    names
        Names of the items.

    Returns
    -------
    tuple of Monotonicity, or Unavailable
        One for each item, Unavailable for one that is constant. Unavailable as a whole with fewer than 2
        items, or where there are fewer people than two groups of the smallest size.

    Raises
    ------
    ValueError
        `smallest_group` is below 1, or an answer is not a whole number.

    Notes
    -----
    People are sorted by the rest score and cut into groups, equal scores together. For each step x, every two
    groups are compared: P(X_i ≥ x | lower group) - P(X_i ≥ x | higher group) is a violation where it exceeds
    `smallest_violation`. Equal to ``summary(mokken::check.monotonicity(na.omit(x)))``.

    References
    ----------
    Molenaar, I. W., & Sijtsma, K. (2000). User's Manual MSP5 for Windows. iec ProGAMMA.

    Examples
    --------
    >>> from analysis.simulation import simulate
    >>> X = simulate(300, [0.7] * 5, [-0.5, 0.5], np.random.default_rng(1))
    >>> [item.violations for item in monotonicity(X)]
    [0, 0, 0, 0, 0]
    """
    rows = complete_rows(as_matrix(X))
    n, k = rows.shape
    labels = _names(names, k)
    if k < 2:  # noqa: PLR2004 - a rest needs another item
        return Unavailable(reason="too few items", detail=f"{k} item, at least 2 are needed")
    size = _smallest_group(n) if smallest_group is None else smallest_group
    if size < 1:
        raise ValueError(f"smallest_group must be at least 1, not {size}")
    if n < 2 * size:
        detail = f"{n} complete rows, two groups of {size} are needed"
        return Unavailable(reason="too few rows", detail=detail)
    if (rows != np.round(rows)).any():
        raise ValueError("answers must be whole numbers: each is a step above the one before")
    h = _item_h(rows)
    steps = np.arange(rows.min() + 1, rows.max() + 1)
    rest = rows.sum(axis=1, keepdims=True) - rows
    return tuple(
        Unavailable(reason="constant item", detail=labels[j])
        if np.ptp(rows[:, j]) == 0
        else _monotonicity(
            rows[:, j],
            rest[:, j],
            steps=steps,
            size=size,
            smallest=smallest_violation,
            name=labels[j],
            h=float(h[j]),
        )
        for j in range(k)
    )


def _smallest_group(n: int) -> int:
    if n >= 500:  # noqa: PLR2004 - mokken's rule
        return n // 10
    if n > 250:  # noqa: PLR2004 - mokken's rule
        return n // 5
    return n // 3 if n >= 150 else 50  # noqa: PLR2004 - mokken's rule


def _item_h(rows: Matrix) -> Matrix:
    covariance = np.cov(rows, rowvar=False)
    highest = np.cov(np.sort(rows, axis=0), rowvar=False)
    np.fill_diagonal(covariance, 0.0)
    np.fill_diagonal(highest, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        h: Matrix = covariance.sum(axis=1) / highest.sum(axis=1)
    return h


def _monotonicity(
    item: Matrix, rest: Matrix, *, steps: Matrix, size: int, smallest: float, name: str, h: float
) -> Monotonicity:
    group, ends = _groups(rest, size)
    count = np.bincount(group, minlength=len(ends))
    passed = np.array([np.bincount(group, weights=item >= step, minlength=len(ends)) for step in steps])
    share = passed / count
    found = [_step(p, count - p, s, smallest) for p, s in zip(passed, share, strict=True)]
    starts = np.concatenate([[rest.min()], ends[:-1] + 1])
    return Monotonicity(
        name=name,
        h=h,
        comparisons=sum(step[0] for step in found),
        violations=sum(step[1] for step in found),
        largest=max(step[2] for step in found),
        sum=sum(step[3] for step in found),
        z=max(step[4] for step in found),
        significant=sum(step[5] for step in found),
        groups=tuple(
            (float(low), float(high), int(people), tuple(shares.tolist()))
            for low, high, people, shares in zip(starts, ends, count, share.T, strict=True)
        ),
    )


def _groups(rest: Matrix, size: int) -> tuple[NDArray[np.intp], Matrix]:
    """Return each person's group of rest scores, and the highest rest score of each group."""
    ordered = np.sort(rest)
    n, upto = len(rest), [int(np.searchsorted(ordered, ordered[size - 1], "right"))]
    while n - upto[-1] >= size:
        upto.append(int(np.searchsorted(ordered, ordered[size + upto[-1] - 1], "right")))
    ends = np.concatenate([ordered[np.array(upto[:-1], dtype=np.intp) - 1], ordered[-1:]])
    return np.searchsorted(ends, rest, "left"), ends


def _step(
    passed: Matrix, failed: Matrix, share: Matrix, smallest: float
) -> tuple[int, int, float, float, float, int]:
    """Return comparisons, violations, the largest, their sum, the largest z, and how many are significant."""
    first, second = np.triu_indices(len(share), 1)
    comparable = (share[first] > ROUNDING * 100) & (share[second] < 1 - ROUNDING)
    fall = share[first] - share[second]
    violated = fall > smallest
    if not violated.any():
        return int(comparable.sum()), 0, 0.0, 0.0, 0.0, 0
    a, b = first[violated], second[violated]
    z = np.abs(
        2
        * (np.sqrt((passed[b] + 1) * (failed[a] + 1)) - np.sqrt(failed[b] * passed[a]))
        / np.sqrt(passed[b] + failed[a] + failed[b] + passed[a] - 1)
    )
    sizes = fall[violated]
    return (
        int(comparable.sum()),
        int(violated.sum()),
        float(sizes.max()),
        float(sizes.sum()),
        float(z.max()),
        int((z > ONE_SIDED).sum()),
    )
