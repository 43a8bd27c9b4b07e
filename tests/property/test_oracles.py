"""The same figures by slow and simple calculations, on answers SIMULATED by one or two factors."""

from itertools import combinations, groupby

import numpy as np
import pytest
from scipy import optimize, stats

from analysis import (
    careless_indices,
    cronbach_alpha,
    factor_analysis,
    greatest_lower_bound,
    guttman_lambda,
    kmo,
    mardia,
    minimum_average_partial,
    mokken_scalability,
    polychoric,
    simulate,
)

SEEDS = range(3)


def answers(seed: int) -> np.ndarray:
    rng = np.random.default_rng(900 + seed)
    k, m = 6 + seed, 1 + seed % 2
    loadings = np.zeros((k, m))
    loadings[np.arange(k), np.arange(k) % m] = rng.uniform(0.4, 0.9, k)
    return simulate(int(rng.integers(80, 300)), loadings, [-1.2, -0.3, 0.5, 1.4], rng).astype(float)


def off_diagonal(k: int) -> np.ndarray:
    return ~np.eye(k, dtype=bool)


@pytest.mark.parametrize("seed", SEEDS)
def test_feldts_interval_is_that_of_the_f_distribution(seed):
    X = answers(seed)
    (n, k), found = X.shape, cronbach_alpha(X, level=0.9)
    f = stats.f(n - 1, (n - 1) * (k - 1))
    assert [found.low, found.high] == pytest.approx(
        [1 - (1 - found.value) * f.ppf(p) for p in (0.95, 0.05)], abs=1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_bounds_by_regression_and_by_every_split(seed):
    X = answers(seed)
    (n, k), C = X.shape, np.cov(X, rowvar=False)
    left = []
    for item in range(k):
        others = np.column_stack([np.ones(n), np.delete(X, item, axis=1)])
        residual = X[:, item] - others @ np.linalg.lstsq(others, X[:, item], rcond=None)[0]
        left.append(residual @ residual / (n - 1))
    splits = [
        4 * C[np.ix_(half, sorted({*range(k)} - {*half}))].sum() for half in combinations(range(k), k // 2)
    ]
    found = guttman_lambda(X)
    assert found["lambda4"].value == pytest.approx(max(splits) / C.sum(), abs=1e-12)
    assert found["lambda6"].value == pytest.approx(1 - sum(left) / C.sum(), abs=1e-12)


def greatest_unique(C: np.ndarray) -> float:
    """Σθ at most, with v'(C - diag θ)v >= 0 for more and more v, until C - diag θ is semidefinite."""
    variances = np.diag(C)
    R = C / np.sqrt(np.outer(variances, variances))
    directions = [*np.eye(len(R)), np.ones(len(R))]
    shares, lowest = np.zeros(len(R)), -np.inf
    while lowest < -1e-6:  # as near as linear programmes come
        squares = np.array([v**2 for v in directions])
        most = [v @ R @ v for v in directions]
        shares = optimize.linprog(-variances / variances.max(), A_ub=squares, b_ub=most, bounds=(0, None)).x
        values, vectors = np.linalg.eigh(R - np.diag(shares))
        lowest = values[0]
        directions += list(vectors.T[values < -1e-7])
    return float(variances @ shares)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_greatest_lower_bound_by_linear_programmes(seed):
    X = answers(seed)
    C = np.cov(X, rowvar=False)
    assert greatest_lower_bound(X).value == pytest.approx(1 - greatest_unique(C) / C.sum(), abs=1e-5)


def nearly_dependent(size: float, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Five items and nearly the sum of two of them, and what the other three leave beside these and the rest.

    As `size` falls, the three dependent items lose their unique variances, and the other three keep what they
    have beside the first two and beside the difference of the last from their sum, however small that is.
    """
    rng = np.random.default_rng(3)
    Z, rest = rng.normal(size=(12, 5)) + rng.normal(size=(12, 1)), rng.normal(size=12)
    Z[:, 3] *= scale
    given = np.column_stack([np.ones(12), Z[:, :2], rest])
    left = Z[:, 2:] - given @ np.linalg.lstsq(given, Z[:, 2:], rcond=None)[0]
    return np.column_stack([Z, Z[:, 0] + Z[:, 1] + size * rest]), left.T @ left / 11


def residual(C: np.ndarray) -> float:
    """What is left of each item given all others, added up."""
    return float((1 / np.diag(np.linalg.inv(C))).sum())


@pytest.mark.parametrize("scale", [1, 1e4])
@pytest.mark.parametrize("size", [2e-4, 2e-5, 2e-7, 2e-8])
def test_lower_bounds_of_nearly_dependent_items_are_those_of_what_the_others_leave(size, scale):
    X, left = nearly_dependent(size, scale)
    total = np.cov(X, rowvar=False).sum()
    bound, lambda6 = greatest_lower_bound(X).value, guttman_lambda(X)["lambda6"].value
    assert bound == pytest.approx(1 - greatest_unique(left) / total, abs=1e-5 + 0.1 * size)
    # The answers themselves have 16 digits, so that what parts the last item has 1e-16 / size of its own.
    assert lambda6 == pytest.approx(1 - residual(left) / total, abs=0.1 * size + 1e-15 / size)


def test_lower_bounds_of_dependent_items_know_what_they_do_not_know():
    X = nearly_dependent(0)[0]
    C = np.cov(X[:, :5], rowvar=False)
    left = C[2:, 2:] - C[2:, :2] @ np.linalg.solve(C[:2, :2], C[:2, 2:])
    total = np.cov(X, rowvar=False).sum()
    assert greatest_lower_bound(X).value == pytest.approx(1 - greatest_unique(left) / total, abs=1e-5)
    assert guttman_lambda(X)["lambda6"].value == pytest.approx(1 - residual(left) / total, abs=1e-12)
    between = nearly_dependent(1e-11)[0]
    assert greatest_lower_bound(between).reason == "singular matrix"
    assert guttman_lambda(between)["lambda6"].reason == "singular matrix"
    from_sums_alone = greatest_lower_bound(nearly_dependent(2e-6)[0], missing="pairwise").value
    assert from_sums_alone == pytest.approx(greatest_lower_bound(nearly_dependent(2e-6)[0]).value)


def test_mardia_of_nearly_dependent_items_is_that_of_what_parts_them():
    """Skewness and kurtosis are the same for any items that span the same space."""
    rng = np.random.default_rng(1)
    Z, rest = rng.normal(size=(50, 3)), rng.normal(size=50)
    clear = mardia(np.c_[Z, rest])
    for size in (1e-2, 1e-4, 1e-6):
        found = mardia(np.c_[Z, Z[:, 0] + Z[:, 1] + size * rest])
        assert found.kurtosis == pytest.approx(clear.kurtosis, rel=1e-15 / size)
        assert found.skewness == pytest.approx(clear.skewness, rel=1e-14 / size)
    assert clear.kurtosis == pytest.approx(24.603448, abs=1e-6)
    assert mardia(np.c_[Z, Z[:, 0] + Z[:, 1] + 1e-11 * rest]).reason == "singular matrix"
    assert mardia(np.c_[Z, Z[:, 0] + Z[:, 1]]).reason == "singular matrix"


@pytest.mark.parametrize("seed", SEEDS)
def test_partial_correlations_by_the_inverse_and_by_what_components_leave(seed):
    X = answers(seed)
    R, apart = np.corrcoef(X, rowvar=False), off_diagonal(X.shape[1])
    P = np.linalg.inv(R)
    partial = -P / np.sqrt(np.outer(np.diag(P), np.diag(P)))
    shared, rest = (R[apart] ** 2).sum(), (partial[apart] ** 2).sum()
    assert kmo(X).value == pytest.approx(shared / (shared + rest), abs=1e-12)
    values, vectors = np.linalg.eigh(R)
    for m, average in enumerate(minimum_average_partial(X).squared[:-1]):
        loadings = vectors[:, len(R) - m :] * np.sqrt(values[len(R) - m :])
        left = R - loadings @ loadings.T
        scaled = left / np.sqrt(np.outer(np.diag(left), np.diag(left)))
        assert average == pytest.approx((scaled[apart] ** 2).mean(), abs=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_scalability_by_the_highest_covariance_that_sorted_answers_reach(seed):
    X = answers(seed)
    most = np.cov(np.sort(X, axis=0), rowvar=False)
    C, apart, found = np.cov(X, rowvar=False), off_diagonal(X.shape[1]), mokken_scalability(X)
    assert found.scale.value == pytest.approx(C[apart].sum() / most[apart].sum(), abs=1e-12)
    by_item = (C * apart).sum(axis=1) / (most * apart).sum(axis=1)
    assert found.items.value == pytest.approx(by_item, abs=1e-12)
    assert found.pairs.value[apart] == pytest.approx((C / most)[apart], abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_polychoric_correlation_by_scipys_integral(seed):
    X = answers(seed)[:, [0, -1]]
    found = polychoric(X)
    table = np.array(
        [[((X[:, 0] == a) & (X[:, 1] == b)).sum() for b in found.categories[1]] for a in found.categories[0]]
    )
    edges = [np.r_[-9, tau, 9] for tau in found.thresholds]

    def misfit(r: float) -> float:
        normal = stats.multivariate_normal(cov=[[1, r], [r, 1]])
        below = np.array([[normal.cdf([x, y]) for y in edges[1]] for x in edges[0]])
        cells = np.diff(np.diff(below, axis=0), axis=1)
        return -float((table * np.log(np.maximum(cells, 1e-300))).sum())

    best = optimize.minimize_scalar(misfit, bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-8})
    assert found.r[0, 1] == pytest.approx(best.x, abs=2e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_start_leads_lower_than_the_factors_found(seed):
    R = np.corrcoef(answers(seed), rowvar=False)
    k, m, apart = len(R), 2, off_diagonal(len(R))
    rng = np.random.default_rng(seed)

    def residuals(cells: np.ndarray) -> tuple[float, np.ndarray]:
        loadings = cells.reshape(k, m)
        left = (R - loadings @ loadings.T) * apart
        return (left**2).sum() / 2, (-2 * left @ loadings).ravel()

    def likelihood(logarithms: np.ndarray) -> float:
        scale = np.exp(-logarithms / 2)
        left = np.linalg.eigvalsh(R * np.outer(scale, scale))[:-m]
        return float((left - np.log(left) - 1).sum())

    ends = [optimize.minimize(residuals, 0.4 * rng.normal(size=k * m), jac=True, tol=1e-12) for _ in range(8)]
    proper = [end.fun for end in ends if (end.x.reshape(k, m) ** 2).sum(axis=1).max() <= 0.995]
    minres = factor_analysis(R, m, n=200, rotation="none").loadings
    assert residuals(minres.ravel())[0] <= min(proper, default=np.inf) + 1e-8
    bounds = [(np.log(0.005), 0)] * k
    lows = [
        optimize.minimize(likelihood, np.log(rng.uniform(0.1, 0.9, k)), bounds=bounds).fun for _ in range(4)
    ]
    assert factor_analysis(R, m, n=200, method="ml").fit.objective <= min(lows) + 1e-7


@pytest.mark.parametrize("seed", SEEDS)
def test_indices_of_single_people_by_their_definitions(seed):
    X = answers(seed)
    found, C = careless_indices(X), np.cov(X, rowvar=False)
    for place, row in enumerate(X[:20]):
        others = np.delete(X, place, axis=0).mean(axis=0)
        away = row - X.mean(axis=0)
        assert found.longstring[place] == max(len(list(run)) for _, run in groupby(row))
        assert found.irv[place] == pytest.approx(row.std(ddof=1), abs=1e-12)
        assert found.mahalanobis[place] == pytest.approx(away @ np.linalg.solve(C, away), abs=1e-9)
        if row.std() > 0:
            assert found.person_total[place] == pytest.approx(np.corrcoef(row, others)[0, 1], abs=1e-9)
