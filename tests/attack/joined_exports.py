"""Exports of one wave, joined by the answers: what does a holder of all of them know that few people share?

    python -m tests.attack.joined_exports --waves 20 --seed 1 --db sqlite,postgres

Sixty people answer each wave; four in five agree to an archive, in some waves all but a few. The attacker
takes every export there is (with and without units, of everybody and of the archive), and all of them again
when some people have erased their answers. Answers are nearly unique, so the attacker joins the rows by them,
and knows of each every cell that any export shows, and whether it is in the archive. People who share that
combination with fewer than four others are counted.

The controls break the decision on purpose, and the attack must win:

no-archive  withheld is what is rare among all; who agreed to an archive is ignored.
all-agreed  an archive gets everybody who agreed, however few did not.
anew        the decision is made again for every export.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from unittest.mock import patch

from sqlalchemy import delete, select, update

from app import studies
from app.closing import maintenance, withholding
from app.closing.mixing import RESPONSE
from app.closing.withhold import LEAST
from app.config import Settings
from app.db import read, write
from app.export.closed_wave import TooFew
from app.export.microdata import microdata
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from instrument import WITHHELD
from tests.lib.attack_runs import run_each
from tests.lib.respondents import answer, make_due, sheet

PEOPLE = 60
ERASED = 4
UNITS = ("north", "south", "east")
CONTROLS = ("no-archive", "all-agreed", "anew")
Person = tuple[object, ...]
Known = dict[Person, dict[str, object]]


@dataclass(frozen=True)
class Outcome:
    rare: int
    alone: int
    of: int

    def __str__(self) -> str:
        return f"{self.rare} of {self.of} people in combinations under five, {self.alone} alone"


def attack(url: str, count: int, seed: int, control: str = "") -> Outcome:
    """Let `count` waves be answered and closed, and join their exports; the database is empty."""
    service = make_service(Settings(database_url=url, secret=Random(seed).randbytes(32), secure=False))
    check_secret(service)
    chance = Random(seed)
    rare = alone = people = 0
    with broken(control):
        for number in range(count):
            wave = answered(service, f"s{number}", chance, few=number % 3 == 0)
            known: Known = {}
            take_all(service, wave, known, anew=control == "anew")
            erase(service, wave, chance)
            take_all(service, wave, known, anew=control == "anew")
            counts = Counter(_combination(each) for each in known.values())
            sizes = [counts[_combination(each)] for each in known.values()]
            rare += sum(size < LEAST for size in sizes)
            alone += sum(size == 1 for size in sizes)
            people += len(known)
    service.engine.dispose()
    return Outcome(rare, alone, people)


def answered(service: Service, study: str, chance: Random, *, few: bool) -> str:
    """Close a wave of 60; where `few`, all but three agree to an archive."""
    with write(service.engine) as db:
        declared = {"context": ["role", "length"], "leaving": "rows with units"}
        studies.make_study(db, id=study, title=study, simulated=True, **declared)
        for unit in UNITS:
            studies.add_unit(db, study, unit, unit)
        wave = waves.make_wave(service, db, study)
        waves.open_wave(service, db, wave)
        codes = [code for unit in UNITS for code in waves.issue_codes(service, db, wave, unit, PEOPLE // 3)]
    for number, code in enumerate(codes):
        agrees = number % 20 != 0 if few else chance.random() < 4 / 5
        filled = sheet(service, wave, chance)
        asked = {"role": chance.choice(["supervisee", "student"]), "length": filled.answers["length"]}
        others = {name: given for name, given in filled.answers.items() if not isinstance(given, str)}
        purposes = ("study", "archive") if agrees else ("study",)
        answer(service, code, replace(filled, answers={**others, **asked}, purposes=purposes))
    make_due(service, wave)
    maintenance.run_due_tasks(service)
    return wave


def erase(service: Service, wave: str, chance: Random) -> None:
    with write(service.engine) as db:
        ids = sorted(db.execute(select(RESPONSE.c.id).where(RESPONSE.c.wave == wave)).scalars())
        db.execute(delete(RESPONSE).where(RESPONSE.c.id.in_(chance.sample(ids, ERASED))))


def take_all(service: Service, wave: str, known: Known, *, anew: bool) -> None:
    """Take every export and add what it tells of each person."""
    for with_unit, archive in product((False, True), repeat=2):
        if anew:
            _decide_again(service, wave)
        for person, cells in exported(service, wave, with_unit=with_unit, archive=archive).items():
            of_person = known.setdefault(person, {"archive": False})
            of_person.update({name: value for name, value in cells.items() if value != WITHHELD})
            of_person["archive"] = of_person["archive"] or archive


def exported(service: Service, wave: str, **how: bool) -> Mapping[Person, Mapping[str, object]]:
    with read(service.engine) as db:
        try:
            data = microdata(service, db, wave, **how)
        except TooFew:
            return {}
    names = [column.name for column in data.columns]
    kinds = {column.name: column.kind for column in data.columns}
    rows = [dict(zip(names, row, strict=True)) for row in data.rows]
    told = [name for name in names if kinds[name] == "context" or name in ("unit", "language", "layout")]
    return {
        tuple(value for name, value in row.items() if kinds[name] == "raw"): {
            name: row[name] for name in told
        }
        for row in rows
    }


def _combination(known: Mapping[str, object]) -> frozenset[tuple[str, object]]:
    return frozenset(known.items())


def _decide_again(service: Service, wave: str) -> None:
    with write(service.engine) as db:
        db.execute(update(RESPONSE).where(RESPONSE.c.wave == wave).values(told=None))
        withholding.decide(service, db, wave)


@contextmanager
def broken(control: str) -> Iterator[None]:
    """Take one part out of the decision."""
    with ExitStack() as parts:
        if control == "no-archive":
            whole = withholding.decided
            parts.enter_context(
                patch.object(withholding, "decided", lambda known, inside: whole(known, [True] * len(inside)))
            )
        elif control == "all-agreed":
            parts.enter_context(patch.object(withholding, "archived", list))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Join the exports of a wave by the answers.")
    parser.add_argument("--waves", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()

    def one(url: str, control: str) -> Outcome:
        count = max(3, asked.waves // 5) if control else asked.waves
        return attack(url, count, asked.seed, control)

    return run_each(asked.db, CONTROLS, one, lambda outcome, control: bool(outcome.rare) is bool(control))


if __name__ == "__main__":
    sys.exit(main())
