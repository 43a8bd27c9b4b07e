"""Attacks on a research study: which codes were made with a row's, what tells a person, what a report tells.

    python -m tests.attack.research --seed 1 --db sqlite,postgres

clusters   an attacker who has the whole database after the close, and the list of codes of every batch,
           ranks batches and numbers by every order that the tables hold. More than six right of forty come
           by chance with a probability of 8.3e-5, so more than six count as found out.
small      a cluster that fewer than five rows have is shown.
rare       in a study that withholds, what is shown of a person is shared by fewer than five rows.
reported   the trainer's pages and files differ when everybody answers otherwise.
flow       the counts of the flow, or the state or batch of a code, can be read of a code after the close.

Each is then tried with a fault put into the service, and must win: numbers follow the order of batches, small
clusters are shown, nothing is withheld, or nothing of what the law protects, a report is kept beside the
rows, codes keep what they were. Exits with 1 where an attack wins or a fault is missed.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import Connection, select, update

from app import studies
from app.closing import clusters, maintenance, snapshots, withholding
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.closing.purge import CODE
from app.config import Settings
from app.db import read, write
from app.export.microdata import microdata
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.studies.special import SPECIAL
from app.studies.study import STUDY
from app.studies.waves import CODE_BATCH
from instrument import WITHHELD, ppiq
from tests.attack.link import CHANCE_IS_RIGHT
from tests.attack.published import serving
from tests.lib.attack_runs import run_each
from tests.lib.cohorts import close, take_part
from tests.privacy.organisations import of_one_mind

WAVE: Final = "trial-1"
CLUSTERS: Final = 40
SIZE: Final = 6
CONTEXT: Final = ("role", "length", "profession")
SELF: Final = ("self-age", "self-gender")
ATTACKS: Final = ("clusters", "small", "rare", "reported", "flow")
FAULTS: Final = {
    "numbers in order": "clusters",
    "small shown": "small",
    "nothing withheld": "rare",
    "special as said": "rare",
    "report kept": "reported",
    "codes remember": "flow",
}
"""What can be put in -> the attack that must win then."""


def attack(url: str, fault: str = "", seed: int = 1) -> frozenset[str]:
    """Make a research study in the empty database at `url`, close it, and return the attacks that won."""
    chance, won = Random(seed), set[str]()
    service = make_service(Settings(database_url=url, secret=chance.randbytes(32), secure=False))
    check_secret(service)
    with faulty(fault):
        for name, leaving in (("trial", "rows unwithheld"), ("other", "rows")):
            declare(service, name, leaving)
            answer(service, f"{name}-1", chance)
        noted = batches(service)
        truth = {row.receipt_hmac: row.cluster for row in rows(service, WAVE)}
        for name in ("trial", "other"):
            close(service, f"{name}-1")
    if told_apart(service, noted, truth) > CHANCE_IS_RIGHT:
        won.add("clusters")
    if any(count < withholding.LEAST for count in shown_clusters(service).values()):
        won.add("small")
    if min(combinations(service, "other-1").values()) < withholding.LEAST:
        won.add("rare")
    if remembered(service):
        won.add("flow")
    service.engine.dispose()
    return frozenset(won)


def reported(url: str, fault: str = "") -> frozenset[str]:
    """Publish the same research wave with other answers: not a byte that a trainer may read may change."""
    with serving(url) as server, faulty(fault):
        groups = {unit: of_one_mind(12, 1) for unit in ("u1", "u2")}
        server.load(groups, 10, "rows unwithheld")
        with write(server.service.engine) as db:
            db.execute(update(STUDY).values(kind="research"))
        server.close()
        server.publish_again(groups)
        seen = server.everything()
        server.publish_again({unit: of_one_mind(12, 4) for unit in groups})
        return frozenset() if server.everything() == seen else frozenset({"reported"})


def declare(service: Service, name: str, leaving: str) -> None:
    with write(service.engine) as db:
        studies.make_study(
            db,
            id=name,
            title=name.title(),
            kind="research",
            simulated=True,
            leaving=leaving,
            clusters=True,
            context=list(CONTEXT),
            special=SELF,
        )
        studies.add_unit(db, name, "all", "Everybody")
        waves.open_wave(service, db, waves.make_wave(service, db, name))


def answer(service: Service, wave: str, chance: Random) -> None:
    """People of forty supervisors answer; of the last, too few do."""
    options = {name: ppiq().context[name].options for name in CONTEXT}
    options |= {name: tuple(SPECIAL[name].options) for name in SELF}
    for cluster in range(CLUSTERS):
        people: list[dict[str, Any]] = [
            {name: chance.choice(each) for name, each in options.items()}
            for _ in range(SIZE if cluster < CLUSTERS - 1 else SIZE // 2)
        ]
        take_part(service, wave, "all", people, purposes=("study", "fairness"))


def batches(service: Service) -> list[str]:
    """The batches of codes in the order in which they were made: the attacker's notes."""
    order = list(dict.fromkeys(row.cluster for row in rows(service, WAVE)))
    with read(service.engine) as db:
        stored = list(db.execute(select(CODE_BATCH.c.id).where(CODE_BATCH.c.wave == WAVE)).scalars())
    return stored if len(stored) == len(order) else order


def rows(service: Service, wave: str) -> list[Any]:
    with read(service.engine) as db:
        return list(db.execute(select(RESPONSE).where(RESPONSE.c.wave == wave)))


def told_apart(service: Service, noted: list[str], truth: Mapping[bytes, str]) -> int:
    """How many batches the attacker can tell the number of, by the best of the orders that there are."""
    after = rows(service, WAVE)
    right = {truth[row.receipt_hmac]: row.cluster for row in after}
    sizes = Counter(
        truth.values()
    )  # the attacker knows how many codes a batch has, and leaves out small ones
    noted = [batch for batch in noted if sizes[batch] >= withholding.LEAST]
    numbers = list(dict.fromkeys(row.cluster for row in after if truth[row.receipt_hmac] in noted))
    orders = [numbers, sorted(numbers), sorted(numbers, key=lambda each: (len(each), each))]
    guesses = [
        dict(zip(of_batches, of_numbers, strict=True))
        for of_batches in (noted, sorted(noted))
        for of_numbers in orders
    ]
    guesses.append({batch: batch for batch in noted})
    return max(sum(right[batch] == guess[batch] for batch in noted) for guess in guesses)


def shown_clusters(service: Service) -> Counter[Any]:
    found = Counter[Any]()
    for wave in (WAVE, "other-1"):
        found += Counter((wave, each) for each in exported(service, wave)["cluster_id"] if each != WITHHELD)
    return found


def combinations(service: Service, wave: str) -> Counter[Any]:
    cells = exported(service, wave)
    columns = (*CONTEXT, "cluster_id", "language", *(SPECIAL[name].column for name in SELF))
    return Counter(zip(*(cells[name] for name in columns), strict=True))


def exported(service: Service, wave: str) -> dict[str, list[Any]]:
    with read(service.engine) as db:
        data = microdata(service, db, wave)
    apart = {column.name: list(cells) for column, cells in data.special}
    return {column.name: data.column(column.name) for column in data.columns} | apart


def remembered(service: Service) -> bool:
    """Whether a code of a closed wave says more than its wave."""
    with read(service.engine) as db:
        return any(row.unit or row.state or row.batch for row in db.execute(select(CODE)))


def as_said(db: Connection, wave: str, *_: object) -> None:
    """A fault: what people said under a purpose of its own leaves as they said it."""
    db.execute(
        update(SPECIAL_ANSWER).where(SPECIAL_ANSWER.c.wave == wave).values(told=SPECIAL_ANSWER.c.answers)
    )


@contextmanager
def faulty(fault: str) -> Iterator[None]:
    """Put a fault into the service."""
    nothing: Any = lambda *_args, **_more: None  # noqa: E731 - in the place of a function
    places = {
        "": None,
        "numbers in order": patch.object(clusters, "SystemRandom", _Unshuffled),
        "small shown": patch.object(clusters, "LEAST", 1),
        "nothing withheld": patch.object(withholding, "shown", lambda known, *_args, **_more: known),
        "special as said": patch.object(withholding, "decide_special", as_said),
        "report kept": patch.object(snapshots, "settle", lambda table, _declared: table),
        "codes remember": patch.object(maintenance, "purge", nothing),
    }
    chosen = places[fault]
    if chosen is None:
        yield
        return
    with chosen:
        yield


class _Unshuffled:
    def shuffle(self, _numbers: list[int]) -> None:
        return


def as_it_must_be(won: frozenset[str], fault: str) -> bool:
    return FAULTS[fault] in won if fault else not won


def main() -> int:
    options = _options()
    failed = run_each(
        options.db,
        [fault for fault in FAULTS if FAULTS[fault] != "reported"],
        lambda url, fault: attack(url, fault, options.seed),
        as_it_must_be,
    )
    return failed | run_each(options.db, ["report kept"], reported, as_it_must_be)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try to find people out in a research study.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
