"""What a model of ordered items is fitted to where joint counts alone are known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.correlation.count_variances import variances
from analysis.correlation.polychoric import polychoric
from analysis.counts.joint import JointCounts
from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.estimation.sample_statistics import Ordered, unequal, weightless


def counted_groups(groups: Sequence[JointCounts], labels: Sequence[str]) -> tuple[Ordered, ...] | Unavailable:
    """Return thresholds and polychoric correlations of groups of which joint counts alone are known.

    Their covariances are missing but for the variances, so that they serve diagonal weights, and neither
    errors nor scaled tests.
    """
    found: list[Ordered] = []
    for counts, label in zip(groups, labels, strict=True):
        result = polychoric(counts, se=True)
        if isinstance(result, Unavailable):
            detail = f"{result.detail} in {label}".strip() if label else result.detail
            return Unavailable(reason=result.reason, detail=detail)
        spread = np.diag(variances(counts, result))
        found.append(Ordered(polychoric=replace(result, acov=spread)))
    names = found[0].names
    return unequal(found, names, labels) or weightless(found, names) or tuple(found)
