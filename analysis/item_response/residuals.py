"""Residuals of the answers given θ, and their correlations between items (Q3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Matrix, Unavailable
from analysis.item_response.category_curves import point_derivatives
from analysis.item_response.response_model import ItemCurves
from analysis.item_response.scoring import Method, coded, person_scores

_BLOCK = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Residuals:
    """Answers less their expectation at a person's θ, in category numbers: n x k, NaN for no answer.

    `variance` is that of an answer at θ. Where θ is not finite residuals are NaN.
    """

    theta: Matrix
    residual: Matrix
    variance: Matrix


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalDependence:
    """Q3: correlations of the items' residuals, k x k, 1 on the diagonal.

    `mean` is the average of all pairs; a pair is judged by how far its correlation is above it. `largest`
    names the pair that is farthest above.
    """

    q3: Matrix
    mean: float
    largest: tuple[str, str]
    largest_above_mean: float
    names: tuple[str, ...]
    n: int


def residuals(model: ItemCurves, X: ArrayLike, *, method: Method = "wle") -> Residuals:
    """Return the answers less what the model expects at each person's estimated θ.

    Parameters
    ----------
    model
        A fitted model.
    X
        The answers, n x k.
    method
        How θ is estimated; see `person_scores`.
    """
    codes, place = coded(model, X)
    theta = person_scores(model, X, method=method).theta
    mean, variance = np.full(codes.shape, np.nan), np.full(codes.shape, np.nan)
    at = np.full(len(codes), np.nan)
    at[place] = theta
    known = np.flatnonzero(np.isfinite(at))
    for start in range(0, known.size, _BLOCK):
        rows = known[start : start + _BLOCK]
        P = point_derivatives(model.family, model.slopes, model.intercepts, at[rows]).probability
        number = np.arange(P.shape[1], dtype=np.float64)[:, np.newaxis]
        expected = (number * P).sum(axis=1)
        mean[rows] = expected.T
        variance[rows] = ((number - expected[:, np.newaxis]) ** 2 * P).sum(axis=1).T
    residual = np.where(codes >= 0, codes, np.nan) - mean
    return Residuals(theta=theta, residual=residual[place], variance=variance[place])


def q3(model: ItemCurves, X: ArrayLike, *, method: Method = "eap") -> LocalDependence | Unavailable:
    """Return Yen's Q3, the correlations of the items' residuals, pair by pair over everybody who has both.

    Parameters
    ----------
    model
        A fitted model.
    X
        The answers, n x k.
    method
        How θ is estimated; see `person_scores`.

    Returns
    -------
    LocalDependence or Unavailable
        Unavailable where a pair has fewer than 3 people, or residuals that do not vary.

    Notes
    -----
    Residuals of independent items correlate at about -1 / (k - 1), so that pairs are compared with the mean
    of all of them (Q3 star). Equal to ``mirt::residuals(type = "Q3", method = "EAP")`` of complete answers.

    References
    ----------
    Yen, W. M. (1984). Effects of local item dependence on the fit and equating performance of the
    three-parameter logistic model. Applied Psychological Measurement, 8, 125-145.
    Christensen, K. B., Makransky, G., & Horton, M. (2017). Critical values for Yen's Q3. Applied
    Psychological Measurement, 41, 178-194.
    """
    found = residuals(model, X, method=method).residual
    k = model.k
    R = np.eye(k)
    for i in range(k):
        for j in range(i):
            both = ~np.isnan(found[:, i] + found[:, j])
            x, y = found[both, i], found[both, j]
            if x.size < 3:  # noqa: PLR2004 - the smallest sample that anything here is said of
                detail = f"{model.names[j]} and {model.names[i]} were answered together by {x.size}"
                return Unavailable(reason="too few rows", detail=detail)
            x, y = x - x.mean(), y - y.mean()
            spread = np.sqrt((x @ x) * (y @ y))
            if spread == 0:
                return Unavailable(reason="no variance", detail="residuals do not vary")
            R[i, j] = R[j, i] = x @ y / spread
    pairs = np.triu_indices(k, 1)
    mean = float(R[pairs].mean())
    at = int(R[pairs].argmax())
    first, second = int(pairs[0][at]), int(pairs[1][at])
    return LocalDependence(
        q3=R,
        mean=mean,
        largest=(model.names[first], model.names[second]),
        largest_above_mean=float(R[first, second] - mean),
        names=model.names,
        n=int((~np.isnan(found)).any(axis=1).sum()),
    )
