"""Reliability, structure and precision of ordinal questionnaires: arrays or counts in, frozen results out.

Names are imported on first use, so that ``python -m analysis --help`` starts at once and the statistics do
not import pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # the imports that `_HOME` lists, for type checkers and editors, which do not run it
    from analysis.agreement.intraclass import intraclass_correlation as intraclass_correlation
    from analysis.agreement.measurement_error import limits_of_agreement as limits_of_agreement
    from analysis.agreement.measurement_error import measurement_error as measurement_error
    from analysis.agreement.measurement_error import reliable_change as reliable_change
    from analysis.agreement.weighted_kappa import weighted_kappa as weighted_kappa
    from analysis.content_validity.indices import content_validity_ratio as content_validity_ratio
    from analysis.content_validity.indices import critical_votes as critical_votes
    from analysis.content_validity.indices import item_content_validity as item_content_validity
    from analysis.content_validity.indices import modified_kappa as modified_kappa
    from analysis.content_validity.indices import scale_content_validity as scale_content_validity
    from analysis.correlation.nearest import nearest_correlation as nearest_correlation
    from analysis.correlation.polychoric import Polychoric as Polychoric
    from analysis.correlation.polychoric import polychoric as polychoric
    from analysis.correlation.polychoric import tetrachoric as tetrachoric
    from analysis.counts.joint import JointCounts as JointCounts
    from analysis.counts.joint import joint_counts as joint_counts
    from analysis.descriptive.items import describe as describe
    from analysis.descriptive.items import mardia as mardia
    from analysis.descriptive.items import spearman as spearman
    from analysis.dimensionality.factorability import bartlett as bartlett
    from analysis.dimensionality.factorability import kmo as kmo
    from analysis.dimensionality.factorability import minimum_average_partial as minimum_average_partial
    from analysis.dimensionality.parallel_analysis import ParallelAnalysis as ParallelAnalysis
    from analysis.dimensionality.parallel_analysis import parallel_analysis as parallel_analysis
    from analysis.estimate import Estimate as Estimate
    from analysis.estimate import Unavailable as Unavailable
    from analysis.factor_models.confirmatory.confirmatory_factor_analysis import (
        confirmatory_factor_analysis as confirmatory_factor_analysis,
    )
    from analysis.factor_models.confirmatory.factor_scores import factor_scores as factor_scores
    from analysis.factor_models.confirmatory.fit_cutoffs import fit_cutoffs as fit_cutoffs
    from analysis.factor_models.confirmatory.fitted_model import FittedModel as FittedModel
    from analysis.factor_models.confirmatory.model_reliability import factor_reliability as factor_reliability
    from analysis.factor_models.confirmatory.modification_indices import (
        modification_indices as modification_indices,
    )
    from analysis.factor_models.exploratory import Factors as Factors
    from analysis.factor_models.exploratory import factor_analysis as factor_analysis
    from analysis.files.chunked import file_counts as file_counts
    from analysis.files.chunked import file_moments as file_moments
    from analysis.files.read_table import read_table as read_table
    from analysis.group_comparison.cluster_reliability import cluster_reliability as cluster_reliability
    from analysis.group_comparison.clusters import cluster_variance as cluster_variance
    from analysis.group_comparison.criterion_correlations import (
        criterion_correlations as criterion_correlations,
    )
    from analysis.group_comparison.dependent_correlations import (
        nonoverlapping_difference as nonoverlapping_difference,
    )
    from analysis.group_comparison.dependent_correlations import (
        overlapping_difference as overlapping_difference,
    )
    from analysis.group_comparison.known_groups import known_groups as known_groups
    from analysis.inference.significance import holm as holm
    from analysis.invariance.differential_item_functioning import (
        differential_item_functioning as differential_item_functioning,
    )
    from analysis.invariance.likelihood_ratio import likelihood_ratio_dif as likelihood_ratio_dif
    from analysis.invariance.mantel_haenszel import mantel_haenszel as mantel_haenszel
    from analysis.invariance.multigroup import measurement_invariance as measurement_invariance
    from analysis.invariance.partial import propose_partial as propose_partial
    from analysis.item_response.graded_response import graded_response as graded_response
    from analysis.item_response.mokken import Mokken as Mokken
    from analysis.item_response.mokken import mokken_scalability as mokken_scalability
    from analysis.item_response.mokken_selection import mokken_scales as mokken_scales
    from analysis.item_response.mokken_selection import monotonicity as monotonicity
    from analysis.item_response.partial_credit import partial_credit as partial_credit
    from analysis.item_response.rasch import RaschModel as RaschModel
    from analysis.item_response.rasch import rasch as rasch
    from analysis.item_response.response_model import ResponseModel as ResponseModel
    from analysis.reliability.alpha import cronbach_alpha as cronbach_alpha
    from analysis.reliability.alpha import item_statistics as item_statistics
    from analysis.reliability.alpha import standardised_alpha as standardised_alpha
    from analysis.reliability.composite import added_value as added_value
    from analysis.reliability.composite import average_variance_extracted as average_variance_extracted
    from analysis.reliability.composite import composite_reliability as composite_reliability
    from analysis.reliability.composite import heterotrait_monotrait as heterotrait_monotrait
    from analysis.reliability.composite import maximal_reliability as maximal_reliability
    from analysis.reliability.lower_bounds import greatest_lower_bound as greatest_lower_bound
    from analysis.reliability.lower_bounds import guttman_lambda as guttman_lambda
    from analysis.reliability.lower_bounds import split_half as split_half
    from analysis.reliability.omega import mcdonald_omega as mcdonald_omega
    from analysis.reliability.omega_hierarchical import omega_hierarchical as omega_hierarchical
    from analysis.reliability.omega_hierarchical import schmid_leiman as schmid_leiman
    from analysis.reliability.ordinal import categorical_omega as categorical_omega
    from analysis.reliability.ordinal import ordinal_alpha as ordinal_alpha
    from analysis.reliability.ordinal import ordinal_factor as ordinal_factor
    from analysis.response_quality.careless import careless_indices as careless_indices
    from analysis.simulation import simulate as simulate

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
    "confirmatory_factor_analysis": "factor_models.confirmatory.confirmatory_factor_analysis",
    "FittedModel": "factor_models.confirmatory.fitted_model",
    "fit_cutoffs": "factor_models.confirmatory.fit_cutoffs",
    "factor_scores": "factor_models.confirmatory.factor_scores",
    "modification_indices": "factor_models.confirmatory.modification_indices",
    "factor_reliability": "factor_models.confirmatory.model_reliability",
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
    "likelihood_ratio_dif": "invariance.likelihood_ratio",
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
    "weighted_kappa": "agreement.weighted_kappa",
    "careless_indices": "response_quality.careless",
    "item_content_validity": "content_validity.indices",
    "modified_kappa": "content_validity.indices",
    "content_validity_ratio": "content_validity.indices",
    "critical_votes": "content_validity.indices",
    "scale_content_validity": "content_validity.indices",
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
