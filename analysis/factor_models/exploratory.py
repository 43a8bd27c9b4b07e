"""Exploratory factor analysis: factors that explain the correlations between the items."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import chdtr, chdtrc, chndtrinc

from analysis.correlation.item_correlations import SINGULAR, Correlations, Items, item_correlations
from analysis.estimate import Matrix, Missing, PrintedTable, Probability, TableParts, Unavailable, table
from analysis.factor_models.extraction import EXTRACTIONS, Extraction
from analysis.factor_models.rotation import ROTATIONS, Rotated
from analysis.linear_algebra.elimination import log_determinant

RMSEA_LEVEL: Final = 0.90
EQUAL: Final = 1e-8  # loadings that differ by less count as equal
UNRELATED: Final = Unavailable(reason="not defined", detail="unrelated items would fit no worse by chance")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How far the model is from the correlations; an undefined figure is None, with its reason in `why_not`.

    `objective` is the maximum-likelihood discrepancy at the solution, whichever method extracted it; `chi2`
    is that times Bartlett's factor, and has a chi-square distribution only for normal rows extracted by
    maximum likelihood. The interval of `rmsea` is at 90 %. `rms` is the root mean square of the residual
    correlations, `crms` the same per degree of freedom.
    """

    df: int
    rms: float
    crms: float | None = None
    objective: float | None = None
    chi2: float | None = None
    p: float | None = None
    null_chi2: float | None = None
    tli: float | None = None
    rmsea: float | None = None
    rmsea_low: float | None = None
    rmsea_high: float | None = None
    bic: float | None = None
    why_not: Unavailable | None = None


@dataclass(frozen=True, kw_only=True)
class Factors(PrintedTable):
    """A factor solution with fixed signs and order.

    Each factor's largest loading is positive; factors come by the variance they explain. `loadings` are the
    pattern, `structure` the correlations of items with factors (the same while factors are independent).
    `heywood` names the items whose uniqueness lies on its lowest allowed value: a boundary solution, to be
    read as a sign of too many factors, too few rows, or an item that repeats another.
    """

    loadings: Matrix
    phi: Matrix
    uniquenesses: Matrix
    structure: Matrix
    communalities: Matrix
    variance: Matrix
    fit: Fit
    heywood: tuple[str, ...]
    names: tuple[str, ...]
    n: int
    k: int
    n_factors: int
    extraction: str
    rotation: str
    method: str

    @property
    def proportion(self) -> Matrix:
        """Share of the items' total variance that each factor explains."""
        return self.variance / self.k

    def _table(self) -> TableParts:
        headers = ["", *(f"F{j + 1}" for j in range(self.n_factors)), "h2", "u2"]
        rows: list[list[object]] = [
            [name, *map(float, self.loadings[i]), float(self.communalities[i]), float(self.uniquenesses[i])]
            for i, name in enumerate(self.names)
        ]
        rows.append(["variance", *map(float, self.variance), float(self.variance.sum()), None])
        if self.rotation not in {"none", "varimax"} and self.n_factors > 1:
            rows += [
                [f"r with F{j + 1}", *map(float, self.phi[j]), None, None] for j in range(self.n_factors)
            ]
        return headers, rows

    def __str__(self) -> str:
        said = f"n = {self.n}, k = {self.k}; {self.method}"
        held = f"\nHeywood case: {', '.join(self.heywood)} held at the lowest uniqueness" * bool(self.heywood)
        return table(*self._table()) + f"\n{said}{held}"


def factor_analysis(
    data: Items,
    n_factors: int,
    *,
    n: int | None = None,
    method: str = "minres",
    rotation: str = "oblimin",
    missing: Missing = "complete",
) -> Factors | Unavailable:
    """Extract common factors of the items and rotate them towards simple structure.

    Parameters
    ----------
    data : n x k array (NaN for missing), JointCounts, Polychoric, or, with `n`, a correlation matrix
    n_factors : number of factors m
    n : number of rows behind a given correlation matrix
    method : a name in EXTRACTIONS: "minres", "ml", "uls"
        Least squares ("uls") on a correlation matrix reproduces its diagonal, which makes it the same as
        minres.
    rotation : a name in ROTATIONS: "none", "varimax", "promax", "oblimin", "geomin"
    missing : "complete" rows or "pairwise"; joint counts are always pairwise

    Returns
    -------
    Factors, or Unavailable
        "did not converge" where the gradient does not vanish from any start; "improper solution" where a
        factor explains nothing, a communality exceeds 1, or the rotation makes two factors one; "not defined"
        where the factors have more parameters than there are correlations, or (ml) polychoric correlations
        had to be repaired or stand at their bound; "singular matrix" where items are
        linearly dependent (ml), or have no more dimensions than there are factors.
        A Heywood case, an item held at the lowest uniqueness of .005, is given with the solution and named in
        `heywood`: it is the lowest minimum found within the bound.

    Notes
    -----
    R = Λ Φ Λ' + Ψ. Minres minimises Σ_{i<j} (r_ij - λ_i'λ_j)² with communalities at most .995, maximum
    likelihood ln|Σ| - ln|R| + tr(R Σ⁻¹) - k. Equals psych's ``fa(R, nfactors = m, n.obs = n, fm = "minres",
    rotate = "oblimin")`` (and "ml", "varimax", "promax", "geominQ") to some 1e-5, less only where R stops
    early; the figures in `fit` follow psych's ``factor.stats``. For ordinal answers of few categories chi2
    and what follows from it are descriptions, not tests.

    References
    ----------
    Harman, H. H., & Fukuda, Y. (1966). Resolution of the Heywood case in the minres solution.
    Psychometrika, 31, 563-571.
    Joreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis. Psychometrika, 32,
    443-482.
    Jennrich, R. I. (2002). A simple general method for oblique rotation. Psychometrika, 67, 7-19.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.array([[1.0, 0.56, 0.48], [0.56, 1.0, 0.42], [0.48, 0.42, 1.0]])
    >>> factor_analysis(R, 1, n=200).loadings.round(3)
    array([[0.8],
           [0.7],
           [0.6]])
    """
    found = item_correlations(data, n=n, missing=missing)
    return found if isinstance(found, Unavailable) else analyse(found, n_factors, method, rotation)


def analyse(found: Correlations, n_factors: int, method: str, rotation: str) -> Factors | Unavailable:
    """Extract and rotate factors of correlations already at hand; see `factor_analysis`."""
    _check_named(EXTRACTIONS, "method", method)
    _check_named(ROTATIONS, "rotation", rotation)
    if n_factors < 1:
        raise ValueError(f"n_factors must be at least 1, not {n_factors}")
    refused = _refused(found, n_factors, method)
    if refused is not None:
        return refused
    extracted = EXTRACTIONS[method](found.R, n_factors)
    if isinstance(extracted, Unavailable):
        return extracted
    start = _signed_and_ordered(Rotated(loadings=extracted.loadings, phi=np.eye(n_factors), note=""))
    try:
        turned = start if n_factors == 1 else ROTATIONS[rotation](start.loadings)
    except np.linalg.LinAlgError:
        return Unavailable(reason="improper solution", detail="the rotation makes two factors one")
    if isinstance(turned, Unavailable):
        return turned
    return _solution(found, extracted, _signed_and_ordered(turned), method, rotation)


def _refused(found: Correlations, n_factors: int, method: str) -> Unavailable | None:
    """Return why so many factors cannot be extracted by the method, if they cannot."""
    if degrees_of_freedom(found.k, n_factors) < 0 or n_factors >= found.k:
        detail = f"{n_factors} factors of {found.k} items have more parameters than there are correlations"
        return Unavailable(reason="not defined", detail=detail)
    rank = int((found.root.eigenvalues > SINGULAR).sum())
    if rank <= n_factors:
        detail = f"{rank} independent dimensions leave nothing unique beside {n_factors} factors"
        return Unavailable(reason="singular matrix", detail=detail)
    if method == "ml" and found.no_inverse is not None:
        return found.no_inverse
    return None


def _check_named(functions: Mapping[str, object], what: str, name: str) -> None:
    if name not in functions:
        raise ValueError(f"{what} must be one of {', '.join(functions)}, not {name!r}")


def degrees_of_freedom(k: int, m: int) -> int:
    """Correlations of k items less the parameters of m factors, rotations not counted."""
    return ((k - m) ** 2 - (k + m)) // 2


def _signed_and_ordered(rotated: Rotated) -> Rotated:
    """Give each factor a positive largest loading, and put the one that explains most first.

    Loadings and variances that are equal within rounding are decided by the first item, so that the order is
    the same everywhere.
    """
    L, phi = rotated.loadings, rotated.phi
    size = np.abs(L)
    first = (size >= size.max(axis=0) - EQUAL).argmax(axis=0)
    sign = np.where(L[first, np.arange(L.shape[1])] < 0, -1.0, 1.0)
    order = np.lexsort((first, -np.round(_variance(L, phi) / EQUAL)))
    turned = (phi * np.outer(sign, sign))[np.ix_(order, order)]
    return replace(rotated, loadings=(L * sign)[:, order], phi=turned)


def _variance(L: Matrix, phi: Matrix) -> Matrix:
    """Variance of all items that each factor explains, its correlations with the others shared out."""
    variance: Matrix = np.einsum("ij,ij->j", L, L @ phi)
    return variance


def _solution(
    found: Correlations, extracted: Extraction, rotated: Rotated, method: str, rotation: str
) -> Factors:
    L, phi = rotated.loadings, rotated.phi
    turned = "none" if L.shape[1] == 1 else rotation
    note = f" ({rotated.note})" if rotated.note else ""
    bounded = zip(found.names, extracted.bounded, strict=True)
    return Factors(
        loadings=L,
        phi=phi,
        uniquenesses=1 - extracted.communalities,
        structure=L @ phi,
        communalities=extracted.communalities,
        variance=_variance(L, phi),
        fit=fit(found, extracted.loadings),
        heywood=tuple(name for name, is_bounded in bounded if is_bounded),
        names=found.names,
        n=found.n,
        k=found.k,
        n_factors=L.shape[1],
        extraction=method,
        rotation=turned,
        method=f"{method}, {turned}{note}; {found.method}",
    )


def fit(found: Correlations, L: Matrix) -> Fit:
    """Compare the correlations with those that uncorrelated factors of loadings L leave.

    Notes
    -----
    As psych's ``factor.stats``: chi2 = F (n - 1 - (2k + 5)/6 - 2m/3), rmsea = √(chi2/(df n) - 1/(n - 1)), its
    interval from the noncentral chi-square over df (n - 1), tli from F, bic = chi2 - df ln n.
    """
    R, n = found.R, found.n
    k, m = L.shape
    df = degrees_of_freedom(k, m)
    model = L @ L.T
    np.fill_diagonal(model, 1)
    squares = float(np.square(R - model).sum())
    near = Fit(
        df=df,
        rms=float(np.sqrt(squares / (k * (k - 1)))),
        crms=float(np.sqrt(squares / (2 * df))) if df > 0 else None,
    )
    if found.no_inverse is not None:
        return replace(near, why_not=found.no_inverse)
    if min(found.smallest_eigenvalue, np.linalg.eigvalsh(model)[0]) < SINGULAR:
        return replace(near, why_not=Unavailable(reason="singular matrix"))
    null = -found.log_determinant
    ratio = float(np.trace(np.linalg.solve(model, R)))
    objective = max(ratio + log_determinant(model) + null - k, 0.0)
    factor = n - 1 - (2 * k + 5) / 6 - 2 * m / 3
    if factor <= 0:
        few = Unavailable(reason="too few rows", detail=f"{n} for {m} factors of {k} items")
        return replace(near, objective=objective, why_not=few)
    chi2 = objective * factor
    described = replace(near, objective=objective, chi2=chi2, null_chi2=null * (factor + 2 * m / 3))
    if df == 0:
        exact = Unavailable(reason="not defined", detail="no degrees of freedom are left")
        return replace(described, why_not=exact)
    per_null, per_model = null / (k * (k - 1) / 2), objective / df
    low, high = _rmsea_interval(chi2, df, n)
    return replace(
        described,
        p=Probability(chdtrc(df, chi2)),
        tli=(per_null - per_model) / (per_null - 1 / factor) if per_null > 1 / factor else None,
        why_not=None if per_null > 1 / factor else UNRELATED,
        rmsea=float(np.sqrt(max(chi2 / (df * n) - 1 / (n - 1), 0))),
        rmsea_low=low,
        rmsea_high=high,
        bic=float(chi2 - df * np.log(n)),
    )


def _rmsea_interval(chi2: float, df: int, n: int) -> tuple[float, float]:
    """Return the rmsea of the noncentralities under which chi2 is the 95 % and the 5 % point."""

    def rmsea_at(probability: float) -> float:
        if chdtr(df, chi2) <= probability:
            return 0.0
        return float(np.sqrt(chndtrinc(chi2, df, probability) / (df * (n - 1))))

    tail = (1 - RMSEA_LEVEL) / 2
    return rmsea_at(1 - tail), rmsea_at(tail)
