"""A mark of made-up answers that lies in the answers themselves, so that it survives without any column.

Of the rows that a simulation draws, only those are kept whose answers have a hash that four divides. The hash
has nothing to do with what is asked, so that no distribution changes; but of answers that people gave about a
quarter have such a hash, and of made-up ones all. The mark survives another order, fewer rows, other names
of columns and other codes of no answer; it goes where nearly every row is changed.
"""

import hashlib
from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc

ONE_IN: Final = 4
SURE: Final = 1e-9
FEWEST: Final = 12  # different rows below which chance alone could mark all


def marked(answers: ArrayLike, codes: Collection[int]) -> NDArray[np.bool_]:
    """Return of each row whether it has the mark; what is no answer (not among `codes`) counts alike."""
    known = sorted(codes)
    given = np.asarray(answers, dtype=np.float64)
    rows = np.where(np.isin(given, known), given, -1).astype(np.int16)
    return np.array([hashlib.sha256(row.tobytes()).digest()[0] % ONE_IN == 0 for row in rows], dtype=bool)


def looks_simulated(answers: ArrayLike, codes: Collection[int]) -> bool:
    """Return whether more different rows carry the mark than people's answers would once in 10⁹ times.

    Parameters
    ----------
    answers
        Rows by items, in the order of the form, as codes.
    codes
        The codes that are answers.

    Returns
    -------
    bool
        P(X ≥ marked) < 10⁻⁹ for X binomial with probability 1/4 among the different rows.
    """
    given = np.asarray(answers, dtype=np.float64)
    rows = np.unique(np.where(np.isin(given, sorted(codes)), given, -1), axis=0)
    if len(rows) < FEWEST:
        return False
    count = int(marked(rows, codes).sum())
    return bool(bdtrc(count - 1, len(rows), 1 / ONE_IN) < SURE) if count else False
