"""Reliability, structure and precision of ordinal questionnaires: arrays or counts in, frozen results out.

Names are looked up on first use, so that ``python -m analysis --help`` starts at once and a kernel never
imports a data frame.
"""

from importlib import import_module
from typing import Any, Final

_HOME: Final[dict[str, str]] = {
    "Estimate": "estimate",
    "Unavailable": "estimate",
    "JointCounts": "counts.joint",
    "joint_counts": "counts.joint",
    "cronbach_alpha": "reliability.alpha",
    "standardised_alpha": "reliability.alpha",
    "item_statistics": "reliability.alpha",
    "mcdonald_omega": "reliability.omega",
    "guttman_lambda": "reliability.lower_bounds",
    "greatest_lower_bound": "reliability.lower_bounds",
    "split_half": "reliability.lower_bounds",
    "composite_reliability": "reliability.composite",
    "average_variance_extracted": "reliability.composite",
    "maximal_reliability": "reliability.composite",
    "heterotrait_monotrait": "reliability.composite",
    "added_value": "reliability.composite",
    "describe": "descriptive.items",
    "mardia": "descriptive.items",
    "spearman": "descriptive.items",
    "polychoric": "correlation.polychoric",
    "Polychoric": "correlation.polychoric",
    "tetrachoric": "correlation.polychoric",
    "nearest_correlation": "correlation.nearest",
    "ordinal_alpha": "reliability.ordinal",
    "categorical_omega": "reliability.ordinal",
    "ordinal_factor": "reliability.ordinal",
    "kmo": "dimensionality.factorability",
    "bartlett": "dimensionality.factorability",
    "parallel_analysis": "dimensionality.parallel_analysis",
    "ParallelAnalysis": "dimensionality.parallel_analysis",
    "minimum_average_partial": "dimensionality.factorability",
    "factor_analysis": "factor_models.exploratory",
    "Factors": "factor_models.exploratory",
    "omega_hierarchical": "reliability.omega_hierarchical",
    "schmid_leiman": "reliability.omega_hierarchical",
    "confirmatory_factor_analysis": "factor_models.confirmatory",
    "Confirmed": "factor_models.confirmed",
    "factor_scores": "factor_models.factor_scores",
    "modification_indices": "factor_models.modification",
    "factor_reliability": "factor_models.solution_reliability",
    "measurement_invariance": "invariance.multigroup",
    "propose_partial": "invariance.partial",
    "graded_response": "item_response.graded_response",
    "partial_credit": "item_response.partial_credit",
    "rasch": "item_response.rasch",
    "ResponseModel": "item_response.response_model",
    "RaschModel": "item_response.rasch",
    "mokken_scalability": "item_response.mokken",
    "Mokken": "item_response.mokken",
    "mokken_scales": "item_response.mokken_selection",
    "monotonicity": "item_response.mokken_selection",
    "differential_item_functioning": "invariance.differential_item_functioning",
    "mantel_haenszel": "invariance.mantel_haenszel",
    "known_groups": "group_comparison.known_groups",
    "criterion_correlations": "group_comparison.criterion_correlations",
    "overlapping_difference": "group_comparison.dependent_correlations",
    "nonoverlapping_difference": "group_comparison.dependent_correlations",
    "cluster_variance": "group_comparison.clusters",
    "cluster_reliability": "group_comparison.cluster_reliability",
    "holm": "inference.significance",
    "intraclass_correlation": "agreement.intraclass",
    "measurement_error": "agreement.measurement_error",
    "limits_of_agreement": "agreement.measurement_error",
    "reliable_change": "agreement.measurement_error",
    "weighted_kappa": "agreement.measurement_error",
    "careless_indices": "response_quality.careless",
    "simulate": "simulation",
    "read_table": "files.read_table",
    "file_counts": "files.chunked",
    "file_moments": "files.chunked",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(f"analysis.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOME)
