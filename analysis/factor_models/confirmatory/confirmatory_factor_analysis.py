"""Confirmatory factor analysis: fit a model with a given structure, in one group or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimate import Matrix, Unavailable, as_matrix
from analysis.factor_models.confirmatory.estimation.estimators import RECIPES, Estimator, Recipe
from analysis.factor_models.confirmatory.estimation.fitting import (
    Sample,
    degrees_of_freedom,
    identified,
    not_converged,
    solve,
)
from analysis.factor_models.confirmatory.estimation.full_information import Incomplete
from analysis.factor_models.confirmatory.estimation.sample_statistics import (
    Continuous,
    Holes,
    Ordered,
    continuous_groups,
    ordered_groups,
)
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.parameter_table import ParameterTable, Scale, specify

_SINGULAR: Final = 1e-10


def confirmatory_factor_analysis(
    X: ArrayLike,
    model: str | ParameterTable,
    *,
    names: Sequence[str],
    estimator: Estimator | None = None,
    ordered: bool = False,
    missing: Holes = "complete",
    groups: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    unit_variance: bool = False,
    orthogonal: bool = False,
    means: bool = False,
    scale: Scale = "delta",
) -> FittedModel | Unavailable:
    """Fit a factor model with a given structure.

    Parameters
    ----------
    X : n x k array with NaN for missing
    model : text in lavaan's notation (see `model_syntax`), or a table of parameters
    names : names of the columns of X
    estimator : by default "ML", or "WLSMV" for ordered items
    ordered : whether items are ordered categories, cut from normal variables at thresholds
    missing : "complete" rows; "full" information (maximum likelihood of every row's answers, continuous
        items); "pairwise" (ordered items)
    groups : the group of each row, or None for one group; in the order in which sorted values come
    clusters : the cluster of each row (a supervisor, say): errors and test then allow for rows of one
        cluster being alike; with MLR and WLSMV
    unit_variance : whether factors have unit variance rather than first loadings of one
    orthogonal : whether factors are uncorrelated
    means : whether to model means (always with several groups, thresholds or full information)
    scale : of ordered items: "delta", or "theta" (see `specify`)

    Returns
    -------
    FittedModel
        Or Unavailable: a group without enough rows, a constant item, an answer that a group never gives,
        a model that is not identified or that did not converge. An improper solution is returned and says
        so.

    Raises
    ------
    ValueError
        What is asked for does not go together (such as an estimator and ordered items), there are not as many
        different names as columns, or the model is for another number of groups than the data have.

    Notes
    -----
    The model is Σ = ΛΦΛ' + Θ and μ = ν + Λα in each group. ML makes log|Σ| + tr(SΣ⁻¹) - log|S| - k least,
    least squares (s - σ)'W(s - σ). Of ordered items Σ is that of the normal variables behind them.

    Equals ``lavaan::cfa(model, x, estimator =, ordered =, missing =, group =, std.lv =, orthogonal =)`` of
    version 0.6-14 and later, with its defaults. ML standard errors are from the expected information, under
    full information and MLR from the observed one; chi-square is n times the discrepancy (n - 1 under least
    squares). Scaled tests: Yuan-Bentler (MLR), Satorra-Bentler (MLM), scaled and shifted (WLSMV, ULSMV).

    References
    ----------
    Rosseel (2012). lavaan: an R package for structural equation modeling. Journal of Statistical Software,
    48(2). Joreskog (1969). Satorra and Bentler (1994). Yuan and Bentler (2000). Muthen (1984). Asparouhov
    and Muthen (2010). Savalei (2021).

    Examples
    --------
    >>> factor = np.random.default_rng(1).normal(size=(300, 1))
    >>> X = factor + np.random.default_rng(2).normal(size=(300, 4))
    >>> fit = confirmatory_factor_analysis(X, "f =~ a + b + c + d", names=["a", "b", "c", "d"])
    >>> fit.test.df, round(fit.test.value, 2)
    (2, 1.23)
    """
    chosen = estimator or ("WLSMV" if ordered else "ML")
    data = as_matrix(X)
    check_request(data, names, chosen, missing, ordered=ordered, clustered=clusters is not None)
    parts = split_groups(data, names, groups, clusters)
    if isinstance(model, ParameterTable):
        table = model
    else:
        table = specify(
            model,
            thresholds=threshold_counts(data, names) if ordered else None,
            groups=len(parts),
            means=means or missing == "full" or clusters is not None,
            unit_variance=unit_variance,
            orthogonal=orthogonal,
            scale=scale,
        )
    if table.groups != len(parts):
        raise ValueError(f"the model has {table.groups} groups and the data {len(parts)}")
    sample = sample_of(parts, table.items, missing, ordered=ordered)
    if isinstance(sample, Unavailable):
        return sample
    return fit_table(table, sample, parts, chosen, missing=missing)


@dataclass(frozen=True, kw_only=True)
class Part:
    """The rows of one group, all columns, with their clusters where these are given."""

    label: str
    X: Matrix
    names: tuple[str, ...]
    clusters: Matrix | None = None


def split_groups(
    X: Matrix, names: Sequence[str], groups: ArrayLike | None, clusters: ArrayLike | None = None
) -> tuple[Part, ...]:
    """Return the rows of each group, groups in sorted order; rows without a group are left out."""
    inside = None if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    if groups is None:
        return (Part(label="", X=X, names=tuple(names), clusters=_numbers(inside)),)
    given = np.asarray(groups)
    if given.shape != (len(X),):
        raise ValueError(f"groups must name the group of each of the {len(X)} rows")
    labels = given.astype(str) if given.dtype.kind not in "biuf" else given
    known = np.array([str(label) not in {"", "nan", "None"} for label in labels.tolist()])
    found = []
    for label in np.unique(labels[known]):
        rows = known & (labels == label)
        shown = f"{label:g}" if isinstance(label, np.floating) else str(label)
        part = None if inside is None else _numbers(inside[rows])
        found.append(Part(label=shown, X=X[rows], names=tuple(names), clusters=part))
    if len(found) < 2:  # noqa: PLR2004 - groups are compared
        raise ValueError(f"groups hold {len(found)} different values; a comparison needs two")
    return tuple(found)


def _numbers(clusters: NDArray[np.intp] | None) -> Matrix | None:
    if clusters is None:
        return None
    return np.unique(clusters, return_inverse=True)[1].astype(np.float64)


def check_request(
    X: Matrix, names: Sequence[str], estimator: Estimator, missing: Holes, *, ordered: bool, clustered: bool
) -> None:
    """Refuse arguments that exclude each other, and name those that go together."""
    if len(names) != X.shape[1] or len(set(names)) < len(names):
        raise ValueError(f"give {X.shape[1]} different names for the columns, not {len(names)}")
    if estimator not in RECIPES:
        raise ValueError(f"estimator must be one of {', '.join(RECIPES)}, not {estimator!r}")
    recipe = RECIPES[estimator]
    if ordered not in recipe.ordered:
        kind = "ordered" if ordered else "continuous"
        fitting = [name for name, other in RECIPES.items() if ordered in other.ordered]
        raise ValueError(f"{estimator} is not for {kind} items: choose one of {', '.join(fitting)}")
    allowed = {"complete", "pairwise"} if ordered else {"complete", "full"}
    if missing not in allowed or (missing == "full" and estimator not in {"ML", "MLR"}):
        raise ValueError(
            "missing must be 'complete'; 'pairwise' is for ordered items, 'full' for ML and MLR, "
            f"not {missing!r} for {estimator}"
        )
    if clustered and estimator not in {"MLR", "WLSMV"}:
        raise ValueError("clusters need robust errors: estimator 'MLR', or 'WLSMV' for ordered items")


def threshold_counts(X: Matrix, names: Sequence[str]) -> dict[str, int]:
    """Return how many thresholds each item has: one fewer than the answers that somebody gave."""
    return {
        name: len(np.unique(column[~np.isnan(column)])) - 1 for name, column in zip(names, X.T, strict=True)
    }


def sample_of(
    parts: Sequence[Part], items: Sequence[str], missing: Holes, *, ordered: bool
) -> Sample | Unavailable:
    """Return what a model of `items` is fitted to, by group, or why there is nothing."""
    names = tuple(items)
    for item in names:
        if item not in parts[0].names:
            raise ValueError(f"the model names the item {item!r}, which the data do not have")
    columns = [parts[0].names.index(item) for item in names]
    chosen = [part.X[:, columns] for part in parts]
    labels = [part.label for part in parts]
    if ordered:
        clusters = [part.clusters for part in parts]
        return ordered_groups(chosen, names, labels, missing, clusters)
    if missing == "complete":
        return continuous_groups(chosen, names, labels)
    return _incomplete_groups(chosen, names, labels)


def _incomplete_groups(
    groups: Sequence[Matrix], names: tuple[str, ...], labels: Sequence[str]
) -> tuple[Incomplete, ...] | Unavailable:
    found = []
    for X, label in zip(groups, labels, strict=True):
        where = f" in {label}" if label else ""
        kept = X[~np.isnan(X).all(axis=1)]
        answered = (~np.isnan(kept)).sum(axis=0)
        if len(kept) < 3 or answered.min() < 3:  # noqa: PLR2004 - two rows lie on one line
            fewest = names[int(answered.argmin())] if len(kept) else "any item"
            return Unavailable(reason="too few rows", detail=f"{fewest} has fewer than 3 answers{where}")
        constant = np.nanmax(kept, axis=0) == np.nanmin(kept, axis=0)
        if constant.any():
            return Unavailable(reason="constant item", detail=", ".join(np.array(names)[constant]) + where)
        together = (~np.isnan(kept)).T.astype(float) @ ~np.isnan(kept)
        if together.min() == 0:
            i, j = np.argwhere(together == 0)[0]
            return Unavailable(
                reason="too few rows", detail=f"no row answers both {names[i]} and {names[j]}{where}"
            )
        found.append(Incomplete(data=kept, names=names))
    return tuple(found)


def fit_table(
    table: ParameterTable,
    sample: Sample,
    parts: Sequence[Part],
    estimator: Estimator,
    *,
    missing: Holes,
    start: Matrix | None = None,
) -> FittedModel | Unavailable:
    """Fit a table of parameters to a sample, or say why there is no solution."""
    recipe = RECIPES[estimator]
    if (why := _unsuitable(sample, recipe)) is not None:
        return why
    solution = solve(table, sample, recipe, clusters=_clusters(parts, table.items, missing), start=start)
    if degrees_of_freedom(solution) < 0:
        detail = f"the model is not identified: it has {-degrees_of_freedom(solution)} parameters too many"
        return Unavailable(reason="not defined", detail=detail)
    if not np.isfinite(solution.minimum.value):
        return not_converged(solution.minimum)
    if (why := identified(solution)) is not None:
        return why
    if not solution.minimum.converged:
        return not_converged(solution.minimum)
    return FittedModel(
        solution=solution,
        estimator=estimator,
        method=_words(recipe, table, missing),
        groups=tuple(part.label for part in parts),
        used=tuple(solution.sizes),
        given=tuple(len(part.X) for part in parts),
        categories=tuple(group.polychoric.categories for group in sample if isinstance(group, Ordered)),
    )


def _unsuitable(sample: Sample, recipe: Recipe) -> Unavailable | None:
    """Return why no model can be fitted to the moments of a group, if none can."""
    for group in sample:
        if not isinstance(group, Continuous):
            continue
        k = len(group.mean)
        size = k * (k + 1) // 2
        if group.n <= k:
            return Unavailable(reason="too few rows", detail=f"{group.n} for {k} items")
        if recipe.discrepancy == "full" and group.n <= size:
            detail = f"{group.n}; the full weight matrix of {k} items needs more than {size}"
            return Unavailable(reason="too few rows", detail=detail)
        sd = np.sqrt(np.diagonal(group.covariance))
        values, vectors = np.linalg.eigh(group.covariance / np.outer(sd, sd))
        if values[0] < _SINGULAR:
            weights = np.abs(vectors[:, 0])
            involved = ", ".join(np.array(group.names)[weights > 0.1 * weights.max()])
            return Unavailable(reason="singular matrix", detail=involved)
    return None


def _clusters(parts: Sequence[Part], items: Sequence[str], missing: Holes) -> list[Matrix] | None:
    """Return the cluster of each row that the fit uses, numbered from nought."""
    found = []
    for part in parts:
        if part.clusters is None:
            return None
        X = part.X[:, [part.names.index(item) for item in items]]
        holes = np.isnan(X)
        kept = ~holes.any(axis=1) if missing == "complete" else ~holes.all(axis=1)
        found.append(np.unique(part.clusters[kept], return_inverse=True)[1].astype(np.float64))
    return found


def _words(recipe: Recipe, table: ParameterTable, missing: Holes) -> str:
    rows = {
        "complete": "complete rows",
        "pairwise": "pairs of items from the rows that answer both",
        "full": "every row's answers (full information)",
    }[missing]
    fixed = any(p.op == "=~" and p.free < 0 and p.value == 1 for p in table.parameters)
    scale = "first loadings fixed at one" if fixed else "factor variances fixed at one"
    if table.ordered:
        scale += f"; {table.scale} scale"
    return f"{recipe.words}; {rows}; {scale}"
