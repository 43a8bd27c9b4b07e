"""Coverage of the standard errors of response models, and size of their tests, in SIMULATED answers.

    python -m tests.simulation.response_models --sets 500 --seed 1 [--only WORDS]

Each design draws so many sets of answers from the model that is then fitted, and prints one line: the share
of 95 % intervals of slopes (or of the standard deviation of θ) and of thresholds that hold the true value,
the share of true θ inside the score and twice its error, and how often M2 or C2, S-X2 of the items and
Andersen's test reject at 5 %. The last line sums up. Exits with 1 where a coverage is outside 93 to 97 %, or
a share of rejections of M2 or C2, or of Andersen's test, is more than three Monte-Carlo errors from 5 %. S-X2
is printed and not judged, since its distribution is approximate.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from analysis.estimate import Unavailable
from analysis.item_response.andersen_test import andersen_test
from analysis.item_response.category_curves import category_curves
from analysis.item_response.graded_response import graded_response
from analysis.item_response.item_fit import s_x2
from analysis.item_response.limited_information import limited_fit
from analysis.item_response.partial_credit import partial_credit
from analysis.item_response.rasch import rasch
from analysis.item_response.response_model import ResponseModel
from analysis.item_response.scoring import person_scores

Z: Final = 1.959964
COVERED: Final = (0.93, 0.97)
ERRORS: Final = 3.0
SLOPES: Final = (1.0, 1.6, 0.8, 2.2, 1.3, 1.0, 1.8, 1.2, 0.9, 1.5)
CENTRES: Final = (-0.6, -0.3, 0.0, 0.3, 0.6, 0.5, 0.2, -0.1, -0.4, 0.0)


@dataclass(frozen=True)
class Design:
    """Ten items of `steps` + 1 categories, answered by n people, a share of the answers missing."""

    name: str
    fit: Callable[[Any], Any]
    n: int
    steps: int = 4
    family: str = "cumulative"
    equal: bool = False
    missing: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}, n = {self.n}" + (f", {self.missing:.0%} missing" if self.missing else "")

    @property
    def slopes(self) -> np.ndarray:
        slopes = np.full(len(SLOPES), 1.3) if self.equal else np.array(SLOPES)
        return slopes / (2.0 if self.family == "adjacent" and self.steps > 1 else 1.0)

    @property
    def thresholds(self) -> np.ndarray:
        """In units of θ, whose standard deviation is 1."""
        around = np.linspace(-1.4, 1.4, self.steps) if self.steps > 1 else np.zeros(1)
        return np.array(CENTRES)[:, None] * (2.0 if self.steps == 1 else 1.0) + around

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return answers and the θ they were drawn at."""
        theta = rng.standard_normal(self.n)
        d = -self.slopes[:, None] * self.thresholds
        d = np.cumsum(d, axis=1) if self.family == "adjacent" else d
        P = category_curves(self.family, self.slopes, d, theta).probability
        above = rng.random((len(SLOPES), 1, self.n)) > np.cumsum(P, axis=1)
        X = above.sum(axis=1).T.astype(float)
        X[rng.random(X.shape) < self.missing] = np.nan
        return X, theta


DESIGNS: Final = (
    Design("graded response", graded_response, 500),
    Design("graded response", graded_response, 1000),
    Design("graded response", graded_response, 1000, missing=0.1),
    Design("two-parameter logistic", graded_response, 1000, steps=1),
    Design("generalised partial credit", partial_credit, 1000, family="adjacent"),
    Design("partial credit", lambda X: partial_credit(X, slopes="equal"), 500, family="adjacent", equal=True),
    Design("conditional partial credit", rasch, 500, steps=2, family="adjacent", equal=True),
    Design("conditional Rasch", rasch, 500, steps=1, family="adjacent", equal=True),
)


@dataclass
class Counts:
    """Hits and tries of each figure."""

    hits: dict[str, int] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, hit: np.ndarray) -> None:
        hit = np.atleast_1d(hit)
        self.hits[name] = self.hits.get(name, 0) + int(hit.sum())
        self.tries[name] = self.tries.get(name, 0) + hit.size

    def share(self, name: str) -> float:
        return self.hits[name] / self.tries[name]


def covers(value: np.ndarray, se: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.abs(value - true) <= Z * se


def one(design: Design, rng: np.random.Generator, counts: Counts) -> bool:
    """Fit one set of answers; False where there is no fit."""
    X, theta = design.draw(rng)
    found = design.fit(X)
    if isinstance(found, Unavailable):
        return False
    scale = design.slopes[0] if design.equal else 1.0  # θ is in units in which slopes are 1
    true = scale * design.thresholds
    if isinstance(found, ResponseModel):
        counts.add("thresholds", covers(found.thresholds, found.thresholds_se, true))
        if found.free_slopes:
            counts.add("slopes", covers(found.slopes, found.slopes_se, design.slopes))
        else:
            counts.add("slopes", covers(np.array(found.sd), np.array(found.sd_se), np.array(scale)))
        scores = person_scores(found, X)
        counts.add("theta", covers(scores.theta, scores.se, scale * theta))
        limited, items = limited_fit(found, X), s_x2(found, X)
        if not isinstance(limited, Unavailable):
            counts.add("M2/C2", np.array(limited.p < 0.05))
        if not isinstance(items, Unavailable):
            counts.add("S-X2", np.array([item.p < 0.05 for item in items if item.p is not None]))
        return True
    # Conditional estimates add up to 0, so the true values are shifted to do so too.
    easy = -np.cumsum(true, axis=1)
    steps = np.arange(1, design.steps + 1)
    moved = easy - steps * easy.sum() / (steps.sum() * len(easy))
    counts.add(
        "thresholds", covers(found.thresholds, found.thresholds_se, -np.diff(moved, axis=1, prepend=0))
    )
    compared = andersen_test(X)
    if not isinstance(compared, Unavailable):
        counts.add("Andersen", np.array(compared.p < 0.05))
    return True


def judge(design: Design, counts: Counts, sets: int, failed: int) -> list[str]:
    """Return what is wrong with the shares of a design."""
    wrong = [
        f"{design}: {name} covered {counts.share(name):.1%}"
        for name in ("slopes", "thresholds", "theta")
        if name in counts.tries and not COVERED[0] <= counts.share(name) <= COVERED[1]
    ]
    for name in ("M2/C2", "Andersen"):
        if name in counts.tries:
            error = np.sqrt(0.05 * 0.95 / counts.tries[name])
            if abs(counts.share(name) - 0.05) > ERRORS * error:
                wrong.append(f"{design}: {name} rejects {counts.share(name):.1%}")
    if failed > sets / 100:
        wrong.append(f"{design}: {failed} of {sets} sets without a fit")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="WORDS", default="", help="only the designs that hold these words")
    asked = parser.parse_args()
    wrong, designs, started = [], 0, time.monotonic()
    for number, design in enumerate(DESIGNS):
        if asked.only not in str(design):
            continue
        rng, counts = np.random.default_rng([asked.seed, number]), Counts()
        failed = sum(not one(design, rng, counts) for _ in range(asked.sets))
        told = ", ".join(f"{name} {counts.share(name):.1%}" for name in counts.tries)
        sys.stdout.write(f"SIMULATED {design}: {told}; {failed} of {asked.sets} sets without a fit\n")
        sys.stdout.flush()
        wrong += judge(design, counts, asked.sets, failed)
        designs += 1
    minutes = (time.monotonic() - started) / 60
    sys.stdout.write(
        f"SIMULATED {designs} designs of {asked.sets} sets, seed {asked.seed}, {minutes:.1f} minutes: "
        + ("; ".join(wrong) if wrong else "every coverage in 93 to 97 %, every size within its error")
        + "\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
