"""What a factor model implies for the moments of its items, and their derivatives by the parameters.

With loadings Λ, effects B of factors on factors, factor covariances Ψ, residual covariances Θ, intercepts ν
and factor means α: Σ = G Ψ G' + Θ with G = Λ (I - B)⁻¹, and μ = ν + G α.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse

Index = NDArray[np.intp]
MATRICES: Final = ("loadings", "effects", "factor", "residual", "intercept", "mean", "threshold", "scale")


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The free entries of one matrix: rows, columns, and the index of each among the free parameters.

    `alone` says that no two entries share an index.
    """

    row: Index
    column: Index
    free: Index
    alone: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Directions:
    """The derivative of Σ by each free entry e of a model's matrices: l_e r_e' + r_e l_e'.

    `free` is the index of each entry among the free parameters; `alone` says that no two share one.
    """

    left: Matrix
    right: Matrix
    free: Index
    count: int
    alone: bool

    def along(self, i: Index, j: Index) -> Matrix:
        """Return the derivatives of the entries (i, j) of Σ, free parameters x entries."""
        entries = self.left[:, i] * self.right[:, j] + self.left[:, j] * self.right[:, i]
        return self.gathered(entries)

    def gathered(self, entries: Matrix) -> Matrix:
        """Return the sum over each free parameter's entries (first axis)."""
        total = np.zeros((self.count, *entries.shape[1:]))
        if self.alone:
            total[self.free] = entries
        else:
            np.add.at(total, self.free, entries)
        return total

    def products(self, W: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Return l'W l, l'W r and r'W r for all pairs of entries."""
        turned = self.left @ W
        return turned @ self.left.T, turned @ self.right.T, self.right @ W @ self.right.T


@dataclass(frozen=True, kw_only=True)
class GroupStructure:
    """A model's matrices in one group: fixed values, and where the free parameters go.

    `threshold_item` is the item of each threshold, in the order of the items; `alone` says that no two
    entries that move Σ share a parameter.
    """

    fixed: dict[str, Matrix]
    places: dict[str, Places]
    threshold_item: Index
    count: int
    means: bool
    ordered: bool
    theta: bool
    alone: bool

    def matrices(self, x: Matrix) -> dict[str, Matrix]:
        """Return the model's matrices at the free parameters `x`."""
        filled = {}
        for name, fixed in self.fixed.items():
            at = self.places[name]
            if at.free.size:
                matrix = fixed.copy()
                matrix[at.row, at.column] = x[at.free]
                if name in {"factor", "residual"}:
                    matrix[at.column, at.row] = x[at.free]
                filled[name] = matrix
            else:
                filled[name] = fixed
        return filled

    def at(self, x: Matrix) -> "Implied":
        """Return what the group's model implies at `x`."""
        return Implied(self, self.matrices(x))


class Implied:
    """Moments that a group's model implies, and their derivatives by the free parameters."""

    def __init__(self, structure: GroupStructure, matrices: dict[str, Matrix]) -> None:
        self.structure = structure
        self.matrices = matrices
        effects = matrices["effects"]
        self.total = inverse(np.eye(len(effects)) - effects) if effects.any() else np.eye(len(effects))
        self.gain = matrices["loadings"] @ self.total
        self.factor_covariance = self.total @ matrices["factor"] @ self.total.T
        self.factor_mean = self.total @ matrices["mean"][:, 0]
        common = self.gain @ matrices["factor"] @ self.gain.T
        self.covariance = common + matrices["residual"]
        self.mean = matrices["intercept"][:, 0] + self.gain @ matrices["mean"][:, 0]
        if structure.ordered and not structure.theta:
            k = np.arange(len(common))
            self.covariance[k, k] = 1 / matrices["scale"][:, 0] ** 2

    @cached_property
    def scale(self) -> Matrix:
        """The factor that gives each normal variable unit variance: one over its standard deviation."""
        if not self.structure.ordered:
            return 1 / np.sqrt(np.diagonal(self.covariance))
        if self.structure.theta:
            return 1 / np.sqrt(np.maximum(np.diagonal(self.covariance), 1e-300))
        return self.matrices["scale"][:, 0]

    @cached_property
    def correlation(self) -> Matrix:
        """Correlations of the items, or of the normal variables behind them."""
        R: Matrix = self.covariance * np.outer(self.scale, self.scale)
        return R

    @cached_property
    def thresholds(self) -> Matrix:
        """Thresholds in units of the normal variables' standard deviations."""
        item = self.structure.threshold_item
        tau: Matrix = (self.matrices["threshold"][:, 0] - self.mean[item]) * self.scale[item]
        return tau

    @cached_property
    def statistics(self) -> Matrix:
        """The implied counterpart of a group's statistics.

        Ordered items: thresholds, then correlations (upper triangle by rows). Else means, if the model has
        them, then variances and covariances (upper triangle with the diagonal).
        """
        k = len(self.covariance)
        if self.structure.ordered:
            return np.concatenate([self.thresholds, self.correlation[np.triu_indices(k, 1)]])
        upper = self.covariance[np.triu_indices(k)]
        return np.concatenate([self.mean, upper]) if self.structure.means else upper

    @cached_property
    def residual_variance(self) -> Matrix:
        """Residual variance of each item; under delta what the common part leaves of the total variance."""
        if self.structure.ordered and not self.structure.theta:
            common = self.gain @ self.matrices["factor"] @ self.gain.T
            return np.asarray(np.diagonal(self.covariance) - np.diagonal(common))
        return np.diagonal(self.matrices["residual"])

    @cached_property
    def directions(self) -> "Directions":
        """Return the vectors l and r of the derivative of Σ by each free entry of a matrix."""
        places, k = self.structure.places, len(self.covariance)
        unit, gain = np.eye(k), self.gain.T
        spread = self.factor_covariance @ self.matrices["loadings"].T
        left, right, free = [], [], []
        for name, first, second in (
            ("loadings", unit, spread),
            ("effects", gain, spread),
            ("factor", gain, gain),
            ("residual", unit, unit),
        ):
            at = places[name]
            own = (at.row == at.column) & (name in {"factor", "residual"})
            left.append(first[at.row] * np.where(own, 0.5, 1.0)[:, None])
            right.append(second[at.column])
            free.append(at.free)
        return Directions(
            left=np.concatenate(left),
            right=np.concatenate(right),
            free=np.concatenate(free),
            count=self.structure.count,
            alone=self.structure.alone,
        )

    @cached_property
    def mean_slope(self) -> Matrix:
        """Derivatives of μ, free parameters x k."""
        k, places = len(self.covariance), self.structure.places
        slope = np.zeros((self.structure.count, k))
        at = places["intercept"]
        np.add.at(slope, (at.free, at.row), 1)
        at = places["mean"]
        np.add.at(slope, at.free, self.gain.T[at.row])
        if self.factor_mean.any():
            at = places["loadings"]
            np.add.at(slope, (at.free, at.row), self.factor_mean[at.column])
            at = places["effects"]
            np.add.at(slope, at.free, self.gain.T[at.row] * self.factor_mean[at.column][:, None])
        return slope

    @cached_property
    def jacobian(self) -> Matrix:
        """Derivatives of `statistics`, statistics x free parameters."""
        k = len(self.covariance)
        if not self.structure.ordered:
            by_covariance = self.directions.along(*np.triu_indices(k))
            if not self.structure.means:
                return np.ascontiguousarray(by_covariance.T)
            return np.concatenate([self.mean_slope, by_covariance], axis=1).T
        return self._ordered_jacobian(k)

    def _ordered_jacobian(self, k: int) -> Matrix:
        item, scale, count = self.structure.threshold_item, self.scale, self.structure.count
        by_threshold = -self.mean_slope[:, item]
        at = self.structure.places["threshold"]
        np.add.at(by_threshold, (at.free, at.row), 1)
        by_threshold *= scale[item]
        own = np.arange(k)
        if self.structure.theta:
            relative = -self.directions.along(own, own) * scale**2 / 2
        else:
            relative = np.zeros((count, k))
            at = self.structure.places["scale"]
            np.add.at(relative, (at.free, at.row), 1 / scale[at.row])
        by_threshold += self.thresholds * relative[:, item]
        i, j = np.triu_indices(k, 1)
        by_correlation = self.directions.along(i, j) * (scale[i] * scale[j])
        by_correlation += self.correlation[i, j] * (relative[:, i] + relative[:, j])
        return np.concatenate([by_threshold, by_correlation], axis=1).T

    def gradient(self, by_covariance: Matrix, by_mean: Matrix | None) -> Matrix:
        """Return the derivatives of a function of Σ (symmetric) and μ, given those by Σ and by μ."""
        total = np.zeros(self.structure.count)
        places, gain = self.structure.places, self.gain
        outward = 2 * by_covariance @ self.gain
        spread = self.factor_covariance @ self.matrices["loadings"].T
        loading = 2 * by_covariance @ spread.T
        effect = outward.T @ spread.T
        if by_mean is not None:
            loading = loading + np.outer(by_mean, self.factor_mean)
            effect = effect + np.outer(gain.T @ by_mean, self.factor_mean)
        at = places["loadings"]
        np.add.at(total, at.free, loading[at.row, at.column])
        at = places["effects"]
        np.add.at(total, at.free, effect[at.row, at.column])
        factor = gain.T @ by_covariance @ gain
        at = places["factor"]
        np.add.at(total, at.free, factor[at.row, at.column] * np.where(at.row == at.column, 1, 2))
        at = places["residual"]
        np.add.at(total, at.free, by_covariance[at.row, at.column] * np.where(at.row == at.column, 1, 2))
        if by_mean is not None:
            at = places["intercept"]
            np.add.at(total, at.free, by_mean[at.row])
            at = places["mean"]
            np.add.at(total, at.free, (gain.T @ by_mean)[at.row])
        return total

    def curvature(self, by_covariance: Matrix, by_mean: Matrix | None) -> Matrix:
        """Return the second derivatives of a linear function of Σ (symmetric) and μ, given its derivatives.

        Loadings, effects, factor covariances and factor means are the only parameters in which Σ and μ are
        not linear.
        """
        T, phi, eta, gain = self.total, self.factor_covariance, self.factor_mean, self.gain
        G = by_covariance
        loadings, effects = self.structure.places["loadings"], self.structure.places["effects"]
        factor, mean = self.structure.places["factor"], self.structure.places["mean"]
        inward, along = G @ gain, G @ self.matrices["loadings"] @ phi
        own, within = gain.T @ inward, gain.T @ along
        zero = np.zeros(len(G)) if by_mean is None else by_mean
        raised = gain.T @ zero
        total = np.zeros((self.structure.count, self.structure.count))

        def add(first: Places, second: Places, block: Matrix) -> None:
            at, back = (first.free[:, None], second.free), (second.free[:, None], first.free)
            if first.alone and second.alone:
                total[at] += block
            else:
                np.add.at(total, at, block)
            if first is second:
                return
            if first.alone and second.alone:
                total[back] += block.T
            else:
                np.add.at(total, back, block.T)

        i, j = loadings.row[:, None], loadings.column[:, None]
        k, m = effects.row, effects.column
        add(loadings, loadings, 2 * G[i, loadings.row] * phi[j, loadings.column])
        add(loadings, mean, zero[i] * T[j, mean.row])
        halves = np.where(factor.row == factor.column, 1, 2)
        both = inward[i, factor.row] * T[j, factor.column] + inward[i, factor.column] * T[j, factor.row]
        add(loadings, factor, both * halves)
        if effects.free.size:
            block = 2 * (inward[i, k] * phi[j, m] + along[i, m] * T[j, k]) + zero[i] * T[j, k] * eta[m]
            add(loadings, effects, block)
            i, j = k[:, None], m[:, None]
            add(effects, mean, raised[i] * T[j, mean.row])
            both = own[i, factor.row] * T[j, factor.column] + own[i, factor.column] * T[j, factor.row]
            add(effects, factor, both * halves)
            block = 2 * (T[m, i] * within[k, j] + own[i, k] * phi[j, m] + within[i, m] * T[j, k])
            add(effects, effects, block + T[m, i] * raised[k] * eta[j] + raised[i] * T[j, k] * eta[m])
        return total
