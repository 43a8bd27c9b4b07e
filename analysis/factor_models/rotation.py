"""Rotations of factor loadings towards simple structure: functions of the unrotated loadings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.estimate import Matrix, Unavailable

MAX_STEPS: Final = 5000
GRADIENT: Final = 1e-7
VARIMAX_GAIN: Final = 1e-5
PROMAX_POWER: Final = 4
GEOMIN_OFFSET: Final = 0.01
EQUAL: Final = 1e-9  # criteria that differ by less belong to the same minimum
LAST: Final = 1e-12  # a gradient this small is rounding error
PATIENCE: Final = 20
COLLAPSED: Final = 0.9999
RANDOM_STARTS: Final = {"oblimin": 0, "geomin": 8}

Criterion = Callable[[Matrix], tuple[float, Matrix]]


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """Pattern loadings, the correlations of the factors, and a note on how many starts ended here."""

    loadings: Matrix
    phi: Matrix
    note: str


def unrotated(A: Matrix) -> Rotated:
    """Leave the factors as they were extracted: independent, each with as much variance as is left."""
    return Rotated(loadings=A, phi=np.eye(A.shape[1]), note="")


def varimax(A: Matrix) -> Rotated:
    """Maximise the variance of the squared loadings of each factor (Kaiser, 1958).

    Rows are scaled to unit length; the iteration and its stopping rule, a gain under 1e-5, are those of R's
    ``varimax(A)``, so that loadings agree; the maximum itself lies some .001 further.
    """
    return Rotated(loadings=A @ _varimax_turn(A), phi=np.eye(A.shape[1]), note="")


def promax(A: Matrix) -> Rotated:
    """Fit the fourth powers of varimax loadings, obliquely (Hendrickson & White, 1964).

    As psych's ``fa(rotate = "promax")``: rows scaled to unit length before varimax and back at the end.
    """
    lengths = _lengths(A)
    simple = A / lengths @ _varimax_turn(A)
    target = simple * np.abs(simple) ** (PROMAX_POWER - 1)
    turn = np.linalg.lstsq(simple, target, rcond=None)[0]
    inverse = np.linalg.inv(turn)
    variances = np.square(inverse).sum(axis=1)
    phi = inverse @ inverse.T / np.sqrt(np.outer(variances, variances))
    return Rotated(loadings=lengths * (simple @ turn) * np.sqrt(variances), phi=_correlation(phi), note="")


def oblimin(A: Matrix) -> Rotated | Unavailable:
    """Minimise the products of squared loadings on different factors, gamma 0 (Jennrich & Sampson, 1966).

    As R's ``GPArotation::oblimin(A)`` without row scaling, to more digits; started from the unrotated and the
    varimax loadings, the better end taken.
    """
    return _oblique(A, _quartimin_criterion, RANDOM_STARTS["oblimin"])


def geomin(A: Matrix) -> Rotated | Unavailable:
    """Minimise the sum of the rows' geometric means of squared loadings + .01 (Yates, 1987).

    As R's ``GPArotation::geominQ(A, delta = .01)``. The criterion has local minima: eight random starts (of a
    fixed seed) are tried besides the unrotated and the varimax loadings, and the best end taken.
    """
    return _oblique(A, _geomin_criterion, RANDOM_STARTS["geomin"])


def _lengths(A: Matrix) -> Matrix:
    lengths: Matrix = np.sqrt(np.square(A).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    return lengths


def _varimax_turn(A: Matrix) -> Matrix:
    Z = A / _lengths(A)
    turn = np.eye(A.shape[1])
    total = 0.0
    for _ in range(MAX_STEPS):
        L = Z @ turn
        u, singular, v = np.linalg.svd(Z.T @ (L**3 - L * np.square(L).mean(axis=0)))
        turn = u @ v
        previous, total = total, float(singular.sum())
        if total < previous * (1 + VARIMAX_GAIN):
            break
    return turn


def _quartimin_criterion(L: Matrix) -> tuple[float, Matrix]:
    squares = L * L
    others = squares.sum(axis=1, keepdims=True) - squares
    return float(np.vdot(squares, others)) / 4, L * others


def _geomin_criterion(L: Matrix) -> tuple[float, Matrix]:
    raised = L * L + GEOMIN_OFFSET
    means = np.exp(np.log(raised).mean(axis=1, keepdims=True))
    return float(means.sum()), 2 / L.shape[1] * means * L / raised


def _oblique(A: Matrix, criterion: Criterion, random_starts: int) -> Rotated | Unavailable:
    m = A.shape[1]
    rng = np.random.default_rng(0)
    random = [np.linalg.qr(rng.standard_normal((m, m)))[0] for _ in range(random_starts)]
    starts = [np.eye(m), _varimax_turn(A), *random]
    ends = [end for start in starts if (end := _project(A, criterion, start)) is not None]
    if not ends:
        return Unavailable(reason="did not converge", detail=f"the rotation of {m} factors")
    least = min(value for value, _ in ends)
    value, turn = next(end for end in ends if end[0] <= least + EQUAL * (1 + abs(least)))
    turn = _to_last_digits(A, criterion, turn)
    phi = _correlation(turn.T @ turn)
    if m > 1 and np.abs(phi[np.triu_indices(m, 1)]).max() > COLLAPSED:
        return Unavailable(reason="improper solution", detail="the rotation makes two factors one")
    same = sum(abs(end[0] - value) <= 1e-6 * (1 + abs(value)) for end in ends)
    note = f"{same} of {len(starts)} starts ended at this minimum"
    loadings: Matrix = np.linalg.solve(turn, A.T).T.astype(np.float64, copy=False)
    return Rotated(loadings=loadings, phi=phi, note=note)


def _project(A: Matrix, criterion: Criterion, turn: Matrix) -> tuple[float, Matrix] | None:
    """Descend by projected gradients (Jennrich, 2002), with the step length of Barzilai and Borwein.

    The step may raise the criterion above its last value but not above the last five: that needs a fifth of
    the steps that a monotone descent does.
    """
    value, slope = _slope(A, criterion, turn)
    values = [value]
    step = 1.0
    for _ in range(MAX_STEPS):
        size = float(np.vdot(slope, slope))
        if size < GRADIENT**2:
            return value, turn
        ceiling = max(values[-5:])
        while True:
            moved = turn - step * slope
            moved /= np.sqrt(np.square(moved).sum(axis=0))
            value, moved_slope = _slope(A, criterion, moved)
            if value <= ceiling - 1e-4 * step * size or step < 1e-12:  # noqa: PLR2004 - a step that long is none
                break
            step /= 2
        way, bend = moved - turn, moved_slope - slope
        curvature = float(np.vdot(way, bend))
        step = min(max(float(np.vdot(way, way)) / curvature, 1e-3), 1e3) if curvature > 0 else 10.0
        turn, slope = moved, moved_slope
        values.append(value)
    return None


def _to_last_digits(A: Matrix, criterion: Criterion, turn: Matrix) -> Matrix:
    """Continue from where `_project` stops, without a search, as long as the gradient gets shorter.

    Otherwise the seventh digit of loadings would depend on which of several equally good starts ended lowest.
    """
    _, slope = _slope(A, criterion, turn)
    least, last, step, since = float(np.vdot(slope, slope)), turn, 1.0, 0
    while least > LAST**2 and since < PATIENCE:
        moved = turn - step * slope
        moved /= np.sqrt(np.square(moved).sum(axis=0))
        _, moved_slope = _slope(A, criterion, moved)
        way, bend = moved - turn, moved_slope - slope
        curvature = float(np.vdot(way, bend))
        step = float(np.vdot(way, way)) / curvature if curvature > 0 else 1.0
        turn, slope, since = moved, moved_slope, since + 1
        size = float(np.vdot(slope, slope))
        if size < least:
            least, last, since = size, turn, 0
    return last


def _slope(A: Matrix, criterion: Criterion, turn: Matrix) -> tuple[float, Matrix]:
    """Return the criterion and its gradient along the columns' unit spheres."""
    inverse = np.linalg.inv(turn)
    L = A @ inverse.T
    value, gradient = criterion(L)
    G = -(L.T @ gradient @ inverse).T
    return value, G - turn * (turn * G).sum(axis=0)


def _correlation(phi: Matrix) -> Matrix:
    np.fill_diagonal(phi, 1)
    return (phi + phi.T) / 2


ROTATIONS: Final[dict[str, Callable[[Matrix], Rotated | Unavailable]]] = {
    "none": unrotated,
    "varimax": varimax,
    "promax": promax,
    "oblimin": oblimin,
    "geomin": geomin,
}
