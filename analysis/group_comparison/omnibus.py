"""Tests of several groups at once, by pingouin: the only file that uses it.

pingouin rounds its intervals to two digits and drops rows silently, so that only its statistics, their
degrees of freedom and p are used, on scores without gaps.
"""

import warnings
from collections.abc import Sequence
from typing import Any

from analysis.estimate import Matrix, Probability, Unavailable
from analysis.inference.significance import SignificanceTest


def welch(scores: Matrix, labels: Sequence[str]) -> SignificanceTest | Unavailable:
    """Return Welch's test, which lets variances differ. Equals ``oneway.test(scores ~ labels)``.

    Unavailable where the scores of a group are all equal: its weight would be infinite.
    """
    by_group = {label: [s for s, of in zip(scores, labels, strict=True) if of == label] for label in labels}
    constant = [label for label, members in by_group.items() if min(members) == max(members)]
    if constant:
        return Unavailable(reason="no variance", detail=f"all scores of the group {constant[0]} are equal")
    found = _pingouin("welch_anova", scores, labels)
    return _test(found["F"], found["ddof1"], found["ddof2"], found["p_unc"])


def kruskal_wallis(scores: Matrix, labels: Sequence[str]) -> SignificanceTest:
    """Return Kruskal and Wallis's test of ranks. Equals ``kruskal.test(scores, labels)``."""
    found = _pingouin("kruskal", scores, labels)
    return _test(found["H"], found["ddof1"], None, found["p_unc"])


def _pingouin(name: str, scores: Matrix, labels: Sequence[str]) -> Any:
    import pandas as pd  # noqa: PLC0415 - seconds to import: only where groups are compared
    import pingouin  # noqa: PLC0415

    frame = pd.DataFrame({"score": scores, "group": list(labels)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, at what pingouin calls
        return getattr(pingouin, name)(data=frame, dv="score", between="group").iloc[0]


def _test(statistic: float, df: float, df2: float | None, p: float) -> SignificanceTest:
    return SignificanceTest(
        statistic=float(statistic),
        df=float(df),
        df2=None if df2 is None else float(df2),
        p=Probability(p),
    )
