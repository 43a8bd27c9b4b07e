"""Factor solutions against psych::fa and stats::factanal."""

from itertools import permutations

import numpy as np
import pytest

from analysis import factor_analysis
from analysis.estimate import Unavailable

METHODS = ("minres", "ml")
ROTATED = ("varimax", "oblimin", "promax")


def matched(ours, reference):
    """Our columns in the order and with the signs that suit the reference best."""
    alike = ours.T @ reference
    order = max(permutations(range(len(alike))), key=lambda p: sum(abs(alike[i, j]) for j, i in enumerate(p)))
    chosen = ours[:, list(order)]
    return chosen * np.sign((chosen * reference).sum(axis=0)), list(order)


def solution(case, method, rotation):
    return factor_analysis(
        case.array("R"), case.get("nfactors"), n=case.get("n"), method=method, rotation=rotation
    )


@pytest.mark.reference("efa_pearson", "efa_polychoric")
@pytest.mark.parametrize("method", METHODS)
def test_extraction_is_that_of_psych(case, method):
    ours, key = solution(case, method, "none"), f"{method}_none"
    np.testing.assert_allclose(
        matched(ours.loadings, case.array(key, "loadings").reshape(ours.loadings.shape))[0],
        case.array(key, "loadings").reshape(ours.loadings.shape),
        rtol=0,
        atol=case.tolerance[method]["abs"],
    )
    np.testing.assert_allclose(ours.uniquenesses, case.array(key, "uniquenesses"), rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.variance, case.array(key, "Vaccounted")[0], rtol=0, atol=1e-4)
    assert ours.fit.objective <= case.get(key, "objective") + 1e-6


@pytest.mark.reference("efa_pearson", "efa_polychoric")
@pytest.mark.parametrize("rotation", ROTATED)
@pytest.mark.parametrize("method", METHODS)
def test_rotation_is_that_of_psych(case, method, rotation):
    key = f"{method}_{rotation}"
    if not case.has(key):
        assert case.get("nfactors") == 1
        return
    ours = solution(case, method, rotation)
    reference = case.array(key, "loadings")
    loadings, order = matched(ours.loadings, reference)
    tolerance = case.tolerance["rotated"]["abs"]
    np.testing.assert_allclose(loadings, reference, rtol=0, atol=tolerance)
    if case.has(key, "Phi"):
        sign = np.sign((ours.loadings[:, order] * reference).sum(axis=0))
        phi = ours.phi[np.ix_(order, order)] * np.outer(sign, sign)
        np.testing.assert_allclose(phi, case.array(key, "Phi"), rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        np.sort(ours.variance), np.sort(case.array(key, "Vaccounted")[0]), rtol=0, atol=tolerance
    )


@pytest.mark.reference("efa_pearson", "efa_polychoric")
@pytest.mark.parametrize("method", METHODS)
def test_fit_is_that_of_psych(case, method):
    ours, reference = solution(case, method, "none").fit, case.get(f"{method}_none")
    rel = case.tolerance["chisq"]["rel"]
    assert ours.df == reference["dof"]
    for name, in_r in {
        "chi2": "STATISTIC",
        "objective": "objective",
        "null_chi2": "null.chisq",
        "rms": "rms",
        "crms": "crms",
    }.items():
        assert getattr(ours, name) == pytest.approx(reference[in_r], rel=rel), name
    assert ours.p == pytest.approx(reference["PVAL"], rel=10 * rel, abs=1e-12)
    assert ours.tli == pytest.approx(reference["TLI"], abs=rel)
    assert ours.bic == pytest.approx(reference["BIC"], abs=rel * reference["STATISTIC"])
    for name, in_r in {"rmsea": "RMSEA", "rmsea_low": "lower", "rmsea_high": "upper"}.items():
        assert getattr(ours, name) == pytest.approx(reference["RMSEA"][in_r], abs=rel), name


@pytest.mark.reference("efa_pearson", "efa_polychoric")
def test_maximum_likelihood_is_that_of_factanal(case):
    if not case.has("factanal_none"):
        assert case.dataset == "sim_collinear_a"
        return
    ours = solution(case, "ml", "none")
    np.testing.assert_allclose(
        ours.uniquenesses, case.array("factanal_none", "uniquenesses"), rtol=0, atol=1e-4
    )
    assert ours.fit.chi2 == pytest.approx(case.get("factanal_none", "STATISTIC", "objective"), rel=1e-4)


@pytest.mark.reference("efa_pearson")
def test_a_heywood_case_is_named_and_stays_within_its_variance(case):
    for method in METHODS:
        ours = solution(case, method, "oblimin")
        at_bound = {f"item {i + 1}" for i in np.flatnonzero(ours.uniquenesses < 0.00501)}
        assert set(ours.heywood) == at_bound
        assert ours.communalities.max() <= 1
    expected = {"sim_heywood_a": ("item 1",), "sim_collinear_a": ("item 6",)}
    assert solution(case, "ml", "none").heywood == expected.get(case.dataset, ())


@pytest.mark.reference("dimensionality")
def test_chi_square_of_one_to_eight_factors_is_that_of_psych_where_no_item_is_at_its_bound(case):
    """At a bound there are several minima; psych's search ends at the first, ours at the lowest it finds."""
    compared = 0
    for m, (df, chi2) in enumerate(
        zip(case.get("vss_stats", "dof"), case.get("vss_stats", "chisq"), strict=True), start=1
    ):
        ours = factor_analysis(case.X, m, rotation="none", missing="pairwise")
        if df < 0:
            assert ours.reason == "not defined"
        elif not isinstance(ours, Unavailable) and not ours.heywood:
            assert ours.fit.df == df
            assert ours.fit.chi2 == pytest.approx(chi2, rel=2e-4)
            compared += 1
    assert compared
