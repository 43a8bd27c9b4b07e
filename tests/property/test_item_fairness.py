"""Fairness of items compared with independent calculations, and with data that no model fits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from analysis.estimate import Estimate, Unavailable
from analysis.inference.significance import holm
from analysis.invariance.cumulative_logit import CumulativeLogit, cumulative_logit
from analysis.invariance.differential_item_functioning import differential_item_functioning
from analysis.invariance.nested_logits import nested_logits
from analysis.simulation import simulate

CUTS = [-1.2, -0.3, 0.5, 1.3]


def two_samples(n, k=6, seed=0, shift=None):
    """Return SIMULATED answers of two groups to k items; `shift` is added to the last item's thresholds."""
    rng = np.random.default_rng(seed)
    moved = [CUTS] * (k - 1) + [[cut + (shift or 0) for cut in CUTS]]
    answers = [simulate(n, [0.7] * k, cuts, rng).astype(float) for cuts in ([CUTS] * k, moved)]
    return np.vstack(answers), np.repeat(["a", "b"], n)


def negative(parameters, counts, design):
    cuts = counts.shape[1] - 1
    z = np.concatenate([parameters[:1], parameters[0] + np.cumsum(np.exp(parameters[1:cuts]))])
    passed = expit(z[None, :] - (design @ parameters[cuts:])[:, None])
    cells = np.diff(np.column_stack([np.zeros(len(design)), passed, np.ones(len(design))]), axis=1)
    return -(counts * np.log(cells)).sum()


@pytest.mark.parametrize("seed", range(6))
def test_no_other_search_finds_a_better_likelihood(seed):
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(30, 2)) * [1, 40] + [0, 500]
    counts = rng.integers(1, 6, size=(30, 4)).astype(float)
    found = cumulative_logit(counts, design)
    scaled = design / [1, 40]
    other = minimize(negative, [-1, 0, 0, 0, 0], args=(counts, scaled - scaled.mean(axis=0)), method="BFGS")
    assert found.log_likelihood >= -other.fun - 1e-9
    np.testing.assert_allclose(found.slopes, other.x[3:] / [1, 40], atol=1e-4)


@given(st.integers(0, 10_000), st.floats(0.1, 9), st.floats(-50, 50))
def test_the_fit_does_not_depend_on_the_units_of_the_predictor(seed, unit, origin):
    rng = np.random.default_rng(seed)
    design, counts = rng.normal(size=(12, 1)), rng.integers(1, 9, size=(12, 3)).astype(float)
    one, two = cumulative_logit(counts, design), cumulative_logit(counts, design * unit + origin)
    assert two.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-9)
    assert two.slopes[0] * unit == pytest.approx(one.slopes[0], abs=1e-8)
    assert two.errors[-1] * unit == pytest.approx(one.errors[-1], rel=1e-6)


def test_scores_of_people_sum_to_nothing_and_their_squares_are_near_the_information():
    rng = np.random.default_rng(3)
    m = rng.integers(0, 20, 4000).astype(float)
    y = (m / 20 + rng.logistic(size=4000) > np.array([[-0.5], [0.4], [1.5]])).sum(axis=0).astype(float)
    group = rng.random(4000) < 0.5
    found = nested_logits(y, m, group)
    model = found.models[2]
    scores = np.column_stack([model.score(found.design, one)[found.rows, found.answers] for one in np.eye(6)])
    np.testing.assert_allclose(scores.sum(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scores.T @ scores @ model.covariance, np.eye(6), atol=0.25)


def test_interval_of_the_expected_difference_is_as_wide_as_resampling_people_says():
    X, group = two_samples(400, seed=5)
    # The second group's last item does not depend on their position, so differences depend on the score.
    X[400:, -1] = np.random.default_rng(2).permutation(X[400:, -1])
    m, y, second = X[:, :-1].sum(axis=1), X[:, -1], group == "b"
    found = nested_logits(y, m, second)
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(300):
        rows = rng.integers(0, len(y), len(y))
        drawn.append(nested_logits(y[rows], m[rows], second[rows]).mean_difference())
    error = float(np.sqrt((found.influence() ** 2).sum()))
    assert error == pytest.approx(np.std(drawn), rel=0.1)
    assert found.signed(0.95).high - found.signed(0.95).value == pytest.approx(1.96 * error, rel=1e-3)


def test_an_item_that_one_group_answers_lower_is_found_and_the_others_are_not():
    X, group = two_samples(500, seed=2, shift=0.8)
    found = differential_item_functioning(X, group)
    assert found.flagged == ("item 6",)
    assert found.items[-1].difference.high < 0
    assert found.items[-1].log_odds.high < 0
    assert (found.settled, "item 6" in found.anchors) == (True, False)
    # The difference in the sum of the items is the difference in the item.
    assert found.difference.value == pytest.approx(found.items[-1].difference.value)


def test_without_purification_a_total_makes_fair_items_differ_the_other_way():
    X, group = two_samples(500, seed=2, shift=0.8)
    found = differential_item_functioning(X, group, purify=False)
    assert sum(item.difference.value > 0 for item in found.items[:-1]) == 5
    assert found.items[-1].difference.value < 0


def test_the_other_group_as_reference_turns_the_signs():
    X, group = two_samples(300, seed=4, shift=0.5)
    one = differential_item_functioning(X, group, purify=False)
    two = differential_item_functioning(X, group, reference="b", purify=False)
    assert two.groups == ("b", "a")
    for here, there in zip(one.items, two.items, strict=True):
        assert there.log_odds.value == pytest.approx(-here.log_odds.value, abs=1e-7)
        assert there.mantel_haenszel.mantel.p == pytest.approx(here.mantel_haenszel.mantel.p)


def test_small_groups_get_effects_with_intervals_and_no_verdict():
    X, group = two_samples(60, seed=3, shift=1.5)
    found = differential_item_functioning(X, group)
    assert all(item.verdict is None for item in found.items)
    assert found.flagged == ()
    assert isinstance(found.difference, Unavailable)
    for item in found.items:
        assert item.difference.low < item.difference.value < item.difference.high
        assert 0 <= item.r2_change.low <= item.r2_change.high
    assert found.anchors == tuple(item.name for item in found.items)  # nothing is taken out unseen


def test_rows_with_a_hole_or_no_group_are_left_out():
    X, group = two_samples(250, seed=6)
    whole = differential_item_functioning(X, group, purify=False)
    more = np.vstack([X, X[:3]])
    more[-3, 2] = np.nan
    labels = [*group, "a", None, float("nan")]
    found = differential_item_functioning(more, labels, purify=False)
    assert found.n == whole.n
    assert found.items[0].difference == whole.items[0].difference


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda X: X.__setitem__((slice(None), 2), 3.0), "constant item"),
        # One group gives the lowest answer alone, the other the highest alone.
        (lambda X: X.__setitem__((slice(None), 2), np.repeat([1.0, 5.0], 250)), "not defined"),
    ],
)
def test_an_item_that_no_model_fits_says_why_and_spares_the_others(change, reason):
    X, group = two_samples(250, seed=7)
    change(X)
    found = differential_item_functioning(X, group)
    assert found.items[2].logits.reason == reason
    assert found.items[2].verdict is None
    assert isinstance(found.items[0].difference, Estimate)
    assert "unavailable" in str(found)


def test_measurements_are_not_taken_for_categories():
    X, group = two_samples(250, seed=9)
    X[:, 1] += np.random.default_rng(0).normal(size=500)
    found = differential_item_functioning(X, group, purify=False)
    assert "500 different answers" in found.items[1].logits.detail
    assert isinstance(found.items[0].difference, Estimate)


def test_everybody_at_an_extreme_is_refused_item_by_item():
    X = np.repeat([[1.0] * 5, [5.0] * 5], 300, axis=0)
    found = differential_item_functioning(X, np.tile(["a", "b"], 300))
    assert {item.logits.reason for item in found.items} == {"not defined"}


def test_a_copy_of_another_item_and_an_unused_category_are_answered():
    X, group = two_samples(300, seed=8)
    X[:, 1] = X[:, 0]
    X[X[:, 3] == 2, 3] = 3
    found = differential_item_functioning(X, group)
    assert all(isinstance(item.logits.models[2], CumulativeLogit) for item in found.items)
    assert len(found.items[3].logits.values) == 4


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        (["a"] * 40, "there are 1 (a)"),
        (["a", "b", "c", "c"] * 10, "there are 3 (a, b, c)"),
        (["a", "b"] * 19, "40 rows of answers and 38 groups"),
        ([None] * 40, "there are 0 (none)"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused_by_name(groups, says):
    with pytest.raises(ValueError, match=says.replace("(", r"\(").replace(")", r"\)")):
        differential_item_functioning(np.ones((40, 4)), groups)


def test_too_few_items_and_people_are_refused():
    X, group = two_samples(30)
    assert differential_item_functioning(X[:, :2], group).reason == "too few items"
    X[group == "b"] = np.nan
    assert differential_item_functioning(X, group).reason == "too few rows"
    with pytest.raises(ValueError, match="matching must be"):
        differential_item_functioning(X, group, matching="score")
    with pytest.raises(ValueError, match="one finite score"):
        differential_item_functioning(two_samples(30)[0], group, matching=lambda rows: rows)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_the_raw_and_bonferroni(p):
    adjusted = holm(p)
    assert (adjusted >= np.array(p) - 1e-15).all()
    assert (adjusted <= np.minimum(np.array(p) * len(p), 1) + 1e-15).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
