"""Properties of response models; unusual data cause no crash, warning or invented figure."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import approx_fprime, brute

from analysis.estimate import Unavailable
from analysis.item_response import marginal_likelihood
from analysis.item_response.andersen_test import andersen_test
from analysis.item_response.category_curves import category_curves, point_derivatives
from analysis.item_response.graded_response import graded_response
from analysis.item_response.information import information
from analysis.item_response.item_fit import item_mean_squares, joined, s_x2
from analysis.item_response.limited_information import limited_fit
from analysis.item_response.marginal_likelihood import MarginalLikelihood, maximise
from analysis.item_response.partial_credit import partial_credit
from analysis.item_response.person_fit import person_fit, person_separation
from analysis.item_response.rasch import rasch
from analysis.item_response.residuals import q3
from analysis.item_response.response_patterns import response_patterns
from analysis.item_response.scoring import METHODS, person_scores
from analysis.item_response.sum_scores import sum_scores, without_each
from analysis.simulation import simulate

MODELS = {
    "graded": graded_response,
    "generalised": partial_credit,
    "partial credit": lambda X: partial_credit(X, slopes="equal"),
    "rating scale": lambda X: partial_credit(X, slopes="equal", steps="shared"),
    "conditional": rasch,
    "conditional rating scale": lambda X: rasch(X, steps="shared"),
}
MARGINAL = ("graded", "generalised", "partial credit", "rating scale")
each_model = pytest.mark.parametrize("fit", MODELS.values(), ids=MODELS)


def answers(n=300, k=6, seed=1, loading=0.7, cuts=(-1, 0, 1)):
    return simulate(n, [loading] * k, cuts, np.random.default_rng(seed)).astype(float)


def with_holes(X, share=0.2, seed=2):
    return np.where(np.random.default_rng(seed).random(X.shape) < share, np.nan, X)


AWKWARD = {
    "no rows": np.zeros((0, 6)),
    "no answers": np.full((20, 6), np.nan),
    "one answer for all": np.ones((50, 6)),
    "an item that all answer alike": np.column_stack([answers()[:, :5], np.ones(300)]),
    "everybody at one end or the other": np.repeat([[0.0] * 6, [3.0] * 6], 50, axis=0),
    "three people": answers()[:3, :4],
    "fewer people than items": answers()[:5],
    "an item twice": np.column_stack([answers(), answers()[:, 0]]),
    "one item six times": np.repeat(answers()[:, :1], 6, axis=1),
    "each person ten times": np.repeat(answers()[:30], 10, axis=0),
    "a fifth missing": with_holes(answers()),
    "half of the items the other way round": np.column_stack([answers()[:, :3], 3 - answers()[:, 3:]]),
    "chance": np.random.default_rng(3).integers(0, 4, (300, 6)).astype(float),
    "two halves that never meet": np.vstack(
        [
            np.column_stack([answers()[:150, :3], np.full((150, 3), np.nan)]),
            np.column_stack([np.full((150, 3), np.nan), answers()[150:, 3:]]),
        ]
    ),
    "a perfect scale": (np.arange(40)[:, None] > np.linspace(5, 35, 6)).astype(float),
    "an answer hardly ever given": np.where(
        np.random.default_rng(4).random((300, 6)) < 0.004, 9.0, answers()
    ),
    "fractions": answers() * 0.5 + 0.25,
    "two items": answers()[:, :2],
    "one item": answers()[:, :1],
    "no items": np.zeros((10, 0)),
}


@each_model
@pytest.mark.parametrize("X", AWKWARD.values(), ids=AWKWARD)
def test_awkward_answers_are_fitted_at_a_maximum_or_refused_with_the_reason(X, fit):
    model = fit(X)
    if isinstance(model, Unavailable):
        assert model.detail
        return
    assert model.distance < 1e-4
    answered = ~np.isnan(X).all(axis=1)
    for method in METHODS:
        if model.sd is None and method in {"eap", "map"}:
            continue
        scores = person_scores(model, X, method=method)
        assert np.isnan(scores.theta[~answered]).all()
        assert not np.isnan(scores.theta[answered]).any()
        assert method == "ml" or np.isfinite(scores.theta[answered]).all()
    fits = person_fit(model, X)
    assert np.isfinite(fits.outfit[answered]).all()
    for found in (person_separation(scores), q3(model, X, method="wle"), item_mean_squares(model, X)):
        assert found is not None
    assert np.isfinite(information(model).test).all()
    if model.sd is not None:
        assert model.second_start < 1e-6
        for found in (sum_scores(model), s_x2(model, X), limited_fit(model, X)):
            assert found is not None
    assert andersen_test(X) is not None


@pytest.mark.parametrize(
    ("name", "reason", "models"),
    [
        ("an item that all answer alike", "constant item", MODELS),
        ("everybody at one end or the other", "improper solution", MARGINAL),
        ("everybody at one end or the other", "no variance", ("conditional", "conditional rating scale")),
        ("an item twice", "improper solution", ("graded", "generalised")),
        ("a perfect scale", "improper solution", MODELS),
        ("chance", "improper solution", ("partial credit", "rating scale")),
        ("no rows", "too few rows", MODELS),
        ("one item", "too few items", MODELS),
        ("two items", "too few items", ("graded", "generalised")),
    ],
)
def test_the_reason_is_the_one_that_holds(name, reason, models):
    for model in models:
        found = MODELS[model](AWKWARD[name])
        assert isinstance(found, Unavailable), model
        assert found.reason == reason, model


@each_model
@settings(max_examples=25, deadline=None)
@given(
    X=arrays(np.float64, st.tuples(st.integers(3, 25), st.integers(2, 5)),
             elements=st.sampled_from([0.0, 1.0, 2.0, np.nan]))
)  # fmt: skip
def test_any_small_table_is_fitted_or_refused(X, fit):
    model = fit(X)
    if isinstance(model, Unavailable):
        return
    assert model.distance < 1e-4
    assert np.isfinite(person_scores(model, X, method="wle").theta[~np.isnan(X).all(axis=1)]).all()


@each_model
def test_row_order_unit_and_zero_point_do_not_matter(fit):
    X = with_holes(answers(200))
    one = fit(X)
    for other in (X[::-1], 5 * X - 3):
        two = fit(other)
        np.testing.assert_allclose(two.thresholds, one.thresholds, atol=1e-6)
        np.testing.assert_allclose(two.intercepts_se, one.intercepts_se, atol=1e-6)
        assert two.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-8)


@each_model
def test_items_carry_their_figures_with_them_and_turned_scales_turn_the_thresholds(fit):
    X, order = answers(200), [3, 1, 5, 0, 2, 4]
    one, two, turned = fit(X), fit(X[:, order]), fit(3 - X)
    for name in ("slopes", "thresholds_se"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name)[order], rtol=1e-5)
    # The conditional models have another origin of θ when turned.
    moved = (turned.thresholds[:, ::-1] + one.thresholds).ravel()
    if one.sd is None:
        moved -= moved.mean()
    np.testing.assert_allclose(moved, 0, atol=1e-5)


@pytest.mark.parametrize("name", MARGINAL)
def test_people_twice_over_give_the_same_figures_with_smaller_errors(name):
    X = answers(150, seed=5)
    once, twice = MODELS[name](X), MODELS[name](np.vstack([X, X]))
    np.testing.assert_allclose(twice.thresholds, once.thresholds, rtol=1e-5)
    np.testing.assert_allclose(twice.thresholds_se, once.thresholds_se / np.sqrt(2), rtol=1e-5)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-10)


@pytest.mark.parametrize("name", MARGINAL)
def test_information_and_score_are_the_derivatives_of_the_likelihood(name):
    X = with_holes(answers(80, k=4, seed=6))
    patterns = response_patterns(X, shared=name == "rating scale")
    model = MODELS[name](X)
    likelihood = MarginalLikelihood(patterns, model.structure)
    free = (
        0.9 * np.linalg.lstsq(model.structure.design.toarray(), _slots(model), rcond=None)[0]
    )  # not at the maximum, where scores are nought
    at = likelihood.expectations(free)
    score = approx_fprime(free, lambda x: likelihood.expectations(x).log_likelihood, 1e-6)
    np.testing.assert_allclose(at.score, score, rtol=1e-4, atol=1e-4)
    step = 1e-5
    moved = [
        (likelihood.expectations(free - h).score - likelihood.expectations(free + h).score) / (2 * step)
        for h in step * np.eye(free.size)
    ]
    np.testing.assert_allclose(likelihood.information(at), np.array(moved), rtol=1e-5, atol=1e-5)


def _slots(model):
    by_item = np.column_stack([model.sd * model.slopes, model.intercepts])
    return by_item[model.structure.place >= 0]


def test_a_climb_that_begins_with_a_part_of_many_people_ends_where_the_whole_does(monkeypatch):
    X = simulate(900, [0.7] * 27, [-1.0, -0.3, 0.3, 1.0], np.random.default_rng(7)).astype(float)
    patterns = response_patterns(X)
    assert len(patterns.codes) == 900  # too many kinds of rows to be counted together
    whole = graded_response(X)
    likelihood = MarginalLikelihood(patterns, whole.structure)
    assert likelihood.part(0) is None
    monkeypatch.setattr(marginal_likelihood, "_PART", 300)
    assert len(likelihood.part(1).patterns.codes) == 300
    found = maximise(likelihood, 0.8 * _slots(whole), first=1)
    assert found.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(found.free, _slots(whole), atol=1e-5)
    # A part in which a category hardly occurs says too little of it to begin with.
    rare = np.where(np.random.default_rng(1).random(X.shape) < 0.005, 9.0, X)
    assert MarginalLikelihood(response_patterns(rare), whole.structure).part(0) is None


def test_so_many_items_that_the_likelihood_of_a_person_underflows_are_no_matter():
    X = simulate(60, [0.5] * 900, [0.0], np.random.default_rng(8)).astype(float)
    model = replace(graded_response(X[:, :6]), names=tuple(map(str, range(900))))
    model = replace(model, slopes=np.ones(900), intercepts=np.zeros((900, 1)), categories=((0.0, 1.0),) * 900)
    share = X.mean(axis=1)
    exact = np.log(share / (1 - share))
    np.testing.assert_allclose(person_scores(model, X, method="ml").theta, exact, atol=1e-9)
    np.testing.assert_allclose(person_scores(model, X).theta, exact, atol=0.1)  # half a step of the points


@pytest.mark.parametrize("family", ["cumulative", "adjacent"])
def test_curves_are_probabilities_and_their_derivatives_are_right_far_out(family):
    slopes, intercepts = np.array([2.0, -1.5]), np.array([[2.0, 0.0, -1.0], [1.0, -1.0, np.nan]])
    points = np.array([-30.0, -4.0, 0.3, 5.0, 30.0])
    curves = category_curves(family, slopes, intercepts, points).probability
    np.testing.assert_allclose(curves[0].sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(curves[1, :3].sum(axis=0), 1, atol=1e-12)
    assert (curves > 0).all()  # no tail is cut to nought
    h = 1e-4
    near = [point_derivatives(family, slopes, intercepts, points + s) for s in (-h, 0, h)]
    own = near[1].probability > 0
    for name, below in (("first", None), ("second", "first"), ("third", "second")):
        ends = [np.log(z.probability[own]) if below is None else getattr(z, below)[own] for z in near]
        moved = (ends[2] - ends[0]) / (2 * h)
        np.testing.assert_allclose(getattr(near[1], name)[own], moved, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["map", "ml"])
def test_scores_are_at_the_top_of_the_likelihood(method):
    X = answers(40, seed=9)
    model = graded_response(answers())
    scores = person_scores(model, X, method=method)
    for row, theta in zip(X[:10], scores.theta[:10], strict=True):
        if not np.isfinite(theta):
            continue

        def minus(at, row=row):
            P = category_curves(model.family, model.slopes, model.intercepts, np.atleast_1d(at)).probability
            prior = at[0] ** 2 / 2 if method == "map" else 0.0
            return prior - sum(np.log(P[j, int(c), 0]) for j, c in enumerate(row))

        best = brute(minus, [(-6, 6)], Ns=200)
        assert theta == pytest.approx(float(best[0]), abs=2e-4)


def test_weighted_likelihood_of_a_rasch_model_is_jeffreys_mode():
    """Where J is the derivative of the information: half its logarithm is added to the likelihood."""
    X = answers(60, cuts=(0,), seed=10)
    model = rasch(answers(cuts=(0,)))
    scores = person_scores(model, X, method="wle")
    grid = np.linspace(-8, 8, 160_001)
    P = category_curves("adjacent", model.slopes, model.intercepts, grid).probability
    penalty = np.log(information(model, grid).test) / 2
    for row, theta in zip(X[:10], scores.theta[:10], strict=True):
        value = sum(np.log(P[j, int(c)]) for j, c in enumerate(row)) + penalty
        assert theta == pytest.approx(grid[value.argmax()], abs=2e-4)


def test_sums_without_an_item_are_those_of_the_others():
    model = graded_response(answers())
    points, _ = model.points()
    P = np.ascontiguousarray(
        category_curves(model.family, model.slopes, model.intercepts, points).probability
    )
    number = np.tile(np.arange(4), (6, 1))
    sizes = np.full(6, 4)
    for j, found in enumerate(without_each(P, number, sizes)):
        others = [i for i in range(6) if i != j]
        expected = np.ones((1, points.size))
        for i in others:
            longer = np.zeros((len(expected) + 3, points.size))
            for c in range(4):
                longer[c : c + len(expected)] += expected * P[i, c]
            expected = longer
        np.testing.assert_allclose(found, expected, atol=1e-14)


def test_people_are_separated_as_far_as_their_scores_are_beyond_error():
    scores = person_scores(rasch(answers(500, cuts=(0,), k=20)), answers(500, cuts=(0,), k=20), method="wle")
    found = person_separation(scores)
    assert found.reliability == pytest.approx(found.separation**2 / (1 + found.separation**2))
    assert 0.5 < found.reliability < 1


def test_joining_loses_nobody():
    rng = np.random.default_rng(11)
    expected = rng.gamma(0.4, 3.0, (40, 5))
    observed = rng.poisson(expected).astype(float)
    left, right = joined(observed, expected)
    reached = observed.sum(axis=1) > 0
    assert left.sum() == observed.sum()
    assert np.nansum(right) == pytest.approx(expected[reached].sum())
    assert np.nanmin(right) >= 1


def test_a_stranger_to_the_model_is_named():
    model = graded_response(answers(), names=[f"q{i}" for i in range(6)])
    strange = answers()[:2].copy()
    strange[1, 2] = 7
    with pytest.raises(ValueError, match="q2 has the answer 7"):
        person_scores(model, strange)
    with pytest.raises(ValueError, match="6 items, the answers 5"):
        person_scores(model, strange[:, :5])
    with pytest.raises(ValueError, match="leaves open"):
        person_scores(rasch(answers()), answers(), method="eap")
    with pytest.raises(ValueError, match="measurements"):
        graded_response(np.random.default_rng(1).normal(size=(100, 4)))
    with pytest.raises(ValueError, match="equal slopes"):
        partial_credit(answers(), steps="shared")


def drawn(n, slopes, easiness, seed):
    """SIMULATED answers of two categories from the logistic model itself, and the θ they were drawn at."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=n)
    right = 1 / (1 + np.exp(-np.outer(theta, slopes) - easiness))
    return (rng.random(right.shape) < right).astype(float), theta


def test_fit_of_people_is_standard_normal_by_the_model_and_low_where_answers_are_chance():
    slopes, easiness = np.linspace(0.8, 2.0, 60), np.linspace(-2, 2, 60)
    X, _ = drawn(2000, slopes, easiness, seed=12)
    model = graded_response(X)
    found = person_fit(model, X)
    assert abs(found.lz_star.mean()) < 0.08
    assert abs(found.lz_star.std() - 1) < 0.05
    assert abs((found.lz_star < -1.645).mean() - 0.05) < 0.02
    assert abs(found.lz.std() - 1) > abs(found.lz_star.std() - 1)  # θ is estimated from the same answers
    assert abs(found.infit.mean() - 1) < 0.05
    chance = np.random.default_rng(13).integers(0, 2, (200, 60)).astype(float)
    assert np.median(person_fit(model, chance).lz_star) < -1.645


def test_items_that_share_more_than_the_dimension_are_found():
    X, _ = drawn(1500, np.full(12, 1.5), np.linspace(-1, 1, 12), seed=14)
    names = [f"q{j}" for j in range(12)]
    apart = q3(graded_response(X, names=names), X)
    copied = np.where(np.random.default_rng(15).random(1500) < 0.5, X[:, 3], X[:, 7])
    together = np.column_stack([X[:, :7], copied, X[:, 8:]])
    found = q3(graded_response(together, names=names), together)
    assert found.largest == ("q3", "q7")
    assert found.largest_above_mean > 2 * apart.largest_above_mean


def test_an_item_that_the_model_does_not_fit_is_found_by_sums_and_by_mean_squares():
    X, theta = drawn(2000, np.full(12, 1.5), np.linspace(-1, 1, 12), seed=16)
    X[:, 4] = np.abs(theta) > 0.7  # both ends answer alike
    fits = s_x2(graded_response(X), X)
    assert min(fits, key=lambda item: item.p).name == "item 5"
    squares = item_mean_squares(rasch(X), X)
    assert max(squares, key=lambda item: item.infit).name == "item 5"


def test_items_of_different_slopes_fail_the_comparison_of_low_and_high_sums():
    slopes = np.tile([0.5, 2.5], 5)
    X, _ = drawn(1000, slopes, np.linspace(-1, 1, 10), seed=17)
    even, _ = drawn(1000, np.full(10, 1.2), np.linspace(-1, 1, 10), seed=18)
    assert andersen_test(X).p < 0.001
    assert andersen_test(even).p > 0.01


@pytest.mark.parametrize("name", MARGINAL)
def test_errors_of_thresholds_follow_from_those_of_slopes_and_intercepts(name):
    model = MODELS[name](answers(250, seed=19))
    design, place = model.structure.design.toarray(), model.structure.place
    spread = design @ model.covariance @ design.T

    def thresholds(slots):
        a, d = slots[place[:, :1]], slots[place[:, 1:]]
        if model.family == "cumulative":
            return (-d / a).ravel()
        # With equal slopes θ has units of its standard deviation times the slope: steps are as they are.
        steps = -np.diff(d, axis=1, prepend=0.0)
        return (steps / a if model.free_slopes else steps).ravel()

    values = _slots(model)
    toward = np.column_stack(
        [(thresholds(values + h) - thresholds(values - h)) / 2e-6 for h in 1e-6 * np.eye(len(values))]
    )
    np.testing.assert_allclose(thresholds(values), model.thresholds.ravel(), rtol=1e-12)
    expected = np.sqrt(np.diagonal(toward @ spread @ toward.T))
    np.testing.assert_allclose(model.thresholds_se.ravel(), expected, rtol=1e-6)
