"""Properties of reliabilities of ordinal items; unusual data cause no crash or silent error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.counts.joint import joint_counts
from analysis.estimate import Estimate, Unavailable
from analysis.factor_models.one_factor_dwls import loadings_of
from analysis.reliability.ordinal import OrdinalFactor, categorical_omega, ordinal_alpha, ordinal_factor

SEEDS = st.integers(0, 10_000)
FIGURES = [ordinal_alpha, categorical_omega, lambda X, **how: categorical_omega(X, variance="model", **how)]


def answers(seed=0, *, n=300, loadings=(0.8, 0.7, 0.6, 0.7, 0.5), categories=5, missing=0.0):
    rng = np.random.default_rng(seed)
    common = np.array(loadings)
    latent = common * rng.normal(size=(n, 1)) + np.sqrt(1 - common**2) * rng.normal(size=(n, common.size))
    X = 1.0 + np.digitize(latent, np.linspace(-1.2, 1.4, categories - 1))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def same(one, other, limit=1e-8):
    np.testing.assert_allclose(one, other, rtol=0, atol=limit)


@pytest.mark.parametrize("figure", FIGURES)
@given(SEEDS)
def test_order_and_names_of_answers_do_not_matter_and_counts_say_the_same(figure, seed):
    X = answers(seed)
    rng = np.random.default_rng(seed)
    value = figure(X).value
    same(figure(X[rng.permutation(len(X))][:, rng.permutation(5)]).value, value)
    same(figure(6 - X).value, value)
    same(figure(10 * X - 7).value, value)
    same(figure(joint_counts(X)).value, value)


@given(st.lists(st.floats(0.3, 0.9), min_size=3, max_size=12), st.integers(0, 5))
def test_loadings_that_fit_exactly_are_found_whatever_the_weights(loadings, seed):
    loadings = np.array(loadings)
    R = np.outer(loadings, loadings)
    np.fill_diagonal(R, 1)
    weights = np.random.default_rng(seed).uniform(0.02, 0.2, R.shape)
    found, settled, _ = loadings_of(R[None], np.sqrt(weights * weights.T)[None])
    assert settled.all()
    same(found[0], loadings, 1e-6)


def test_a_reversed_item_has_a_negative_loading_of_the_same_size():
    X = answers()
    turned = X.copy()
    turned[:, 2] = 6 - X[:, 2]
    same(ordinal_factor(turned).loadings, ordinal_factor(X).loadings * [1, 1, -1, 1, 1])


def test_known_loadings_and_their_omega_are_found_again():
    loadings = np.array([0.8, 0.7, 0.6, 0.7, 0.5])
    X = answers(n=100_000)
    fit = ordinal_factor(X)
    assert isinstance(fit, OrdinalFactor)
    same(fit.loadings, loadings, 0.01)
    same(fit.latent_omega, loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum()), 0.005)
    other = answers(n=100_000)  # the same people asked again, had the factor alone stayed with them
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(100_000, 1))
    sums = [
        (np.digitize(loadings * factor + np.sqrt(1 - loadings**2) * rng.normal(size=other.shape), cuts)).sum(
            axis=1
        )
        for cuts in [np.linspace(-1.2, 1.4, 4)] * 2
    ]
    same(categorical_omega(X).value, np.corrcoef(sums)[0, 1], 0.01)


@pytest.mark.parametrize(
    ("above", "single"),
    [
        (
            [
                -0.26,
                0.22,
                0.34,
                0.08,
                -0.14,
                -0.21,
                0.18,
                -0.04,
                -0.18,
                -0.27,
                0.21,
                0.07,
                -0.26,
                -0.13,
                -0.21,
            ],
            3,
        ),
        ([0.08, -0.08, 0.24], 1),
    ],
)
def test_a_solution_that_an_item_alone_would_beat_is_told_from_the_best_one(above, single):
    """Each has a minimum with loadings below 1, and more is met by an item's loading that grows for ever."""
    k = {3: 3, 15: 6}[len(above)]
    R = np.eye(k)
    R[np.triu_indices(k, 1)] = above
    R += np.triu(R, 1).T
    found, _, beaten = loadings_of(R[None], np.ones((1, k, k)))
    apart = ~np.eye(k, dtype=bool)
    least = np.square(R - np.outer(found[0], found[0]))[apart].sum()
    loading = 1e4 * (np.arange(k) == single) + 1e-4 * R[single] * (np.arange(k) != single)
    assert np.square(R - np.outer(loading, loading))[apart].sum() < least
    assert beaten[0] == single


def test_covariances_of_answers_are_those_in_the_data():
    X = answers(n=20_000)
    fit = ordinal_factor(X)
    same(fit.observed, np.cov(X.T), 0.02)
    same(np.diag(fit.observed), X.var(axis=0), 1e-9)
    assert fit.maximal_reliability >= fit.omega()


def test_a_wider_gap_between_answers_widens_the_sum():
    X = answers()
    gap = np.where(X == 5, 9, X)
    assert categorical_omega(gap).value != pytest.approx(categorical_omega(X).value, abs=1e-4)
    fit = ordinal_factor(gap)
    same(np.diag(fit.observed), gap.var(axis=0), 1e-9)


def test_binary_items_and_items_of_unequal_categories():
    binary, mixed = answers(categories=2), answers()
    mixed[:, 0] = mixed[:, 0] > 3
    mixed[:, 1] = np.minimum(mixed[:, 1], 3)
    for X in (binary, mixed):
        found = categorical_omega(X, interval="percentile", resamples=100)
        assert isinstance(found, Estimate)
        assert 0 < found.low < found.value < found.high < 1


@pytest.mark.parametrize("figure", FIGURES)
def test_the_interval_comes_from_resamples_and_says_so(figure):
    X = answers(n=150)
    found = figure(X, interval="percentile", resamples=200)
    assert found.low < found.value < found.high
    assert found.level == 0.95
    assert "percentile interval of 200 resamples" in found.method
    assert figure(X, interval="percentile", resamples=200) == found
    narrow = figure(X, interval="percentile", resamples=200, level=0.5)
    assert found.low < narrow.low < narrow.high < found.high
    many = figure(answers(n=1500), interval="percentile", resamples=200)
    assert many.high - many.low < 0.6 * (found.high - found.low)


def test_a_resample_gives_what_its_rows_give():
    X = answers(n=120, categories=3, loadings=(0.7, 0.6, 0.7, 0.6))
    X[X == 3] = 7
    X[5, 1] = 4  # an answer that the resample does not meet
    X = X[np.lexsort(X.T[::-1])]  # the order in which rows are drawn, whatever order they came in
    others = np.flatnonzero(~(X == 4).any(axis=1))

    class Always:
        """Draws the same rows each time."""

        # a sample whose factor is proper
        rows = np.random.default_rng(4).choice(others, 120)

        def integers(self, *_args, **_options):
            return self.rows

    drawn = X[Always.rows]
    for figure in FIGURES:
        found = figure(X, interval="percentile", resamples=3, rng=Always())
        same([found.low, found.high], figure(drawn).value)


def test_resamples_without_a_figure_are_counted_and_too_many_leave_no_interval():
    X = answers(n=25, categories=2, loadings=(0.9, 0.9, 0.9))
    X[:, 0] = 1
    X[:2, 0] = 2
    found = ordinal_alpha(X, interval="percentile", resamples=300)
    assert isinstance(found, Estimate)
    assert found.low is None
    assert "of them without a figure: not available" in found.method


def test_what_has_no_figure_says_why():
    X = answers()
    assert ordinal_factor(X[:, :2]).reason == "too few items"
    assert categorical_omega(np.column_stack([X, np.ones(300)])).reason == "constant item"
    heywood = answers(n=60, loadings=(0.99, 0.9, 0.2, 0.1), seed=1)
    why = [ordinal_factor(answers(seed, n=60, loadings=(0.99, 0.9, 0.2))) for seed in range(20)]
    assert any(isinstance(w, Unavailable) and "Heywood case: item" in w.detail for w in why)
    assert isinstance(categorical_omega(heywood), Estimate | Unavailable)
    opposed = np.column_stack([X[:, 0], 6 - X[:, 0], X[:, 1], 6 - X[:, 1]])
    assert ordinal_alpha(opposed).value < 0 or ordinal_alpha(opposed).reason == "no variance"
    gaps = answers(missing=0.2)
    with pytest.raises(ValueError, match="complete rows"):
        categorical_omega(gaps, missing="pairwise", interval="percentile")
    with pytest.raises(ValueError, match="complete rows"):
        ordinal_alpha(joint_counts(X), interval="percentile")


@pytest.mark.parametrize(
    "wrong", [{"interval": "bca"}, {"level": 1}, {"variance": "true"}, {"missing": "no"}]
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError):
        categorical_omega(answers(), **wrong)


@given(
    arrays(
        float, st.tuples(st.integers(0, 9), st.integers(0, 4)), elements=st.sampled_from([0, 1, 2, np.nan])
    ),
    st.sampled_from(["pairwise", "complete"]),
)
def test_whatever_the_answers_there_is_a_finite_figure_or_a_reason(X, missing):
    for figure in FIGURES:
        found = figure(X, missing=missing)
        assert found.why if isinstance(found, Unavailable) else np.isfinite(found.value)
