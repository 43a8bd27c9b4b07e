"""Joint counts against R's tables, means and correlations."""

import numpy as np
import pytest

from analysis.counts.joint import joint_counts

CATEGORICAL = (
    "bfi25",
    "bfi_agree",
    "bfi_consc",
    "science",
    "sim_binary_a",
    "sim_constant_a",
    "sim_duplicate_a",
)
AWKWARD = ("sim_emptycat_a", "sim_floor_a", "sim_missing_a", "sim_negalpha_a", "sim_seven_a", "sim_tiny_a")


@pytest.mark.reference("descriptives", datasets=CATEGORICAL + AWKWARD)
def test_counts_means_and_correlations_equal_r(case):
    counts = joint_counts(case.X, names=case.names)
    for name, row in zip(case.names, counts.item_counts, strict=True):
        expected = {float(value): n for value, n in case.get("frequencies", name).items()}
        assert {v: n for v, n in zip(counts.categories, row, strict=True) if n} == expected
    assert counts.means == pytest.approx(case.array("describe", "mean"), abs=1e-9, rel=0)
    assert np.sqrt(np.diagonal(counts.covariance)) == pytest.approx(
        case.array("describe", "sd"), abs=1e-9, rel=0
    )
    pearson = case.array("pearson_pairwise")
    off = ~np.eye(counts.k, dtype=bool)
    assert counts.correlation[off] == pytest.approx(pearson[off], abs=1e-9, rel=0, nan_ok=True)


@pytest.mark.reference("alpha", datasets=("bfi25", "bfi_agree", "sim_missing_a", "sim_emptycat_a"))
def test_pairwise_covariances_of_counts_equal_r(case):
    expected = case.array("pairwise", "cov")
    assert joint_counts(case.X).covariance == pytest.approx(expected, abs=1e-9, rel=0)
