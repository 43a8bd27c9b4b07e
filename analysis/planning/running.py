"""Runs the aims of a plan over its sizes, each replication from a seed of its own, and sums up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.estimate import Estimate, Matrix
from analysis.inference.intervals import wilson
from analysis.planning.aims import AIMS, Case, chosen

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What came of an aim: of each size each figure with its Monte-Carlo interval, and the size that does."""

    aim: str
    figures: Mapping[int, Mapping[str, Estimate]]
    enough: int | None
    """The smallest size tried at which the deciding outcome is as frequent as asked; None where none is."""


def planned(case: Case, seed: int, *, progress: Progress) -> dict[str, Planned]:
    """Run every aim that the plan names.

    Parameters
    ----------
    case : what is supposed and asked
    seed : of the plan; each replication has a seed of its own, made from it, the aim, n and its number, so
        that other sizes, aims or replications change none of them
    progress : called with a few words, how many samples are done and how many there are
    """
    planning = case.planning
    aims = chosen(planning)
    total, done = len(aims) * len(planning.sizes) * planning.replications, 0
    found = {}
    for name in aims:
        figures = {}
        for n in sorted(planning.sizes):
            outcomes = []
            for replication in range(planning.replications):
                progress(f"{name}, n = {n}", done, total)
                rng = np.random.default_rng([seed, [*AIMS].index(name), n, replication])
                outcomes.append(AIMS[name].run(n, rng, case))
                done += 1
            figures[n] = {key: _summed(np.array([each[key] for each in outcomes])) for key in outcomes[0]}
        deciding = AIMS[name].deciding
        enough = next((n for n, each in figures.items() if each[deciding].value >= planning.power), None)
        found[name] = Planned(aim=name, figures=figures, enough=enough)
    return found


def _summed(outcomes: Matrix) -> Estimate:
    """Return a share with Wilson's interval, or a mean with the normal one, of the replications."""
    n = len(outcomes)
    if np.isin(outcomes, (0.0, 1.0)).all():
        low, high = wilson(int(outcomes.sum()), n, 0.95)
        return Estimate(
            value=float(outcomes.mean()), low=low, high=high, level=0.95, n=n, k=1, method="share"
        )
    known = outcomes[np.isfinite(outcomes)]
    mean = float(known.mean()) if known.size else float("nan")
    half = 1.96 * float(known.std(ddof=1)) / np.sqrt(known.size) if known.size > 1 else float("nan")
    return Estimate(
        value=mean, low=mean - half, high=mean + half, level=0.95, n=int(known.size), k=1, method="mean"
    )
