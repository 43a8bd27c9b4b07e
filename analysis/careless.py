"""Indices of careless answering, one figure per person: flags for a look, never a reason to delete.

A frightened person may honestly give the most extreme answer throughout. Uniform answers alone therefore
flag nobody here: the longest string and the variability of a person's answers are figures without a limit,
and whoever answers uniformly, as worded or as keyed, can be flagged only for speed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from analysis.estimate import Matrix, Unavailable, as_matrix, html_table, table
from analysis.everybody import ROUNDING, Everybody, Given, blocks, divided

Flags = NDArray[np.bool_]
Scales = Sequence[int] | Sequence[Sequence[int]]

LIMITS: Final[dict[str, float]] = {"seconds": 2.0, "mahalanobis_p": 0.001}

# Whether a low or a high figure speaks of careless answers.
_LOW: Final = frozenset({"seconds", "mahalanobis_p", "synonyms", "person_total"})
_HIGH: Final = frozenset({"even_odd", "antonyms"})


@dataclass(frozen=True, kw_only=True)
class Careless:
    """Indices of n people; NaN where a person gave too few answers, or too few different ones, for an index.

    `flags` says who lies beyond each limit, `flagged` who lies beyond any.
    """

    longstring: Matrix
    average_string: Matrix
    irv: Matrix
    irv_parts: Matrix
    even_odd: Matrix | Unavailable
    synonyms: Matrix | Unavailable
    antonyms: Matrix | Unavailable
    mahalanobis: Matrix | Unavailable
    mahalanobis_p: Matrix | Unavailable
    person_total: Matrix
    seconds: Matrix | Unavailable
    uniform: Flags
    limits: Mapping[str, float]
    n: int
    k: int

    @property
    def flags(self) -> dict[str, Flags]:
        """Who lies beyond each limit; of people who answer uniformly, only the quick."""
        found: dict[str, Flags] = {}
        for name, limit in self.limits.items():
            index = getattr(self, name)
            if isinstance(index, Unavailable):
                continue
            beyond = index < limit if name in _LOW else index > limit
            found[name] = beyond if name == "seconds" else beyond & ~self.uniform
        return found

    @property
    def flagged(self) -> Flags:
        """Who lies beyond at least one limit."""
        found: Flags = np.logical_or.reduce([np.zeros(self.n, dtype=np.bool_), *self.flags.values()])
        return found

    def _rows(self) -> list[tuple[str, object, object]]:
        flags = self.flags
        rows: list[tuple[str, object, object]] = [
            (name, limit, int(flags[name].sum()) if name in flags else str(getattr(self, name)))
            for name, limit in self.limits.items()
        ]
        return [*rows, ("any", None, int(self.flagged.sum()))]

    def __str__(self) -> str:
        return f"n = {self.n}, k = {self.k}\n" + table(("index", "limit", "flagged"), self._rows())

    def _repr_html_(self) -> str:
        return html_table(("index", "limit", "flagged"), self._rows())


def careless_indices(
    X: ArrayLike,
    *,
    scales: Scales | None = None,
    keyed: ArrayLike | None = None,
    seconds: ArrayLike | None = None,
    synonym_r: float = 0.6,
    antonym_r: float = -0.6,
    parts: int = 1,
    limits: Mapping[str, float] = LIMITS,
) -> Careless:
    """Return indices of careless answering for each person, and who lies beyond the limits.

    Parameters
    ----------
    X
        Answers as given, n x k, in the order in which the items were shown; NaN where there is none.
    scales
        The items of each scale by number; or the lengths of scales that stand one after the other.
    keyed
        The same answers with reversed items turned round, for even-odd; by default `X`.
    seconds
        Seconds per item of each person, where the survey measured them.
    synonym_r, antonym_r
        Pairs of items that correlate above the one are synonyms, below the other antonyms.
    parts
        Number of sections of the questionnaire whose variability is given apart.
    limits
        Limit of each index that may flag: any of seconds, mahalanobis_p, synonyms and person_total (flagged
        below), even_odd and antonyms (flagged above). By default 2 seconds an item and p < .001; the others
        have no limit that holds across questionnaires.

    Returns
    -------
    Careless
        An index is Unavailable where its input was not given, where no pair of items is a synonym or
        antonym, or where the covariances have no inverse.

    Notes
    -----
    Equal to R's careless 1.2.2, for complete answers:

    - longstring, average_string: longest and mean run of the same answer, ``longstring(x, avg = TRUE)``; a
      missing answer ends a run and is one of its own.
    - irv: standard deviation of a person's answers, ``irv(x)``, here of those given; irv_parts in sections,
      ``irv(x, split = TRUE, num.split = parts)``.
    - even_odd: minus the correlation, over scales, of the means of even and of odd items, stepped up by
      Spearman-Brown and cut at -1: from -1 (consistent) to 1. ``evenodd(x, factors)``.
    - synonyms, antonyms: correlation over pairs of alike (opposite) items, ``psychsyn(x, r)`` and
      ``psychant(x, r)``, where 3 pairs or more are answered; where it is undefined R draws at random, here
      it is NaN.
    - mahalanobis: squared distance from the means on pairwise covariances, a missing answer taken as the
      mean, ``mahad(x)``; mahalanobis_p: its upper tail of χ² on k degrees of freedom.
    - person_total: correlation of a person's answers with the means of everyone else's.

    References
    ----------
    Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data. Psychological
    Methods, 17, 437-455.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(1).integers(0, 5, (200, 6))
    >>> X[0] = 4
    >>> found = careless_indices(X, seconds=np.r_[9.0, 0.8, np.full(198, 5.0)])
    >>> int(found.longstring[0]), bool(found.flagged[0]), bool(found.flagged[1])
    (6, False, True)
    """
    answers = as_matrix(X)
    n, k = answers.shape
    turned = answers if keyed is None else as_matrix(keyed)
    _check(answers, turned, limits, parts)
    all_ = Everybody.of(answers)
    sections = _sections(k, parts)
    factors = None if scales is None else _columns(scales, k)
    inverse = _inverse(all_)

    def of_rows(rows: slice) -> dict[str, Matrix | Flags | Unavailable]:
        given, turned_rows = Given.of(answers[rows], all_), turned[rows]
        longest, average = _strings(answers[rows])
        distance = inverse if isinstance(inverse, Unavailable) else _mahalanobis(given, inverse)
        uniform = _uniform(answers[rows])
        return {
            "longstring": longest,
            "average_string": average,
            "irv": _irv(given, np.ones((k, 1)))[:, 0],
            "irv_parts": _irv(given, sections),
            "even_odd": _not_given("scales") if factors is None else _even_odd(turned_rows, factors),
            "synonyms": _pairs(given, all_.correlations > synonym_r, "synonyms"),
            "antonyms": _pairs(given, all_.correlations < antonym_r, "antonyms"),
            "mahalanobis": distance,
            "mahalanobis_p": distance if isinstance(distance, Unavailable) else _upper_tail(distance, k),
            "person_total": _person_total(given),
            "uniform": uniform if keyed is None else uniform | _uniform(turned_rows),
        }

    found = [of_rows(rows) for rows in blocks(n)]
    return Careless(
        **{name: _joined([part[name] for part in found]) for name in found[0]},
        seconds=_not_given("seconds") if seconds is None else _seconds(seconds, n),
        limits=dict(limits),
        n=n,
        k=k,
    )


def _joined(parts: list[Any]) -> Any:
    """Return the figures of all rows, or the reason that holds for all of them."""
    return parts[0] if isinstance(parts[0], Unavailable) else np.concatenate(parts)


def _strings(X: Matrix) -> tuple[Matrix, Matrix]:
    n, k = X.shape
    columns = np.ascontiguousarray(X.T)
    run, longest, runs = np.ones(n), np.ones(n), np.ones(n)
    for before, here in pairwise(columns):
        same = before == here
        run = np.where(same, run + 1, 1.0)
        np.maximum(longest, run, out=longest)
        runs += ~same
    nothing = np.isnan(X).all(axis=1)
    longest[nothing], runs[nothing] = np.nan, np.nan
    average: Matrix = k / runs
    return longest, average


def _sections(k: int, parts: int) -> Matrix:
    """Return k x parts, 1 where an item is in a section, the sections cut as R's ``cut(1:k, parts)``."""
    place = np.maximum(-(-np.arange(k) * parts // max(k - 1, 1)), 1) - 1
    sections: Matrix = (place[:, np.newaxis] == np.arange(parts)).astype(np.float64)
    return sections


def _irv(given: Given, sections: Matrix) -> Matrix:
    count, sums = given.seen @ sections, given.x @ sections
    squares = given.squares @ sections - divided(sums**2, count)
    enough = count >= 2  # noqa: PLR2004 - a standard deviation needs two
    variance: Matrix = np.full_like(sums, np.nan)
    np.divide(squares.clip(0.0), count - 1, out=variance, where=enough)
    deviation: Matrix = np.sqrt(variance)
    return deviation


def _even_odd(X: Matrix, scales: Sequence[Sequence[int]]) -> Matrix | Unavailable:
    if len(scales) < 2:  # noqa: PLR2004 - a correlation over scales
        return Unavailable(reason="not defined", detail="even-odd needs at least two scales")
    k, m = X.shape[1], len(scales)
    odd, even = np.zeros((k, m)), np.zeros((k, m))
    for j, items in enumerate(scales):
        odd[items[0::2], j] = 1
        even[items[1::2], j] = 1
    seen = ~np.isnan(X)
    x, counted = np.where(seen, X, 0.0), seen.astype(np.float64)
    n_odd, n_even = counted @ odd, counted @ even
    both = ((n_odd > 0) & (n_even > 0)).astype(np.float64)
    first, second = divided(x @ odd, n_odd) * both, divided(x @ even, n_even) * both
    count = both.sum(axis=1)
    first = (first - divided(first.sum(axis=1), count)[:, np.newaxis]) * both
    second = (second - divided(second.sum(axis=1), count)[:, np.newaxis]) * both
    r = _correlation(
        n=count,
        x=first.sum(axis=1),
        y=second.sum(axis=1),
        xx=_row_sums(first, first),
        yy=_row_sums(second, second),
        xy=_row_sums(first, second),
        size=_row_sums(x, x),
    )
    stepped_up = np.divide(2 * r, 1 + r, out=np.full_like(r, -np.inf), where=r > -1)
    return np.where(np.isnan(r), np.nan, -np.maximum(stepped_up, -1.0))


def _pairs(given: Given, chosen: Flags, kind: str) -> Matrix | Unavailable:
    # Which item of a pair counts as its first changes the figure: as in R, the order of the columns decides.
    M = np.tril(chosen, -1).astype(np.float64)
    if not M.any():
        return Unavailable(reason="not defined", detail=f"no two items are {kind} at this correlation")
    x, v, q = given.x, given.seen, given.squares
    xM, vM = x @ M, v @ M
    count = _row_sums(vM, v)
    r = _correlation(
        n=count,
        x=_row_sums(xM, v),
        y=_row_sums(vM, x),
        xx=_row_sums(q @ M, v),
        yy=_row_sums(vM, q),
        xy=_row_sums(xM, x),
    )
    return np.where(count > 2, r, np.nan)  # noqa: PLR2004 - as careless has it


def _inverse(all_: Everybody) -> Matrix | Unavailable:
    """Return the inverse of the covariances, which the distance needs."""
    if all_.n < 3 or not all_.answered.size or all_.answered.min() < 2:  # noqa: PLR2004 - a covariance for each item
        return Unavailable(reason="too few rows", detail=f"{all_.n} rows of answers")
    values = np.linalg.eigvalsh(all_.covariances)
    if values[0] <= ROUNDING * values[-1]:
        return Unavailable(reason="singular matrix", detail="the covariances of the items have no inverse")
    return np.asarray(np.linalg.inv(all_.covariances))


def _mahalanobis(given: Given, inverse: Matrix) -> Matrix:
    deviation = (given.x - given.all.sums / given.all.answered) * given.seen
    distance = _row_sums(deviation @ inverse, deviation)
    return np.where(given.seen.any(axis=1), distance.clip(0.0), np.nan)


def _upper_tail(distance: Matrix, k: int) -> Matrix:
    return np.asarray(chdtrc(float(k), distance), dtype=np.float64)


def _person_total(given: Given) -> Matrix:
    others = given.all.answered - 1
    u = divided(np.ones_like(others), others)
    # The mean of everyone else's answers to an item is m - u * one's own.
    m = given.all.sums * u
    usable = (others > 0).astype(np.float64)
    x, v, q = given.x * usable, given.seen * usable, given.squares * usable
    return _correlation(
        n=v.sum(axis=1),
        x=x.sum(axis=1),
        y=v @ m - x @ u,
        xx=q.sum(axis=1),
        yy=v @ m**2 - 2 * (x @ (m * u)) + q @ u**2,
        xy=x @ m - q @ u,
    )


def _correlation(
    *, n: Matrix, x: Matrix, y: Matrix, xx: Matrix, yy: Matrix, xy: Matrix, size: Matrix | None = None
) -> Matrix:
    """Return each person's correlation from sums over pairs, NaN where a side does not vary.

    What is small against `size`, by default the sums of squares, is taken for rounding.
    """
    of_x, of_y = xx - divided(x * x, n), yy - divided(y * y, n)
    size_x, size_y = (xx, yy) if size is None else (size, size)
    varies = (of_x > ROUNDING * size_x) & (of_y > ROUNDING * size_y)
    spread = np.sqrt(of_x.clip(0.0) * of_y.clip(0.0))
    r: Matrix = np.full_like(spread, np.nan)
    np.divide(xy - divided(x * y, n), spread, out=r, where=varies)
    return np.minimum(np.maximum(r, -1.0), 1.0)


def _row_sums(a: Matrix, b: Matrix) -> Matrix:
    sums: Matrix = np.einsum("ij,ij->i", a, b)
    return sums


def _uniform(X: Matrix) -> Flags:
    """Return who gave one and the same answer to everything, twice at least."""
    missing = np.isnan(X)
    columns = np.ascontiguousarray(X.T)
    lowest = np.fmin.reduce(columns, axis=0, initial=np.inf)
    highest = np.fmax.reduce(columns, axis=0, initial=-np.inf)
    uniform: Flags = (lowest == highest) & (missing.shape[1] - missing.sum(axis=1) > 1)
    return uniform


def _seconds(seconds: ArrayLike, n: int) -> Matrix:
    given = np.asarray(seconds, dtype=np.float64)
    if given.shape != (n,) or (given < 0).any():
        raise ValueError(f"seconds must be {n} numbers, none negative: seconds per item of each person")
    return given


def _columns(scales: Scales, k: int) -> list[list[int]]:
    columns: list[list[int]] = []
    start = 0
    for scale in scales:
        items = list(range(start, start + scale)) if isinstance(scale, int | np.integer) else list(scale)
        start += len(items)
        columns.append([int(item) for item in items])
    if any(not items or min(items) < 0 or max(items) >= k for items in columns):
        raise ValueError(f"scales must name some of the {k} items each")
    return columns


def _check(X: Matrix, keyed: Matrix, limits: Mapping[str, float], parts: int) -> None:
    if keyed.shape != X.shape:
        raise ValueError("keyed must hold the same rows and items as X")
    unknown = set(limits) - _LOW - _HIGH
    if unknown:
        raise ValueError(
            f"{', '.join(sorted(unknown))}: only {', '.join(sorted(_LOW | _HIGH))} may have a limit"
        )
    if parts < 1:
        raise ValueError("parts must be at least 1")


def _not_given(name: str) -> Unavailable:
    return Unavailable(reason="not defined", detail=f"{name} not given")
