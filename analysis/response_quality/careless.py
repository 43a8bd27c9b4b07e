"""Indices of careless answering, one figure per person; a flag is a reason to look, and deletes nobody.

A frightened person may honestly give the most extreme answer throughout, so uniform answers alone are not
flagged: the longest string and the variability of a person's answers have no limit, and people who answer
uniformly, as worded or as keyed, can be flagged only for speed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Matrix, PrintedTable, TableParts, Unavailable, as_array, as_matrix, table
from analysis.response_quality import person_indices
from analysis.response_quality.pairwise_moments import Given, SampleMoments, blocks
from analysis.response_quality.person_indices import Flags

Scales = Sequence[int] | Sequence[Sequence[int]]

LIMITS: Final[dict[str, float]] = {"seconds": 2.0, "mahalanobis_p": 0.001}

# Whether a low or a high figure suggests careless answers.
_LOW: Final = frozenset({"seconds", "mahalanobis_p", "synonyms", "person_total"})
_HIGH: Final = frozenset({"even_odd", "antonyms"})


@dataclass(frozen=True, kw_only=True)
class Careless(PrintedTable):
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
        return f"n = {self.n}, k = {self.k}\n" + table(*self._table())

    def _table(self) -> TableParts:
        return ("index", "limit", "flagged"), self._rows()


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
        An index is Unavailable where its input was not given, where fewer than 3 pairs of items are
        synonyms or antonyms, or where the covariances have no inverse.

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
    all_ = SampleMoments.of(answers)
    sections = person_indices.sections_of(k, parts)
    factors = None if scales is None else _columns(scales, k)
    whitening = person_indices.whitening(all_)

    def of_rows(rows: slice) -> dict[str, Matrix | Flags | Unavailable]:
        given, turned_rows = Given.of(answers[rows], all_), turned[rows]
        longest, average = person_indices.strings(answers[rows])
        distance = (
            whitening if isinstance(whitening, Unavailable) else person_indices.distances(given, whitening)
        )
        uniform = person_indices.uniform(answers[rows])
        return {
            "longstring": longest,
            "average_string": average,
            "irv": person_indices.variability(given, np.ones((k, 1)))[:, 0],
            "irv_parts": person_indices.variability(given, sections),
            "even_odd": _not_given("scales")
            if factors is None
            else person_indices.even_odd(turned_rows, factors),
            "synonyms": person_indices.within_pairs(given, all_.correlations > synonym_r, "synonyms"),
            "antonyms": person_indices.within_pairs(given, all_.correlations < antonym_r, "antonyms"),
            "mahalanobis": distance,
            "mahalanobis_p": distance
            if isinstance(distance, Unavailable)
            else person_indices.upper_tail(distance, k),
            "person_total": person_indices.person_total(given),
            "uniform": uniform if keyed is None else uniform | person_indices.uniform(turned_rows),
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


def _seconds(seconds: ArrayLike, n: int) -> Matrix:
    given = as_array(seconds).astype(np.float64)
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
