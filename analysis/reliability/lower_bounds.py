"""Lower bounds to reliability: Guttman's lambdas, split halves and the greatest lower bound."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from math import comb
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Estimate, Matrix, Missing, Unavailable, table
from analysis.inference.bootstrap import SEED
from analysis.linear_algebra.roots import TOO_NEAR, Root, root_of
from analysis.moments import Moments, moments
from analysis.reliability.alpha import INDEFINITE, NOTHING, Data, alpha_of

Scaling = Literal["covariances", "correlations"]

ALL_SPLITS: Final = 100_000  # up to so many splits all are computed: up to 20 items
NEGATIVE: Final = 1e-11  # an eigenvalue so far below nought, relative to the largest, is no rounding
GAP: Final = 1e-10  # of the greatest lower bound from its optimum, relative to the items' variances
NEAR, CENTRED = 0.25, 0.1  # Newton decrements: below the first, full steps; below the second, the next μ
STEPS: Final = 300
SPLITS: Final = 10_000


def guttman_lambda(
    X: Data, *, on: Scaling = "covariances", missing: Missing = "complete"
) -> dict[str, Estimate | Unavailable]:
    """Return Guttman's six lower bounds to reliability, ``lambda1`` to ``lambda6``.

    Parameters
    ----------
    X, missing : as for `cronbach_alpha`
    on : "covariances" of the items as they are, or "correlations", that is of standardised items

    Returns
    -------
    dict of Estimate without an interval, or of Unavailable where the data allow no coefficient at all (as for
    `cronbach_alpha`; correlations also need every item to vary).

    Notes
    -----
    With V the variance of the sum, c the covariances off the diagonal and k items: λ1 = 1 - tr C / V;
    λ2 = λ1 + √(k/(k - 1) Σc²) / V; λ3 = alpha; λ4 the best split into halves (see `split_half`);
    λ5 = λ1 + 2 √(max over items of Σc²) / V; λ6 = 1 - (sum of the items' residual variances, given all
    others) / V, nought for an item that others determine. Equals ``psych::guttman`` on correlations that are
    not singular; psych however turns items round by itself.

    References
    ----------
    Guttman (1945), Psychometrika 10.

    Examples
    --------
    >>> X = np.array([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5], [5, 3, 4]])
    >>> round(guttman_lambda(X)["lambda2"].value, 6)
    0.893623
    """
    found = _matrix(X, on, missing)
    if isinstance(found, Unavailable):
        return dict.fromkeys((f"lambda{number}" for number in range(1, 7)), found)
    C, basis = found
    k, total = len(C), C.sum()
    off = C - np.diag(np.diagonal(C))
    first = off.sum() / total
    by_item = (off**2).sum(axis=0)
    root = _root(C, basis)
    halves = _halves(C, SPLITS, np.random.default_rng(SEED))
    values = {
        "lambda1": first,
        "lambda2": first + np.sqrt(k / (k - 1) * by_item.sum()) / total,
        "lambda3": k / (k - 1) * first,
        "lambda4": max(float(part.max()) for part in halves),
        "lambda5": first + 2 * np.sqrt(by_item.max()) / total,
        "lambda6": 1 - _residual_variances(C, root).sum() / total,
    }
    estimates: dict[str, Estimate | Unavailable] = {
        name: Estimate(value=float(value), n=basis.n, k=k, method=f"Guttman's {name} on {on}, {basis.rule}")
        for name, value in values.items()
    }
    if _number_of_splits(k) > ALL_SPLITS:
        best = f"Guttman's lambda4 on {on}, the best of {SPLITS:,} splits drawn, {basis.rule}"
        estimates["lambda4"] = Estimate(value=float(values["lambda4"]), n=basis.n, k=k, method=best)
    if not root.certain:
        estimates["lambda6"] = TOO_NEAR
    if _indefinite(C):
        sums_alone = {"lambda1", "lambda3"} if values["lambda3"] <= 1 + NOTHING else set()
        estimates |= dict.fromkeys(values.keys() - sums_alone, INDEFINITE)
    return estimates


def _matrix(X: Data, on: Scaling, missing: Missing) -> tuple[Matrix, Moments] | Unavailable:
    """Return the matrix whose bounds are asked for and its source, or why there is none."""
    if on not in {"covariances", "correlations"}:
        raise ValueError(f"on must be 'covariances' or 'correlations', not {on!r}")
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return found
    if on == "correlations" and found.constant.any():
        return Unavailable(reason="constant item", detail=f"item {int(np.argmax(found.constant)) + 1}")
    C = found.covariance if on == "covariances" else found.correlation
    return (C, found) if alpha_of(C) is not None else Unavailable(reason="no variance")


def _indefinite(C: Matrix) -> bool:
    """Whether no rows could have these covariances, which happens to pairwise ones."""
    varied = np.diagonal(C) > 0
    values = np.linalg.eigvalsh(_standardised(C, varied))
    return bool(values[0] < -NEGATIVE * values[-1])


def _standardised(C: Matrix, varied: NDArray[np.bool_]) -> Matrix:
    """Return the correlations of the items that vary."""
    sd = np.sqrt(np.diagonal(C)[varied])
    R: Matrix = C[np.ix_(varied, varied)] / np.outer(sd, sd)
    return R


def _root(C: Matrix, basis: Moments) -> Root:
    """Return the root of the correlations of the items that vary."""
    varied = np.diagonal(C) > 0
    return root_of(_standardised(C, varied), None if basis.rows is None else basis.rows[:, varied])


def _residual_variances(C: Matrix, root: Root) -> Matrix:
    """Return the variance of each item that varies given all others; nought where these determine it."""
    variances = np.diagonal(C)[np.diagonal(C) > 0]
    residual = np.zeros(len(variances))
    residual[root.free] = variances[root.free] / np.square(root.inverse[root.free]).sum(axis=1)
    return residual


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitHalf:
    """The reliabilities of the ways to split the items into halves."""

    highest: Estimate
    mean: Estimate
    lowest: Estimate
    splits: int
    exhaustive: bool

    def __str__(self) -> str:
        which = "all" if self.exhaustive else "sampled"
        rows = [(name, getattr(self, name).value) for name in ("highest", "mean", "lowest")]
        return f"{self.splits} splits ({which})\n" + table(("split-half", "value"), rows)


def split_half(
    X: Data,
    *,
    on: Scaling = "covariances",
    missing: Missing = "complete",
    splits: int = SPLITS,
    rng: np.random.Generator | None = None,
) -> SplitHalf | Unavailable:
    """Return the highest, mean and lowest reliability over the splits of the items into halves.

    Parameters
    ----------
    X, on, missing : as for `guttman_lambda`
    splits : how many splits to draw at random where there are more than a hundred thousand (above 20 items)
    rng : source of these splits; by default a generator with a fixed seed

    Returns
    -------
    SplitHalf, or Unavailable as for `guttman_lambda`. The highest is Guttman's λ4 where all splits were seen.

    Notes
    -----
    4 cov(a, b) / V for halves a and b, which need not be parallel; with k odd the halves differ by one item.
    With k even the mean over all splits is alpha. Equals ``psych::splitHalf(x, brute = TRUE)`` on
    correlations with k even; with k odd psych looks at half of the splits only.

    References
    ----------
    Guttman, L. (1945). A basis for analyzing test-retest reliability. Psychometrika, 10, 255-282.
    """
    found = _matrix(X, on, missing)
    if isinstance(found, Unavailable):
        return found
    C, basis = found
    if _indefinite(C):
        return INDEFINITE
    rng = np.random.default_rng(SEED) if rng is None else rng
    values = np.concatenate(list(_halves(C, splits, rng)))
    exhaustive = _number_of_splits(len(C)) <= ALL_SPLITS
    seen = f"{'all' if exhaustive else 'sampled'} {len(values)} splits on {on}, {basis.rule}"
    highest, mean, lowest = (
        Estimate(value=float(value), n=basis.n, k=len(C), method=f"{name} split-half reliability, {seen}")
        for name, value in (("highest", values.max()), ("mean", values.mean()), ("lowest", values.min()))
    )
    return SplitHalf(highest=highest, mean=mean, lowest=lowest, splits=len(values), exhaustive=exhaustive)


def _number_of_splits(k: int) -> int:
    return comb(k, k // 2) // (2 if k % 2 == 0 else 1)


def _halves(C: Matrix, splits: int, rng: np.random.Generator) -> Iterator[Matrix]:
    """Yield 4 cov(a, b) / V = 1 - s'Cs / V of blocks of splits, s being +1 in one half, -1 in the other."""
    k, total = len(C), C.sum()
    for signs in _all_signs(k) if _number_of_splits(k) <= ALL_SPLITS else _drawn_signs(k, splits, rng):
        yield 1 - ((signs @ C) * signs).sum(axis=1) / total


def _all_signs(k: int) -> Iterator[Matrix]:
    """Yield every split once: with k even, the one whose half without the last item is named."""
    chosen = combinations(range(k - 1 if k % 2 == 0 else k), k // 2)
    members = np.fromiter(chain.from_iterable(chosen), np.intp).reshape(-1, k // 2)
    for first in range(0, len(members), 10_000):
        block = members[first : first + 10_000]
        signs = np.full((len(block), k), -1.0)
        np.put_along_axis(signs, block, 1.0, axis=1)
        yield signs


def _drawn_signs(k: int, splits: int, rng: np.random.Generator) -> Iterator[Matrix]:
    half = np.where(np.arange(k) < k // 2, 1.0, -1.0)
    for first in range(0, splits, 10_000):
        yield rng.permuted(np.tile(half, (min(10_000, splits - first), 1)), axis=1)


def greatest_lower_bound(
    X: Data, *, on: Scaling = "covariances", missing: Missing = "complete"
) -> Estimate | Unavailable:
    """Return the greatest lower bound to the reliability of the sum.

    Parameters
    ----------
    X, on, missing : as for `guttman_lambda`

    Returns
    -------
    Estimate without an interval, or Unavailable as for `guttman_lambda`.

    Notes
    -----
    1 - max Σθ / V over unique variances θ ≥ 0 that leave C - diag θ positive semidefinite: the smallest
    reliability that these covariances allow. It capitalises on chance: in samples under about 1,000 it lies
    above the reliability. It is discontinuous where items become linearly dependent, since even a tiny
    difference between them restricts the unique variances of others. So items count as dependent where only
    rounding separates them, and where rounding may decide, there is no figure. Equals
    ``psych::glb.algebraic(cov(x))``, with "correlations" of ``cor(x)``.

    References
    ----------
    Woodhouse & Jackson (1977); ten Berge & Sočan (2004), Psychometrika 69.

    Examples
    --------
    >>> X = np.array([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5], [5, 3, 4]])
    >>> round(greatest_lower_bound(X).value, 6)
    0.912409
    """
    found = _matrix(X, on, missing)
    if isinstance(found, Unavailable):
        return found
    C, basis = found
    if _indefinite(C):
        return INDEFINITE
    root = _root(C, basis)
    if not root.certain:
        return TOO_NEAR
    unique = _greatest_unique_variances(C, root)
    if unique is None:
        return Unavailable(reason="did not converge", detail="greatest lower bound")
    value = 1 - float(unique.sum() / C.sum())
    method = f"greatest lower bound on {on}, {basis.rule}"
    return Estimate(value=value, n=basis.n, k=len(C), method=method)


def _greatest_unique_variances(C: Matrix, root: Root) -> Matrix | None:
    """Return the largest θ ≥ 0 by their sum that leave C - diag θ positive semidefinite (None if not found).

    An interior path: Newton's method on Σθ + μ (ln det(I - Σ u bb') + Σ ln u) for falling μ, whose distance
    from the optimum is at most 2kμ; a step shortened by its own Newton decrement never leaves the interior.
    With A A' the inverse of the correlations, a_i a row of A, v_i the item's variance: C - diag θ is
    semidefinite where I - Σ (θ_i / v_i) a_i a_i' is. In units of what the other items leave of an item, u_i =
    θ_i |a_i|² / v_i and b_i = a_i / |a_i|, all of it is of size 1, however near C is to singularity. An item
    that others determine has no unique variance, and the path runs in the space that is left.
    """
    left = _residual_variances(C, root)[root.free]
    B = root.inverse[root.free]
    B /= np.sqrt(np.square(B).sum(axis=1, keepdims=True))
    u = np.full(len(B), 0.5 / max(len(B), 1))
    mu = np.trace(C) / len(C)
    while mu * 2 * len(C) > GAP * np.trace(C):
        for _ in range(STEPS):
            P = B @ np.linalg.solve(np.eye(B.shape[1]) - (B.T * u) @ B, B.T)
            slope = left - mu * np.diagonal(P) + mu / u
            step = np.linalg.solve(mu * (P * P + np.diag(1 / u**2)), slope)
            decrement = np.sqrt(max(float(slope @ step) / mu, 0.0))
            u = u + (step / (1 + decrement) if decrement > NEAR else step)
            if decrement < CENTRED:
                break
        else:
            return None
        mu /= 100
    unique: Matrix = left * u
    return unique
