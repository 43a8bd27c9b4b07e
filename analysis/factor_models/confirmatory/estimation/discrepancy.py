"""Discrepancies between sample and model: their value, gradient and expected second derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import cho_solve, lapack

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.sample_statistics import Continuous
from analysis.factor_models.confirmatory.model.implied_moments import Directions, Implied
from analysis.factor_models.confirmatory.model.structure import Structure


class Discrepancy(Protocol):
    """A function of the free parameters to be minimised."""

    def value(self, x: Matrix) -> float:
        """Return the discrepancy at `x`, infinite where the model has no likelihood."""
        ...

    def gradient(self, x: Matrix) -> Matrix:
        """Return the gradient at `x`."""
        ...

    def information(self, x: Matrix) -> Matrix:
        """Return the expected second derivatives at `x`."""
        ...


@dataclass(frozen=True, kw_only=True)
class NormalTheory:
    """Half the normal-theory discrepancy: the mean over rows of minus the log-likelihood, up to a constant.

    Notes
    -----
    ½ [ln|Σ| + tr(S Σ⁻¹) - ln|S| - k + (m - μ)' Σ⁻¹ (m - μ)], groups weighted by their rows. Zero where the
    model fits exactly; twice n times its minimum is the likelihood-ratio statistic.
    """

    structure: Structure
    groups: Sequence[Continuous]
    weights: Matrix

    def value(self, x: Matrix) -> float:
        """Return the discrepancy at `x`."""
        total = 0.0
        for weight, group, implied in zip(self.weights, self.groups, self.structure.at(x), strict=True):
            total += float(weight) * self._one(group, implied)
        return total

    def _one(self, group: Continuous, implied: Implied) -> float:
        factor, failed = lapack.dpotrf(implied.covariance, lower=1)
        sample, singular = lapack.dpotrf(group.covariance, lower=1)
        if failed or singular:
            return np.inf
        log_determinant = 2 * float(np.log(np.diagonal(factor) / np.diagonal(sample)).sum())
        S = group.covariance
        if self.structure.table.means:
            gap = group.mean - implied.mean
            S = S + np.outer(gap, gap)
        trace = float(np.trace(cho_solve((factor, True), S)))
        return 0.5 * (log_determinant + trace - len(S))

    def gradient(self, x: Matrix) -> Matrix:
        """Return the gradient at `x`."""
        gradient = np.zeros(self.structure.count)
        for weight, group, implied in zip(self.weights, self.groups, self.structure.at(x), strict=True):
            W = inverse(implied.covariance)
            by_mean, S = None, group.covariance
            if self.structure.table.means:
                gap = group.mean - implied.mean
                S, by_mean = S + np.outer(gap, gap), -weight * (W @ gap)
            gradient += implied.gradient(0.5 * weight * (W - W @ S @ W), by_mean)
        return gradient

    def information(self, x: Matrix) -> Matrix:
        """Return the expected second derivatives at `x`."""
        information = np.zeros((self.structure.count, self.structure.count))
        for weight, implied in zip(self.weights, self.structure.at(x), strict=True):
            information += weight * expected_information(implied, inverse(implied.covariance))
        return information

    def hessian(self, x: Matrix) -> Matrix:
        """Return the second derivatives at `x` (the observed information of a row)."""
        total = np.zeros((self.structure.count, self.structure.count))
        for weight, group, implied in zip(self.weights, self.groups, self.structure.at(x), strict=True):
            gap = group.mean - implied.mean if self.structure.table.means else None
            total += weight * observed_information(implied, group.covariance, gap)
        return total


def expected_information(implied: Implied, W: Matrix) -> Matrix:
    """Return ½ tr(W Σ_a W Σ_b) + μ_a' W μ_b for all pairs of free parameters.

    Each entry of the model's matrices changes Σ by l r' + r l', so the trace is a product of terms like l' W
    l, and no matrix of derivatives is formed.
    """
    directions = implied.directions
    information = _both(directions, _expected(directions, W))
    if implied.structure.means:
        information += implied.mean_slope @ W @ implied.mean_slope.T
    return information


def _expected(directions: Directions, W: Matrix) -> Matrix:
    inner, across, outer = directions.products(W)
    return np.asarray(inner * outer + across * across.T)


def _both(directions: Directions, entries: Matrix) -> Matrix:
    """Return a matrix of entries by entries as one of free parameters by free parameters."""
    return directions.gathered(directions.gathered(entries).T)


def observed_information(implied: Implied, S: Matrix, gap: Matrix | None) -> Matrix:
    """Return the second derivatives of a group's half discrepancy: covariances S, means off by `gap`.

    With M = W S W, S counting the gap: tr(M Σ_a W Σ_b) - ½ tr(W Σ_a W Σ_b) + μ_a' W μ_b and the terms across,
    and what the curvature of Σ and μ adds.
    """
    W = inverse(implied.covariance)
    if gap is not None:
        S = S + np.outer(gap, gap)
    M = W @ S @ W
    directions = implied.directions
    inner, across, outer = directions.products(W)
    m_inner, m_across, m_outer = directions.products(M)
    entries = across.T * m_across + outer * m_inner + inner * m_outer + across * m_across.T
    hessian = _both(directions, entries - inner * outer - across * across.T)
    by_mean = None
    if gap is not None:
        by_mean = -W @ gap
        along = implied.mean_slope @ W
        left, right = directions.left, directions.right
        moved = left * (right @ -by_mean)[:, None] + right * (left @ -by_mean)[:, None]
        cross = directions.gathered(moved) @ along.T
        hessian += along @ implied.mean_slope.T + cross + cross.T
    return np.asarray(hessian + implied.curvature(0.5 * (W - M), by_mean))


@dataclass(frozen=True, kw_only=True)
class LeastSquares:
    """Half the weighted squared distance of statistics: ½ (s - σ)' V (s - σ), groups weighted by rows.

    Each V is a matrix, or a vector for a diagonal one.
    """

    structure: Structure
    statistics: Sequence[Matrix]
    V: Sequence[Matrix]
    weights: Matrix

    def value(self, x: Matrix) -> float:
        """Return the discrepancy at `x`."""
        total = 0.0
        for weight, s, V, implied in zip(
            self.weights, self.statistics, self.V, self.structure.at(x), strict=True
        ):
            with np.errstate(invalid="ignore", over="ignore"):
                gap = s - implied.statistics
                total += 0.5 * float(weight) * float(gap @ weighted(V, gap))
        return total if np.isfinite(total) else np.inf

    def gradient(self, x: Matrix) -> Matrix:
        """Return the gradient at `x`."""
        gradient = np.zeros(self.structure.count)
        for weight, s, V, implied in zip(
            self.weights, self.statistics, self.V, self.structure.at(x), strict=True
        ):
            gradient -= weight * (implied.jacobian.T @ weighted(V, s - implied.statistics))
        return gradient

    def information(self, x: Matrix) -> Matrix:
        """Return the expected second derivatives at `x`."""
        information = np.zeros((self.structure.count, self.structure.count))
        for weight, V, implied in zip(self.weights, self.V, self.structure.at(x), strict=True):
            information += weight * (implied.jacobian.T @ weighted(V, implied.jacobian))
        return information


def weighted(V: Matrix, X: Matrix) -> Matrix:
    """Return V X, V being a matrix or the diagonal of one."""
    if V.ndim == 1:
        product: Matrix = V[:, None] * X if X.ndim > 1 else V * X
        return product
    return V @ X


def normal_theory_weight(W: Matrix) -> Matrix:
    """Return the inverse covariance of variances and covariances under normality: ½ D'(W ⊗ W) D.

    W is the inverse covariance matrix; rows and columns are the upper triangle with its diagonal.
    """
    k = len(W)
    i, j = np.triu_indices(k)
    first, second = W[i], W[j]
    weight: Matrix = first[:, i] * second[:, j] + first[:, j] * second[:, i]
    single = i == j
    weight[single] *= 0.5
    weight[:, single] *= 0.5
    return weight


def normal_information(W: Matrix, *, means: bool) -> Matrix:
    """Return the information of a row about means (where asked for) and covariances under normality."""
    weight = normal_theory_weight(W)
    if not means:
        return weight
    k = len(W)
    both = np.zeros((k + len(weight), k + len(weight)))
    both[:k, :k], both[k:, k:] = W, weight
    return both
