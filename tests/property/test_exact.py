"""Sums and roots do not depend on the order in which a processor adds."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.linear_algebra.elimination import inverse_root, log_determinant, lower_root
from analysis.linear_algebra.exact import ROWS, cross_products, weighted_sums

SEEDS = st.integers(0, 10_000)
KINDS = {
    "answers": lambda rng, shape: rng.integers(1, 8, shape).astype(float),
    "thirds": lambda rng, shape: rng.integers(1, 8, shape) / 3,
    "large": lambda rng, shape: rng.integers(-(10**9), 10**9, shape).astype(float),
    "measurements": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.integers(-8, 8, shape[1]),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(seed=SEEDS, n=st.integers(1, 60), k=st.integers(1, 4))
def test_sums_of_products_are_exact_to_the_last_digits_in_any_order(kind, seed, n, k):
    rng = np.random.default_rng(seed)
    X = KINDS[kind](rng, (n, k))
    found = cross_products(X, X)
    size = cross_products(np.abs(X), np.abs(X))
    for i in range(k):
        for j in range(k):
            exact = sum(
                (Fraction(a) * Fraction(b) for a, b in zip(X[:, i], X[:, j], strict=True)), Fraction(0)
            )
            assert abs(Fraction(found[i, j]) - exact) <= Fraction(4e-16) * Fraction(size[i, j])
            assert kind != "answers" or found[i, j] == exact
    order = rng.permutation(n)
    assert np.array_equal(found, cross_products(X[order], X[order]))
    assert np.array_equal(found.T, cross_products(X, X.copy()).T)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(seed=SEEDS, n=st.integers(1, 60), k=st.integers(1, 4))
def test_weighted_sums_are_exact_to_the_last_digits_in_any_order(kind, seed, n, k):
    rng = np.random.default_rng(seed)
    X = KINDS[kind](rng, (n, k))
    weights = rng.multinomial(n, np.full(n, 1 / n), size=3).astype(float)
    found, size = weighted_sums(weights, X, n), weights @ np.abs(X)
    for row, drawn in enumerate(weights):
        for j in range(k):
            exact = sum((Fraction(w) * Fraction(x) for w, x in zip(drawn, X[:, j], strict=True)), Fraction(0))
            assert abs(Fraction(found[row, j]) - exact) <= Fraction(4e-16) * Fraction(size[row, j])
    order = rng.permutation(n)
    assert np.array_equal(found, weighted_sums(weights[:, order], X[order], n))


def test_many_rows_are_added_block_by_block():
    X = np.random.default_rng(1).integers(1, 6, (2 * ROWS + 5, 3)).astype(float)
    assert np.array_equal(cross_products(X, X), (X.astype(int).T @ X.astype(int)).astype(float))
    np.testing.assert_allclose(cross_products(X / 3, X / 3), X.T @ X / 9, rtol=1e-14)


@given(seed=SEEDS, k=st.integers(1, 8))
def test_roots_and_determinants_are_those_of_the_matrix(seed, k):
    X = np.random.default_rng(seed).normal(size=(k + 5, k))
    S = X.T @ X
    L, T = lower_root(S), inverse_root(S)
    assert np.array_equal(L, np.tril(L))
    np.testing.assert_allclose(L @ L.T, S, atol=1e-12)
    np.testing.assert_allclose(T @ L, np.eye(k), atol=1e-10)
    assert log_determinant(S) == pytest.approx(np.linalg.slogdet(S)[1], abs=1e-9)


@pytest.mark.parametrize("S", [[[1.0, 1.0], [1.0, 1.0]], [[0.0]], [[1.0, 2.0], [2.0, 1.0]], [[np.nan]]])
def test_a_matrix_without_a_root_is_refused(S):
    for root in (lower_root, inverse_root, log_determinant):
        with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
            root(np.array(S))
