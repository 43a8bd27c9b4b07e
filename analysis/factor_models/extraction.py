"""Unrotated factors of a correlation matrix, by Newton's method on the uniquenesses.

With the uniquenesses fixed, the best loadings are eigenvectors; what is left is a function of k variables
whose gradient and Hessian the same eigenvectors give (Joreskog, 1967, 1977; Harman & Fukuda, 1966). A few
steps reach the minimum to the last digits, where a gradient method stops at the fourth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.correlation.item_correlations import SINGULAR
from analysis.estimate import Matrix, Unavailable

LOWEST_UNIQUENESS: Final = 0.005  # as in R's factanal and psych; an item held there is a Heywood case
MAX_STEPS: Final = 100
GRADIENT: Final = 1e-9
LOOSE_START: Final = 0.5
RANDOM_STARTS: Final = 20
SINGLE_STARTS: Final = 5
# An item does nearly as well as a factor if it leaves less than LEAVES times the squares that the factor
# leaves, and explains more than the share EXPLAINS of those that the factor explains.
LEAVES: Final = 1.6
EXPLAINS: Final = 0.75


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """Loadings (k x m, by variance), the items held at the lowest uniqueness, and the criterion there."""

    loadings: Matrix
    bounded: NDArray[np.bool_]
    minimum: float

    @property
    def communalities(self) -> Matrix:
        """Variance of each item that the factors share."""
        communalities: Matrix = np.square(self.loadings).sum(axis=1)
        return communalities


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    """The criterion at x: its value, its gradient, and the parts of its Hessian.

    The Hessian is `convex` plus, for each kept eigenvector u and each rest eigenvector v with weight w, w (v
    v') * (u u').
    """

    x: Matrix
    value: float
    gradient: Matrix
    kept_values: Matrix
    kept: Matrix
    rest: Matrix
    weights: Matrix
    convex: Matrix

    def hessian(self) -> Matrix:
        mixed = (self.rest * self.weights.T[:, None, :]) @ self.rest.T
        outer = self.kept.T[:, :, None] * self.kept.T[:, None, :]
        hessian: Matrix = self.convex + np.einsum("bij,bij->ij", mixed, outer)
        return hessian


def residual_state(R: Matrix, m: int, x: Matrix) -> _State:
    """Return half the sum of squares that m eigenvectors leave of R less the uniquenesses x."""
    reduced = R.copy()
    reduced[np.diag_indices_from(R)] -= x
    values, vectors = np.linalg.eigh(reduced)
    left, kept_values = values[:-m], values[-m:]
    rest, kept = vectors[:, :-m], vectors[:, -m:]
    projection = rest @ rest.T
    return _State(
        x=x,
        value=float(left @ left) / 2,
        gradient=-np.square(rest) @ left,
        kept_values=kept_values,
        kept=kept,
        rest=rest,
        weights=2 * left[:, None] / _gap(left, kept_values),
        convex=projection * projection,
    )


def likelihood_state(R: Matrix, m: int, x: Matrix) -> _State:
    """Return the maximum-likelihood discrepancy at the log uniquenesses x, the loadings at their best."""
    scale = np.exp(-x / 2)
    values, vectors = np.linalg.eigh(R * np.outer(scale, scale))
    left, kept_values = np.maximum(values[:-m], np.finfo(float).tiny), values[-m:]
    rest, kept = vectors[:, :-m], vectors[:, -m:]
    return _State(
        x=x,
        value=float((left - np.log(left) - 1).sum()),
        gradient=np.square(rest) @ (1 - left),
        kept_values=kept_values,
        kept=kept,
        rest=rest,
        weights=(left[:, None] - 1) * (left[:, None] + kept_values) / _gap(left, kept_values),
        convex=(rest @ rest.T) * ((rest * left) @ rest.T),
    )


def _gap(left: Matrix, kept: Matrix) -> Matrix:
    """Differences of eigenvalues, kept from zero where two are equal and the Hessian has no limit."""
    gap: Matrix = np.minimum(left[:, None] - kept, -1e-10)
    return gap


def _newton(at: Callable[[Matrix], _State], start: Matrix, low: float, high: float) -> _State | None:
    """Minimise between the bounds; None if no stationary point is reached."""
    state = at(np.clip(start, low, high))
    for _ in range(MAX_STEPS):
        g = state.gradient
        free = ~(((state.x <= low) & (g > 0)) | ((state.x >= high) & (g < 0)))
        if not free.any() or np.abs(g[free]).max() < GRADIENT:
            return _to_last_digits(at, state, free, low, high)
        step = np.zeros_like(g)
        step[free] = _descent(state, free)
        share = 1.0
        while True:
            moved = at(np.clip(state.x + share * step, low, high))
            promised = 1e-4 * float(g @ (moved.x - state.x))
            if moved.value <= state.value + promised + 1e-14 * (1 + abs(state.value)) or share < 1e-9:  # noqa: PLR2004 - a step that long is none
                break
            share /= 2
        state = moved
    return None


def _to_last_digits(
    at: Callable[[Matrix], _State], state: _State, free: NDArray[np.bool_], low: float, high: float
) -> _State:
    """Take Newton steps as long as they halve the gradient.

    At a flat minimum these still change the solution, whose digits would otherwise depend on where rounding
    stopped the descent.
    """
    while free.any():
        step = np.zeros_like(state.x)
        step[free] = _descent(state, free)
        moved = at(np.clip(state.x + step, low, high))
        if not np.abs(moved.gradient[free]).max() < np.abs(state.gradient[free]).max() / 2:
            break
        state = moved
    return state


def _descent(state: _State, free: NDArray[np.bool_]) -> Matrix:
    """Return Newton's step or, where the Hessian is not positive definite, that of its convex part."""
    both = np.ix_(free, free)
    hessian, g = state.hessian()[both], state.gradient[free]
    try:
        np.linalg.cholesky(hessian)
    except np.linalg.LinAlgError:
        hessian = state.convex[both] + 1e-8 * np.eye(len(g))
    step: Matrix = -np.linalg.solve(hessian, g).astype(np.float64)
    return step


def starts(R: Matrix) -> tuple[Matrix, ...]:
    """Return uniquenesses to start from: what the other items do not predict, and the middle of the range."""
    loose = np.full(len(R), LOOSE_START)
    if np.linalg.eigvalsh(R)[0] < SINGULAR:
        return (loose,)
    return (1 / np.diag(np.linalg.inv(R)), loose)


def _best(R: Matrix, m: int, reach: Callable[[Matrix], Extraction | None]) -> Extraction | Unavailable:
    """Return the lowest of the minima that the starts lead to, refused where it is improper.

    In samples, different minima are nearly always boundary solutions, each with another item at its bound. So
    where an item is at its bound or would do nearly as well as a factor that was found, or the first starts
    disagree, starts at such items and random ones (of a fixed seed) follow.
    """
    found = [end for start in starts(R) if (end := reach(start)) is not None]
    single = single_items(R, found[0].loadings) if found else []
    if single or len(found) < 2 or found[0].bounded.any() or not _same(*found):  # noqa: PLR2004 - two that agree
        rng = np.random.default_rng(0)
        random = rng.uniform(0.05, 0.95, (RANDOM_STARTS, len(R)))
        found += [end for start in (*single, *random) if (end := reach(start)) is not None]
    if not found:
        return Unavailable(reason="did not converge", detail=f"{m} factors, {MAX_STEPS} steps")
    return _proper(min(found, key=attrgetter("minimum")), m)


def _same(first: Extraction, second: Extraction) -> bool:
    return abs(first.minimum - second.minimum) < 1e-8  # noqa: PLR2004 - far below what tells minima apart


def single_items(R: Matrix, loadings: Matrix) -> list[Matrix]:
    """Return starts at the items that would do nearly as well as one of the factors, the best of them first.

    With R* the correlations less the other factors, and v_j what these leave of item j: as a factor with
    nothing unique, j leaves the squares of R*_il - R*_ij R*_lj / v_j over i ≠ l. They are to be compared with
    those of R*, when there is no factor, and with those that the factor leaves.
    """
    left = _off_diagonal(R - loadings @ loadings.T)
    least = float(np.vdot(left, left))
    found: list[tuple[float, Matrix]] = []
    for factor in loadings.T:
        rest = left + _off_diagonal(np.outer(factor, factor))
        squares = np.square(rest)
        shared = np.square(loadings).sum(axis=1) - np.square(factor)
        own = np.maximum(1 - shared, LOWEST_UNIQUENESS)
        sums, without = squares.sum(axis=0), float(squares.sum())
        fourth = np.square(sums) - np.square(squares).sum(axis=0)
        after = without - 2 * sums - 2 * np.einsum("ij,ij->j", rest, rest @ rest) / own + fourth / own**2
        good = (after < LEAVES * least) & (without - after > EXPLAINS * (without - least))
        for item in np.flatnonzero(good):
            start = np.clip(1 - shared - squares[item] / own[item], 0.05, 0.95)
            start[item] = LOWEST_UNIQUENESS
            found.append((float(after[item]), start))
    return [start for _, start in sorted(found, key=itemgetter(0))][:SINGLE_STARTS]


def _off_diagonal(matrix: Matrix) -> Matrix:
    np.fill_diagonal(matrix, 0)
    return matrix


def minres(R: Matrix, m: int) -> Extraction | Unavailable:
    """Minimise the squared residual correlations, communalities at most .995 (Harman & Fukuda, 1966)."""
    return _best(R, m, lambda start: residual_minimum(R, m, start))


def residual_minimum(R: Matrix, m: int, start: Matrix) -> Extraction | None:
    """Return the minimum-residual solution reached from one start, or None."""
    state = _newton(lambda x: residual_state(R, m, x), start, LOWEST_UNIQUENESS, 1.0)
    if state is None:
        return None
    bounded = state.x <= LOWEST_UNIQUENESS
    if bounded.any():
        held = _hold(R, m, state.x, bounded)
        if held is None:
            return None
        state, bounded = held
    loadings = (state.kept * np.sqrt(np.maximum(state.kept_values, 0)))[:, ::-1]
    residual = R - loadings @ loadings.T
    np.fill_diagonal(residual, 0)
    return Extraction(loadings=loadings, bounded=bounded, minimum=float(np.square(residual).sum()) / 2)


def _hold(
    R: Matrix, m: int, x: Matrix, bounded: NDArray[np.bool_]
) -> tuple[_State, NDArray[np.bool_]] | None:
    """Solve for communalities held at their bound, and equal to the reduced diagonal elsewhere.

    A bound on x alone would let the communality of a Heywood item exceed its variance. At the constrained
    minimum the diagonal of the reduced matrix falls below the bound by the multiplier of the constraint.
    """
    highest = 1 - LOWEST_UNIQUENESS
    for _ in range(MAX_STEPS):
        state = residual_state(R, m, x)
        communalities = np.square(state.kept) @ np.maximum(state.kept_values, 0)
        distance = np.where(bounded, highest, 1 - x) - communalities
        step = np.linalg.solve(state.hessian() - np.diag(bounded.astype(float)), distance)
        if np.abs(distance).max() > GRADIENT:
            x = x + step * min(1, 0.3 / np.abs(step).max())
            continue
        too_high = ~bounded & (communalities > highest + GRADIENT)
        not_pressed = bounded & (1 - x > highest + GRADIENT)
        if not too_high.any() and not not_pressed.any():
            return residual_state(R, m, x + step), bounded
        bounded = (bounded | too_high) & ~not_pressed
    return None


def maximum_likelihood(R: Matrix, m: int) -> Extraction | Unavailable:
    """Maximise the likelihood of normal data, uniquenesses at least .005 (Joreskog, 1967)."""
    if np.linalg.eigvalsh(R)[0] < SINGULAR:
        return Unavailable(
            reason="singular matrix", detail="maximum likelihood needs a positive definite one"
        )
    return _best(R, m, lambda start: _likelihood_maximum(R, m, start))


def _likelihood_maximum(R: Matrix, m: int, start: Matrix) -> Extraction | None:
    low = float(np.log(LOWEST_UNIQUENESS))
    state = _newton(lambda x: likelihood_state(R, m, x), np.log(start), low, 0.0)
    if state is None:
        return None
    shared = np.sqrt(np.maximum(state.kept_values - 1, 0))
    loadings = (np.exp(state.x / 2)[:, None] * state.kept * shared)[:, ::-1]
    return Extraction(loadings=loadings, bounded=state.x <= low, minimum=state.value)


def _proper(extraction: Extraction, m: int) -> Extraction | Unavailable:
    """Refuse a factor without variance and a communality above the item's variance."""
    real = int((np.square(extraction.loadings).sum(axis=0) > 1e-8).sum())  # noqa: PLR2004 - no loading above .0001
    if real < m:
        return Unavailable(
            reason="improper solution", detail=f"only {real} of {m} factors explain any variance"
        )
    if extraction.communalities.max() > 1 + 1e-8:
        item = int(np.argmax(extraction.communalities > extraction.communalities.max() - 1e-8)) + 1
        return Unavailable(reason="improper solution", detail=f"the communality of item {item} exceeds 1")
    return extraction


EXTRACTIONS: Final[dict[str, Callable[[Matrix, int], Extraction | Unavailable]]] = {
    "minres": minres,
    "uls": minres,  # of a correlation matrix, least squares with the diagonal reproduced: the same function
    "ml": maximum_likelihood,
}
