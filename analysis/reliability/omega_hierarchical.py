"""Hierarchical omega: the share of a total score that a general factor above group factors explains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.correlation.item_correlations import Correlations, Items, item_correlations
from analysis.estimate import Matrix, Missing, PrintedTable, TableParts, Unavailable, table
from analysis.factor_models.exploratory import Factors, analyse
from analysis.factor_models.extraction import EXTRACTIONS


@dataclass(frozen=True, kw_only=True)
class SchmidLeiman:
    """A hierarchical solution with independent factors (Schmid & Leiman, 1957).

    `general` are the items' loadings on the general factor, `groups` (k x m) on what is left of the group
    factors; `second_order` are the loadings of the group factors on the general one. `notes` are what a
    reader must know before using them.
    """

    general: Matrix
    groups: Matrix
    second_order: Matrix
    first_order: Factors
    notes: tuple[str, ...]

    @property
    def membership(self) -> NDArray[np.intp]:
        """The group factor on which each item loads most."""
        membership: NDArray[np.intp] = np.abs(self.groups).argmax(axis=1)
        return membership


@dataclass(frozen=True, kw_only=True)
class GroupOmega:
    """The items of one group factor as a scale: its reliable variance, and the factors' shares in it."""

    items: tuple[str, ...]
    total: float
    general: float
    group: float


@dataclass(frozen=True, kw_only=True)
class Hierarchy(PrintedTable):
    """Omegas of the sum of standardised items, and how unidimensional they are.

    `omega_h` is the share of the total's variance due to the general factor, `omega_total` due to all common
    factors, `omega_limit` their ratio: omega_h of infinitely many such items (None with a single factor).
    `ecv` is the general factor's share of the common variance, `puc` the share of correlations between items
    of different groups, which only the general factor makes.
    """

    omega_h: float
    omega_total: float
    omega_limit: float | None
    ecv: float
    puc: float
    groups: tuple[GroupOmega, ...]
    solution: SchmidLeiman
    n: int
    k: int
    method: str

    def _table(self) -> TableParts:
        figures: list[list[object]] = [
            ["omega hierarchical", self.omega_h],
            ["omega total", self.omega_total],
            ["omega limit", self.omega_limit],
            ["explained common variance", self.ecv],
            ["uncontaminated correlations", self.puc],
        ]
        return ["", "value"], [row for row in figures if row[1] is not None]

    def __str__(self) -> str:
        said = [table(*self._table()), f"n = {self.n}, k = {self.k}; {self.method}", *self.solution.notes]
        return "\n".join(said)


def omega_hierarchical(
    data: Items,
    n_factors: int = 3,
    *,
    n: int | None = None,
    method: str = "minres",
    rotation: str = "oblimin",
    missing: Missing = "complete",
) -> Hierarchy | Unavailable:
    """Estimate how much of a sum of items a general factor explains, by a Schmid-Leiman solution.

    Parameters
    ----------
    data : n x k array (NaN for missing), JointCounts, Polychoric, or, with `n`, a correlation matrix
        Items must already be keyed: nothing is reversed here. Items that load against the general factor are
        named in the solution's notes.
    n_factors : number of group factors; with 1 there is no hierarchy and omega_h is that factor's share
    n : number of rows behind a given correlation matrix
    method, rotation : of the group factors, see `factor_analysis`
    missing : "complete" rows or "pairwise"; joint counts are always pairwise

    Returns
    -------
    Hierarchy, or Unavailable
        as `factor_analysis` for the items or for the correlations of the group factors, and "no variance"
        where the sum of the items has none. With two group factors the general one is not identified: its
        two loadings are taken as equal, and the notes say so.

    Notes
    -----
    With group loadings Λ, factor correlations Φ and γ the loadings of one factor of Φ, the general loadings
    are g = Λγ, the group loadings Λ_ij √(1 - γ_j²). With R the correlations, u² the uniquenesses:
    omega_h = (Σg)² / 1'R1, omega_total = 1 - Σu² / 1'R1, ecv = Σg² / (Σg² + Σ group loadings²). Equals
    psych's ``omega(x, nfactors = m, fm = "minres", flip = FALSE)``, where missing answers are pairwise.

    References
    ----------
    Schmid, J., & Leiman, J. M. (1957). The development of hierarchical factor solutions. Psychometrika, 22,
    53-61.
    Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's alpha, Revelle's beta, and McDonald's
    omega_h. Psychometrika, 70, 123-133.
    Rodriguez, A., Reise, S. P., & Haviland, M. G. (2016). Evaluating bifactor models. Psychological Methods,
    21, 137-150.

    Examples
    --------
    >>> import numpy as np
    >>> group = np.kron(np.eye(3), np.full((3, 1), 0.5))
    >>> R = 0.36 + group @ group.T
    >>> np.fill_diagonal(R, 1)
    >>> found = omega_hierarchical(R, 3, n=500)
    >>> round(found.omega_h, 3), round(found.ecv, 3), round(found.puc, 3)
    (0.74, 0.59, 0.75)
    """
    found = item_correlations(data, n=n, missing=missing)
    if isinstance(found, Unavailable):
        return found
    solution = _schmid_leiman(found, n_factors, method, rotation)
    if isinstance(solution, Unavailable):
        return solution
    total = float(found.R.sum())
    if total <= 0:
        return Unavailable(reason="no variance", detail="the sum of the items")
    g, groups = solution.general, solution.groups
    by_general = float(g.sum()) ** 2 / total
    by_all = 1 - float(solution.first_order.uniquenesses.sum()) / total
    common = float(np.square(g).sum())
    members = np.bincount(solution.membership, minlength=n_factors)
    return Hierarchy(
        omega_h=by_general,
        omega_total=by_all,
        omega_limit=by_general / by_all if n_factors > 1 else None,
        ecv=common / (common + float(np.square(groups).sum())),
        puc=1 - float((members * (members - 1)).sum()) / (found.k * (found.k - 1)),
        groups=_group_omegas(found, solution),
        solution=solution,
        n=found.n,
        k=found.k,
        method=f"Schmid-Leiman of {solution.first_order.method}",
    )


def schmid_leiman(
    data: Items,
    n_factors: int = 3,
    *,
    n: int | None = None,
    method: str = "minres",
    rotation: str = "oblimin",
    missing: Missing = "complete",
) -> SchmidLeiman | Unavailable:
    """Turn correlated group factors into a general factor and independent rests of the groups.

    Parameters
    ----------
    data, n_factors, n, method, rotation, missing : as for `omega_hierarchical`

    Returns
    -------
    SchmidLeiman, or Unavailable
        as `factor_analysis` for the items or for the correlations of the group factors.

    Notes
    -----
    With group loadings Λ, factor correlations Φ and γ the loadings of one factor of Φ, the general loadings
    are g = Λγ, the group loadings Λ_ij √(1 - γ_j²). Equals ``psych::schmid(R, nfactors = m)``.

    References
    ----------
    Schmid, J., & Leiman, J. M. (1957). The development of hierarchical factor solutions. Psychometrika, 22,
    53-61.
    """
    found = item_correlations(data, n=n, missing=missing)
    return found if isinstance(found, Unavailable) else _schmid_leiman(found, n_factors, method, rotation)


def _schmid_leiman(
    found: Correlations, n_factors: int, method: str, rotation: str
) -> SchmidLeiman | Unavailable:
    first_order = analyse(found, n_factors, method, rotation)
    if isinstance(first_order, Unavailable):
        return first_order
    second_order = _second_order(first_order.phi, method)
    if isinstance(second_order, Unavailable):
        return second_order
    gamma, notes = second_order
    general = first_order.loadings @ gamma
    if general.sum() < 0:
        gamma, general = -gamma, -general
    if first_order.heywood:
        notes = (*notes, f"Heywood case: {', '.join(first_order.heywood)} held at the lowest uniqueness")
    against = [name for name, loading in zip(found.names, general, strict=True) if loading < 0]
    if against:
        notes = (*notes, f"these load against the general factor: {', '.join(against)}")
    return SchmidLeiman(
        general=general,
        groups=first_order.loadings * np.sqrt(np.maximum(1 - np.square(gamma), 0)),
        second_order=gamma,
        first_order=first_order,
        notes=tuple(notes),
    )


def _second_order(phi: Matrix, method: str) -> tuple[Matrix, Sequence[str]] | Unavailable:
    """Return the loadings of the group factors on one general factor, and notes on them."""
    if len(phi) == 1:
        return np.ones(1), ["one factor: no hierarchy"]
    if len(phi) == 2:  # noqa: PLR2004 - one correlation, two loadings
        r = phi[0, 1]
        equal = np.sqrt(abs(r)) * np.array([1.0, 1.0 if r >= 0 else -1.0])
        return equal, ["two group factors do not identify a general one: its loadings are taken as equal"]
    higher = EXTRACTIONS[method](phi, 1)
    if isinstance(higher, Unavailable):
        detail = f"general factor of {len(phi)} group factors: {higher.detail}"
        return Unavailable(reason=higher.reason, detail=detail)
    held = [f"F{j + 1}" for j in np.flatnonzero(higher.bounded)]
    notes = [f"Heywood case: {', '.join(held)} all but equal to the general factor"] if held else []
    return higher.loadings[:, 0], notes


def _group_omegas(found: Correlations, solution: SchmidLeiman) -> tuple[GroupOmega, ...]:
    """Treat the items of each group factor as a scale of their own."""
    scales = []
    for group in range(solution.groups.shape[1]):
        items = np.flatnonzero(solution.membership == group)
        variance = float(found.R[np.ix_(items, items)].sum())
        if variance <= 0:
            continue
        by_general = float(solution.general[items].sum()) ** 2 / variance
        by_group = float(solution.groups[items, group].sum()) ** 2 / variance
        names = tuple(found.names[i] for i in items)
        scales.append(
            GroupOmega(items=names, total=by_general + by_group, general=by_general, group=by_group)
        )
    return tuple(scales)
