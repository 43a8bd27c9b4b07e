"""Factor models of ordered items of which joint counts alone are known: estimates and plain fit."""

from collections.abc import Mapping

import numpy as np

from analysis.counts.joint import JointCounts
from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import Part, fit_table
from analysis.factor_models.confirmatory.estimation.counted import counted_groups
from analysis.factor_models.confirmatory.estimation.sample_statistics import Ordered
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.parameter_table import ParameterTable, specify


def fit_counts(
    counts: JointCounts, model: str, *, unit_variance: bool = False, orthogonal: bool = False
) -> FittedModel | Unavailable:
    """Fit a model to joint counts by diagonally weighted least squares.

    Estimates, the plain chi-square and SRMR are those of WLSMV from rows (lavaan: ``estimator = "DWLS"``).
    Standard errors and the scaled test need rows: what the result says of errors is not to be used.

    Parameters
    ----------
    counts : joint counts of the items, with names
    model : text in lavaan's notation
    unit_variance, orthogonal : as in `confirmatory_factor_analysis`

    Returns
    -------
    FittedModel or Unavailable
    """
    table = specified(counts, model, 1, unit_variance=unit_variance, orthogonal=orthogonal)
    taken = _of_model(counts, table)
    sample = counted_groups([taken], [""])
    if isinstance(sample, Unavailable):
        return sample
    return fit_table(table, sample, parts_of({"": taken}), "DWLS", missing="pairwise")


def specified(
    counts: JointCounts, model: str, groups: int, *, unit_variance: bool, orthogonal: bool
) -> ParameterTable:
    """Return the parameters of a model of some groups; several groups are on the theta scale."""
    used = (counts.item_counts > 0).sum(axis=1) - 1
    names = counts.names or tuple(f"item {place + 1}" for place in range(counts.k))
    return specify(
        model,
        thresholds=dict(zip(names, map(int, used), strict=True)),
        groups=groups,
        means=groups > 1,
        unit_variance=unit_variance or groups > 1,
        orthogonal=orthogonal,
        scale="theta" if groups > 1 else "delta",
    )


def sample_of_sites(
    sites: Mapping[str, JointCounts], table: ParameterTable
) -> tuple[Ordered, ...] | Unavailable:
    """Return what a model of several groups is fitted to, a group for each site."""
    return counted_groups([_of_model(counts, table) for counts in sites.values()], [*sites])


def parts_of(sites: Mapping[str, JointCounts]) -> tuple[Part, ...]:
    """Return the groups of a fit without their rows, of which only the number is known."""
    return tuple(
        Part(label=label, X=np.empty((counts.n, 0)), names=counts.names or ())
        for label, counts in sites.items()
    )


def _of_model(counts: JointCounts, table: ParameterTable) -> JointCounts:
    names = counts.names or ()
    return counts.take([names.index(item) for item in table.items])
