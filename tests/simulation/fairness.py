"""How often fair items are called unfair, and unfair ones found, in SIMULATED answers of two groups.

    python -m tests.simulation.fairness --sets 500 --seed 1

Each design draws so many sets of answers to ten items of five categories and tests each item at 5 %, matched
by the purified total, or by the position under a graded model where the groups stand apart, or by likelihood
ratio within that model. A line gives the
share of fair items called unfair with its Monte-Carlo error, and the share of sets in which the planted item
was found beside the share planned: the power of the noncentral chi-square whose noncentrality is that of a
very large sample. Exits with 1 where false alarms lie beyond three Monte-Carlo errors of 5 %, or the power
beyond three of its plan. By the total, false alarms are printed without a limit where the groups are apart,
because a total is not sufficient when items discriminate unequally.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.special import chdtri, chndtr

from analysis.inference.significance import SignificanceTest
from analysis.invariance.differential_item_functioning import differential_item_functioning
from analysis.invariance.likelihood_ratio import likelihood_ratio_dif
from analysis.invariance.nested_logits import NestedLogits
from analysis.simulation import simulate

LOADINGS: Final = (0.5, 0.6, 0.7, 0.8, 0.6, 0.7, 0.5, 0.8, 0.7, 0.6)
CUTS: Final = (-1.2, -0.4, 0.4, 1.2)
PLANTED: Final = 4  # the item that differs, where one does
ALPHA: Final = 0.05
LARGE: Final = 100_000
ERRORS: Final = 3.0


@dataclass(frozen=True)
class Design:
    """n people in two groups of equal size, the second standing `apart` higher in standard deviations.

    In it the planted item's thresholds lie `shift` higher and its loading is `weaker` by so much.
    """

    n: int
    apart: float = 0.0
    shift: float = 0.0
    weaker: float = 0.0
    by: Literal["total", "position", "response model"] = "total"

    @property
    def matching(self) -> Literal["total", "theta"]:
        return "theta" if self.by == "position" else "total"

    @property
    def barred(self) -> bool:
        return self.by != "total" or not self.apart

    @property
    def fair(self) -> bool:
        return not self.shift and not self.weaker

    def __str__(self) -> str:
        how = "fair" if self.fair else f"thresholds +{self.shift:g}, loading -{self.weaker:g}"
        return f"n = {self.n}, groups {self.apart:g} sd apart, {how}, by the {self.by}"

    def draw(self, rng: np.random.Generator, n: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return answers and who is in the second group."""
        half = (n or self.n) // 2
        loadings, cuts = np.array(LOADINGS), np.tile(CUTS, (len(LOADINGS), 1))
        first = simulate(half, loadings, cuts, rng)
        loadings[PLANTED] -= self.weaker
        cuts[PLANTED] += self.shift
        second = simulate(half, loadings, cuts, rng, means=self.apart)
        return np.vstack([first, second]).astype(float), np.repeat([0, 1], half)


DESIGNS: Final = (
    *(
        design
        for n in (500, 1000)
        for design in (
            Design(n=n),
            Design(n=n, apart=0.5, by="position"),
            Design(n=n, apart=0.5),
            Design(n=n, shift=0.3),
            Design(n=n, weaker=0.3),
            Design(n=n, apart=0.5, shift=0.3, by="position"),
        )
    ),
    Design(n=500, apart=0.5, by="response model"),
)


def planned(design: Design, rng: np.random.Generator) -> float:
    """Return the power at which the planted item ought to be found."""
    X, groups = design.draw(rng, LARGE)
    anchors = [j for j in range(len(LOADINGS)) if j != PLANTED]
    order = [PLANTED, *anchors]
    found = differential_item_functioning(X[:, order], groups, matching=design.matching, alpha=1e-6)
    item = found.items[0]
    noncentrality = (item.logits.chi_square("total").statistic - 2) * design.n / LARGE
    return float(1 - chndtr(chdtri(2, ALPHA), 2, max(noncentrality, 0.0)))


def tested(design: Design, X: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return p of each item, 1 where it could not be tested."""
    if design.by == "response model":
        model = likelihood_ratio_dif(X, groups, purify=False)
        return np.array([i.test.p if isinstance(i.test, SignificanceTest) else 1.0 for i in model.items])
    found = differential_item_functioning(X, groups, matching=design.matching, alpha=ALPHA)
    fits = [item.logits for item in found.items]
    return np.array([fit.chi_square("total").p if isinstance(fit, NestedLogits) else 1.0 for fit in fits])


def run(design: Design, sets: int, seed: int) -> tuple[str, bool]:
    """Return the design's line, and whether it is as it should be."""
    rng = np.random.default_rng((seed, DESIGNS.index(design)))
    fair = [j for j in range(len(LOADINGS)) if design.fair or j != PLANTED]
    alarms, found = np.empty(sets), np.empty(sets)
    for number in range(sets):
        X, groups = design.draw(rng)
        p = tested(design, X, groups)
        alarms[number] = (p[fair] < ALPHA).mean()
        found[number] = p[PLANTED] < ALPHA
    rate, error = alarms.mean(), alarms.std(ddof=1) / np.sqrt(sets)
    good = abs(rate - ALPHA) <= ERRORS * error
    line = f"{design}: false alarms {rate:.2%} (error {error:.2%}{'' if design.barred else ', no bar'})"
    good |= not design.barred
    if not design.fair:
        plan = planned(design, rng)
        good &= abs(found.mean() - plan) <= ERRORS * np.sqrt(max(plan * (1 - plan), 0.25 / sets) / sets)
        line += f", planted item found {found.mean():.1%} of {plan:.1%} planned"
    return line + ("" if good else "  BEYOND"), bool(good)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.fairness", description=__doc__)
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started, all_good = time.monotonic(), True
    for design in DESIGNS:
        line, good = run(design, asked.sets, asked.seed)
        print(line, flush=True)
        all_good &= good
    verdict = "as they should be" if all_good else "NOT as they should be"
    minutes = (time.monotonic() - started) / 60
    print(
        f"fairness: {len(DESIGNS)} designs of {asked.sets} SIMULATED sets, seed {asked.seed}: "
        f"{verdict} ({minutes:.1f} min)"
    )
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
