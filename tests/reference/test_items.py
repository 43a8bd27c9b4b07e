"""Descriptions of items against psych."""

import numpy as np
import pytest

from analysis.counts.joint import joint_counts
from analysis.descriptive.items import describe, mardia, spearman
from analysis.estimate import Unavailable

FIGURES = {
    "n": "n",
    "mean": "mean",
    "sd": "sd",
    "se": "se",
    "median": "median",
    "trimmed": "trimmed",
    "mad": "mad",
    "min": "minimum",
    "max": "maximum",
    "skew": "skewness",
    "kurtosis": "kurtosis",
}
CONTINUOUS = {"hs1939", "sim_collinear_a", "sim_heywood_a"}


def column(items, name):
    return np.array([np.nan if getattr(item, name) is None else getattr(item, name) for item in items], float)


@pytest.mark.reference("descriptives")
def test_descriptions_equal_psych_from_rows_and_from_counts(case):
    sources = [case.X] if case.dataset in CONTINUOUS else [case.X, joint_counts(case.X)]
    for source in sources:
        items = describe(source)
        for theirs, ours in FIGURES.items():
            expected = case.array("describe", theirs)
            assert column(items, ours) == pytest.approx(expected, abs=1e-9, rel=1e-9, nan_ok=True), theirs
        corrected = describe(source, definition=2)
        for theirs, ours in (("skew_type2", "skewness"), ("kurtosis_type2", "kurtosis")):
            expected = case.array(theirs)
            assert column(corrected, ours) == pytest.approx(expected, abs=1e-9, rel=1e-9, nan_ok=True)
        ranks, off = case.array("spearman_pairwise"), ~np.eye(case.X.shape[1], dtype=bool)
        assert spearman(source)[off] == pytest.approx(ranks[off], abs=1e-9, rel=0, nan_ok=True)


@pytest.mark.reference("descriptives")
def test_mardia_equals_psych(case):
    found = mardia(case.X)
    if not case.has("mardia", "b1p") or case.dataset == "sim_duplicate_a":
        assert isinstance(found, Unavailable)  # psych takes a pseudo-inverse of a singular matrix
        return
    within = {"abs": 1e-9, "rel": 1e-5 if case.dataset == "sim_collinear_a" else 1e-9}
    figures = {"b1p": "skewness", "b2p": "kurtosis", "skew": "skewness_test", "p.kurt": "kurtosis_p"}
    figures |= {"small.skew": "skewness_test_small", "kurtosis": "kurtosis_test", "p.skew": "skewness_p"}
    for theirs, ours in figures.items():
        assert getattr(found, ours) == pytest.approx(case.get("mardia", theirs), **within), theirs
