"""Properties of correlations, KMO, Bartlett, MAP and parallel analysis for any data."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import (
    bartlett,
    factor_analysis,
    joint_counts,
    kmo,
    minimum_average_partial,
    nearest_correlation,
    parallel_analysis,
    polychoric,
)
from analysis.correlation.item_correlations import item_correlations
from analysis.correlation.polychoric import of_unrelated
from analysis.dimensionality import parallel_analysis as module
from analysis.estimate import Unavailable, cell

FUNCTIONS = {
    "kmo": kmo,
    "bartlett": bartlett,
    "map": minimum_average_partial,
    "components": lambda X, **kw: parallel_analysis(X, draws=4, **kw),
    "factors": lambda X, **kw: parallel_analysis(X, draws=4, basis="factors", **kw),
    "permuted": lambda X, **kw: parallel_analysis(X, draws=4, chance="permuted", **kw),
    "polychoric": lambda X, **kw: parallel_analysis(X, draws=2, correlation="polychoric", **kw),
}
answers = st.tuples(st.integers(25, 60), st.integers(3, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 4))
)
awkward = st.tuples(st.integers(0, 12), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 6.0, np.nan]))
)


def factored(rng, n=300, k=8, holes=0.0):
    X = (
        rng.normal(size=(n, 1))
        + rng.normal(size=(n, 2)) @ rng.uniform(0, 1, (2, k))
        + rng.normal(size=(n, k))
    )
    X = np.clip(np.round(X), -2, 2)
    X[rng.random(X.shape) < holes] = np.nan
    return X


def adequate(X):
    found = kmo(X)
    assume(not isinstance(found, Unavailable))
    return found


@given(answers, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_items_does_not_matter(X, random):
    found = adequate(X)
    rows, items = list(range(X.shape[0])), list(range(X.shape[1]))
    random.shuffle(rows)
    random.shuffle(items)
    shuffled = X[np.ix_(rows, items)]
    np.testing.assert_allclose(kmo(shuffled).items, found.items[items], rtol=1e-6)
    assert bartlett(shuffled).chi2 == pytest.approx(bartlett(X).chi2, rel=1e-8)
    values = parallel_analysis(X, draws=1).observed
    if np.diff(values).max() < -1e-3:  # of components with the same eigenvalue none is the first
        before, after = minimum_average_partial(X), minimum_average_partial(shuffled)
        np.testing.assert_allclose(after.squared[:-1], before.squared[:-1], rtol=1e-5)


@given(answers, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_neither_unit_nor_zero_point_nor_direction_of_an_item_matters(X, unit, zero):
    found = adequate(X)
    moved = X.copy()
    moved[:, 0] = zero - unit * X[:, 0]
    np.testing.assert_allclose(kmo(moved).items, found.items, rtol=1e-5)
    assert bartlett(moved).chi2 == pytest.approx(bartlett(X).chi2, rel=1e-6)
    before, after = parallel_analysis(X, draws=5), parallel_analysis(moved, draws=5)
    np.testing.assert_allclose(after.observed, before.observed, atol=1e-8)
    np.testing.assert_array_equal(after.reference, before.reference)


@given(answers)
def test_rows_given_twice_change_nothing_but_the_test(X):
    found = adequate(X)
    twice = np.vstack([X, X])
    assert kmo(twice).value == pytest.approx(found.value, rel=1e-6)
    assert bartlett(twice).chi2 > bartlett(X).chi2


@given(st.integers(0, 50), st.sampled_from([0.0, 0.1]))
@settings(max_examples=10)
def test_counts_and_the_sum_of_counts_of_parts_stand_for_the_rows(seed, holes):
    X = factored(np.random.default_rng(seed), holes=holes)
    parts = joint_counts(X[:100]) + joint_counts(X[100:])
    for data in (joint_counts(X), parts):
        np.testing.assert_allclose(kmo(data).items, kmo(X, missing="pairwise").items, rtol=1e-9)
        np.testing.assert_allclose(
            minimum_average_partial(data).squared,
            minimum_average_partial(X, missing="pairwise").squared,
            rtol=1e-6,
        )
        by_counts, by_rows = parallel_analysis(data), parallel_analysis(X, missing="pairwise")
        np.testing.assert_allclose(by_counts.observed, by_rows.observed, atol=1e-10)
        np.testing.assert_array_equal(by_counts.reference, by_rows.reference)


@given(st.integers(0, 50))
@settings(max_examples=10)
def test_a_given_matrix_stands_for_the_rows_it_came_from(seed):
    X = factored(np.random.default_rng(seed))
    R = np.corrcoef(X, rowvar=False)
    assert kmo(R, n=len(X)).value == pytest.approx(kmo(X).value, rel=1e-10)
    assert bartlett(R, n=len(X)).p == bartlett(X).p or bartlett(X).chi2 == pytest.approx(
        bartlett(R, n=300).chi2
    )
    np.testing.assert_allclose(
        parallel_analysis(R, n=len(X)).observed, parallel_analysis(X).observed, atol=1e-10
    )


@given(awkward, st.sampled_from(sorted(FUNCTIONS)), st.sampled_from(["complete", "pairwise"]))
@settings(max_examples=200)
def test_awkward_data_give_finite_figures_or_the_reason_for_none(X, name, missing):
    found = FUNCTIONS[name](X, missing=missing)
    if isinstance(found, Unavailable):
        assert found.reason in str(FUNCTIONS[name](X, missing=missing).reason)
        return
    arrays_of_figures = [value for value in vars(found).values() if isinstance(value, np.ndarray | float)]
    assert all(np.isfinite(figure).all() for figure in arrays_of_figures)
    assert f"k = {X.shape[1]}" in str(found)


@pytest.mark.parametrize("correlation", ["pearson", "polychoric"])
def test_tables_of_unrelated_items_are_drawn_as_those_of_shuffled_rows(correlation, monkeypatch):
    """Of more rows than are laid out, tables of pairs are drawn: the same reference, but for chance."""
    rng = np.random.default_rng(8)
    X = (rng.normal(size=(4000, 5))[..., None] > np.array([-0.8, 0.3, 1.2])).sum(axis=2).astype(float)
    X[rng.random(X.shape) < 0.1] = np.nan
    counts = joint_counts(X)
    options = {"correlation": correlation, "chance": "permuted", "draws": 200}
    shuffled = parallel_analysis(counts, **options)
    monkeypatch.setattr(module, "MOST_SHUFFLED", 1000)
    drawn = parallel_analysis(counts, **options)
    assert not np.array_equal(drawn.mean, shuffled.mean)
    np.testing.assert_array_equal(drawn.observed, shuffled.observed)
    np.testing.assert_allclose(drawn.mean - 1, shuffled.mean - 1, atol=0.15 * (shuffled.mean[0] - 1))
    np.testing.assert_allclose(drawn.reference[0] - 1, shuffled.reference[0] - 1, rtol=0.1)


def test_drawn_matrices_are_those_of_drawn_rows():
    """Bartlett's decomposition has the distribution of correlations of normal rows."""
    rng = np.random.default_rng(4)
    n, k, draws = 40, 6, 2000
    rows = rng.standard_normal((draws, n, k))
    rows -= rows.mean(axis=1, keepdims=True)
    products = rows.transpose(0, 2, 1) @ rows
    scale = np.sqrt(np.einsum("dii->di", products))
    values = np.linalg.eigvalsh(products / (scale[:, :, None] * scale[:, None]))[:, ::-1]
    ours = parallel_analysis(np.eye(k), n=n, draws=draws)
    error = values.std(axis=0) * np.sqrt(2 / draws)
    np.testing.assert_array_less(np.abs(ours.mean - values.mean(axis=0)), 4 * error)
    np.testing.assert_array_less(np.abs(ours.reference - np.quantile(values, 0.95, axis=0)), 4 * 2.11 * error)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_fewer_rows_than_items_can_be_drawn_too(n):
    ours = parallel_analysis(np.eye(8), n=n, draws=50)
    assert ours.n_factors == 0
    np.testing.assert_allclose(ours.mean[n - 1 :], 0, atol=1e-12)  # n rows span n - 1 dimensions
    assert ours.mean.sum() == pytest.approx(8)


def test_unrelated_items_keep_nothing_and_two_blocks_keep_two():
    rng = np.random.default_rng(8)
    assert parallel_analysis(rng.normal(size=(500, 10))).n_factors <= 1
    common = rng.normal(size=(500, 2)).repeat(5, axis=1)
    X = np.round(common + rng.normal(size=(500, 10)))
    for options in (
        {},
        {"basis": "factors"},
        {"chance": "permuted"},
        {"correlation": "polychoric", "draws": 20},
    ):
        assert parallel_analysis(X, **options).n_factors == 2
    assert minimum_average_partial(X).n_factors == minimum_average_partial(X).n_factors_revised == 2


def test_counting_stops_at_the_first_eigenvalue_that_chance_reaches():
    R = np.kron(np.eye(2), np.full((4, 4), 0.6)) + 0.4 * np.eye(8)
    ours = parallel_analysis(R, n=60, draws=50)
    kept = ours.observed > ours.reference
    assert ours.n_factors == 2
    assert kept[:2].all()
    assert not kept[2]


def test_chance_is_the_same_for_the_same_seed_and_says_which():
    X = factored(np.random.default_rng(2))
    first, second = parallel_analysis(X), parallel_analysis(X)
    np.testing.assert_array_equal(first.reference, second.reference)
    assert "seed 1" in first.method
    given_generator = parallel_analysis(X, rng=np.random.default_rng(3))
    assert "given generator" in given_generator.method
    assert (given_generator.reference != first.reference).any()


def test_polychoric_correlations_are_taken_as_they_are():
    X = factored(np.random.default_rng(2))
    found = polychoric(X)
    adequacy = kmo(found)
    assert (adequacy.n, adequacy.method) == (300, "polychoric")
    assert adequacy.value == kmo(found.r, n=300).value


def test_polychoric_correlations_that_contradict_each_other_are_taken_as_repaired():
    rng = np.random.default_rng(3)
    X = np.round(rng.normal(size=(12, 1)) + 0.6 * rng.normal(size=(12, 8)))
    found = polychoric(X)
    assert np.linalg.eigvalsh(found.r)[0] < 0
    taken = item_correlations(found)
    assert taken.smallest_eigenvalue > 0
    assert taken.method == "polychoric, repaired"
    assert minimum_average_partial(found).n_factors >= 0


@pytest.mark.parametrize("missing", ["complete", "pairwise"])
@pytest.mark.parametrize("unit", [1e-50, 1e-9, 1e9, 1e50])
def test_no_unit_is_too_large_or_too_small(missing, unit):
    X = factored(np.random.default_rng(2), holes=0.05)
    np.testing.assert_allclose(
        kmo(unit * (X + 3), missing=missing).items, kmo(X, missing=missing).items, rtol=1e-9
    )


@pytest.mark.parametrize(
    ("X", "missing", "reason", "said"),
    [
        (np.array([[1, 2], [2, 1]]), "complete", "too few rows", "2 complete"),
        (np.array([[1, 2], [2, 1], [3, np.nan]]), "pairwise", "too few rows", "2 answered item 1 and item 2"),
        (np.full((5, 3), np.nan), "complete", "no complete rows", ""),
        (np.full((5, 3), np.nan), "pairwise", "too few rows", "0 answered item 1 and item 1"),
        (np.zeros((0, 3)), "complete", "no complete rows", ""),
        (np.zeros((5, 1)), "complete", "too few items", "1 given"),
        (np.array([[1, 1], [2, 1], [3, 1]]), "complete", "constant item", "item 2"),
        (np.array([[1, 1], [2, 1], [3, 1]]), "pairwise", "constant item", "item 2"),
        (
            np.array([[1, 1, 3], [2, 1, 1], [3, 1, 2], [np.nan, 2, 1], [np.nan, 3, 3]]),
            "pairwise",
            "constant item",
            "among the rows that answered item 1 and item 2",
        ),
    ],
)
def test_the_reason_for_no_correlations_names_what_is_at_fault(X, missing, reason, said):
    for found in (item_correlations(X, missing=missing), kmo(X, missing=missing)):
        assert found.reason == reason
        assert said in found.detail
    if missing == "pairwise":
        assert item_correlations(joint_counts(X)).reason == reason


def test_a_repeated_item_has_no_partial_correlations():
    X = factored(np.random.default_rng(2))
    X[:, 1] = X[:, 0]
    assert kmo(X).reason == bartlett(X).reason == "singular matrix"
    assert len(minimum_average_partial(X).squared) <= 8
    assert np.isfinite(minimum_average_partial(X).squared).all()


def test_averages_end_where_a_component_takes_the_last_variance_of_an_item():
    R = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0.3], [0, 0, 0.3, 1]])
    ours = minimum_average_partial(R, n=50)
    assert len(ours.squared) == 1
    assert ours.squared[0] == pytest.approx((1 + 0.09) / 6)


def test_draws_in_which_an_item_does_not_vary_are_left_out_and_not_counted():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (12, 4)).astype(float)
    X[rng.random(X.shape) < 0.35] = np.nan
    ours = parallel_analysis(X, missing="pairwise", chance="permuted", draws=60)
    assert 0 < ours.draws < 60
    assert f"{ours.draws} permuted draws" in ours.method
    assert np.isfinite(ours.reference).all()


def test_where_no_draw_has_correlations_there_is_no_figure():
    rng = np.random.default_rng(0)
    X = np.round(rng.random((30, 10)) * 0.6)  # few answers of 1, and a third of all answers missing
    X[rng.random(X.shape) < 0.33] = np.nan
    assert not isinstance(item_correlations(X, missing="pairwise"), Unavailable)
    found = parallel_analysis(X, missing="pairwise", chance="permuted", draws=3)
    assert found.reason == "constant item"
    assert "3 draws" in found.detail


def test_gaps_of_counted_answers_fall_where_chance_puts_them():
    X = factored(np.random.default_rng(5), n=600, holes=0.5)
    by_rows, by_counts = (
        parallel_analysis(data, chance="permuted", missing="pairwise", draws=60)
        for data in (X, joint_counts(X))
    )
    np.testing.assert_allclose(by_counts.mean, by_rows.mean, atol=0.03)


@pytest.mark.parametrize(
    ("X", "options", "said"),
    [
        (np.full((5, 2), np.inf), {}, "finite"),
        (np.arange(4.0), {}, "n x k"),
        (np.eye(3), {"missing": "mean"}, "missing"),
        (np.ones((2, 3)), {"n": 10}, "k x k"),
        (np.array([[1, 0.5], [0.4, 1]]), {"n": 10}, "symmetric"),
        (np.array([[1, 1.5], [1.5, 1]]), {"n": 10}, "between -1 and 1"),
    ],
)
def test_wrong_arguments_are_refused_in_words(X, options, said):
    with pytest.raises(ValueError, match=said):
        item_correlations(X, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"basis": "axes"},
        {"chance": "resampled"},
        {"correlation": "spearman"},
        {"draws": 0},
        {"quantile": 95},
        {"correlation": "polychoric", "chance": "normal"},
        {"n": 5, "chance": "permuted"},
    ],
)
def test_parallel_analysis_refuses_what_it_cannot_mean(options):
    with pytest.raises(ValueError):
        parallel_analysis(np.eye(3), **options)


def contradicting():
    """Binary answers whose polychoric correlations, each taken by itself, are not positive definite."""
    rng = np.random.default_rng(2)
    return (rng.normal(size=(60, 1)) + rng.normal(size=(60, 8)) > rng.uniform(-1, 1, 8)).astype(float)


def standing_at_their_bound():
    X = np.repeat([[0, 0, 1], [0, 1, 0], [1, 1, 0], [1, 0, 1], [2, 2, 1], [0, 2, 2]], 20, axis=0)
    return np.c_[X, X[:, 0]].astype(float)


@pytest.mark.parametrize(
    ("X", "said"),
    [(contradicting(), "not positive definite"), (standing_at_their_bound(), "the bound of 0.999")],
)
def test_what_moves_with_a_constant_of_ours_is_not_given(X, said):
    ordinal = polychoric(X)
    least = factor_analysis(ordinal, 1)
    for why in (kmo(ordinal), bartlett(ordinal), factor_analysis(ordinal, 1, method="ml"), least.fit.why_not):
        assert why.reason == "not defined"
        assert said in why.detail
    for figure in ("objective", "chi2", "p", "null_chi2", "tli", "rmsea", "rmsea_low", "rmsea_high", "bic"):
        assert getattr(least.fit, figure) is None, figure


def test_what_is_given_of_repaired_correlations_does_not_move_with_the_repair():
    ordinal = polychoric(contradicting())
    given = factor_analysis(ordinal, 1), minimum_average_partial(ordinal)
    assert len(given[1].squared) < ordinal.n
    for least in (1e-4, 1e-6):
        R = nearest_correlation(ordinal.r, least=least)
        factors, partials = factor_analysis(R, 1, n=60), minimum_average_partial(R, n=60)
        np.testing.assert_allclose(factors.loadings, given[0].loadings, atol=2e-5)
        assert factors.fit.rms == pytest.approx(given[0].fit.rms, abs=1e-4)
        shared = slice(0, len(given[1].squared))
        np.testing.assert_allclose(partials.squared[shared], given[1].squared, atol=1e-3)


def test_nearly_dependent_items_have_the_figures_of_regressions_on_the_rows():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(40, 4)) + rng.normal(size=(40, 1))
    X = np.c_[X, X[:, 0] - X[:, 1] + 2e-5 * rng.normal(size=40)]
    U = X - X.mean(axis=0)
    U /= np.sqrt(np.square(U).sum(axis=0))

    def rest(of, given):
        return U[:, of] - U[:, given] @ np.linalg.lstsq(U[:, given], U[:, of], rcond=None)[0]

    shared, partial, logs = 0.0, 0.0, 0.0
    for i in range(5):
        logs += np.log(np.square(rest(i, list(range(i)))).sum())
        for j in {*range(5)} - {i}:
            others = [item for item in range(5) if item not in {i, j}]
            a, b = rest(i, others), rest(j, others)
            partial += (a @ b) ** 2 / ((a @ a) * (b @ b))
            shared += (U[:, i] @ U[:, j]) ** 2
    assert kmo(X).value == pytest.approx(shared / (shared + partial), rel=1e-10)
    assert bartlett(X).chi2 == pytest.approx(-(40 - 1 - 15 / 6) * logs, rel=1e-11)
    fit = factor_analysis(X, 1).fit
    assert fit.null_chi2 == pytest.approx(bartlett(X).chi2, rel=1e-12)


def test_a_p_is_never_printed_as_nought_nor_a_correlation_as_less_than_nought():
    R = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    found = bartlett(R, n=1000)
    assert 0 <= found.p < 1e-100
    assert "< 0.001" in str(found)
    assert cell(-1e-9) == "0.000"


@pytest.mark.parametrize("r", np.linspace(-0.9, 0.9, 37))
def test_rounding_keeps_no_second_factor_of_two_items(r):
    found = parallel_analysis(np.array([[1, r], [r, 1]]), n=300, basis="factors", draws=20)
    assert found.n_factors <= 1


@given(seed=st.integers(0, 1000))
def test_the_last_component_leaves_what_is_perfectly_correlated(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(50, 1)) + rng.normal(size=(50, 5)) * 10.0 ** (-np.arange(5) / 2)
    found = minimum_average_partial(X)
    assume(len(found.squared) == 5)  # fewer where the last component has an item whole
    assert found.squared[4] == pytest.approx(1, abs=1e-12)


@given(seed=st.integers(0, 1000))
def test_the_eigenvalue_of_an_item_given_twice_is_nought(seed):
    X = factored(np.random.default_rng(seed), n=60)
    for refused in (kmo(np.c_[X, X[:, 0]]), bartlett(np.c_[X, X[:, 0]])):
        assert refused.detail == "smallest eigenvalue 0"


@pytest.mark.parametrize("used", [2, 5])
@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_shuffled_codes_are_those_of_each_item_among_the_rows_that_answered_it(holes, used):
    rng = np.random.default_rng(used)
    codes = rng.integers(0, used, (40, 200)).astype(np.int8)
    codes[rng.random(codes.shape) < holes] = module.NO_ANSWER
    several = np.array([module._shuffled_codes(codes, stream) for stream in rng.spawn(50)])
    assert ((several == module.NO_ANSWER) == (codes == module.NO_ANSWER)).all()
    assert (np.sort(several, axis=2) == np.sort(codes, axis=1)).all()
    # Each answer has been everywhere: whatever stands in a row, its mean is that of the item but for chance.
    apart = []
    for found, item in zip(several.mean(axis=0), codes, strict=True):
        answered = item != module.NO_ANSWER
        error = item[answered].std() / np.sqrt(len(several))
        apart += list((found[answered] - item[answered].mean()) / error)
    assert 0.95 < np.std(apart) < 1.05
    assert np.abs(apart).max() < 6


@pytest.mark.parametrize("holes", [0.0, 0.2])
@pytest.mark.parametrize("n", [30, 300])
def test_correlations_of_shuffled_items_are_the_polychoric_ones(n, holes):
    X = factored(np.random.default_rng(n), n=n, holes=holes)
    for stream in np.random.default_rng(1).spawn(20):
        shuffled = module._shuffled(X, ~np.isnan(X), stream)
        expected = polychoric(shuffled, se=False)
        assert of_unrelated(joint_counts(shuffled)) == pytest.approx(expected.definite, abs=1e-6)
