"""The one-factor model by maximum likelihood, for one covariance matrix or for thousands at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix, Unavailable

TOLERANCE: Final = 1e-10
ITERATIONS: Final = 200
HALVINGS: Final = 16
VANISHING: Final = 1e-3  # where a fit has not converged, a unique variance below it counts as nought
BEATEN: Final = 1e-6  # a discrepancy that is lower by more belongs to another minimum
GONE: Final = 1e-7  # a unique variance below this counts as nought: Σ cannot be inverted beyond
LEAST: Final = 1e-4  # a unique variance below it may still be falling when a step is shorter than 1e-6
ROUNDING: Final = 1e-12  # rounding error of the discrepancy at its minimum
NEXT_TO_NOUGHT: Final = 1e-3  # relative size from which a difference has lost three digits
RIDGE: Final = 1e-10  # keeps the equations solvable where a loading vanishes
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class OneFactor:
    """Loadings and unique variances in the units of the items; the sum of the loadings is not negative.

    `discrepancy` is the minimum of ln|Σ| - ln|S| + tr(SΣ⁻¹) - k (None where S is singular).
    """

    loadings: Matrix
    uniquenesses: Matrix
    discrepancy: float | None
    covariance: Matrix

    @property
    def standardised(self) -> Matrix:
        """The loadings and then the unique variances of the standardised items."""
        variances = np.diagonal(self.covariance)
        return np.concatenate([self.loadings / np.sqrt(variances), self.uniquenesses / variances])

    def gradient(self, by_loadings: Matrix, by_uniquenesses: Matrix) -> Matrix:
        """Return the derivative, with respect to the covariance matrix, of a function of the parameters.

        Given that function's own derivatives; by implicit differentiation of the likelihood equations.
        """
        k, sd = len(self.loadings), np.sqrt(np.diagonal(self.covariance))
        R = self.covariance / np.outer(sd, sd)
        parameters = self.standardised
        along = np.linalg.solve(
            _hessian(R, parameters), np.concatenate([by_loadings * sd, by_uniquenesses * sd**2])
        )
        moved = np.outer(along[:k], parameters[:k])
        W = _inverse(parameters[None])[0]
        G: Matrix = 0.5 * W @ (moved + moved.T + np.diag(along[k:])) @ W / np.outer(sd, sd)
        return G


def one_factor(covariance: Matrix, *, names: Sequence[str] | None = None) -> OneFactor | Unavailable:
    """Fit one common factor to a covariance matrix by maximum likelihood.

    Parameters
    ----------
    covariance : k x k matrix
    names : names of the items, for the reason why there is no solution

    Returns
    -------
    OneFactor, or Unavailable with fewer than three items (the model is not identified), a constant item, no
    convergence, or an improper solution (Heywood case: a unique variance that is not positive, or a proper
    solution that one of the items as the factor itself beats).

    Notes
    -----
    Fisher scoring on the correlations; unique variances are free, as in lavaan, so that a Heywood case
    appears as a negative unique variance and not as a value at a bound. Equals ``lavaan::cfa("F =~ ...",
    std.lv = TRUE)``.

    Examples
    --------
    >>> loadings = np.array([0.5, 0.6, 0.7, 0.8])
    >>> fit = one_factor(np.outer(loadings, loadings) + np.diag(1 - loadings**2))
    >>> np.round(fit.loadings, 6)
    array([0.5, 0.6, 0.7, 0.8])
    """
    k = len(covariance)
    if k < 3:  # noqa: PLR2004 - two items leave the loadings undetermined
        return Unavailable(reason="too few items", detail=f"one factor needs at least 3 items, not {k}")
    sd = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    label = names if names is not None else [f"item {i + 1}" for i in range(k)]
    if (sd == 0).any():
        return Unavailable(reason="constant item", detail=label[int(np.argmin(sd))])
    R = covariance / np.outer(sd, sd)
    fits = one_factor_fits(R[None], _start(R))
    loadings, uniquenesses = fits.loadings[0], fits.uniquenesses[0]
    why = _unusable(R, fits, label)
    if why is not None:
        return why
    parameters = np.concatenate([loadings, uniquenesses])
    if np.linalg.eigvalsh(_hessian(R, parameters))[0] <= 0:
        return Unavailable(
            reason="did not converge", detail="the one-factor model has no single best solution"
        )
    sign = 1.0 if loadings @ sd >= 0 else -1.0
    positive, log_determinant = np.linalg.slogdet(R)
    least = float(_score(R[None], parameters[None])[0][0])
    return OneFactor(
        loadings=sign * sd * loadings,
        uniquenesses=sd**2 * uniquenesses,
        discrepancy=least - float(log_determinant) - k if positive > 0 else None,
        covariance=covariance,
    )


def _unusable(R: Matrix, fits: "Fits", names: Sequence[str]) -> Unavailable | None:
    """Return why the one fit is no solution, if it is none."""
    uniquenesses, converged = fits.uniquenesses[0], fits.converged[0]
    vanished = uniquenesses <= (GONE if converged else VANISHING)
    if vanished.any():
        named = ", ".join(name for name, gone in zip(names, vanished, strict=True) if gone)
        detail = f"Heywood case: the unique variance of {named} is estimated at nought or below"
        return Unavailable(reason="improper solution", detail=detail)
    if not converged:
        return Unavailable(reason="did not converge", detail="one-factor model by maximum likelihood")
    if fits.beaten[0]:
        single = names[int(np.argmin(_single_items(R[None])))]
        detail = f"Heywood case: the model fits better with no unique variance of {single}"
        return Unavailable(reason="improper solution", detail=detail)
    return None


@dataclass(frozen=True, kw_only=True)
class Fits:
    """The fits of a stack: b x k loadings and unique variances (not positive in a Heywood case)."""

    loadings: Matrix
    uniquenesses: Matrix
    converged: Flags
    beaten: Flags

    @property
    def proper(self) -> Flags:
        """Which fits converged to positive unique variances that are not going to nought.

        Nor may an item, taken as the factor, fit better.
        """
        return self.converged & (self.uniquenesses > LEAST).all(axis=1) & ~self.beaten


def one_factor_fits(R: Matrix, start: Matrix, *, tolerance: float = TOLERANCE) -> Fits:
    """Fit one factor to each of a stack of correlation matrices (b x k x k), all from one start.

    `start` holds the k loadings and then the k unique variances. A fit has converged when no parameter's next
    step is longer than `tolerance`; one whose unique variance goes to nought is not continued, since it leads
    to no proper solution.
    """
    b, k = R.shape[:2]
    parameters = np.repeat(start[None], b, axis=0)
    converged = np.zeros(b, np.bool_)
    active = np.arange(b)
    value, gradient = _score(R, parameters)
    reached = value.copy()
    for _ in range(ITERATIONS):
        step = _scoring_step(parameters[active], gradient)
        settled = np.abs(step).max(axis=1) < tolerance
        reached[active[settled]] = value[settled]
        converged[active[settled]] = True
        active, step, value = active[~settled], step[~settled], value[~settled]
        if not active.size:
            break
        trial, value, gradient, lower = _descend(R[active], parameters[active], step, value)
        parameters[active[lower]] = trial[lower]
        lower &= np.abs(trial[:, k:]).min(axis=1) > GONE
        active, value, gradient = active[lower], value[lower], gradient[lower]
    beaten = converged & (_single_items(R).min(axis=1) < reached - BEATEN)
    return Fits(
        loadings=parameters[:, :k], uniquenesses=parameters[:, k:], converged=converged, beaten=beaten
    )


def _single_items(R: Matrix) -> Matrix:
    """Return the discrepancy of each of the stack with each of its items as the factor itself, b x k.

    The limit where an item's unique variance vanishes and others load by their correlations with it: what
    they leave are independent, and ln|Σ| + tr(RΣ⁻¹) = Σ ln(1 - r²) + k.
    """
    k = R.shape[1]
    left = np.where(np.eye(k, dtype=bool), 1.0, np.maximum(1 - np.square(R), np.finfo(float).tiny))
    single: Matrix = np.log(left).sum(axis=2) + k
    return single


def _descend(
    R: Matrix, parameters: Matrix, step: Matrix, value: Matrix
) -> tuple[Matrix, Matrix, Matrix, Flags]:
    """Halve each step until it does not raise the discrepancy; return which steps were found."""
    trial = parameters + step
    new, gradient = _score(R, trial)
    for halving in range(1, HALVINGS):
        higher = ~(new <= value + ROUNDING)
        if not higher.any():
            break
        trial[higher] = parameters[higher] + step[higher] / 2**halving
        new[higher], gradient[higher] = _score(R[higher], trial[higher])
    return trial, new, gradient, new <= value + ROUNDING


def _start(R: Matrix) -> Matrix:
    """Start from the first principal factor, given a common guess at the unique variances."""
    k = len(R)
    values, vectors = np.linalg.eigh(R)
    uniqueness = np.clip((k - values[-1]) / max(k - 1, 1), 0.05, 0.95)
    loadings = vectors[:, -1] * np.sqrt(max(values[-1] - uniqueness, 0.05))
    return np.concatenate([loadings, np.clip(1 - loadings**2, 0.05, 1.0)])


def _score(R: Matrix, parameters: Matrix) -> tuple[Matrix, Matrix]:
    """Return ln|Σ| + tr(RΣ⁻¹) for each of the stack, and half its gradient.

    Σ⁻¹ = D - hh'/c with D = Ψ⁻¹, h = Dλ and c = 1 + λ'Dλ; infinite where Σ is not positive definite.
    """
    k = R.shape[1]
    loadings, psi = parameters[:, :k], parameters[:, k:]
    negative = (psi < 0).sum(axis=1)
    safe = np.where(psi == 0, 1.0, psi)
    D = 1 / safe
    h = D * loadings
    c = 1 + (h * loadings).sum(axis=1)
    valid = (psi != 0).all(axis=1) & (((negative == 0) & (c > 0)) | ((negative == 1) & (c < 0)))
    c = np.where(valid, c, 1.0)[:, None]
    Rh = np.matmul(R, h[..., None])[..., 0]
    hRh = (h * Rh).sum(axis=1, keepdims=True)
    u = h / c
    log_determinant = np.log(np.abs(safe)).sum(axis=1) + np.log(np.abs(c[:, 0]))
    value = log_determinant + D.sum(axis=1) - (hRh / c)[:, 0]
    by_loading = u - (D * Rh - h * hRh / c) / c
    by_psi = 0.5 * (D - h * u - D**2 + 2 * D * u * Rh - u**2 * hRh)
    return np.where(valid, value, np.inf), np.concatenate([by_loading, by_psi], axis=1)


def _inverse(parameters: Matrix) -> Matrix:
    """Return Σ⁻¹ for each of the stack."""
    k = parameters.shape[1] // 2
    D = 1 / parameters[:, k:]
    h = D * parameters[:, :k]
    c = 1 + (h * parameters[:, :k]).sum(axis=1, keepdims=True)
    W: Matrix = -h[:, :, None] * (h / c)[:, None, :]
    W[:, range(k), range(k)] += D
    return W


def _hessian(R: Matrix, parameters: Matrix) -> Matrix:
    """Return the second derivatives of half the discrepancy in the data, 2k x 2k.

    With W = Σ⁻¹ and M = WRW: ½ tr((W - M) Σ_ab) - ½ tr(W Σ_a W Σ_b) + tr(W Σ_a M Σ_b).
    """
    k = len(R)
    loadings = parameters[:k]
    W = _inverse(parameters[None])[0]
    M = W @ R @ W
    u, m = W @ loadings, M @ loadings
    across = np.outer(u, m)
    hessian = np.empty((2 * k, 2 * k))
    hessian[:k, :k] = (W - M) - (loadings @ u) * W - np.outer(u, u)
    hessian[:k, :k] += across + across.T + (loadings @ m) * W + (loadings @ u) * M
    hessian[:k, k:] = W * (m - u) + M * u
    hessian[k:, :k] = hessian[:k, k:].T
    hessian[k:, k:] = W * M - 0.5 * W**2
    return hessian


def _scoring_step(parameters: Matrix, gradient: Matrix) -> Matrix:
    """Return the step of Fisher scoring of each of the stack, b x 2k: information times step = -gradient.

    The expected second derivatives ½ tr(Σ⁻¹ Σ_a Σ⁻¹ Σ_b) are, with W = Σ⁻¹, u = Wλ and ρ = λ'u,

        A = ρW + uu' among loadings, B = W diag(u) across, and ½ W∘W among unique variances.

    A⁻¹ = (Σ - λλ'/2ρ)/ρ is known, so that only the k equations of the unique variances are to be solved. What
    is left of their block, ½ W∘W - B'A⁻¹B, is ½ (W - uu'/ρ)∘(W - uu'/ρ) = ½ P∘P with P = D - hh'/(λ'h),
    D = Ψ⁻¹ and h = Dλ.
    """
    k = parameters.shape[1] // 2
    loadings, psi = parameters[:, :k], parameters[:, k:]
    D = 1 / psi
    h = D * loadings
    common = (h * loadings).sum(axis=1, keepdims=True)
    common = np.where(np.abs(common) < RIDGE, RIDGE, common)
    reliable, u = common / (1 + common), h / (1 + common)

    def through_loadings(x: Matrix) -> Matrix:
        """Return A⁻¹x."""
        along = (loadings * x).sum(axis=1, keepdims=True)
        found: Matrix = (psi * x + loadings * along * (1 - 0.5 / reliable)) / reliable
        return found

    def through_inverse(x: Matrix) -> Matrix:
        """Return Wx."""
        found: Matrix = D * x - u * (h * x).sum(axis=1, keepdims=True)
        return found

    by_loading = through_loadings(gradient[:, :k])
    rest = gradient[:, k:] - u * through_inverse(by_loading)
    by_psi = -2 * _solve_squares(D, h**2 / common, rest)
    return np.concatenate([-by_loading - through_loadings(through_inverse(u * by_psi)), by_psi], axis=1)


def _solve_squares(D: Matrix, shares: Matrix, right: Matrix) -> Matrix:
    """Solve (P∘P) x = right for each of the stack, P = D - hh'/(λ'h), given D and h∘h/(λ'h), b x k each.

    P∘P is a diagonal matrix d = D(D - 2 h∘h/(λ'h)) plus the outer product of h∘h/(λ'h) with itself, so that
    x follows from k divisions (Sherman and Morrison). Where one of d is next to nought, as for an item that
    has half of what all items know, or where the two parts cancel out, all k equations are solved instead.
    """
    squares, diagonal = D * D, D * (D - 2 * shares)
    rough = np.abs(diagonal) < NEXT_TO_NOUGHT * squares
    diagonal = np.where(rough, squares, diagonal)
    inner, outer = shares / diagonal, right / diagonal
    parts = shares * inner
    whole = 1 + parts.sum(axis=1, keepdims=True)
    alone = (
        rough.any(axis=1)
        | (np.abs(whole) < NEXT_TO_NOUGHT * (1 + np.abs(parts).sum(axis=1, keepdims=True)))[:, 0]
    )
    whole = np.where(alone[:, None], 1.0, whole)
    x: Matrix = outer - inner * (shares * outer).sum(axis=1, keepdims=True) / whole
    if alone.any():
        x[alone] = _solve_densely(D[alone], shares[alone], right[alone])
    return x


def _solve_densely(D: Matrix, shares: Matrix, right: Matrix) -> Matrix:
    """Solve the same equations by elimination, in units in which their diagonal is one."""
    k = D.shape[1]
    left = shares[:, :, None] * shares[:, None, :]
    left[:, range(k), range(k)] = (D - shares) ** 2
    unit = 1 / np.sqrt(np.maximum(np.diagonal(left, axis1=1, axis2=2), RIDGE))
    left *= unit[:, :, None] * unit[:, None, :]
    left[:, range(k), range(k)] += RIDGE
    x: Matrix = unit * np.linalg.solve(left, (unit * right)[..., None])[..., 0]
    return x
