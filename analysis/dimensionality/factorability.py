"""Whether the items share enough for a factor analysis, and how many components their correlations hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import chdtrc

from analysis.correlation.item_correlations import SINGULAR, Correlations, Items, item_correlations
from analysis.estimate import Matrix, Missing, PrintedTable, Probability, TableParts, Unavailable, table

ROUNDING: Final = 1e-12  # correlations below this count as none
OURS: Final = 0.01  # a variance below this may come from a repair, or from the bound of a correlation


@dataclass(frozen=True, kw_only=True)
class SamplingAdequacy(PrintedTable):
    """Kaiser-Meyer-Olkin measure of all items together (`value`) and of each (`items`)."""

    value: float
    items: Matrix
    names: tuple[str, ...]
    n: int
    k: int
    method: str

    def _table(self) -> TableParts:
        each = [[name, float(value)] for name, value in zip(self.names, self.items, strict=True)]
        return ["", "KMO"], [["all items", self.value], *each]

    def __str__(self) -> str:
        return table(*self._table()) + f"\nn = {self.n}, k = {self.k}; {self.method}"


@dataclass(frozen=True, kw_only=True)
class Sphericity(PrintedTable):
    """Bartlett's test that no two items are correlated."""

    chi2: float
    df: int
    p: float
    n: int
    k: int
    method: str

    def _table(self) -> TableParts:
        return ["chi-square", "df", "p"], [[self.chi2, self.df, self.p]]

    def __str__(self) -> str:
        return table(*self._table()) + f"\nn = {self.n}, k = {self.k}; {self.method}"


@dataclass(frozen=True, kw_only=True)
class AveragePartials(PrintedTable):
    """Velicer's averages after 0, 1, 2, ... components are removed; the number is where they are smallest.

    `squared` is the mean squared partial correlation (Velicer, 1976), `fourth` the mean fourth power
    (Velicer, Eaton & Fava, 2000); `n_factors` and `n_factors_revised` are the positions of their minima.
    """

    squared: Matrix
    fourth: Matrix
    n_factors: int
    n_factors_revised: int
    n: int
    k: int
    method: str

    def _table(self) -> TableParts:
        rows: list[list[object]] = [
            [m, float(second), float(fourth)]
            for m, (second, fourth) in enumerate(zip(self.squared, self.fourth, strict=True))
        ]
        return ["components", "mean square", "mean 4th power"], rows

    def __str__(self) -> str:
        kept = f"{self.n_factors} by the squares, {self.n_factors_revised} by the fourth powers"
        return table(*self._table()) + f"\n{kept}; n = {self.n}, k = {self.k}; {self.method}"


def kmo(
    data: Items, *, n: int | None = None, missing: Missing = "complete"
) -> SamplingAdequacy | Unavailable:
    """Compare correlations with partial correlations; near 1, the correlations are due to common factors.

    Parameters
    ----------
    data : n x k array (NaN for missing), JointCounts, Polychoric, or, with `n`, a correlation matrix
    n : number of rows behind a given correlation matrix
    missing : "complete" rows or "pairwise"; joint counts are always pairwise

    Returns
    -------
    SamplingAdequacy, or Unavailable
        "singular matrix" where items are linearly dependent or pairwise correlations contradict each other:
        partial correlations do not exist then; "not defined" where an item is correlated with no other, or
        where polychoric correlations had to be repaired or stand at their bound.

    Notes
    -----
    KMO = Σ r_ij² / (Σ r_ij² + Σ q_ij²) over i ≠ j, with q the correlations of two items given all others;
    for one item over its own row. Equals psych's ``KMO(R)``.

    References
    ----------
    Kaiser, H. F. (1974). An index of factorial simplicity. Psychometrika, 39, 31-36.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.array([[1.0, 0.5, 0.4], [0.5, 1.0, 0.3], [0.4, 0.3, 1.0]])
    >>> round(kmo(R, n=100).value, 4)
    0.6279
    """
    found = _definite(item_correlations(data, n=n, missing=missing))
    if isinstance(found, Unavailable):
        return found
    inverse = found.inverse
    scale = np.sqrt(np.diag(inverse))
    partial = np.square(inverse / np.outer(scale, scale))
    simple = np.square(found.R)
    np.fill_diagonal(partial, 0)
    np.fill_diagonal(simple, 0)
    alone = np.sqrt(simple.max(axis=0)) < ROUNDING
    if alone.any():
        detail = f"{found.names[int(np.argmax(alone))]} is correlated with no other"
        return Unavailable(reason="not defined", detail=detail)
    by_item = simple.sum(axis=1) + partial.sum(axis=1)
    return SamplingAdequacy(
        value=float(simple.sum() / by_item.sum()),
        items=simple.sum(axis=1) / by_item,
        names=found.names,
        n=found.n,
        k=found.k,
        method=found.method,
    )


def bartlett(data: Items, *, n: int | None = None, missing: Missing = "complete") -> Sphericity | Unavailable:
    """Test that the population correlations are all zero, for normal rows.

    Parameters
    ----------
    data : n x k array (NaN for missing), JointCounts, Polychoric, or, with `n`, a correlation matrix
    n : number of rows behind a given correlation matrix
    missing : "complete" rows or "pairwise"; joint counts are always pairwise
        Pairwise, as in psych, n counts every row: with many missing answers the test rejects too often.

    Returns
    -------
    Sphericity, or Unavailable
        "singular matrix" where the determinant is zero, "too few rows" where n is too small for the items,
        "not defined" where polychoric correlations had to be repaired or stand at their bound.

    Notes
    -----
    chi2 = -(n - 1 - (2k + 5)/6) ln|R| on k(k - 1)/2 degrees of freedom. Equals psych's
    ``cortest.bartlett(R, n)``.

    References
    ----------
    Bartlett, M. S. (1951). The effect of standardization on a chi-square approximation in factor analysis.
    Biometrika, 38, 337-344.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.array([[1.0, 0.5, 0.4], [0.5, 1.0, 0.3], [0.4, 0.3, 1.0]])
    >>> round(bartlett(R, n=100).chi2, 3)
    46.449
    """
    found = _definite(item_correlations(data, n=n, missing=missing))
    if isinstance(found, Unavailable):
        return found
    factor = found.n - 1 - (2 * found.k + 5) / 6
    if factor <= 0:
        return Unavailable(reason="too few rows", detail=f"{found.n} for {found.k} items")
    chi2 = max(-factor * found.log_determinant, 0.0)
    df = found.k * (found.k - 1) // 2
    return Sphericity(
        chi2=chi2, df=df, p=Probability(chdtrc(df, chi2)), n=found.n, k=found.k, method=found.method
    )


def _definite(found: Correlations | Unavailable) -> Correlations | Unavailable:
    """Refuse correlations that have no inverse, or whose inverse depends on a repair or a bound."""
    if isinstance(found, Unavailable):
        return found
    if found.no_inverse is not None:
        return found.no_inverse
    if found.smallest_eigenvalue >= SINGULAR:
        return found
    smallest = found.smallest_eigenvalue if found.smallest_eigenvalue < -SINGULAR else 0.0
    return Unavailable(reason="singular matrix", detail=f"smallest eigenvalue {smallest:.2g}")


def minimum_average_partial(
    data: Items, *, n: int | None = None, missing: Missing = "complete"
) -> AveragePartials | Unavailable:
    """Count the components whose removal leaves the least partial correlation.

    Parameters
    ----------
    data : n x k array (NaN for missing), JointCounts, Polychoric, or, with `n`, a correlation matrix
    n : number of rows behind a given correlation matrix
    missing : "complete" rows or "pairwise"; joint counts are always pairwise

    Returns
    -------
    AveragePartials, or Unavailable
        The averages end where a component takes the last variance of an item (as with a repeated item), of
        repaired polychoric correlations or those at their bound, where it leaves no more than 1 % of it.

    Notes
    -----
    After m components C = R - Σ_{j≤m} λ_j v_j v_j' is scaled to unit diagonal, and its off-diagonal elements
    are averaged squared, or to the fourth power. ``squared[1:]`` equals psych's ``vss(R)$map``; place 0, no
    component removed, is Velicer's own and lets the answer be none. Where two eigenvalues are equal, which
    component goes first is arbitrary, and the average between them with it.

    References
    ----------
    Velicer, W. F. (1976). Determining the number of components from the matrix of partial correlations.
    Psychometrika, 41, 321-327.
    Velicer, W. F., Eaton, C. A., & Fava, J. L. (2000). Construct explication through factor or component
    analysis. In Problems and solutions in human assessment (pp. 41-71). Kluwer.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> minimum_average_partial(R, n=100).n_factors
    1
    """
    found = item_correlations(data, n=n, missing=missing)
    if isinstance(found, Unavailable):
        return found
    squared: list[float] = []
    fourth: list[float] = []
    pairs = found.k * (found.k - 1)
    least = SINGULAR if found.no_inverse is None else OURS
    for left in _left_by_components(found):
        variances = np.diag(left)
        if variances.min() <= least:
            break
        partial = np.square(left) / np.outer(variances, variances)
        np.fill_diagonal(partial, 0)
        squared.append(float(partial.sum()) / pairs)
        fourth.append(float(np.square(partial).sum()) / pairs)
    return AveragePartials(
        squared=np.array(squared),
        fourth=np.array(fourth),
        n_factors=int(np.argmin(squared)),
        n_factors_revised=int(np.argmin(fourth)),
        n=found.n,
        k=found.k,
        method=found.method,
    )


def _left_by_components(found: Correlations) -> Iterator[Matrix]:
    """Yield what the first 0, 1, ... k - 1 components leave of R, as a sum of the others for precision."""
    values, vectors = found.root.eigenvalues, found.root.vectors
    yield found.R
    for last in range(found.k - 1, 0, -1):
        kept = vectors[:, :last]
        yield (kept * values[:last]) @ kept.T
