"""Minimise a discrepancy by scoring with damped steps, finishing with its exact second derivatives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import lapack

from analysis.estimate import Matrix
from analysis.factor_models.confirmatory.estimation.discrepancy import Discrepancy

SETTLED: Final = 1e-15  # of the Newton decrement: twice the fall in the discrepancy that remains
STALLED: Final = 1e-8  # the decrement below which rounding may hide any further descent
STEPS: Final = 1000
PATIENCE: Final = 2  # steps of scoring before exact second derivatives are taken
SMALLEST_DAMPING: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """Where a search ended: the parameters, the discrepancy there, and whether it is a minimum.

    `decrement` is g' H⁻¹ g of the last step, close to nought at a minimum.
    """

    x: Matrix
    value: float
    converged: bool
    steps: int
    decrement: float


def minimise(
    discrepancy: Discrepancy,
    start: Matrix,
    *,
    hessian: Callable[[Matrix], Matrix] | None = None,
    settled: float = SETTLED,
    steps: int = STEPS,
) -> Minimum:
    """Minimise a discrepancy from a start.

    Parameters
    ----------
    discrepancy : value, gradient and expected second derivatives
    start : where to begin
    hessian : the exact second derivatives, used where scoring is slow
    settled : the Newton decrement below which the search ends
    steps : the most steps

    Returns
    -------
    Minimum

    Notes
    -----
    Each step solves (H + λ diag H) d = -g. Damping λ falls where the step lowers the discrepancy and rises
    where it does not (Levenberg and Marquardt), so that the discrepancy never rises.
    """
    x = np.array(start, dtype=np.float64)
    value, damping = discrepancy.value(x), 1e-3
    decrement = np.inf
    for step in range(1, steps + 1):
        if not np.isfinite(value):
            break
        gradient = discrepancy.gradient(x)
        information = _curvature(discrepancy, x, hessian if step > PATIENCE else None)
        unit = np.sqrt(np.maximum(np.diagonal(information), 1e-12))
        scaled = information / np.outer(unit, unit)
        slope = gradient / unit
        decrement = float(slope @ _solve(scaled, slope, 0.0))
        if 0 <= decrement < settled:
            return Minimum(x=x, value=value, converged=True, steps=step, decrement=decrement)
        while True:
            trial = x - _solve(scaled, slope, damping) / unit
            found = discrepancy.value(trial)
            if found <= value + 1e-15 * (1 + abs(value)):
                x, value, damping = trial, found, max(damping * 0.1, SMALLEST_DAMPING)
                break
            damping = max(damping, 1e-9) * 10
            if damping > 1e12:  # noqa: PLR2004 - no step, however short, leads down
                return Minimum(
                    x=x, value=value, converged=decrement < STALLED, steps=step, decrement=decrement
                )
    return Minimum(x=x, value=value, converged=False, steps=steps, decrement=decrement)


def _curvature(discrepancy: Discrepancy, x: Matrix, hessian: Callable[[Matrix], Matrix] | None) -> Matrix:
    """Return the exact second derivatives where asked for and positive definite, else the expected ones."""
    if hessian is not None:
        exact = hessian(x)
        if not lapack.dpotrf(exact, lower=1)[1]:
            return exact
    return discrepancy.information(x)


def _solve(information: Matrix, slope: Matrix, damping: float) -> Matrix:
    damped = information + damping * np.eye(len(slope))
    try:
        return np.asarray(np.linalg.solve(damped, slope))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(damped, slope, rcond=None)[0])
