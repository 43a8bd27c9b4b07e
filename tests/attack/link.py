"""The link attack: an attacker with the whole database tries to find out which code gave which answer.

    python -m tests.attack.link --codes 500 --seeds 20 --db sqlite,postgres \\
        [--skip-mix | --sorted | --leave-old]

People answer by the functions of the service, in an order that the attacker knows (from a roster and a
calendar), while a backup reads, so that every write stays in the files. Then the wave closes. The attacker
ranks codes and responses by every order that the files, the rows and the notes hold, and guesses that the
k-th of one ranking goes with the k-th of the other. The attack succeeds if any pairing is right for more than
six.

Six: by chance a pairing is right as often as a random permutation has fixed points, about Poisson(1), so more
than six come by chance with probability 8.3e-5. Rankings that are nearly the same count once; the last line
gives the probability of a false alarm over all that were tried. A weaker leak shows as a correlation: beyond
five standard errors it counts too (6e-7).

The controls break the closing on purpose, and the attack must win:

--skip-mix   the wave is only marked closed, which the backup does not prevent.
--sorted     rows are copied in the order of their ids, which they keep. Random ids have no order, so this
             plants ids that rise as people send (as UUIDv7 and sequences do): closing makes such a slip
             harmless by new ids and a random order.
--leave-old  the old tables are not dropped. On SQLite rows lie in the order of their keys and the file is
             rewritten, so an old table shows no more than its ids do: there the rising ids are planted too.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from unittest.mock import patch
from uuid import UUID

import numpy as np
from sqlalchemy import text, update

from app.closing import maintenance, mixing
from app.closing.mixing import RESPONSE
from app.config import Settings
from app.db import is_sqlite, read, write
from app.questionnaire.sheet import Sheet
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.studies.study import STUDY
from app.tables import RESEARCH
from app.vault import read_code
from tests.attack.published import POPULATION, add_evidence
from tests.attack.traces import Found, Sought, Trace, search
from tests.lib.attack_runs import databases, tell
from tests.lib.disk_bytes import stolen
from tests.lib.linked_waves import EARLIER, close, declared, own, take_part
from tests.lib.respondents import answer, make_due, sheet

WAVE, UNIT = "twice-2", "south"
BEFORE = 40
"""How many of the people answered in the earlier wave of the pair as well."""
CHANCE_IS_RIGHT = 6
FALSE_ALARM = 1 - sum(math.exp(-1) / math.factorial(k) for k in range(CHANCE_IS_RIGHT + 1))
STANDARD_ERRORS = 5.0
NEARLY_EQUAL = 0.95
CONTROLS = ("skip-mix", "sorted", "leave-old")
COMPARED = "compared"
"""A study whose reports compare, on evidence, in place of rows that leave."""
Order = tuple[bytes, ...]


@dataclass(frozen=True)
class Known:
    """The attacker's notes, and the truth, which the attacker does not have."""

    issued: list[bytes]
    answered: list[bytes]
    truth: Mapping[bytes, bytes]


@dataclass(frozen=True)
class Ranking:
    name: str
    order: Order
    kinds: set[str]


@dataclass(frozen=True)
class Outcome:
    right: int
    of: int
    by: str
    errors: float
    """The strongest rank correlation between any two rankings, in standard errors."""
    rankings: int

    def __str__(self) -> str:
        verdict = "LINKED" if self.linked else "unlinked"
        return (
            f"{verdict}: {self.right} of {self.of} right by {self.by}; {self.rankings} rankings, "
            f"correlation at most {self.errors:.1f} standard errors"
        )

    @property
    def linked(self) -> bool:
        return self.right > CHANCE_IS_RIGHT or self.errors > STANDARD_ERRORS


def attack(
    url: str, data: Path, codes: int, seed: int, control: str = "", *, kind: str = "cohort"
) -> Outcome:
    """Let people answer, close the wave, and try to link; the database at `url` is migrated and empty.

    The wave is the later one of a pair, whose rows are linked in the transaction that mixes them.
    """
    service = make_service(Settings(database_url=url, secret=Random(seed).randbytes(32), secure=False))
    check_secret(service)
    declared(service)
    if kind == RESEARCH:
        with write(service.engine) as db:
            said = {"kind": kind, "leaving": "rows unwithheld", "clusters": True}
            db.execute(update(STUDY).values(said))
    elif kind == COMPARED:
        with write(service.engine) as db:
            db.execute(update(STUDY).values(leaving="reports", population=POPULATION))
            add_evidence(db)
    take_part(service, EARLIER, [own(n) for n in range(BEFORE)])
    close(service, EARLIER)
    with ExitStack() as backup:
        backup.enter_context(a_backup_reading(service))
        known = load(service, codes, Random(seed))
        if control != "skip-mix":
            backup.close()
        if control == "sorted" or (control == "leave-old" and is_sqlite(service.engine)):
            plant_rising_ids(service, known)
        make_due(service, WAVE)
        with broken(control):
            maintenance.run_due_tasks(service)
        files = stolen(service, data)
    with read(service.engine) as db:
        found = search(db, files, Sought(frozenset(known.issued), frozenset(known.truth.values())))
    service.engine.dispose()
    return judge(found, known)


def load(service: Service, count: int, chance: Random) -> Known:
    """Codes go out in one order and come back in another, all in one unit."""
    with write(service.engine) as db:
        issued = waves.issue_codes(service, db, WAVE, UNIT, count)
        waves.open_wave(service, db, WAVE)
    answered = chance.sample(issued, count)
    hmacs = {code: service.vault.code_hmac(str(read_code(code))) for code in issued}
    receipts = {code: answer(service, code, filled(service, n, chance)) for n, code in enumerate(answered)}
    return Known(
        [hmacs[code] for code in issued],
        [hmacs[code] for code in answered],
        {hmacs[code]: service.vault.receipt_hmac(receipt) for code, receipt in receipts.items()},
    )


def filled(service: Service, number: int, chance: Random) -> Sheet:
    answers = sheet(service, WAVE, chance)
    return replace(answers, answers={**answers.answers, **own(number)})


@contextmanager
def a_backup_reading(service: Service) -> Iterator[None]:
    """Hold a snapshot open: until it ends SQLite cuts no log and PostgreSQL clears no dead row."""
    with read(service.engine) as db:
        if not is_sqlite(service.engine):
            db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        db.execute(text("SELECT count(*) FROM response"))
        yield


def plant_rising_ids(service: Service, known: Known) -> None:
    with write(service.engine) as db:
        for number, code in enumerate(known.answered):
            rising = UUID(int=(number << 96) | int.from_bytes(known.truth[code][:8], "big"), version=4)
            of_code = RESPONSE.c.receipt_hmac == known.truth[code]
            db.execute(update(RESPONSE).where(of_code).values(id=rising))


@contextmanager
def broken(control: str) -> Iterator[None]:
    """Take one part out of closing."""
    with ExitStack() as parts:
        if control == "skip-mix":
            for name in ("lock", "purge", "mix", "clean", "scrub"):
                parts.enter_context(patch.object(maintenance, name, lambda *_: None))
        elif control == "sorted":
            parts.enter_context(patch.object(mixing, "in_random_order", sorted))
            parts.enter_context(patch.object(mixing, "renewed", lambda _, key: key))
        elif control == "leave-old":
            parts.enter_context(patch.object(mixing, "drop", lambda *_: None))
        yield


def judge(found: Found, known: Known) -> Outcome:
    """Score every guess; the attacker is credited with the best."""
    score = {f"one writer: {name}": _right(pairs, known) for name, pairs in found.joins.items()}
    errors = 0.0
    for name, codes, responses in _rankings(found, known):
        score[name] = _right(dict(zip(codes, responses, strict=True)), known)
        errors = max(errors, _standard_errors(codes, responses, known))
    best = max(score, key=lambda name: score[name])
    return Outcome(score[best], len(known.truth), best, errors, len(score))


def _rankings(found: Found, known: Known) -> Iterator[tuple[str, Order, Order]]:
    """Pair what is noted with every order of responses, and orders of one kind with each other; each once."""
    notes = [
        Trace("noted", "the list of codes", {code: at for at, code in enumerate(known.issued)}),
        Trace("noted", "the calendar", {code: at for at, code in enumerate(known.answered)}),
    ]
    for of_codes in distinct(notes + found.codes):
        for of_responses in distinct(found.responses):
            if of_codes.kinds & (of_responses.kinds | {"noted"}):
                yield f"{of_codes.name} ~ {of_responses.name}", of_codes.order, of_responses.order


def distinct(traces: list[Trace]) -> list[Ranking]:
    """Count nearly equal orders once: what one of them misses by a little the correlation still shows."""
    rankings: list[Ranking] = []
    for trace in traces:
        order = trace.order()
        for ranking in rankings:
            if correlation(order, ranking.order) > NEARLY_EQUAL:
                ranking.kinds.add(trace.kind)
                break
        else:
            rankings.append(Ranking(trace.name, order, {trace.kind}))
    return rankings


def correlation(order: Order, other: Order) -> float:
    place = {each: at for at, each in enumerate(other)}
    return float(np.corrcoef(np.arange(len(order)), [place[each] for each in order])[0, 1])


def _right(guess: Mapping[bytes, bytes], known: Known) -> int:
    return sum(known.truth[code] == receipt for code, receipt in guess.items())


def _standard_errors(codes: Order, responses: Order, known: Known) -> float:
    true_order = tuple(known.truth[code] for code in codes)
    return abs(correlation(true_order, responses)) * math.sqrt(len(codes) - 1)


def main() -> int:
    options = _options()
    outcomes = []
    for engine in options.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, data):
            for seed in range(1, options.seeds + 1):
                made = make(f"attack_{seed}")
                outcome = attack(made, data, options.codes, seed, options.control)
                outcomes.append(outcome)
                tell(f"{engine:8} seed {seed:2} {options.control:9} {outcome}")
    linked = sum(outcome.linked for outcome in outcomes)
    tried = sum(outcome.rankings for outcome in outcomes)
    tell(
        f"linked {linked} of {len(outcomes)}; most right {max(outcome.right for outcome in outcomes)} "
        f"of {options.codes}; {tried} rankings, a false alarm by chance {tried * FALSE_ALARM:.3f}"
    )
    return 1 if linked else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try to link codes and answers after the close.")
    parser.add_argument("--codes", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--db", default="sqlite,postgres")
    group = parser.add_mutually_exclusive_group()
    for control in CONTROLS:
        group.add_argument(f"--{control}", dest="control", action="store_const", const=control)
    parser.set_defaults(control="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
