"""Properties of confirmatory models for any data: order, units, direction, a reason where none fits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import confirmatory_factor_analysis
from analysis.factor_models.confirmatory.estimation.discrepancy import NormalTheory
from analysis.factor_models.confirmatory.estimation.full_information import Incomplete
from analysis.factor_models.confirmatory.estimation.full_solution import FullInformation
from analysis.factor_models.confirmatory.estimation.sample_statistics import Continuous
from analysis.factor_models.confirmatory.factor_scores import factor_scores
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.parameter_table import specify
from analysis.factor_models.confirmatory.model.structure import structure_of
from analysis.factor_models.confirmatory.model_reliability import factor_reliability
from analysis.factor_models.confirmatory.modification_indices import modification_indices
from analysis.factor_models.confirmatory.residuals import residuals
from analysis.invariance.multigroup import measurement_invariance
from analysis.invariance.partial import propose_partial

NAMES = ("a", "b", "c", "d", "e", "f")
MODEL = "v =~ a + b + c\nw =~ d + e + f"
seeds = st.integers(0, 10_000)
awkward = st.tuples(st.integers(0, 16), st.just(4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 6.0, np.nan]))
)


def latent(seed, n=500):
    """SIMULATED: two correlated factors of three items each, clear loadings."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 1)) * 0.6 + rng.normal(size=(n, 2)) * 0.8
    loadings = np.repeat([0.7, 0.75, 0.8], 2)
    return factors[:, [0, 0, 0, 1, 1, 1]] * loadings + rng.normal(size=(n, 6)) * np.sqrt(1 - loadings**2)


def answers(seed, n=500):
    return np.digitize(latent(seed, n), [-1.0, 0.0, 0.9]).astype(float)


def fit(X, **options):
    found = confirmatory_factor_analysis(X, MODEL, names=NAMES, **options)
    assert isinstance(found, FittedModel), found
    return found


def standardised(found):
    rows = {(row.lhs, row.op, row.rhs): row.std_all for row in found.parameters}
    return {key: rows[key] for key in sorted(rows) if key[1] == "=~" or key[0] in {"v", "w"}}


ways = pytest.mark.parametrize(
    ("make", "options"),
    [(latent, {}), (latent, {"estimator": "MLR"}), (answers, {"ordered": True})],
    ids=["ml", "mlr", "wlsmv"],
)


@ways
@given(seed=seeds)
@settings(deadline=None, max_examples=4)
def test_the_order_of_rows_and_items_changes_nothing(make, options, seed):
    X, rng = make(seed), np.random.default_rng(seed)
    order = rng.permutation(6)
    first = fit(X, **options)
    again = confirmatory_factor_analysis(
        rng.permutation(X)[:, order], MODEL, names=[NAMES[i] for i in order], **options
    )
    np.testing.assert_allclose(again.test.value, first.test.value, rtol=1e-6, atol=1e-7)
    for key, value in standardised(first).items():
        assert standardised(again)[key] == pytest.approx(value, abs=1e-6)


@given(seed=seeds, scale=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
@settings(deadline=None, max_examples=6)
def test_units_change_nothing_standardised(seed, scale, shift):
    X = latent(seed)
    units = np.array([scale, 1, 1, 1, 1 / scale, 1])
    first, again = fit(X), fit(X * units + shift)
    assert again.test.value == pytest.approx(first.test.value, rel=1e-6, abs=1e-7)
    for key, value in standardised(first).items():
        assert standardised(again)[key] == pytest.approx(value, abs=1e-5)


@given(seed=seeds)
@settings(deadline=None, max_examples=4)
def test_a_reversed_item_turns_its_loading_alone(seed):
    X = answers(seed)
    turned = X.copy()
    turned[:, 1] = 3 - turned[:, 1]
    first, again = (standardised(fit(data, ordered=True)) for data in (X, turned))
    for key, value in first.items():
        assert again[key] == pytest.approx(-value if key[2] == "b" else value, abs=1e-5)


@given(seed=seeds)
@settings(deadline=None, max_examples=4)
def test_full_information_of_complete_rows_is_maximum_likelihood(seed):
    X = latent(seed, 200)
    complete, full = fit(X, estimator="MLR", means=True), fit(X, estimator="MLR", missing="full")
    np.testing.assert_allclose(full.estimates, complete.estimates, atol=1e-6)
    np.testing.assert_allclose(full.standard_errors, complete.standard_errors, rtol=1e-5, atol=1e-8)
    assert full.test.scaled == pytest.approx(complete.test.scaled, rel=1e-5, abs=1e-6)


@given(seed=seeds)
@settings(deadline=None, max_examples=4)
def test_gradients_and_second_derivatives_are_exact(seed):
    """By differences, at a point that is no solution, with a factor of factors and with means."""
    rng = np.random.default_rng(seed)
    table = specify(MODEL + "\ng =~ v + w\na ~~ d\ng ~ NA*1\nv =~ c + x*c + x*b", means=True)
    structure, X = structure_of(table), latent(seed, 60)
    x = rng.uniform(0.4, 1.0, table.count)
    x[[p.free for p in table.parameters if p.key == ("a", "~~", "d", 0)]] = 0.1
    holes = X.copy()
    holes[rng.random(X.shape) < 0.1] = np.nan
    data = Continuous(rows=X, names=NAMES)
    for target in (
        NormalTheory(structure=structure, groups=[data], weights=np.ones(1)),
        FullInformation(
            structure=structure, groups=[Incomplete(data=holes[~np.isnan(holes).all(1)], names=NAMES)]
        ),
    ):
        steps = np.eye(len(x)) * 1e-5
        slope = [(target.value(x + step) - target.value(x - step)) / 2e-5 for step in steps]
        np.testing.assert_allclose(target.gradient(x), slope, atol=1e-6, rtol=1e-5)
        bend = [(target.gradient(x + step) - target.gradient(x - step)) / 2e-5 for step in steps]
        np.testing.assert_allclose(target.hessian(x), bend, atol=1e-5, rtol=1e-5)


@given(X=awkward, ordered=st.booleans())
@settings(deadline=None, max_examples=60)
def test_whatever_the_answers_there_is_a_solution_or_a_reason(X, ordered):
    for missing in ("complete", "pairwise" if ordered else "full"):
        found = confirmatory_factor_analysis(
            X, "v =~ a + b + c + d", names=NAMES[:4], ordered=ordered, missing=missing
        )
        if isinstance(found, Unavailable):
            assert found.why
            continue
        assert np.isfinite(found.estimates).all()
        assert 0 <= found.fit["cfi"] <= 1
        assert "improper" in str(found) or np.isfinite(found.standardised).all()


def test_an_item_without_variation_is_named():
    X = latent(1)
    X[:, 2] = 4
    for ordered in (False, True):
        found = confirmatory_factor_analysis(np.round(X), MODEL, names=NAMES, ordered=ordered)
        assert found.reason == "constant item"
        assert "c" in found.detail


def test_the_same_item_twice_is_refused_by_name():
    X = latent(1)
    X[:, 5] = X[:, 4]
    found = confirmatory_factor_analysis(X, MODEL, names=NAMES)
    assert (found.reason, found.detail) == ("singular matrix", "e, f")
    found = confirmatory_factor_analysis(np.round(X), MODEL, names=NAMES, ordered=True)
    assert isinstance(found, Unavailable)
    assert "e and f" in found.detail


def test_fewer_rows_than_items_are_refused():
    found = confirmatory_factor_analysis(latent(1, 6), MODEL, names=NAMES)
    assert (found.reason, found.detail) == ("too few rows", "6 for 6 items")


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("v =~ a + b", "parameters too many"),
        ("v =~ a + b + c\nw =~ a + b + c", "parameters too many"),
        ("v =~ NA*a + b + c + d + e", "cannot tell"),
    ],
)
def test_a_model_that_is_not_identified_says_so(model, what):
    found = confirmatory_factor_analysis(latent(1), model, names=NAMES)
    assert isinstance(found, Unavailable)
    assert what in found.detail


def test_two_factors_that_are_one_are_called_improper_or_fit():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(300, 1)) + rng.normal(size=(300, 6))
    found = fit(X)
    r = found.solution.implied[0].factor_covariance
    beyond = abs(r[0, 1]) > np.sqrt(r[0, 0] * r[1, 1])
    assert bool(found.improper) == beyond
    if beyond:
        assert "correlation of v and w" in found.improper[0]
        assert factor_scores(found, X).reason == factor_reliability(found).reason == "improper solution"


def test_an_improper_solution_has_figures_but_no_scores():
    """SIMULATED: the first item is nearly its factor, so that its residual variance falls below nought."""
    rng = np.random.default_rng(5)
    F = rng.normal(size=(40, 1))
    X = F * [1.0, 0.3, 0.3, 0.3] + rng.normal(size=(40, 4)) * [0.05, 1, 1, 1]
    found = confirmatory_factor_analysis(X, "v =~ a + b + c + d", names=NAMES[:4])
    assert isinstance(found, FittedModel)
    assert "residual variance of a" in found.improper[0]
    assert isinstance(factor_scores(found, X), Unavailable)
    assert isinstance(factor_reliability(found), Unavailable)
    assert "improper solution: the residual variance of a" in str(found)


def test_one_indicator_is_its_factor():
    found = confirmatory_factor_analysis(latent(1), "v =~ a\nw =~ d + e + f", names=NAMES)
    assert isinstance(found, FittedModel)
    assert found.test.df == 2
    assert found.solution.implied[0].residual_variance[0] == 0


def test_the_largest_modification_index_finds_what_was_left_out():
    X = latent(3, 1000)
    shared = np.random.default_rng(9).normal(size=1000) * 0.5
    X[:, 0] += shared
    X[:, 4] += shared
    rows = sorted(modification_indices(fit(X)), key=lambda row: -row.index)
    assert {rows[0].lhs, rows[0].rhs} == {"a", "e"}
    assert rows[0].change > 0.1
    assert residuals(fit(X))[0].largest(1)[0][:2] == ("a", "e")


def test_the_expected_change_is_close_to_what_freeing_brings():
    X = latent(3, 1000)
    X[:, 4] += 0.3 * X[:, 0]
    before = fit(X)
    row = max(modification_indices(before), key=lambda r: r.index)
    wider = confirmatory_factor_analysis(X, f"{MODEL}\n{row.lhs} {row.op} {row.rhs}", names=NAMES)
    fall = before.test.value - wider.test.value
    assert row.index == pytest.approx(fall, rel=0.3)


def grouped(seed, n=300, shift=0.0):
    X = np.concatenate([latent(seed, n), latent(seed + 1, n)])
    X[n:, 1] += shift
    return X, np.repeat(["first", "second"], n)


def test_the_names_of_groups_change_no_fit():
    X, groups = grouped(7)
    first = measurement_invariance(X, MODEL, groups, names=NAMES)
    again = measurement_invariance(X, MODEL, np.where(groups == "first", "z", "a"), names=NAMES)
    assert again.groups == ("a", "z")
    for ours, theirs in zip(first.steps, again.steps, strict=True):
        assert theirs.fit.test.value == pytest.approx(ours.fit.test.value, rel=1e-7)


@pytest.mark.parametrize("ordered", [False, True])
def test_a_shifted_item_is_proposed_and_nothing_else(ordered):
    X, groups = grouped(11, 500, shift=0.8)
    data = np.digitize(X, [-1.0, 0.0, 0.9]).astype(float) if ordered else X
    ladder = measurement_invariance(data, MODEL, groups, names=NAMES, ordered=ordered)
    assert ladder["metric"].kept
    assert ladder["scalar"].kept is False
    proposal = propose_partial(ladder)
    assert [(item.item, item.step) for item in proposal.freed] == [("b", "scalar")]
    effect = next(effect for effect in proposal.effects if effect.item == "b")
    others = [effect.dmacs for effect in proposal.effects if effect.item != "b"]
    assert effect.difference == pytest.approx(0.8 if not ordered else 0.6, abs=0.15)
    assert effect.dmacs > 3 * max(others)
    again = measurement_invariance(data, MODEL, groups, names=NAMES, ordered=ordered, free=proposal.free)
    assert again["scalar"].kept


def test_an_answer_that_a_group_never_gives_is_named_with_a_way_out():
    X, groups = answers(3, 400), np.repeat(["student", "worker"], 200)
    X[(groups == "worker") & (X[:, 3] == 3), 3] = 2
    found = measurement_invariance(X, MODEL, groups, names=NAMES, ordered=True)
    assert isinstance(found, Unavailable)
    assert found.detail == "nobody in worker answered d with 3; join it to 2 in every group"


def test_clusters_of_one_row_are_no_clusters():
    X = answers(5)
    plain = fit(X, ordered=True)
    alone = fit(X, ordered=True, clusters=np.arange(len(X)))
    np.testing.assert_allclose(alone.standard_errors, plain.standard_errors, rtol=2e-3, atol=1e-6)


def test_alike_rows_of_a_cluster_widen_the_errors():
    X = np.repeat(latent(5, 150), 2, axis=0) + np.random.default_rng(1).normal(size=(300, 6)) * 0.1
    clusters = np.repeat(np.arange(150), 2)
    plain, clustered = fit(X, estimator="MLR", means=True), fit(X, estimator="MLR", clusters=clusters)
    wider = (
        clustered.standard_errors[clustered.standard_errors > 0]
        / plain.standard_errors[plain.standard_errors > 0]
    )
    assert wider.mean() == pytest.approx(np.sqrt(2), rel=0.15)
    assert clustered.test.factor > 1.5 * plain.test.factor


def test_arguments_that_do_not_go_together_are_refused():
    X = latent(1)
    for options, what in (
        ({"estimator": "WLSMV"}, "not for continuous items: choose one of ML, MLR"),
        ({"estimator": "GLS", "missing": "full"}, "'full' for ML and MLR"),
        ({"ordered": True, "missing": "full"}, "'pairwise' is for ordered items"),
        ({"clusters": np.arange(len(X))}, "clusters need robust errors"),
        ({"groups": np.zeros(len(X))}, "1 different values"),
    ):
        with pytest.raises(ValueError, match=what):
            confirmatory_factor_analysis(X, MODEL, names=NAMES, **options)
