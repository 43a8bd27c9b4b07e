"""The erased sheet: figures from before an erasure, compared with what is there after it.

    python -m tests.attack.erased_sheet --erasures 120 --seed 1 --db sqlite,postgres

In waves of 30 to 90 people somebody erases their answers. The attacker has the page on reliability from
before and from after, and every row that is left. For each scale the attacker tries every sheet that the
erased person could have filled in (or none, since an incomplete one is in no coefficient), and computes how
likely alpha and its interval would have been shown as they are: figures are changed by chance in a way that
the attacker knows, with deviates that they do not. An answer counts as found where the sheets that agree in
it are together at least 0.95 likely, all sheets being equally likely before. Omega, which rests on the same
covariances, is not tried.

The controls break the figures on purpose, and the attack must win:

exact  figures are kept in full precision.
live   figures are computed at every look, in full precision: they change, and the rows are not needed.

Figures that are rounded and not changed by chance name an unusual sheet that moved one across the end of a
step, in about 2 of 1,000 scales: tests/attack/test_erased_sheet.py holds such a scale.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution
from scipy.stats import laplace
from sqlalchemy import delete, select, update

from analysis.disclosure import rounding
from analysis.estimate import Matrix
from app import studies
from app.closing import figures, maintenance
from app.closing.mixing import RESPONSE
from app.closing.snapshots import SNAPSHOT
from app.config import Settings
from app.db import read, write
from app.export.reliability import as_json, reliability
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from instrument import Subscale, keyed
from tests.lib.attack_runs import run_each
from tests.lib.respondents import answer, make_due, sheet

CONTROLS = ("exact", "live")
OPTIONS = 5
ITEMS = 30
SAME = 1e-9
SURE = 0.95
"""How likely an answer is that counts as named."""
GRID = sorted(each * 10.0**power for each in rounding.STEPS[:-1] for power in range(-4, 2))
"""Every step that a figure may be rounded to."""
WHOLE, TINY = 1e-6, 1e-12


@dataclass(frozen=True)
class Outcome:
    named: int
    wrong: int
    of: int
    moved: int
    erasures: int

    def __str__(self) -> str:
        return (
            f"named {self.named} of {self.of} answers, {self.wrong} of them wrongly; "
            f"the page moved at {self.moved} of {self.erasures} erasures"
        )


def attack(url: str, erasures: int, seed: int, control: str = "") -> Outcome:
    service = make_service(Settings(database_url=url, secret=Random(seed).randbytes(32), secure=False))
    check_secret(service)
    chance = Random(seed)
    named = wrong = moved = 0
    with broken(control):
        for number in range(erasures):
            wave = closed_wave(service, f"s{number}", chance)
            before = shown(service, wave, live=control == "live")
            sheet_gone = erase(service, wave, chance)
            after = shown(service, wave, live=control == "live")
            moved += before != after
            for scale in scales(service):
                told = before["scales"][scale.id]["alpha"]
                right, false = name(service, wave, scale, told, sheet_gone)
                named, wrong = named + right + false, wrong + false
    service.engine.dispose()
    return Outcome(named, wrong, erasures * ITEMS, moved, erasures)


def scales(service: Service) -> list[Subscale]:
    return [each for each in service.instruments["ppiq"].key.subscales("a").values() if each.items]


def closed_wave(service: Service, study: str, chance: Random) -> str:
    with write(service.engine) as db:
        studies.make_study(db, id=study, title=study, simulated=True, context=[], leaving="rows")
        studies.add_unit(db, study, "only", "Only")
        wave = waves.make_wave(service, db, study)
        waves.open_wave(service, db, wave)
        codes = waves.issue_codes(service, db, wave, "only", chance.randint(30, 90))
    for code in codes:
        mood = chance.gauss(0, 1)
        filled = sheet(service, wave, chance)
        given = {item: _given(service, item, mood, chance) for item in _items(service)}
        answer(service, code, replace(filled, answers=given))
    make_due(service, wave)
    maintenance.run_due_tasks(service)
    return wave


def _items(service: Service) -> list[str]:
    return [item.id for item in service.instruments["ppiq"].forms["a"].items]


def _given(service: Service, item: str, mood: float, chance: Random) -> int:
    """Correlated answers, so that there is a coefficient; a few are left out."""
    if chance.random() < 0.01:
        return -88
    value = min(4, max(0, round(2 + mood + chance.gauss(0, 1))))
    turned = item in service.instruments["ppiq"].key.reversed_items("a")
    return 4 - value if turned else value


def shown(service: Service, wave: str, *, live: bool) -> dict[str, Any]:
    """What the page shows at this moment."""
    if live:
        with write(service.engine) as db:
            db.execute(update(SNAPSHOT).where(SNAPSHOT.c.wave == wave).values(figures=None))
        figures.keep_figures(service, wave)
    with read(service.engine) as db:
        return as_json(reliability(service, db, wave))


def erase(service: Service, wave: str, chance: Random) -> dict[str, int]:
    """Erase somebody who answered everything; return what they answered."""
    with write(service.engine) as db:
        whole = [
            row
            for row in db.execute(select(RESPONSE.c.id, RESPONSE.c.answers).where(RESPONSE.c.wave == wave))
            if min(row.answers.values()) >= 0
        ]
        gone = chance.choice(sorted(whole, key=lambda row: str(row.id)))
        db.execute(delete(RESPONSE).where(RESPONSE.c.id == gone.id))
    maintenance.run_due_tasks(service)
    return dict(gone.answers)


def name(
    service: Service, wave: str, scale: Subscale, told: dict[str, Any], gone: dict[str, int]
) -> tuple[int, int]:
    """How many answers to a scale the attacker names rightly and wrongly."""
    items = [item.id for item in scale.items]
    ppiq = service.instruments["ppiq"]
    with read(service.engine) as db:
        people = db.execute(select(RESPONSE.c.answers).where(RESPONSE.c.wave == wave)).scalars()
        left = [[keyed(ppiq, "a", item, given[item]) for item in items] for given in people]
    rows = np.array([row for row in left if None not in row], dtype=float)
    truth = [keyed(ppiq, "a", item, gone[item]) for item in items]
    candidates = np.array(list(product(range(OPTIONS), repeat=len(items))), dtype=float)
    none = (alphas(rows[1:], rows[:1])[0], len(rows))
    return found(alphas(rows, candidates), len(rows) + 1, none, candidates, truth=truth, told=told)


def found(
    alphas: Matrix,
    n: int,
    none: tuple[float, int],
    candidates: Matrix,
    *,
    truth: Sequence[float],
    told: dict[str, Any],
) -> tuple[int, int]:
    """How many answers are named rightly and wrongly, by what each candidate makes of alpha.

    `none` is alpha, and its n, if the sheet was in no coefficient.
    """
    k = candidates.shape[1]
    likely = np.append(likelihood(alphas, n, k, told), likelihood(np.array(none[:1]), none[1], k, told))
    if not likely.sum():
        return 0, 0
    likely /= likely.sum()
    right = wrong = 0
    for place, value in product(range(k), range(OPTIONS)):
        if likely[:-1][candidates[:, place] == value].sum() >= SURE:
            right += truth[place] == value
            wrong += truth[place] != value
    return right, wrong


def alphas(rows: Matrix, candidates: Matrix) -> NDArray[np.float64]:
    """Alpha of the rows together with each of the candidates in turn."""
    n, k = len(rows) + 1, rows.shape[1]

    def variance(of_rows: Matrix, of_candidates: Matrix) -> Matrix:
        sums, squares = of_rows.sum(0) + of_candidates, (of_rows**2).sum(0) + of_candidates**2
        return (squares - sums**2 / n) / (n - 1)

    items = variance(rows, candidates).sum(axis=1)
    totals = variance(rows.sum(axis=1), candidates.sum(axis=1))
    return np.asarray(k / (k - 1) * (1 - items / totals))


@cache
def quantile(at: float, n: int, k: int) -> float:
    """A quantile of the F distribution, for Feldt's interval."""
    return float(f_distribution.ppf(at, n - 1, (n - 1) * (k - 1)))


def likelihood(alphas: Matrix, n: int, k: int, told: dict[str, Any]) -> Matrix:
    """How likely the page shows what it did, for each alpha of n people.

    What is shown says between which bounds the factor of the interval and the moved figure lay, for each step
    and each rounded figure that fit; those above 1 are shown as 1.
    """
    if "unavailable" in told:
        return np.ones(len(alphas))
    low, high = (1 - (1 - alphas) * quantile(at, n, k) for at in (0.975, 0.025))
    if figures.blurred is unchanged:
        return np.array([shows(*each, told) for each in zip(alphas, low, high, strict=True)], dtype=float)
    error = (high - low) / rounding.STANDARD_ERRORS
    total = np.zeros(len(alphas))
    for finer, step in pairwise(GRID):
        for middle in [told["value"]] if told["value"] < 1 else 1 + step * np.arange(10):
            below, above = (middle - told["low"]) / step, (told["high"] - middle) / step
            if not all(abs(each - round(each)) < WHOLE for each in (middle / step, below)):
                continue
            if told["high"] < 1 and abs(above - round(above)) > WHOLE:
                continue
            down, up = step / (alphas - low), step / (high - alphas)  # the factor that makes an end one step
            least = np.max(
                [finer / error, (round(below) - 1) * down, (math.ceil(above - WHOLE) - 1) * up], axis=0
            )
            most = np.min([step / error, round(below) * down], axis=0)
            if told["high"] < 1:
                most = np.minimum(most, round(above) * up)
            total += between(
                *(np.log(np.maximum(each, TINY) / rounding.WIDER) / rounding.SPREAD for each in (least, most))
            ) * between(*((middle + side * step / 2 - alphas) / (rounding.SHIFT * error) for side in (-1, 1)))
    return total


def between(least: Matrix, most: Matrix) -> Matrix:
    """How likely a Laplace deviate lies there."""
    return np.maximum(laplace.cdf(most) - laplace.cdf(least), 0)


def shows(alpha: float, low: float, high: float, told: dict[str, Any]) -> bool:
    """Whether the page would show what it did, were figures not changed by chance."""
    reckoned = (min(each, 1.0) for each in figures.borne(alpha, low, high))
    shown_then = (told["value"], told["low"], told["high"])
    return all(abs(one - other) < SAME for one, other in zip(reckoned, shown_then, strict=True))


def unchanged(value: float, low: float, high: float, _: object) -> tuple[float, float, float]:
    return value, low, high


@contextmanager
def broken(control: str) -> Iterator[None]:
    with ExitStack() as parts:
        if control:
            parts.enter_context(patch.object(figures, "borne", lambda *exact: exact))
            parts.enter_context(patch.object(figures, "blurred", unchanged))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Tell what was erased, from figures and rows.")
    parser.add_argument("--erasures", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()

    def one(url: str, control: str) -> Outcome:
        count = max(3, asked.erasures // 10) if control else asked.erasures
        return attack(url, count, asked.seed, control)

    return run_each(
        asked.db,
        CONTROLS,
        one,
        lambda outcome, control: bool(outcome.named) if control else not outcome.named + outcome.moved,
    )


if __name__ == "__main__":
    sys.exit(main())
