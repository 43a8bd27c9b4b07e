"""The people who are supposed: facets under one general factor, their answers cut at thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.estimate import Matrix
from analysis.planning.settings import Planning
from analysis.simulation import higher_order, simulate, thresholds_from


@dataclass(frozen=True, kw_only=True)
class Population:
    """The structure of a form, with the loadings and answers that a plan supposes."""

    scales: Mapping[str, Sequence[str]]
    loadings: Matrix
    phi: Matrix
    thresholds: Matrix
    general: Matrix

    @property
    def items(self) -> tuple[str, ...]:
        """The items, scale by scale."""
        return tuple(item for items in self.scales.values() for item in items)

    def columns(self, scale: str) -> list[int]:
        """Return the columns of a scale's items."""
        return [self.items.index(item) for item in self.scales[scale]]

    def draw(
        self, n: int, rng: np.random.Generator, *, apart: float = 0.0, shift: float = 0.0, items: int = 0
    ) -> Matrix:
        """Return keyed answers of n people.

        `apart` raises the general factor, in its standard deviations; `shift` raises the thresholds of the
        first `items` items of the first scale and of the scales after it.
        """
        cuts = np.broadcast_to(self.thresholds, (len(self.items), len(self.thresholds))).copy()
        cuts[:items] += shift
        found = simulate(n, self.loadings, cuts, rng, phi=self.phi, means=apart * self.general)
        return found.astype(np.float64)


def population(scales: Mapping[str, Sequence[str]], planning: Planning) -> Population:
    """Return the people that a plan supposes to answer these scales."""
    general = [planning.general if len(scales) > 1 else 1.0] * len(scales)
    homes = [place for place, items in enumerate(scales.values()) for _ in items]
    loadings, phi = higher_order(general, homes, planning.loading)
    return Population(
        scales=scales,
        loadings=loadings,
        phi=phi,
        thresholds=thresholds_from(planning.shares),
        general=np.array(general),
    )
