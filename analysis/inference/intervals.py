"""Intervals of coefficients that are functions of a covariance matrix."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import fdtri, ndtri

from analysis.estimate import Estimate, Matrix, Unavailable
from analysis.inference import bootstrap

Interval = tuple[float, float]
UNUSABLE: Final = 0.05  # the largest share of resamples without a figure for which there is an interval


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """A reliability with what its intervals need.

    `gradient` is its derivative with respect to the covariance matrix (symmetric, k x k); `rows` are complete
    rows, or None where only moments are known; `method` says in words what it is.
    """

    value: float
    gradient: Matrix
    covariance: Matrix
    n: int
    rows: Matrix | None
    method: str

    @property
    def k(self) -> int:
        """Number of items."""
        return len(self.covariance)

    def needed_rows(self) -> Matrix:
        """Return the complete rows; ValueError where only moments are known."""
        if self.rows is None:
            raise ValueError("this interval needs complete rows, not counts or pairwise covariances")
        return self.rows


def feldt(alpha: Coefficient, level: float) -> Interval:
    """Return Feldt's interval of coefficient alpha, exact for parallel normal items.

    (1 - ρ) / (1 - α) follows F with n - 1 and (n - 1)(k - 1) degrees of freedom (Feldt 1965; Feldt, Woodruff
    & Salih 1987). Equals ``psych::alpha(x)$feldt``.
    """
    n, k = alpha.n, alpha.k
    tail = (1 - level) / 2
    low, high = 1 - (1 - alpha.value) * fdtri(n - 1, (n - 1) * (k - 1), np.array([1 - tail, tail]))
    return float(low), float(high)


def bonett(alpha: Coefficient, level: float) -> Interval:
    """Return Bonett's (2002) interval of coefficient alpha.

    ln(1 - α) is nearly normal with variance 2k / ((k - 1)(n - 2)); ln(n / (n - 1)) corrects its bias.
    """
    n, k = alpha.n, alpha.k
    width = ndtri((1 + level) / 2) * np.sqrt(2 * k / ((k - 1) * (n - 2)))
    low, high = 1 - (1 - alpha.value) * (n - 1) / n * np.exp([width, -width])
    return float(low), float(high)


def wilson(votes: int, n: int, level: float) -> Interval:
    """Return Wilson's (1927) interval of a share: the shares at which a test would not refuse what was seen.

    Equals ``prop.test(votes, n, correct = FALSE)``.
    """
    z = float(ndtri((1 + level) / 2))
    middle = (votes + z * z / 2) / (n + z * z)
    width = z / (n + z * z) * float(np.sqrt(votes * (n - votes) / n + z * z / 4))
    return max(middle - width, 0.0), min(middle + width, 1.0)


def normal_error(found: Coefficient) -> float:
    """Return the standard error by the delta method, the answers normal: √(2 tr(GCGC) / n).

    For alpha it is that of van Zyl, Neudecker & Nel (2000) and of Duhachek & Iacobucci (2004), and equals
    ``psych::alpha(x)$total$ase``.
    """
    GC = found.gradient @ found.covariance
    return float(np.sqrt(max(2 * np.sum(GC * GC.T), 0.0) / found.n))


def normal(found: Coefficient, level: float) -> Interval:
    """Return the value ± z standard errors under normality."""
    return _around(found.value, normal_error(found), level)


def influence(found: Coefficient) -> Matrix:
    """Return each row's empirical influence on the coefficient: z'Gz less its mean, z the centred row."""
    rows = found.needed_rows()
    centred = rows - rows.mean(axis=0)
    quadratic: Matrix = ((centred @ found.gradient) * centred).sum(axis=1)
    centred_influence: Matrix = quadratic - quadratic.mean()
    return centred_influence


def distribution_free(found: Coefficient, level: float) -> Interval:
    """Return the value ± z asymptotically distribution-free standard errors.

    As Maydeu-Olivares, Coffman & Hartmann (2007), but from each row's influence, without their matrix of
    fourth moments.
    """
    rows = influence(found)
    return _around(found.value, float(np.sqrt((rows**2).sum() / (found.n * (found.n - 1)))), level)


def _around(value: float, error: float, level: float) -> Interval:
    """Return value ± z errors, but nothing above one, which no reliability exceeds."""
    width = float(ndtri((1 + level) / 2)) * error
    return value - width, min(value + width, 1.0)


ANALYTIC: Final[dict[str, Callable[[Coefficient, float], Interval]]] = {
    "normal": normal,
    "adf": distribution_free,
}
OF_ALPHA: Final[dict[str, Callable[[Coefficient, float], Interval]]] = {
    "feldt": feldt,
    "bonett": bonett,
    **ANALYTIC,
}
BOOTSTRAP: Final = ("percentile", "bca")


def check(interval: str, analytic: Iterable[str], level: float) -> None:
    """Raise ValueError for an interval that is not known, or a level that is none."""
    known = (*analytic, *BOOTSTRAP)
    if interval not in known:
        raise ValueError(f"interval must be one of {', '.join(known)}, not {interval!r}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not at {level}")


def with_limits(found: Coefficient, interval: str, level: float, limits: Interval) -> Estimate:
    """Return the estimate with an analytic interval."""
    low, high = limits
    return Estimate(
        value=found.value,
        low=low,
        high=high,
        level=level,
        n=found.n,
        k=found.k,
        method=f"{found.method}, {interval} interval",
    )


ONE_SIDED: Final = Unavailable(
    reason="no interval", detail="the resamples lie on one side of the figure, or no row moves it"
)


def too_many_without(without: int, resamples: int) -> Unavailable | None:
    """Return why there is no bootstrap interval where too many resamples have no figure, else None."""
    if without <= UNUSABLE * resamples:
        return None
    return Unavailable(
        reason="too few resamples",
        detail=f"{without} of {resamples} have none; an interval needs it in {1 - UNUSABLE:.0%}",
    )


def bootstrapped(found: Coefficient, interval: str, level: float, replicates: Matrix) -> Estimate:
    """Return the estimate with its bootstrap interval, or without one and the reason in its method.

    A replicate is NaN where the resample has no such figure.
    """
    usable = np.minimum(replicates[np.isfinite(replicates)], 1.0)  # rounding may exceed it
    without = len(replicates) - len(usable)
    method = f"{found.method}, {interval} interval of {len(replicates)} resamples"
    method += f", {without} of them without a figure" if without else ""
    limits: Interval | None = None
    missing = too_many_without(without, len(replicates))
    if missing is None:
        if np.abs(usable - found.value).max() <= bootstrap.TIE:
            limits = (found.value, found.value)
        elif interval == "percentile":
            limits = bootstrap.percentile_interval(usable, level)
        else:
            limits = bootstrap.bca_interval(found.value, usable, influence(found), level)
    if limits is None:
        return Estimate(
            value=found.value,
            n=found.n,
            k=found.k,
            method=f"{method}: not available",
            no_interval=missing or ONE_SIDED,
        )
    low, high = limits
    return Estimate(value=found.value, low=low, high=high, level=level, n=found.n, k=found.k, method=method)
