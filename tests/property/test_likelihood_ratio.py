"""Likelihood ratio tests of items in a graded response model of two groups."""

import numpy as np
import pytest
from scipy.special import expit

from analysis import Unavailable, likelihood_ratio_dif
from analysis.invariance.likelihood_ratio import _weights
from analysis.item_response.graded_response import graded_response
from analysis.item_response.group_likelihood import GroupLikelihood
from analysis.item_response.response_patterns import response_patterns
from analysis.simulation import simulate

LOADINGS = [0.7, 0.5, 0.8, 0.6, 0.7, 0.6]


def two_samples(n: int, *, shift: float = 1.0, apart: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Answers of two groups; the thresholds of the second lie so much higher in the last item."""
    cuts = [[-1.0, 0.0, 1.0]] * 6
    later = [*cuts[:-1], [-1.0 + shift, shift, 1.0 + shift]]
    first = simulate(n, LOADINGS, cuts, np.random.default_rng(0))
    second = simulate(n, LOADINGS, later, np.random.default_rng(1), means=apart)
    return np.vstack([first, second]).astype(float), np.repeat(["a", "b"], n)


def test_statistics_equal_those_of_another_program():
    """`multigroup_dif` of the mirt of the Python index, 1.2.0, with 61 points and tol=1e-10.

    Its expectation-maximisation stops where a step changes the likelihood by 1e-10, away from the maximum: it
    lies within 1.4e-4 of ours, which 201 points from -8 to 8 change by less than 1e-6.
    """
    cuts = [[-1, 0, 1]] * 6
    later = [[-1, 0, 1]] * 5 + [[-0.2, 0.8, 1.8]]
    draws = [simulate(400, LOADINGS, t, np.random.default_rng(i)) for i, t in enumerate((cuts, later))]
    found = likelihood_ratio_dif(np.vstack(draws), np.repeat([0, 1], 400), purify=False)
    theirs = [4.928940, 4.265263, 19.491697, 3.367231, 1.409948, 127.051270]
    assert [item.test.statistic for item in found.items] == pytest.approx(theirs, abs=2e-4)
    assert {item.test.df for item in found.items} == {4}
    assert float(found.items[2].test.p) == pytest.approx(6.2903e-04, rel=1e-4)


def likelihood_by_hand(X, second, maximum) -> float:
    """The log-likelihood row by row, straight from the model's formula."""
    points = np.linspace(-6, 6, 61)
    total = 0.0
    for row, group in zip(X, second.astype(int), strict=True):
        prior = np.exp(-(((points - maximum.means[group]) / maximum.sds[group]) ** 2) / 2)
        prior /= prior.sum()
        for j, answer in enumerate(row):
            if np.isnan(answer):
                continue
            steps = maximum.intercepts[group, j]
            above = expit(maximum.slopes[group, j] * points + steps[:, np.newaxis])
            above = np.vstack([np.ones(61), above, np.zeros(61)])
            prior = prior * (above[int(answer)] - above[int(answer) + 1])
        total += float(np.log(prior.sum()))
    return total


@pytest.mark.parametrize("separate", [(), (5,), (0, 3)])
def test_a_maximum_has_its_likelihood_and_no_neighbour_has_more(separate):
    X, groups = two_samples(150, apart=0.5)
    X -= X.min()
    X[::7, 2] = np.nan
    patterns, second = response_patterns(X), groups == "b"
    model = graded_response(X)
    likelihood = GroupLikelihood(patterns, _weights(patterns, second))
    found = likelihood.maximise(separate, model.slopes, model.intercepts)
    assert likelihood_by_hand(X, second, found) == pytest.approx(found.log_likelihood, abs=1e-8)
    assert (found.means[0], found.sds[0]) == (0, 1)
    for name in ("means", "sds"):
        for change in (-0.02, 0.02):
            moved = np.array(getattr(found, name))
            moved[1] += change
            parts = {each: getattr(found, each) for each in ("slopes", "intercepts", "means", "sds")}
            near = type(found)(**parts | {name: moved}, log_likelihood=0.0, parameters=0, gradient=0.0)
            assert likelihood_by_hand(X, second, near) < found.log_likelihood
    shared = [j for j in range(6) if j not in separate]
    assert (found.slopes[0, shared] == found.slopes[1, shared]).all()
    assert all(found.slopes[0, j] != found.slopes[1, j] for j in separate)


def test_the_item_that_differs_is_let_differ_and_the_groups_standing_is_not_taken_for_it():
    X, groups = two_samples(600, shift=0.6, apart=0.7)
    found = likelihood_ratio_dif(X, groups)
    assert found.differing == ("item 6",)
    assert found.mean == pytest.approx(0.7, abs=0.15)
    assert found.sd == pytest.approx(1.0, abs=0.15)
    assert found.items[5].difference < 0
    assert found.items[5].absolute_difference == pytest.approx(-found.items[5].difference, abs=0.02)
    fair = likelihood_ratio_dif(*two_samples(600, shift=0.0, apart=0.7))
    assert fair.differing == ()


def test_order_of_items_and_rows_changes_nothing_and_the_other_reference_turns_signs():
    X, groups = two_samples(250, shift=0.6)
    found = likelihood_ratio_dif(X, groups, purify=False)
    order, rows = [3, 0, 5, 1, 4, 2], np.random.default_rng(3).permutation(500)
    moved = likelihood_ratio_dif(X[rows][:, order], groups[rows], purify=False)
    turned = likelihood_ratio_dif(X, groups, reference="b", purify=False)
    assert turned.groups == ("b", "a")
    for place, j in enumerate(order):
        assert moved.items[place].test.statistic == pytest.approx(found.items[j].test.statistic, abs=1e-5)
        # The points of θ end at 6, which are not the same answers in the other unit.
        assert turned.items[j].test.statistic == pytest.approx(found.items[j].test.statistic, abs=0.02)
    assert turned.items[5].difference * found.items[5].difference < 0


def test_what_cannot_be_tested_says_why():
    X, groups = two_samples(200)
    X[(groups == "b") & (X[:, 1] == X[:, 1].max()), 1] -= 1
    found = likelihood_ratio_dif(X, groups)
    assert isinstance(found.items[1].test, Unavailable)
    assert "put categories together" in found.items[1].test.detail
    assert "put categories together" in str(found)
    assert found.items[5].test.p < 0.001
    assert likelihood_ratio_dif(X[:, :2], groups).reason == "too few items"
    few = np.where(np.arange(400) < 398, "a", "b")
    assert likelihood_ratio_dif(X, few).reason == "too few rows"
    with pytest.raises(ValueError, match="alpha"):
        likelihood_ratio_dif(X, groups, alpha=0)
    with pytest.raises(ValueError, match="names"):
        likelihood_ratio_dif(X, groups, names=["one"])
    with pytest.raises(ValueError, match="two groups"):
        likelihood_ratio_dif(X, ["a"] * 400)
