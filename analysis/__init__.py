"""Reliability, structure and precision of ordinal questionnaires: arrays or counts in, frozen results out.

Names are looked up on first use, so that ``python -m analysis --help`` starts at once and a kernel never
imports a data frame.
"""

from importlib import import_module
from typing import Any, Final

_HOME: Final[dict[str, str]] = {
    "Estimate": "estimate",
    "Unavailable": "estimate",
    "JointCounts": "counts",
    "joint_counts": "counts",
    "cronbach_alpha": "reliability",
    "standardised_alpha": "reliability",
    "item_statistics": "reliability",
    "mcdonald_omega": "omega",
    "guttman_lambda": "bounds",
    "greatest_lower_bound": "bounds",
    "split_half": "bounds",
    "composite_reliability": "composite",
    "average_variance_extracted": "composite",
    "maximal_reliability": "composite",
    "heterotrait_monotrait": "composite",
    "added_value": "composite",
    "describe": "items",
    "mardia": "items",
    "spearman": "items",
    "polychoric": "correlations",
    "Polychoric": "correlations",
    "tetrachoric": "correlations",
    "nearest_correlation": "nearest",
    "ordinal_alpha": "ordinal",
    "categorical_omega": "ordinal",
    "ordinal_factor": "ordinal",
    "kmo": "dimensions",
    "bartlett": "dimensions",
    "parallel_analysis": "parallel",
    "ParallelAnalysis": "parallel",
    "minimum_average_partial": "dimensions",
    "factor_analysis": "factors",
    "Factors": "factors",
    "omega_hierarchical": "hierarchy",
    "schmid_leiman": "hierarchy",
    "mokken_scalability": "scalability",
    "Mokken": "scalability",
    "intraclass_correlation": "agreement",
    "measurement_error": "precision",
    "limits_of_agreement": "precision",
    "reliable_change": "precision",
    "weighted_kappa": "precision",
    "careless_indices": "careless",
    "simulate": "simulation",
    "read_table": "tables",
    "file_counts": "blocks",
    "file_moments": "blocks",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(f"analysis.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOME)
