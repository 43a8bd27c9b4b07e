"""The Rasch family by conditional likelihood beside eRm."""

import numpy as np
import pytest

from analysis.estimate import Unavailable
from analysis.item_response.andersen_test import andersen_test
from analysis.item_response.item_fit import item_mean_squares
from analysis.item_response.rasch import rasch
from analysis.item_response.scoring import person_scores
from tests.reference.conftest import OPEN, cases

STEPS = {"RM": "own", "PCM": "own", "RSM": "shared"}
FITTED = [(case, kind) for case in cases("rasch_cml") for kind in STEPS if case.has(kind)]
each_model = pytest.mark.parametrize(("case", "kind"), FITTED, ids=[f"{c.dataset}-{k}" for c, k in FITTED])


def flat(by_item):
    return by_item[~np.isnan(by_item)]


@each_model
def test_easiness_with_its_errors_is_that_of_erm(case, kind):
    ours, tolerance = rasch(case.X, steps=STEPS[kind]), case.tolerance
    assert ours.n == len(case.X)
    assert ours.parameters == case.get(kind, "npar")
    assert ours.log_likelihood == pytest.approx(case.get(kind, "loglik_cml"), abs=tolerance["loglik"]["abs"])
    room = {"rtol": 0, "atol": tolerance["beta"]["abs"]}
    np.testing.assert_allclose(flat(ours.intercepts), case.array(kind, "beta"), **room)
    np.testing.assert_allclose(
        flat(ours.intercepts_se), case.array(kind, "se_beta"), rtol=tolerance["se"]["rel"]
    )
    if case.has(kind, "thresholds"):
        np.testing.assert_allclose(flat(ours.thresholds), case.array(kind, "thresholds"), **room)


@each_model
def test_scores_of_people_are_those_of_erm(case, kind):
    ours = rasch(case.X, steps=STEPS[kind])
    theta = person_scores(ours, case.X, method="ml").theta
    lowest = case.X.min() if kind == "RSM" else case.X.min(axis=0)
    sums = (case.X - lowest).sum(axis=1)
    theirs = dict(zip(case.get(kind, "person", "raw_score"), case.get(kind, "person", "theta"), strict=True))
    inside = np.isfinite(theta)
    # At either end the likelihood has no maximum: eRm continues a spline of the others there.
    assert (inside == ((sums > 0) & (sums < sum(ours.sizes) - ours.k))).all()
    expected = [theirs[total] for total in sums[inside]]
    np.testing.assert_allclose(theta[inside], expected, rtol=0, atol=case.tolerance["theta"]["abs"])
    assert np.isfinite(person_scores(ours, case.X, method="wle").theta).all()


@each_model
def test_mean_squares_of_items_are_those_of_erm(case, kind):
    ours = item_mean_squares(rasch(case.X, steps=STEPS[kind]), case.X, method="ml")
    # They move with θ, which is compared to 2e-3.
    room = {"rtol": 0, "atol": case.tolerance["theta"]["abs"]}
    np.testing.assert_allclose([m.outfit for m in ours], case.array(kind, "itemfit", "outfit"), **room)
    np.testing.assert_allclose([m.infit for m in ours], case.array(kind, "itemfit", "infit"), **room)


@each_model
@pytest.mark.parametrize("split", ["median", "mean"])
def test_the_comparison_of_low_and_high_sums_is_that_of_erm(case, kind, split):
    ours = andersen_test(case.X, split=split, steps=STEPS[kind])
    if not case.has(kind, f"LR_{split}", "LR"):
        assert isinstance(ours, Unavailable)
        assert ours.reason == "too few items"
        return
    theirs = case.get(kind, f"LR_{split}")
    assert ours.df == theirs["df"]
    assert ours.chi2 == pytest.approx(theirs["LR"], abs=case.tolerance["LR"]["abs"])
    assert ours.p == pytest.approx(theirs["p"], abs=case.tolerance["LR"]["abs"])


def test_where_the_maximum_is_far_away_rounding_does_not_decide_whether_it_is_found():
    """In a group of eight the likelihood is flat far out: the order of the items stands for a processor."""
    X = np.genfromtxt(OPEN / "rsmdat.csv", delimiter=",", skip_header=1)
    orders = (np.random.default_rng(seed).permutation(X.shape[1]) for seed in range(20))
    chi2 = [andersen_test(X[:, order], steps="own").chi2 for order in orders]
    np.testing.assert_allclose(chi2, chi2[0], rtol=0, atol=1e-9)
