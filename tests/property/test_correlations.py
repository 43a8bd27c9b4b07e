"""Properties of polychoric correlations; unusual data cause no crash, warning or silent error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtr

from analysis.correlation import bivariate_normal
from analysis.correlation.nearest import nearest_correlation
from analysis.correlation.polychoric import Polychoric, polychoric, tetrachoric
from analysis.counts.joint import joint_counts
from analysis.estimate import Unavailable

RULES = ["lavaan", "psych", 0, 0.5]
SEEDS = st.integers(0, 10_000)


def answers(seed=0, *, n=200, k=4, categories=5, loading=0.7, missing=0.0):
    rng = np.random.default_rng(seed)
    latent = loading * rng.normal(size=(n, 1)) + np.sqrt(1 - loading**2) * rng.normal(size=(n, k))
    X = 1.0 + np.digitize(latent, np.linspace(-1.2, 1.4, categories - 1))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def crossed(table):
    """Two items whose answers make up a table."""
    return np.repeat(np.argwhere(np.ones_like(table)), np.ravel(table), axis=0).astype(float)


def same(one, other, limit=1e-9):
    np.testing.assert_allclose(one, other, rtol=0, atol=limit)


@given(SEEDS, st.integers(2, 7), st.sampled_from([0.0, 0.15]))
def test_neither_the_order_of_items_nor_of_rows_matters(seed, categories, missing):
    X = answers(seed, categories=categories, missing=missing)
    rng = np.random.default_rng(seed)
    items, rows = rng.permutation(4), rng.permutation(len(X))
    found, moved = polychoric(X, acov=True), polychoric(X[rows][:, items], acov=True)
    same(moved.r, found.r[np.ix_(items, items)])
    same(moved.se, found.se[np.ix_(items, items)])
    same(np.trace(moved.acov), np.trace(found.acov))
    for place, item in enumerate(items):
        same(moved.thresholds[place], found.thresholds[item])


@given(SEEDS, st.integers(2, 6))
def test_a_reversed_item_turns_its_signs(seed, categories):
    X = answers(seed, categories=categories, missing=0.1)
    turned = X.copy()
    turned[:, 1] = categories + 1 - X[:, 1]
    found, reversed_ = polychoric(X), polychoric(turned)
    sign = np.array([1, -1, 1, 1])
    same(reversed_.r, found.r * np.outer(sign, sign))
    same(reversed_.se, found.se)
    same(reversed_.thresholds[1], -found.thresholds[1][::-1])


@given(SEEDS)
def test_what_the_answers_are_called_does_not_matter(seed):
    X = answers(seed, missing=0.1)
    for unit in (10 * X - 3, X**3):
        same(polychoric(unit).r, polychoric(X).r, 0)


@given(SEEDS, st.floats(0, 0.3))
def test_counts_say_what_rows_say_and_counts_of_parts_what_the_whole_says(seed, missing):
    X = answers(seed, missing=missing)
    counts = joint_counts(X[:70]) + joint_counts(X[70:])
    whole, parts = polychoric(X), polychoric(counts)
    same(parts.r, whole.r, 0)
    same(parts.se, whole.se, 0)
    assert parts.n == whole.n == len(X)


def test_everyone_twice_says_the_same_with_smaller_errors():
    X = answers()
    once, twice = polychoric(X, acov=True), polychoric(np.vstack([X, X]), acov=True)
    same(twice.r, once.r)
    same(twice.acov * (2 * len(X) - 1), once.acov * (len(X) - 1))


@given(SEEDS, st.floats(0, 0.2))
def test_standard_errors_are_the_roots_of_the_covariance_and_that_is_no_less_than_nothing(seed, missing):
    found = polychoric(answers(seed, missing=missing), acov=True)
    thresholds = sum(map(len, found.thresholds))
    np.testing.assert_allclose(np.sqrt(np.diag(found.acov))[thresholds:], found.se[np.triu_indices(4, 1)])
    same(found.acov, found.acov.T, 0)
    assert np.linalg.eigvalsh(found.acov)[0] > -1e-12


def test_the_covariance_of_rows_in_blocks_is_that_of_all_rows():
    X = answers(n=5000, missing=0.1)  # more than two blocks
    whole, half = polychoric(X, acov=True), polychoric(X[:2500], acov=True)
    twice = polychoric(np.vstack([X[:2500], X[:2500]]), acov=True)
    same(twice.acov * 4999, half.acov * 2499)
    assert np.trace(whole.acov) < np.trace(half.acov)


def test_standard_errors_are_as_large_as_estimates_scatter():
    estimates = [polychoric(answers(seed, n=300, k=2)) for seed in range(300)]
    scatter = np.std([found.r[0, 1] for found in estimates])
    assert np.mean([found.se[0, 1] for found in estimates]) == pytest.approx(scatter, rel=0.1)


def test_a_correlation_of_one_population_is_found_again():
    found = polychoric(answers(n=200_000, k=3, loading=0.8), se=False)
    same(found.r[np.triu_indices(3, 1)], 0.64, 0.01)
    same(found.thresholds[0], np.linspace(-1.2, 1.4, 4), 0.01)


def test_a_category_that_an_item_does_not_use_makes_no_threshold():
    X = answers()
    X[X[:, 1] == 3, 1] = 4
    X[X[:, 2] == 1, 2] = 2
    found = polychoric(X, acov=True)
    assert [len(tau) for tau in found.thresholds] == [4, 3, 3, 4]
    assert found.categories[1] == (1, 2, 4, 5)
    renamed = X.copy()
    renamed[:, 1] -= renamed[:, 1] > 3
    renamed[:, 2] -= 1
    other = polychoric(renamed, categories=(1, 2, 3, 4, 5, 6), acov=True)
    same(other.r, found.r, 0)
    same(other.acov, found.acov, 1e-12)


def test_two_copies_of_an_item_stand_at_the_bound_and_that_is_said():
    X = answers()
    found = polychoric(np.column_stack([X, X[:, 0], 6 - X[:, 1]]))
    assert found.r[0, 4] == 0.999
    assert found.r[1, 5] == -0.999
    assert found.at_bound == ((0, 4), (1, 5))
    assert "at the bound, without a usable standard error: item 1 and item 5" in str(found)
    assert np.isfinite(found.se).all()


def test_a_lone_empty_cell_of_two_by_two_gets_a_half_from_its_neighbours():
    found = polychoric(crossed([[40, 0], [10, 50]]))
    filled = polychoric(crossed([[79, 1], [21, 99]]))  # twice the table with a half moved
    same(found.r, filled.r)
    assert found.empty == ((0, 1),)
    assert "1 of 1 tables have an empty cell" in str(found)
    plain = polychoric(crossed([[40, 0], [10, 50]]), correct=0)
    assert plain.r[0, 1] == 0.999
    assert plain.at_bound == ((0, 1),)


@pytest.mark.parametrize(("table", "r"), [([[30, 0], [0, 20]], 1), ([[0, 30], [20, 0]], -1)])
def test_an_empty_diagonal_of_two_by_two_is_a_perfect_correlation(table, r):
    found = polychoric(crossed(table))
    assert found.r[0, 1] == r
    assert found.at_bound == ((0, 1),)
    assert np.linalg.eigvalsh(found.definite)[0] > 0
    assert polychoric(crossed(table), correct=0).r[0, 1] == 0.999 * r


def test_larger_tables_are_left_alone_unless_a_number_is_given():
    X = crossed([[30, 5, 1], [4, 20, 6], [0, 5, 30]])
    untouched, filled = polychoric(X), polychoric(X, correct=0.5)
    same(untouched.r, polychoric(X, correct=0).r, 0)
    same(untouched.r, polychoric(X, correct="psych").r, 0)
    assert filled.r[0, 1] < untouched.r[0, 1]
    wider = crossed([[30, 5, 1], [4, 20, 6], [0, 5, 30], [1, 2, 12]])
    assert polychoric(wider, correct="psych").r[0, 1] < polychoric(wider).r[0, 1]


def test_thresholds_and_r_together_are_the_same_where_the_table_is_saturated():
    X = crossed([[30, 12], [9, 49]])
    two, one = polychoric(X), polychoric(X, method="joint")
    same(one.r, two.r, 1e-7)
    same(one.se, two.se, 0.02 * two.se.max())


def test_thresholds_and_r_together_settle_on_eight_rows():
    table = np.zeros((4, 5), int)
    table[[0, 1, 2, 2, 3], [0, 1, 2, 4, 3]] = [3, 2, 1, 1, 1]
    found = polychoric(crossed(table), method="joint")
    assert isinstance(found, Polychoric)
    assert 0.9 < found.r[0, 1] < 0.999


def test_a_matrix_that_is_not_definite_is_repaired_beside_the_estimates():
    X = np.column_stack([crossed([[20, 5], [5, 20]]), crossed([[20, 5], [5, 20]])[:, 0]])
    X[:, 2] = np.roll(X[:, 2], 12)
    rng = np.random.default_rng(4)
    X = np.column_stack([X, rng.integers(0, 2, (50, 6)), X[:, 0]])
    found = polychoric(X)
    assert found.repaired is not None
    assert np.linalg.eigvalsh(found.r)[0] < 1e-8 < np.linalg.eigvalsh(found.definite)[0] * 2
    same(np.diag(found.repaired), 1, 1e-12)
    assert "not positive definite" in str(found)
    assert polychoric(answers()).repaired is None


def test_the_nearest_correlation_matrix_is_highams():
    near = nearest_correlation(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]))
    same(near, [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]], 5e-5)


@given(
    arrays(
        float, st.tuples(st.integers(0, 9), st.integers(0, 4)), elements=st.sampled_from([0, 1, 2, np.nan])
    ),
    st.sampled_from(RULES),
    st.sampled_from(["pairwise", "complete"]),
    st.sampled_from(["two-step", "joint"]),
)
def test_whatever_the_answers_there_are_finite_figures_or_a_reason(X, correct, missing, method):
    options = {"correct": correct} if method == "two-step" else {"method": method}
    found = polychoric(X, missing=missing, acov=method == "two-step", **options)
    if isinstance(found, Unavailable):
        assert found.why
        return
    assert np.isfinite(found.r).all()
    assert (np.abs(found.r) <= 1).all()
    assert np.isfinite(found.se).all()
    assert all(np.isfinite(tau).all() and (np.diff(tau) > 0).all() for tau in found.thresholds)
    assert np.linalg.eigvalsh(found.definite)[0] > 0
    assert str(found)
    assert found._repr_html_()


@pytest.mark.parametrize(
    ("X", "reason", "detail"),
    [
        (np.ones((9, 1)), "too few items", "1"),
        (np.empty((9, 0)), "too few items", "0"),
        (np.empty((0, 3)), "no complete rows", ""),
        (answers(n=2), "too few rows", "2"),
        (np.column_stack([answers(), np.full(200, 3)]), "constant item", "item 5"),
        (np.column_stack([answers(), np.full(200, np.nan)]), "too few rows", "item 5"),
        (np.array([[1, np.nan], [2, np.nan], [np.nan, 1], [np.nan, 2]]), "too few rows", "item 1 and item 2"),
    ],
)
def test_what_cannot_be_computed_says_why(X, reason, detail):
    why = polychoric(X)
    assert isinstance(why, Unavailable)
    assert why.reason == reason
    assert detail in why.detail


def test_rows_that_all_have_a_gap_leave_nothing_to_complete_rows():
    X = answers(n=8)
    X[np.arange(8), np.arange(8) % 4] = np.nan
    assert polychoric(X, missing="complete").reason == "no complete rows"


@pytest.mark.parametrize(
    "wrong",
    [
        {"missing": "listwise"},
        {"correct": "mplus"},
        {"correct": -1},
        {"correct": np.nan},
        {"method": "bayes"},
        {"method": "joint", "acov": True},
        {"method": "joint", "correct": 0.5},
        {"categories": (1, 2)},
    ],
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ValueError):
        polychoric(answers(), **wrong)


def test_what_needs_rows_refuses_counts_and_infinite_answers_are_none():
    with pytest.raises(ValueError, match="rows"):
        polychoric(joint_counts(answers()), acov=True)
    with pytest.raises(ValueError, match="finite"):
        polychoric(np.array([[1, 2], [np.inf, 1], [2, 2]]))
    with pytest.raises(ValueError, match="5 categories"):
        tetrachoric(answers())


def test_names_are_used():
    found = polychoric(answers(k=2), names=["sleep", "worry"])
    assert isinstance(found, Polychoric)
    assert str(found).splitlines()[0].split() == ["sleep", "worry"]


@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(-1, 1))
def test_the_bivariate_normal_keeps_its_identities(h, k, r):
    def below(a, b, rho):
        return bivariate_normal.cumulative(np.array([[a]]), np.array([[b]]), np.array([rho]))[0, 0, 0]

    same(below(h, k, r), below(k, h, r), 1e-14)
    same(below(h, k, r) + below(h, -k, -r), ndtr(h), 1e-14)
    same(below(h, k, 0.0), ndtr(h) * ndtr(k), 1e-15)
    same(below(0.0, 0.0, r), 0.25 + np.arcsin(r) / (2 * np.pi), 1e-14)
    same(below(h, k, 1.0), ndtr(min(h, k)), 1e-15)
    same(below(h, bivariate_normal.INFINITE, r), ndtr(h), 1e-15)


@pytest.mark.parametrize(
    "r", [-0.999, -0.95, -0.6, -0.1, 0.2, 0.29999, 0.30001, 0.749, 0.751, 0.92499, 0.92501, 0.99]
)
def test_the_density_and_the_conditional_are_the_slopes_of_the_cumulative(r):
    h, k, at, e = np.array([[-1.3, 0.2, 0.9]]), np.array([[-0.7, 0.4, 1.1]]), np.array([r]), 1e-6
    slope = (bivariate_normal.cumulative(h, k, at + e) - bivariate_normal.cumulative(h, k, at - e)) / (2 * e)
    same(bivariate_normal.density(h, k, at), slope, 1e-7 / (1 - r * r))
    slope = (bivariate_normal.cumulative(h + e, k, at) - bivariate_normal.cumulative(h - e, k, at)) / (2 * e)
    same(bivariate_normal.conditional(h, k, at), slope, 1e-7)


@pytest.mark.parametrize(
    ("sides", "logarithm"),  # in sixty digits, with mpmath
    [
        ((-9.0, -1.8, 1.5, 9.0, 0.97), -99.2160027278),
        ((0.5, 1.0, -9.0, -1.0, 0.95), -17.489986083),
        ((-9.0, -0.8, 0.9, 9.0, 0.999), -734.724117741),
    ],
)
def test_a_rare_cell_keeps_its_digits(sides, logarithm):
    *edges, r = (np.array([side]) for side in sides)
    same(bivariate_normal.log_rare(tuple(edges), r), logarithm, 1e-8)


@pytest.mark.parametrize(
    ("table", "r"),  # the maximum of the likelihood in forty digits, with mpmath
    [
        ([[600, 30, 0, 1], [30, 900, 30, 0], [0, 30, 800, 30], [0, 0, 30, 570]], 0.990813513406),
        ([[600, 2, 0, 1], [2, 900, 2, 0], [0, 2, 800, 2], [0, 0, 2, 570]], 0.994346483299),
    ],
)
def test_one_answer_far_off_all_others_counts_for_what_it_is(table, r):
    found = polychoric(crossed(table))
    same(found.r[0, 1], r)
    assert np.isfinite(found.se).all()
    turned = polychoric(crossed(np.array(table)[:, ::-1]))
    same(turned.r[0, 1], -r)


@pytest.mark.parametrize("table", [[[35, 1, 3], [1, 0, 0]], [[0, 0, 7], [0, 55, 10], [9, 19, 0]]])
def test_a_likelihood_that_does_not_tell_leads_to_the_bound(table):
    found = polychoric(crossed(table))
    assert found.r[0, 1] == -0.999
    assert found.at_bound == ((0, 1),)
    assert found.se[0, 1] == 0


def test_taken_apart_an_item_has_to_vary_in_each_table():
    X = answers()
    X[X[:, 0] != 2, 1] = np.nan
    assert isinstance(polychoric(X), Polychoric)
    for how in ({"method": "joint"}, {"correct": "psych"}):
        why = polychoric(X, **how)
        assert why.reason == "constant item"
        assert why.detail == "item 1, among the rows that also answer item 2"
