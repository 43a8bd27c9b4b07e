"""Properties of extraction, rotation and hierarchy for any data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import optimize

from analysis import factor_analysis, joint_counts, omega_hierarchical, polychoric, schmid_leiman
from analysis.estimate import Unavailable
from analysis.factor_models.extraction import (
    EXTRACTIONS,
    LOWEST_UNIQUENESS,
    likelihood_state,
    residual_minimum,
    residual_state,
    starts,
)
from analysis.factor_models.one_factor import one_factor
from analysis.factor_models.rotation import ROTATIONS, _geomin_criterion, _quartimin_criterion, _slope

seeds = st.integers(0, 10_000)
methods = st.sampled_from(["minres", "ml"])
rotations = st.sampled_from(sorted(ROTATIONS))
awkward = st.tuples(st.integers(0, 14), st.integers(0, 7)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 6.0, np.nan]))
)


def answers(seed, n=400, k=9, m=3):
    """Clear enough that no item is near its bound: three groups of three items, their factors correlated."""
    rng = np.random.default_rng(seed)
    pattern = np.kron(np.eye(m), np.ones((k // m, 1))) * rng.uniform(0.55, 0.8, (k, 1))
    factors = rng.normal(size=(n, 1)) * 0.6 + rng.normal(size=(n, m)) * 0.8
    unique = np.sqrt(1 - np.square(pattern).sum(axis=1))
    return np.clip(np.round(2 * (factors @ pattern.T + rng.normal(size=(n, k)) * unique)), -4, 4)


def heywood_data(seed):
    rng = np.random.default_rng(seed)
    pattern = np.array([[0.95, 0], [0.6, 0], [0.5, 0], [0, 0.8], [0, 0.7], [0, 0.8]])
    unique = np.sqrt(1 - np.square(pattern).sum(axis=1))
    return rng.normal(size=(60, 2)) @ pattern.T + rng.normal(size=(60, 6)) * unique


def model(found):
    return found.loadings @ found.phi @ found.loadings.T


@given(seeds, methods, rotations)
@settings(max_examples=25)
def test_the_order_of_rows_and_items_does_not_matter(seed, method, rotation):
    X = answers(seed)
    items = np.random.default_rng(seed).permutation(X.shape[1])
    found = factor_analysis(X, 3, method=method, rotation=rotation)
    shuffled = factor_analysis(X[::-1, items], 3, method=method, rotation=rotation)
    np.testing.assert_allclose(shuffled.loadings, found.loadings[items], atol=1e-5)
    np.testing.assert_allclose(shuffled.phi, found.phi, atol=1e-5)
    np.testing.assert_allclose(shuffled.uniquenesses, found.uniquenesses[items], atol=1e-8)
    assert shuffled.fit.chi2 == pytest.approx(found.fit.chi2, rel=1e-6)


@given(seeds, methods, st.sampled_from(["oblimin", "geomin", "promax"]))
@settings(max_examples=20)
def test_a_reversed_item_in_other_units_changes_the_sign_of_its_loadings_alone(seed, method, rotation):
    X = answers(seed)
    turned = X.copy()
    turned[:, 4] = 7 - 3 * X[:, 4]
    found = factor_analysis(X, 3, method=method, rotation=rotation)
    after = factor_analysis(turned, 3, method=method, rotation=rotation)
    sign = np.where(np.arange(9) == 4, -1, 1)[:, None]
    columns = np.sign((after.loadings * sign * found.loadings).sum(axis=0))
    np.testing.assert_allclose(after.loadings * sign * columns, found.loadings, atol=1e-4)
    np.testing.assert_allclose(after.uniquenesses, found.uniquenesses, atol=1e-8)


@given(seeds, methods)
@settings(max_examples=15)
def test_rows_given_twice_change_the_test_but_not_the_factors(seed, method):
    X = answers(seed)
    once, twice = (factor_analysis(data, 3, method=method) for data in (X, np.vstack([X, X])))
    np.testing.assert_allclose(twice.loadings, once.loadings, atol=1e-6)
    assert twice.fit.objective == pytest.approx(once.fit.objective, rel=1e-6)
    assert twice.fit.chi2 > 1.9 * once.fit.chi2


@given(seeds)
@settings(max_examples=10)
def test_rows_counts_and_matrix_lead_to_the_same_factors(seed):
    X = answers(seed)
    found = factor_analysis(X, 3)
    for same in (
        factor_analysis(joint_counts(X), 3),
        factor_analysis(joint_counts(X[:150]) + joint_counts(X[150:]), 3),
        factor_analysis(np.corrcoef(X, rowvar=False), 3, n=len(X)),
    ):
        np.testing.assert_allclose(same.loadings, found.loadings, atol=1e-6)
        assert same.fit.chi2 == pytest.approx(found.fit.chi2, rel=1e-6)


@given(seeds, methods, rotations)
@settings(max_examples=25)
def test_rotation_changes_neither_model_nor_fit_and_order_and_signs_are_fixed(seed, method, rotation):
    X = answers(seed)
    unrotated = factor_analysis(X, 3, method=method, rotation="none")
    found = factor_analysis(X, 3, method=method, rotation=rotation)
    np.testing.assert_allclose(model(found), model(unrotated), atol=1e-8)
    np.testing.assert_allclose(np.diag(model(found)), found.communalities, atol=1e-8)
    np.testing.assert_allclose(found.communalities + found.uniquenesses, 1)
    np.testing.assert_allclose(np.diag(found.phi), 1)
    np.testing.assert_allclose(found.structure, found.loadings @ found.phi)
    assert found.variance.sum() == pytest.approx(found.communalities.sum())
    assert (np.diff(found.variance) <= 1e-9).all()
    assert (found.loadings.max(axis=0) >= -found.loadings.min(axis=0)).all()
    assert found.fit == unrotated.fit


@given(seeds, methods, st.integers(1, 3))
@settings(max_examples=25)
def test_no_neighbour_of_the_solution_fits_better(seed, method, m):
    X = answers(seed, n=100)
    R = np.corrcoef(X, rowvar=False)
    extracted = EXTRACTIONS[method](R, m)
    if isinstance(extracted, Unavailable) or extracted.bounded.any():
        return
    rng = np.random.default_rng(seed)

    def criterion(L):
        if method == "minres":
            residual = R - L @ L.T
            np.fill_diagonal(residual, 0)
            return np.square(residual).sum() / 2
        sigma = L @ L.T
        np.fill_diagonal(sigma, 1)
        ratio = np.linalg.solve(sigma, R)
        return np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(R)

    least = criterion(extracted.loadings)
    assert least == pytest.approx(extracted.minimum, rel=1e-8, abs=1e-12)
    for size in (1e-1, 1e-2, 1e-3):
        moved = extracted.loadings + size * rng.normal(size=extracted.loadings.shape)
        assert criterion(moved) > least


@given(seeds, st.sampled_from([residual_state, likelihood_state]))
@settings(max_examples=20)
def test_gradient_and_hessian_are_those_of_the_criterion(seed, at):
    R = np.corrcoef(answers(seed), rowvar=False)
    x = np.random.default_rng(seed).uniform(0.3, 0.9, len(R))
    x = np.log(x) if at is likelihood_state else x
    state, small = at(R, 3, x), 1e-6
    steps = small * np.eye(len(R))
    gradient = [(at(R, 3, x + h).value - at(R, 3, x - h).value) / (2 * small) for h in steps]
    hessian = [(at(R, 3, x + h).gradient - at(R, 3, x - h).gradient) / (2 * small) for h in steps]
    np.testing.assert_allclose(state.gradient, gradient, atol=1e-7)
    np.testing.assert_allclose(state.hessian(), hessian, atol=1e-5)


@given(seeds, st.sampled_from([_quartimin_criterion, _geomin_criterion]))
@settings(max_examples=10)
def test_rotations_descend_the_criterion_they_name(seed, criterion):
    rng = np.random.default_rng(seed)
    A = rng.uniform(-0.7, 0.7, (8, 3))
    turn = rng.normal(size=(3, 3))
    turn /= np.sqrt(np.square(turn).sum(axis=0))
    value, slope = _slope(A, criterion, turn)
    way = rng.normal(size=(3, 3))

    def moved(small):
        there = turn + small * way
        return _slope(A, criterion, there / np.sqrt(np.square(there).sum(axis=0)))[0]

    tangent = way - turn * (turn * way).sum(axis=0)
    assert (moved(1e-6) - moved(-1e-6)) / 2e-6 == pytest.approx(np.vdot(slope, tangent), rel=1e-4, abs=1e-8)
    assert moved(0) == pytest.approx(value)


@given(seeds)
@settings(max_examples=20)
def test_random_starts_find_no_better_rotation_of_clear_data(seed):
    unrotated = factor_analysis(answers(seed), 3, rotation="none").loadings
    for name, criterion in {"oblimin": _quartimin_criterion, "geomin": _geomin_criterion}.items():
        best = criterion(ROTATIONS[name](unrotated).loadings)[0]
        rng = np.random.default_rng(seed)
        for _ in range(5):
            start = np.linalg.qr(rng.normal(size=(3, 3)))[0]
            assert criterion(ROTATIONS[name](unrotated @ start).loadings)[0] >= best - 1e-7


@given(seeds)
@settings(max_examples=40)
def test_a_heywood_item_is_held_named_and_no_better_placed_below_its_bound(seed):
    X = heywood_data(seed)
    R = np.corrcoef(X, rowvar=False)
    for method in ("minres", "ml"):
        found = factor_analysis(X, 2, method=method)
        assert found.communalities.max() <= 1 + 1e-8
        low = [found.names[i] for i in np.flatnonzero(found.uniquenesses < 0.00501)]
        assert list(found.heywood) == low
        assert all(name in str(found) for name in found.heywood)
    held = EXTRACTIONS["minres"](R, 2)
    if held.bounded.any():
        np.testing.assert_allclose(held.communalities[held.bounded], 0.995, atol=1e-8)
        for shrink in (0.999, 0.99):
            L = held.loadings * np.where(held.bounded, shrink, 1)[:, None]
            residual = R - L @ L.T
            np.fill_diagonal(residual, 0)
            assert np.square(residual).sum() / 2 > held.minimum


def test_more_starts_follow_where_an_item_is_at_its_bound():
    """Each boundary minimum has another item at its bound; the two usual starts miss the lowest one here."""
    R = np.corrcoef(answers(6, n=80), rowvar=False)
    best = EXTRACTIONS["minres"](R, 4)
    usual = min(residual_minimum(R, 4, start).minimum for start in starts(R))
    assert best.bounded.any()
    assert best.minimum < usual - 1e-3


WEAK = {
    "ml of 4": ("ml", 1, [0.25, -0.09, 0.35, 0.33, 0.21, -0.01]),
    "ml of 5": ("ml", 1, [-0.18, 0.3, -0.35, 0.11, -0.17, -0.09, -0.34, 0.34, 0.14, -0.05]),
    "ml of 6": (
        "ml",
        1,
        [0.12, -0.06, -0.12, -0.16, -0.2, 0.12, -0.02, -0.19, 0.01, -0.19, 0.1, 0.16, 0.12, -0.2, -0.11],
    ),
    "ml of 6, two factors": (
        "ml",
        2,
        [-0.16, -0.16, 0.34, 0.09, 0.01, -0.04, 0.0, -0.17, -0.19, -0.01, 0.27, -0.02, 0.18, 0.25, 0.12],
    ),
    "minres of 6": (
        "minres",
        1,
        [-0.26, 0.22, 0.34, 0.08, -0.14, -0.21, 0.18, -0.04, -0.18, -0.27, 0.21, 0.07, -0.26, -0.13, -0.21],
    ),
    "minres of 6, two factors": (
        "minres",
        2,
        [-0.29, 0.14, 0.38, -0.04, 0.32, 0.09, -0.25, 0.38, 0.31, 0.09, 0.42, 0.03, 0.08, 0.31, -0.06],
    ),
}


def correlations(above):
    k = round((1 + np.sqrt(1 + 8 * len(above))) / 2)
    R = np.eye(k)
    R[np.triu_indices(k, 1)] = above
    return R + np.triu(R, 1).T


@pytest.mark.parametrize("name", WEAK)
def test_two_starts_that_agree_are_not_believed_where_an_item_alone_does_as_well(name):
    """The usual starts end at the same minimum; a lower one has an item that is nearly the factor."""
    method, m, above = WEAK[name]
    R = correlations(above)
    found = factor_analysis(R, m, n=300, method=method, rotation="none")
    bounds = [(LOWEST_UNIQUENESS, 1)] * len(R)

    def criterion(unique):
        if method == "minres":
            return residual_state(R, m, unique).value
        return likelihood_state(R, m, np.log(unique)).value

    rng = np.random.default_rng(1)
    ends = [optimize.minimize(criterion, rng.uniform(0.01, 1, len(R)), bounds=bounds) for _ in range(30)]
    lowest = min(end.fun for end in ends)
    assert criterion(found.uniquenesses) <= lowest + (1e-4 if method == "minres" else 1e-6)
    assert found.heywood
    assert min(abs(end.fun - lowest) for end in ends if end.fun > lowest + 2e-4) < 0.1


def test_the_better_solution_of_the_two_is_given_and_said_to_be_a_heywood_case():
    R = correlations(WEAK["ml of 4"][2])
    found = factor_analysis(R, 1, n=300, method="ml")
    assert found.fit.objective == pytest.approx(0.14113, abs=5e-6)
    np.testing.assert_allclose(found.loadings[:, 0], [0.2506, 0.9975, 0.3308, 0.2105], atol=5e-4)
    assert found.heywood == ("item 2",)
    assert "Heywood case: item 2" in str(found)
    whole = one_factor(R)  # without a bound, as omega has it, this solution is improper
    assert whole.reason == "improper solution"
    assert "item 2" in whole.detail


@given(awkward, st.integers(1, 4), methods, rotations, st.sampled_from(["complete", "pairwise"]))
@settings(max_examples=150)
def test_awkward_data_give_finite_figures_or_the_reason_for_none(X, m, method, rotation, missing):
    options = {"method": method, "missing": missing}
    found = factor_analysis(X, m, rotation=rotation, **options)
    if not isinstance(found, Unavailable):
        for figures in (found.loadings, found.phi, found.structure, found.variance, found.uniquenesses):
            assert np.isfinite(figures).all()
        assert all(np.isfinite(v) for v in vars(found.fit).values() if v is not None)
        assert found.communalities.max() <= 1 + 1e-8
        assert f"k = {X.shape[1]}" in str(found)
    hierarchy = omega_hierarchical(X, m, **options)
    if not isinstance(hierarchy, Unavailable):
        assert 0 <= hierarchy.omega_h < 1.5
        assert 0 <= hierarchy.ecv <= 1
        assert 0 <= hierarchy.puc <= 1
        assert np.isfinite([group.total for group in hierarchy.groups]).all()


@pytest.mark.parametrize(
    ("k", "m", "reason"),
    [(5, 3, "not defined"), (4, 4, "not defined"), (2, 1, "not defined"), (6, 1, "improper solution")],
)
def test_factors_that_cannot_be_are_refused(k, m, reason):
    assert factor_analysis(np.eye(k), m, n=100).reason == reason


def test_dependent_items_are_refused_where_the_method_needs_their_inverse():
    X = answers(1)
    X[:, 8] = X[:, 0]
    assert factor_analysis(X, 2, method="ml").reason == "singular matrix"
    held = factor_analysis(X, 4)
    assert set(held.heywood) == {"item 1", "item 9"}
    assert held.fit.chi2 is None
    assert "Heywood" in str(held)
    few = answers(1)[:4]
    few = few[:, few.std(axis=0) > 0]
    assert factor_analysis(few, 3).reason in {"singular matrix", "not defined"}


def test_uls_is_minres_and_polychoric_correlations_bring_their_own_names():
    X = answers(3)
    np.testing.assert_array_equal(
        factor_analysis(X, 3, method="uls").loadings, factor_analysis(X, 3).loadings
    )
    ordinal = polychoric(joint_counts(X, names=[f"q{i}" for i in range(9)]))
    found = factor_analysis(ordinal, 3)
    assert found.names[0] == "q0"
    assert found.method.endswith("polychoric")


def test_the_general_factor_of_a_hierarchy_does_not_depend_on_signs_or_order():
    X = answers(11)
    plain = omega_hierarchical(X, 3)
    items = np.arange(9)[::-1]
    assert omega_hierarchical(X[:, items], 3).omega_h == pytest.approx(plain.omega_h, abs=1e-5)
    assert omega_hierarchical(5 - X, 3).omega_h == pytest.approx(plain.omega_h, abs=1e-5)
    assert plain.solution.general.sum() > 0
    assert plain.puc == 0.75
    assert [len(group.items) for group in plain.groups] == [3, 3, 3]
    for j, group in enumerate(plain.groups):
        assert group.items == tuple(
            plain.solution.first_order.names[i] for i in np.flatnonzero(plain.solution.membership == j)
        )


def test_a_hierarchy_says_what_limits_it():
    X = answers(11)
    two = schmid_leiman(X[:, :6], 2)
    assert any("taken as equal" in note for note in two.notes)
    assert two.second_order[0] == pytest.approx(two.second_order[1])
    X[:, 0] = -X[:, 0]
    assert any("item 1" in note and "against" in note for note in schmid_leiman(X, 3).notes)
    assert "one factor: no hierarchy" in str(omega_hierarchical(X, 1))


@pytest.mark.parametrize(
    "options", [{"method": "pca"}, {"rotation": "equamax"}, {"n_factors": 0}, {"missing": "mean"}]
)
def test_wrong_arguments_are_refused(options):
    with pytest.raises(ValueError):
        factor_analysis(**{"data": answers(1), "n_factors": 2, **options})


@pytest.mark.parametrize("noise", [0.0, 1e-12, -1e-12])
def test_rounding_decides_neither_the_sign_nor_the_order_of_equal_factors(noise):
    """Two items load as much against a factor as two for it, and two factors explain the same."""
    R = np.kron(np.eye(2), np.outer([1, -1, 1, -1], [1, -1, 1, -1]) * 0.49)
    R += np.diag(1 - np.diagonal(R))
    R[:2, :2] -= noise * np.array([[0, 1], [1, 0]])  # the second item's loading is the largest, or the least
    R[6:, 6:] -= 3 * noise * np.array([[0, 1], [1, 0]])  # and the second factor explains more, or less
    found = factor_analysis(R, 2, n=100)
    expected = np.kron(np.eye(2), np.array([[1.0], [-1.0], [1.0], [-1.0]])) * 0.7
    np.testing.assert_allclose(found.loadings, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["minres", "ml"])
@pytest.mark.parametrize("rotation", ["oblimin", "geomin"])
def test_the_digits_of_a_solution_do_not_depend_on_where_the_descent_stopped(method, rotation):
    X = answers(7)
    order = np.random.default_rng(1).permutation(X.shape[1])
    one = factor_analysis(X, 3, method=method, rotation=rotation)
    other = factor_analysis(X[:, order], 3, method=method, rotation=rotation)
    np.testing.assert_allclose(other.loadings, one.loadings[order], rtol=0, atol=1e-11)
    np.testing.assert_allclose(other.communalities, one.communalities[order], rtol=0, atol=1e-12)
