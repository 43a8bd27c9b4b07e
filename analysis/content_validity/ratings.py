"""Content validity indices of items rated by a panel: I-CVI, modified kappa, S-CVI, CVR with exact bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

RELEVANT: Final = 3
"""The least of the ratings 1 to 4 that calls an item relevant."""


@dataclass(frozen=True, kw_only=True)
class ContentIndex:
    """The agreement of `n` raters, `agreed` of whom call one item relevant."""

    agreed: int
    n: int

    @property
    def i_cvi(self) -> float:
        """The share of raters who call the item relevant."""
        return self.agreed / self.n

    @property
    def by_chance(self) -> float:
        """The probability of this agreement where every rater tosses a coin: C(n, a) / 2ⁿ."""
        return float(comb(self.n, self.agreed) / 2**self.n)

    @property
    def kappa(self) -> float:
        """Modified kappa: (I-CVI - by chance) / (1 - by chance)."""
        return (self.i_cvi - self.by_chance) / (1 - self.by_chance)


@dataclass(frozen=True, kw_only=True)
class ScaleIndex:
    """The indices of all items: their mean (S-CVI/Ave), and the share that all raters call relevant."""

    average: float
    universal: float


def content_index(ratings: Sequence[int]) -> ContentIndex:
    """Return the agreement on one item.

    Parameters
    ----------
    ratings
        Relevance from 1 to 4, one of each rater who rated the item.

    Returns
    -------
    ContentIndex
        I-CVI = a / n and its modified kappa.

    Raises
    ------
    ValueError
        There is no rating, or one that is not 1 to 4.

    Notes
    -----
    κ* = (I-CVI - p_c) / (1 - p_c), where p_c = C(n, a) / 2ⁿ. R has no function for it.

    References
    ----------
    Polit, Beck and Owen (2007).

    Examples
    --------
    >>> found = content_index([4, 4, 3, 3, 4, 4, 3, 4, 2, 1])
    >>> round(found.i_cvi, 3), round(found.by_chance, 4), round(found.kappa, 3)
    (0.8, 0.0439, 0.791)
    """
    if not ratings or not {*ratings} <= {1, 2, 3, 4}:
        raise ValueError("relevance is rated 1, 2, 3 or 4, by one rater at least")
    return ContentIndex(agreed=sum(rating >= RELEVANT for rating in ratings), n=len(ratings))


def scale_index(items: Mapping[str, ContentIndex]) -> ScaleIndex:
    """Return the indices of the whole from those of its items.

    Examples
    --------
    >>> scale_index({"a": ContentIndex(agreed=10, n=10), "b": ContentIndex(agreed=8, n=10)})
    ScaleIndex(average=0.9, universal=0.5)
    """
    found = [each.i_cvi for each in items.values()]
    whole = sum(each.agreed == each.n for each in items.values())
    return ScaleIndex(average=sum(found) / len(found), universal=whole / len(found))


def content_validity_ratio(essential: int, n: int) -> float:
    """Return Lawshe's ratio (e - n/2) / (n/2) of `essential` votes among `n`.

    Examples
    --------
    >>> content_validity_ratio(9, 10)
    0.8
    """
    return (essential - n / 2) / (n / 2)


def fewest_essential(n: int, alpha: float = 0.05) -> int | None:
    """Return the fewest votes that chance would give seldom: the exact one-sided binomial bound, if any.

    Parameters
    ----------
    n
        Number of raters.
    alpha
        The greatest probability of as many votes, where every rater tosses a coin.

    Returns
    -------
    int or None
        The least e with P(X ≥ e) ≤ alpha; None where all of `n` are still too few.

    References
    ----------
    Ayre and Scally (2014). The table printed by Lawshe differs: .62 for 10 raters lies below the bound.

    Examples
    --------
    >>> [fewest_essential(n) for n in range(5, 16)]
    [5, 6, 7, 7, 8, 9, 9, 10, 10, 11, 12]
    >>> fewest_essential(4) is None
    True
    """
    above = 0.0
    found = None
    for votes in range(n, -1, -1):
        above += comb(n, votes) / 2**n
        if above > alpha:
            break
        found = votes
    return found
