"""Lower bounds to reliability against psych and mokken."""

from itertools import combinations, islice

import numpy as np
import pytest

from analysis.estimate import Estimate, complete_rows
from analysis.moments import moments
from analysis.reliability.lower_bounds import greatest_lower_bound, guttman_lambda, split_half

SINGULAR = ("sim_duplicate_a", "sim_collinear_a")
RULES = {"pairwise": "pairwise", "listwise": "complete"}


@pytest.mark.reference("alpha")
@pytest.mark.parametrize("rule", RULES)
def test_lambda_2_and_6_equal_their_formulas_in_r(case, rule):
    on_covariances = guttman_lambda(case.X, missing=RULES[rule])
    assert on_covariances["lambda2"].value == pytest.approx(case.get(rule, "lambda2_cov"), abs=1e-9, rel=0)
    if isinstance(case.get(rule, "lambda6_cov"), float) and case.dataset not in SINGULAR:
        expected = case.get(rule, "lambda6_cov")
        assert on_covariances["lambda6"].value == pytest.approx(expected, abs=1e-9, rel=0)
    if isinstance(case.get(rule, "lambda2_cor"), float):
        on_correlations = guttman_lambda(case.X, on="correlations", missing=RULES[rule])
        expected = case.get(rule, "lambda2_cor")
        assert on_correlations["lambda2"].value == pytest.approx(expected, abs=1e-9, rel=0)


@pytest.mark.reference("alpha")
@pytest.mark.parametrize("rule", RULES)
def test_lambda_6_on_correlations_equals_g6_of_psych(case, rule):
    if case.dataset in SINGULAR:
        return  # psych takes a pseudo-inverse there; ours gives an item that others determine no residual
    X = case.X[:, np.nanstd(case.X, axis=0) > 0]
    ours = guttman_lambda(X, on="correlations", missing=RULES[rule])["lambda6"]
    assert ours.value == pytest.approx(case.get(rule, "total", "G6(smc)"), abs=1e-7, rel=0)


@pytest.mark.reference("lambda_glb")
def test_lambdas_equal_psych(case):
    if not case.has("guttman_on_correlations"):
        return  # psych refuses a constant item, and so do we
    found = guttman_lambda(case.X, on="correlations")
    numbers = {1, 2, 3, 5} if case.dataset in SINGULAR else {1, 2, 3, 5, 6}
    for number in numbers:
        expected = case.get("guttman_on_correlations", f"lambda.{number}")
        assert found[f"lambda{number}"].value == pytest.approx(expected, abs=1e-9, rel=0), number


@pytest.mark.reference("lambda_glb")
def test_split_halves_equal_psych(case):
    """With k odd psych looks at the first half of the splits; there we look at these alone too."""
    if not case.has("split_half", "maxrb"):
        return
    found = split_half(case.X, on="correlations")
    k = case.X.shape[1]
    values = [found.highest.value, found.mean.value, found.lowest.value]
    if k % 2:
        assert found.splits == len(list(combinations(range(k), k // 2)))
        R = moments(complete_rows(case.X)).correlation
        half = []
        for chosen in islice(combinations(range(k), k // 2), found.splits // 2):
            signs = np.full(k, -1.0)
            signs[list(chosen)] = 1.0
            half.append(1 - signs @ R @ signs / R.sum())
        assert values[0] >= max(half) - 1e-12
        assert values[2] <= min(half) + 1e-12
        values = [max(half), np.mean(half), min(half)]
    expected = [case.get("split_half", name) for name in ("maxrb", "meanr", "minrb")]
    assert values == pytest.approx(expected, abs=1e-8, rel=0)


@pytest.mark.reference("lambda_glb")
@pytest.mark.parametrize(
    ("on", "figure"), [("covariances", "glb_algebraic_cov"), ("correlations", "glb_algebraic_cor")]
)
def test_the_greatest_lower_bound_equals_psych(case, on, figure):
    found = greatest_lower_bound(case.X, on=on)
    if not isinstance(case.get(figure), float):
        assert not isinstance(found, Estimate)  # correlations with a constant item
        return
    nearly_singular = case.dataset == "sim_collinear_a" and on == "correlations"
    within = 2e-5 if nearly_singular else 1e-6  # a change of 2e-9 in R moves the optimum by as much
    assert found.value == pytest.approx(case.get(figure), abs=within, rel=0)


@pytest.mark.reference("lambda_glb")
def test_lambda_2_on_covariances_equals_mokken(case):
    if case.has("mokken_lambda2"):
        found = guttman_lambda(case.X)
        assert found["lambda2"].value == pytest.approx(case.get("mokken_lambda2"), abs=1e-9, rel=0)
        assert found["lambda3"].value == pytest.approx(case.get("mokken_alpha"), abs=1e-9, rel=0)
