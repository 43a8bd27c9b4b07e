"""Properties of coefficients of reliability; unusual data cause no crash or warning."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtr, ndtri

from analysis.correlation.item_correlations import item_correlations
from analysis.counts.joint import joint_counts
from analysis.descriptive.items import describe, mardia, spearman
from analysis.estimate import Estimate, Unavailable
from analysis.factor_models.one_factor import OneFactor, _scoring_step, one_factor
from analysis.inference import bootstrap
from analysis.moments import Moments, moments
from analysis.reliability.alpha import alpha_replicates, cronbach_alpha, item_statistics, standardised_alpha
from analysis.reliability.composite import added_value, heterotrait_monotrait
from analysis.reliability.lower_bounds import greatest_lower_bound, guttman_lambda, split_half
from analysis.reliability.omega import alpha_and_omega, mcdonald_omega

FEW = {"resamples": 50}
COEFFICIENTS = {
    "alpha": cronbach_alpha,
    "standardised": standardised_alpha,
    "omega": mcdonald_omega,
    "omega, observed": lambda X, **how: mcdonald_omega(X, variance="observed", **how),
    "lambda2": lambda X, **how: first(guttman_lambda(X, **how), "lambda2"),
    "lambda4": lambda X, **how: first(guttman_lambda(X, **how), "lambda4"),
    "lambda6": lambda X, **how: first(guttman_lambda(X, **how), "lambda6"),
    "glb": greatest_lower_bound,
    "split-half": lambda X, **how: getattr(split_half(X, **how), "mean", Unavailable(reason="no variance")),
}


def first(found, name):
    return found if isinstance(found, Unavailable) else found[name]


def answers(seed=0, n=60, k=5, categories=5, loading=0.8):
    rng = np.random.default_rng(seed)
    latent = loading * rng.normal(size=(n, 1)) + rng.normal(size=(n, k))
    return np.clip(np.round(latent + categories / 2), 1, categories)


TABLES = st.builds(
    answers,
    seed=st.integers(0, 10_000),
    n=st.integers(30, 120),
    k=st.integers(3, 7),
    categories=st.sampled_from([2, 5, 7]),
)
AWKWARD = st.tuples(st.integers(0, 12), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, np.nan]))
)


def same(a, b, within=1e-9):
    assert type(a) is type(b), (a, b)
    if isinstance(a, Estimate):
        limits = [[found.value if x is None else x for x in (found.low, found.high)] for found in (a, b)]
        assert [b.value, *limits[1]] == pytest.approx([a.value, *limits[0]], abs=within, rel=0)


@pytest.mark.parametrize("name", COEFFICIENTS)
@settings(max_examples=15)
@given(X=TABLES, seed=st.integers(0, 100))
def test_order_of_items_and_rows_does_not_matter(name, X, seed):
    rng = np.random.default_rng(seed)
    shuffled = X[rng.permutation(len(X))][:, rng.permutation(X.shape[1])]
    same(COEFFICIENTS[name](X), COEFFICIENTS[name](shuffled), 1e-7)


@pytest.mark.parametrize("name", COEFFICIENTS)
@settings(max_examples=15)
@given(X=TABLES)
def test_turning_every_item_round_and_changing_units_does_not_matter(name, X):
    found = COEFFICIENTS[name](X)
    same(found, COEFFICIENTS[name](6 - X), 1e-7)
    same(found, COEFFICIENTS[name](1000 * X - 3), 1e-7)


@pytest.mark.parametrize("name", COEFFICIENTS)
@settings(max_examples=15)
@given(X=TABLES)
def test_counts_and_complete_rows_and_pairwise_agree_where_nothing_is_missing(name, X):
    coefficient = COEFFICIENTS[name]
    found = coefficient(X)
    same(found, coefficient(joint_counts(X)), 1e-8)
    same(found, coefficient(X, missing="pairwise"), 1e-8)
    same(found, coefficient(moments(X)))


@given(X=TABLES)
def test_every_row_twice_keeps_the_value_and_narrows_the_interval(X):
    once, twice = cronbach_alpha(X), cronbach_alpha(np.vstack([X, X]))
    if isinstance(once, Estimate):
        assert twice.value == pytest.approx(once.value, abs=1e-12)
        assert twice.high - twice.low < once.high - once.low


@given(X=TABLES, holes=st.integers(0, 100))
def test_complete_rows_are_what_is_left_after_dropping_the_others(X, holes):
    holed = np.where(np.random.default_rng(holes).random(X.shape) < 0.05, np.nan, X)
    left = holed[~np.isnan(holed).any(axis=1)]
    same(cronbach_alpha(holed), cronbach_alpha(left))
    same(mcdonald_omega(holed), mcdonald_omega(left))


@given(X=TABLES)
def test_the_bounds_stand_in_their_order(X):
    found = guttman_lambda(X)
    if isinstance(found["lambda1"], Unavailable):
        return
    glb = greatest_lower_bound(X).value
    assert found["lambda1"].value <= found["lambda3"].value + 1e-12
    assert found["lambda3"].value <= found["lambda2"].value + 1e-12
    assert max(bound.value for bound in found.values()) <= glb + 1e-8
    halves = split_half(X)
    assert halves.lowest.value <= halves.mean.value <= halves.highest.value <= glb + 1e-8
    if X.shape[1] % 2 == 0:
        assert halves.mean.value == pytest.approx(found["lambda3"].value, abs=1e-10)


@given(X=TABLES)
def test_alpha_if_dropped_is_alpha_of_the_other_items(X):
    items = item_statistics(X)
    for j, item in enumerate(items):
        rest = np.delete(X, j, axis=1)
        alone = cronbach_alpha(rest)
        if isinstance(alone, Estimate):
            assert item.alpha_if_dropped == pytest.approx(alone.value, abs=1e-10)
        if isinstance(item.item_rest, float):
            assert item.item_rest == pytest.approx(np.corrcoef(X[:, j], rest.sum(axis=1))[0, 1], abs=1e-10)


@given(X=AWKWARD)
def test_awkward_answers_give_a_finite_figure_or_a_reason(X):
    results = [coefficient(X) for coefficient in COEFFICIENTS.values()]
    results += [
        cronbach_alpha(X, interval=interval, **FEW) for interval in ("bonett", "normal", "adf", "bca")
    ]
    results += [cronbach_alpha(X, missing="pairwise"), greatest_lower_bound(X, missing="pairwise")]
    results += [mcdonald_omega(X, interval=interval, **FEW) for interval in ("adf", "percentile")]
    results += [standardised_alpha(joint_counts(X)), *first_values(guttman_lambda(X, missing="pairwise"))]
    for found in results:
        if isinstance(found, Unavailable):
            assert found.why
        else:
            figures = [found.value, *(limit for limit in (found.low, found.high) if limit is not None)]
            assert np.isfinite(figures).all()
            assert found.value <= 1 + 1e-9
    item_statistics(X)
    describe(X)
    mardia(X)
    spearman(X)


def test_lambda4_says_where_not_every_split_was_seen():
    X = np.random.default_rng(1).normal(size=(40, 22)) + np.random.default_rng(2).normal(size=(40, 1))
    found = guttman_lambda(X)["lambda4"]
    assert "the best of 10,000 splits drawn" in found.method
    assert found.value == split_half(X).highest.value
    assert "drawn" not in guttman_lambda(X[:, :20])["lambda4"].method


@pytest.mark.parametrize("dependent", ["copies", "mirrors", "sum", "nearly", "few rows"])
@settings(max_examples=15)
@given(X=TABLES)
def test_dependent_items_give_a_finite_figure_or_a_reason(X, dependent):
    noise = 1e-6 * np.random.default_rng(1).normal(size=X.shape)
    made = {
        "copies": np.hstack([X, X]),
        "mirrors": np.hstack([X[:, :1], X[:, :1], 6 - X[:, :1], 6 - X[:, :1], X[:, 1:]]),
        "sum": np.hstack([X, X.sum(axis=1, keepdims=True)]),
        "nearly": np.hstack([X, X + noise]),
        "few rows": X[:4],
    }[dependent]
    for coefficient in COEFFICIENTS.values():
        found = coefficient(made)
        assert isinstance(found, Unavailable) or (np.isfinite(found.value) and found.value <= 1 + 1e-9)


def first_values(found):
    return found.values() if isinstance(found, dict) else [found]


@pytest.mark.parametrize("X", [np.full((5, 3), np.inf), np.ones(5), np.ones((2, 2, 2))])
def test_wrong_arguments_are_value_errors(X):
    for function in (*COEFFICIENTS.values(), item_statistics, describe):
        with pytest.raises(ValueError, match=r"finite|n x k"):
            function(X)


@pytest.mark.parametrize(
    "options",
    [{"level": 1.0}, {"interval": "guess"}, {"missing": "mean"}, {"interval": "bca", "resamples": 0}],
)
def test_wrong_options_are_value_errors(options):
    with pytest.raises(ValueError, match=r"level|interval|missing|resamples"):
        cronbach_alpha(answers(), **options)


def test_intervals_of_rows_cannot_come_from_counts():
    with pytest.raises(ValueError, match="complete rows"):
        cronbach_alpha(joint_counts(answers()), interval="bca")


@given(X=TABLES)
def test_alpha_and_omega_share_resamples_and_are_what_each_is_alone(X):
    alpha, omega = alpha_and_omega(X, **FEW)
    same(alpha, cronbach_alpha(X, interval="bca", **FEW), 1e-12)
    same(omega, mcdonald_omega(X, interval="bca", **FEW), 1e-9)


def test_resamples_without_a_figure_are_counted_and_too_many_leave_no_interval():
    found = cronbach_alpha([[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2]], interval="percentile", resamples=200)
    assert found.value == pytest.approx(1)
    assert found.low is None
    assert "without a figure" in found.method
    assert "not available" in found.method


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_an_item_again_and_again_has_alpha_one_in_every_resample(interval):
    found = cronbach_alpha(np.repeat(answers(n=200, k=1), 5, axis=1), interval=interval, resamples=300)
    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_many_people_with_few_answers_are_drawn_by_kind_with_the_same_spread():
    X = answers(2, n=12_000, k=3)
    rows, weights = bootstrap.resampled(X, 400, None)
    assert len(rows) <= 5**3
    drawn = np.concatenate(list(weights))
    assert (drawn.sum(axis=1) == len(X)).all()
    counts = np.array([np.sum((row == X).all(axis=1)) for row in rows])
    assert drawn.mean(axis=0) == pytest.approx(counts, abs=6 * np.sqrt(counts.max() / 400))
    free, by_kind = (
        cronbach_alpha(X, interval=interval, resamples=4000) for interval in ("adf", "percentile")
    )
    assert by_kind.high - by_kind.low == pytest.approx(free.high - free.low, rel=0.06)


def test_people_whose_answers_are_no_whole_numbers_are_drawn_by_kind_too():
    X = answers(2, n=12_000, k=3)
    rows, weights = bootstrap.resampled(X / 3, 5, None)
    assert {tuple(row) for row in rows} == {tuple(row) for row in X / 3}
    assert len(rows) == len({tuple(row) for row in rows})
    assert (np.concatenate(list(weights)).sum(axis=1) == len(X)).all()


@pytest.mark.parametrize("times", [1, 10_000_000])  # so often that single precision does not hold the sums
@given(X=TABLES, seed=st.integers(0, 1000))
def test_the_variances_of_resamples_of_whole_answers_are_exact_in_any_order(times, X, seed):
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(X), np.full(len(X), 1 / len(X)), size=4) * float(times)
    traces, totals = bootstrap.resampled_variances(X, [weights])
    for drawn, trace, total in zip(weights, traces, totals, strict=True):
        rows = np.repeat(X.astype(int), (drawn / times).astype(int), axis=0)
        assert trace == float(sum(exact_variance(item) for item in rows.T))
        assert total == float(exact_variance(rows.sum(axis=1)))
    order = rng.permutation(len(X))
    again = bootstrap.resampled_variances(X[order], [weights[:, order]])
    assert np.array_equal((traces, totals), again)
    [C] = bootstrap.resampled_covariances(X, [weights])
    [again] = bootstrap.resampled_covariances(X[order], [weights[:, order]])
    assert np.array_equal(C, again)
    assert np.trace(C, axis1=1, axis2=2) == pytest.approx(traces, rel=1e-14)


def exact_variance(values):
    n, total = len(values), int(sum(values))
    return Fraction(n * int(sum(values**2)) - total**2, n**2)


@pytest.mark.parametrize("missing", ["complete", "pairwise"])
@given(X=TABLES, seed=st.integers(0, 1000))
def test_covariances_of_whole_answers_are_the_same_in_any_order_of_rows(missing, X, seed):
    rng = np.random.default_rng(seed)
    if missing == "pairwise":
        X = np.where(rng.random(X.shape) < 0.1, np.nan, X)
    order = rng.permutation(len(X))
    for C in (lambda X: moments(X, missing=missing).covariance, lambda X: correlations(X, missing)):
        assert np.array_equal(C(X), C(X[order]), equal_nan=True)


def correlations(X, missing):
    found = item_correlations(X, missing=missing)
    return np.array([]) if isinstance(found, Unavailable) else found.R


def test_a_resample_that_ties_with_the_sample_is_not_below_it():
    """Of the 3,125 resamples of five rows 240 tie with the sample: boot counts none of them as below it."""
    X = np.array([[0, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 0], [1, 0, 1.0]])
    weights = np.array([np.bincount(d, minlength=5) for d in itertools.product(range(5), repeat=5)], float)
    usable = [exact_alpha(np.repeat(X.astype(int), drawn.astype(int), axis=0)) for drawn in weights]
    exact = np.array([alpha is not None for alpha in usable])
    sample = exact_alpha(X.astype(int))
    below = sum(alpha < sample for alpha in usable if alpha is not None) / exact.sum()
    ties = sum(alpha == sample for alpha in usable if alpha is not None)
    assert ties == 240
    found = cronbach_alpha(X)
    replicates = alpha_replicates(3, *bootstrap.resampled_variances(X, [weights]))
    assert np.array_equal(np.isfinite(replicates), exact)
    low, high = bootstrap.bca_interval(found.value, replicates[exact], np.array([-1.0, 0.0, 1.0]), 0.9)
    ends = ndtr(2 * ndtri(below) + ndtri([0.05, 0.95]))  # without skewness no acceleration
    assert [low, high] == pytest.approx(
        np.quantile([float(a) for a in usable if a is not None], ends, method="weibull"), abs=1e-12
    )


def exact_alpha(rows):
    total = exact_variance(rows.sum(axis=1))
    return Fraction(3, 2) * (1 - sum(map(exact_variance, rows.T)) / total) if total else None


def test_items_print_as_a_table():
    lines = str(item_statistics(answers())).splitlines()
    assert lines[0].split() == ["item", "n", "mean", "sd", "item_rest", "alpha_if_dropped"]
    assert len(lines) == 6
    assert describe(answers())._repr_html_().count("<tr>") == 6


def test_negative_alpha_is_shown_as_it_is():
    X = answers(3, n=200)
    X[:, ::2] = 6 - X[:, ::2]
    assert cronbach_alpha(X).value < 0


def test_a_heywood_case_is_named_and_never_bounded():
    rng = np.random.default_rng(4)
    factor = rng.normal(size=(60, 1))
    X = np.hstack([factor, factor + 0.3 * rng.normal(size=(60, 1)), 0.5 * factor + rng.normal(size=(60, 3))])
    found = mcdonald_omega(X, names=["a", "b", "c", "d", "e"])
    assert isinstance(found, Unavailable)
    assert found.reason == "improper solution"
    assert "Heywood" in found.detail
    assert " a " in found.detail


@given(X=TABLES)
def test_the_one_factor_fit_is_the_best_in_its_neighbourhood(X):
    found = moments(X)
    fit = one_factor(found.covariance) if isinstance(found, Moments) else found
    if not isinstance(fit, OneFactor):
        return

    def discrepancy(loadings, uniquenesses):
        implied = np.outer(loadings, loadings) + np.diag(uniquenesses)
        return np.linalg.slogdet(implied)[1] + np.trace(found.covariance @ np.linalg.inv(implied))

    least = discrepancy(fit.loadings, fit.uniquenesses)
    rng = np.random.default_rng(1)
    for _ in range(20):
        loadings = fit.loadings * (1 + 0.01 * rng.normal(size=len(fit.loadings)))
        uniquenesses = fit.uniquenesses * np.exp(0.01 * rng.normal(size=len(fit.loadings)))
        assert discrepancy(loadings, uniquenesses) >= least - 1e-10


def test_the_model_recovers_loadings_it_made():
    loadings, unique = np.array([0.4, 0.9, 1.5, 0.7]), np.array([1.0, 0.3, 2.0, 0.5])
    fit = one_factor(np.outer(loadings, loadings) + np.diag(unique))
    assert fit.loadings == pytest.approx(loadings, abs=1e-8)
    assert fit.uniquenesses == pytest.approx(unique, abs=1e-8)
    assert fit.discrepancy == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("interval", ["feldt", "bonett", "normal", "adf", "percentile", "bca"])
def test_intervals_hold_what_they_promise(interval):
    """200 samples of parallel normal items: a 90 % interval misses alpha in about 20 of them."""
    missed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(80, 1)) + rng.normal(size=(80, 4))
        found = cronbach_alpha(X, interval=interval, level=0.9, resamples=400)
        missed += not found.low < 0.8 < found.high
    assert 8 <= missed <= 35


def test_bonetts_interval_is_his_formula():
    found, (n, k, z) = cronbach_alpha(answers(), interval="bonett"), (60, 5, 1.959963984540054)
    spread = z * np.sqrt(2 * k / ((k - 1) * (n - 2)))
    unreliable = np.log(1 - found.value) - np.log(n / (n - 1))
    limits = [1 - np.exp(unreliable + spread), 1 - np.exp(unreliable - spread)]
    assert [found.low, found.high] == pytest.approx(limits, abs=1e-12)


@pytest.mark.parametrize("variance", ["model", "observed"])
def test_the_normal_interval_of_omega_is_the_delta_method(variance):
    """The derivative of omega by each covariance, taken by small steps; normal covariances of covariances."""
    X = answers(5, n=200, k=4)
    found, basis = mcdonald_omega(X, variance=variance), moments(X)
    C, step = basis.covariance, 1e-5
    G = np.zeros((4, 4))
    for i, j in itertools.combinations_with_replacement(range(4), 2):
        values = []
        for sign in (1, -1):
            moved = C.copy()
            moved[i, j] += sign * step
            moved[j, i] = moved[i, j]
            part = Moments(
                n=200, answered=basis.answered, means=basis.means, covariance=moved, rule="complete rows"
            )
            values.append(mcdonald_omega(part, variance=variance).value)
        G[i, j] = G[j, i] = (values[0] - values[1]) / (2 * step) / (1 if i == j else 2)
    error = np.sqrt(2 * np.trace(G @ C @ G @ C) / 200)
    assert found.high - found.value == pytest.approx(1.959963984540054 * error, rel=1e-5)


def test_the_delta_interval_of_omega_holds_what_it_promises():
    missed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(150, 1)) * [1, 0.5, 1.5, 1] + rng.normal(size=(150, 4))
        found = mcdonald_omega(X, level=0.9)
        missed += not found.low < 4**2 / (4**2 + 4) < found.high
    assert 8 <= missed <= 35


def population(loadings, correlation):
    """Moments of two subscales of items with these loadings and unit unique variances."""
    k = len(loadings)
    L = np.zeros((2 * k, 2))
    L[:k, 0] = L[k:, 1] = loadings
    C = L @ np.array([[1, correlation], [correlation, 1]]) @ L.T + np.eye(2 * k)
    answered = np.full(2 * k, 1000)
    return Moments(n=1000, answered=answered, means=np.zeros(2 * k), covariance=C, rule="complete rows")


@pytest.mark.parametrize(("correlation", "adds"), [(0.0, True), (0.5, True), (1.0, False)])
def test_added_value_is_the_squared_correlation_with_the_true_subscale(correlation, adds):
    found = added_value(population([0.8] * 4, correlation), {"a": range(4), "b": range(4, 8)})["a"]
    true, whole = (4 * 0.8) ** 2, 2 * (4 * 0.8) ** 2 * (1 + correlation) + 8
    assert found.subscale == pytest.approx(true / (true + 4), abs=1e-12)
    assert found.total == pytest.approx((true * (1 + correlation)) ** 2 / (true * whole), abs=1e-12)
    assert found.adds_value is adds


@pytest.mark.parametrize("turned", [0.8, -0.8])
def test_heterotrait_monotrait_is_the_correlation_of_the_factors_whichever_way_an_item_is_turned(turned):
    found = heterotrait_monotrait(population([0.8, 0.8, 0.8, turned], 0.6), {"a": range(4), "b": range(4, 8)})
    assert found["a", "b"].value == pytest.approx(0.6, abs=1e-12)


def test_split_halves_of_many_items_are_sampled_the_same_twice():
    X = answers(k=24)
    one, two = split_half(X), split_half(X)
    assert one == two
    assert not one.exhaustive
    assert one.splits == 10_000


def test_all_splits_are_each_seen_once():
    X = answers(k=6)
    C = np.cov(X.T)
    values = []
    for half in itertools.combinations(range(6), 3):
        if 0 in half:
            other = [item for item in range(6) if item not in half]
            values.append(4 * C[np.ix_(half, other)].sum() / C.sum())
    found = split_half(X)
    assert found.splits == len(values) == 10
    expected = [max(values), np.mean(values), min(values)]
    assert [found.highest.value, found.mean.value, found.lowest.value] == pytest.approx(expected, abs=1e-12)


@given(st.integers(3, 8), st.integers(0, 2**32 - 1))
def test_a_scoring_step_solves_the_whole_information(k, seed):
    """As ½ tr(Σ⁻¹ Σ_a Σ⁻¹ Σ_b) says it entry by entry, 2k x 2k, without the blocks that are known."""
    rng = np.random.default_rng(seed)
    loadings, psi = rng.uniform(0.2, 1, k) * rng.choice([-1, 1], k), rng.uniform(0.2, 1, k)
    check_scoring_step(loadings, psi, rng.normal(size=2 * k))


@pytest.mark.parametrize("more", [0.0, 1e-9, 1e-4, -1e-4])
def test_a_scoring_step_is_right_where_one_item_has_half_of_the_information(more):
    """There the parts of the equations, solved one by one, would be divided by nought."""
    loadings, psi = np.array([0.9, 0.5, 0.6, 0.4]), np.array([0.3, 0.7, 0.6, 0.8])
    psi[0] = loadings[0] ** 2 / ((loadings**2 / psi)[1:].sum() + more)
    check_scoring_step(loadings, psi, np.random.default_rng(1).normal(size=8))


def check_scoring_step(loadings, psi, gradient):
    k = len(loadings)
    W = np.linalg.inv(np.outer(loadings, loadings) + np.diag(psi))
    slopes = []
    for i in range(k):
        by_loading = np.zeros((k, k))
        by_loading[i] += loadings
        by_loading[:, i] += loadings
        slopes.append(by_loading)
    slopes += [np.diag(np.eye(k)[i]) for i in range(k)]
    information = np.array([[0.5 * np.trace(W @ a @ W @ b) for b in slopes] for a in slopes])
    [step] = _scoring_step(np.concatenate([loadings, psi])[None], gradient[None])
    expected = -np.linalg.solve(information, gradient)
    assert step == pytest.approx(expected, rel=1e-5, abs=1e-5 * np.abs(expected).max())


def test_the_covariances_of_resamples_do_not_depend_on_how_many_are_handed_on_at_a_time(monkeypatch):
    X = np.random.default_rng(1).integers(0, 5, (40, 7)).astype(float)
    weights = np.random.default_rng(2).multinomial(40, np.full(40, 1 / 40), size=11).astype(float)
    expected = [np.cov(X.T, bias=True, fweights=drawn.astype(int)) for drawn in weights]
    for most in (1, 3 * 7**2, 10**6):
        monkeypatch.setattr(bootstrap, "STACKED", most)
        monkeypatch.setattr(bootstrap, "PRODUCTS", most)
        stacks = list(bootstrap.resampled_covariances(X, [weights]))
        assert len(stacks) == {1: 11, 3 * 7**2: 4, 10**6: 1}[most]
        assert np.concatenate(stacks) == pytest.approx(np.array(expected), abs=1e-12)


def test_an_item_given_twice_is_named_with_the_other():
    X = answers(5, k=4)
    found = mcdonald_omega(np.column_stack([X, X[:, 0]]), names=["a", "b", "c", "d", "e"])
    assert isinstance(found, Unavailable)
    assert "the unique variance of a, e is" in found.detail
