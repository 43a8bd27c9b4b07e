"""A pair of waves: its random key, the marks made with it, and the one matching when the later wave closes.

A mark is an HMAC of question and answer under a key made of the pair's random key and the secret of the
service, so a copy of the database alone cannot test a guess. Whoever holds both can, for a person they know
well, until key and marks are destroyed. Among few people such a guess would nearly always be right, so a pair
needs at least 30 codes.
"""

import hmac
from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, or_, select, update

from analysis.disclosure.leaving import LEAVING
from app.audit import audit
from app.runtime import Service
from app.studies.linking.elements import ELEMENTS, ENOUGH
from app.studies.linking.matching import Marks, match
from app.tables import Code, Pair, PairKey, Response, Study, Wave, table
from app.vault import Vault

FEWEST_CODES: Final = 30
TOO_FEW: Final = "fewer than 30 codes"
NO_ROWS: Final = "the study gives out no rows"
RETIRED_FIRST: Final = "the earlier collection was retired"
LATER_LOST: Final = "the later collection was lost, and a backup put back"
REFUSED: Final = "refused"
MARK_BYTES: Final = 16
PAIR: Final = table(Pair)
KEY: Final = table(PairKey)
RESPONSE: Final = table(Response)
CODE: Final = table(Code)
STUDY: Final = table(Study)
WAVE: Final = table(Wave)
_OF_PAIR: Final[Select[Any]] = (
    select(PAIR.c.earlier, PAIR.c.later, KEY.c.key)
    .join(KEY, KEY.c.earlier == PAIR.c.earlier)
    .where(or_(PAIR.c.earlier == bindparam("wave"), PAIR.c.later == bindparam("wave")))
)
_IN_A_PAIR: Final = select(PAIR.c.earlier).where(
    or_(PAIR.c.earlier == bindparam("wave"), PAIR.c.later == bindparam("wave"))
)
_LINK: Final = update(RESPONSE).where(RESPONSE.c.id == bindparam("of_id")).values(pair_id=bindparam("pair"))


def unmatched(db: Connection, wave: str) -> Row[Any] | None:
    """The pair of a wave with its key, while there is one: afterwards nothing is asked or marked."""
    return db.execute(_OF_PAIR, {"wave": wave}).first()


def was_paired(db: Connection, wave: str) -> bool:
    """Whether a wave is one of a pair, or was when it opened."""
    return db.execute(_IN_A_PAIR, {"wave": wave}).first() is not None


def opens_from(db: Connection, wave: str) -> date | None:
    """Return the first day on which the later wave of a pair may open, where one is known.

    It is reckoned from the end of the earlier one, after which nobody could send: so everybody waits the
    declared days, and nobody's own day has to be stored. None for any other wave.
    """
    of_pair = select(PAIR.c.days, WAVE.c.closes_at).join(WAVE, WAVE.c.id == PAIR.c.earlier)
    found = db.execute(of_pair.where(PAIR.c.later == wave)).first()
    if found is None or found.days is None or found.closes_at is None:
        return None
    first: date = found.closes_at.date() + timedelta(days=found.days[0])
    return first


def days_between(db: Connection, pair: Row[Any]) -> tuple[int, int] | None:
    """Return the fewest and the most days that lie between a person's answers in two closed waves.

    They follow from the days on which the waves opened and closed; nobody's own are known.
    """
    of_waves = select(WAVE.c.id, WAVE.c.opened_on, WAVE.c.closes_at)
    found = {row.id: row for row in db.execute(of_waves.where(WAVE.c.id.in_((pair.earlier, pair.later))))}
    if len(found) < 2 or any(None in row for row in found.values()):  # noqa: PLR2004 - a pair
        return None
    first, second = found[pair.earlier], found[pair.later]
    fewest = (second.opened_on - first.closes_at.date()).days
    return max(fewest, 0), (second.closes_at.date() - first.opened_on).days


def codes_of(db: Connection, wave: str) -> int:
    """Return how many codes a wave has."""
    return db.execute(select(func.count()).select_from(CODE).where(CODE.c.wave == wave)).scalar_one()


def marks(vault: Vault, db: Connection, wave: str, answers: Mapping[str, int | str]) -> Marks | None:
    """The marks to keep with a response; None where too few questions were answered to recognise anyone."""
    given = [answers.get(each) for each in ELEMENTS]
    pair = unmatched(db, wave)
    if pair is None or sum(isinstance(each, str) for each in given) < ENOUGH:
        return None
    key = vault.key_for_marks(pair.key)
    return [
        _mark(key, element, answer) if isinstance(answer, str) else None
        for element, answer in zip(ELEMENTS, given, strict=True)
    ]


def link(service: Service, db: Connection, wave: str) -> None:
    """Link the responses of a pair whose later wave is being closed, and destroy key and marks in any case.

    Without the key nothing can be linked again, so a close that goes on after a kill leaves the pair as it
    is.
    """
    pair = unmatched(db, wave)
    if pair is None or pair.later != wave:
        return
    why = _refused(db, pair)
    _end(service, db, pair, {REFUSED: why} if why else _matched(db, pair))


def give_up(service: Service, db: Connection, wave: str, why: str = RETIRED_FIRST) -> None:
    """End the pair of a wave that will not be linked: the earlier one is retired, or the later one lost."""
    pair = unmatched(db, wave)
    if pair is not None:
        _end(service, db, pair, {REFUSED: why})


def outcome_of(db: Connection, wave: str) -> Row[Any] | None:
    """The pair of a wave, matched or not."""
    of_wave = or_(PAIR.c.earlier == wave, PAIR.c.later == wave)
    return db.execute(select(PAIR).where(of_wave)).first()


def _refused(db: Connection, pair: Row[Any]) -> str | None:
    """Say why nobody is linked: too few people, or links that no export would show."""
    of_wave = select(STUDY.c.leaving).join(WAVE, WAVE.c.study == STUDY.c.id).where(WAVE.c.id == pair.later)
    if not LEAVING[db.execute(of_wave).scalar_one()].rows:
        return NO_ROWS
    few = any(codes_of(db, each) < FEWEST_CODES for each in (pair.earlier, pair.later))
    return TOO_FEW if few else None


def _mark(key: bytes, element: str, answer: str) -> str:
    return hmac.digest(key, f"{element}\0{answer}".encode(), sha256)[:MARK_BYTES].hex()


def _matched(db: Connection, pair: Row[Any]) -> dict[str, int | str]:
    earlier, later = _marked(db, pair.earlier), _marked(db, pair.later)
    found = match([row.elements for row in earlier], [row.elements for row in later])
    linked = []
    for one, other in found.links:
        pair_id = uuid4()
        linked += [{"of_id": row.id, "pair": pair_id} for row in (earlier[one], later[other])]
    if linked:
        db.execute(_LINK, linked)
    return {
        "marked_earlier": len(earlier),
        "marked_later": len(later),
        "linked": len(found.links),
        "ambiguous_earlier": found.ambiguous_earlier,
        "ambiguous_later": found.ambiguous_later,
    }


def _marked(db: Connection, wave: str) -> list[Row[Any]]:
    of_wave = select(RESPONSE.c.id, RESPONSE.c.elements).where(RESPONSE.c.wave == wave)
    return list(db.execute(of_wave.where(RESPONSE.c.elements.is_not(None))))


def _end(service: Service, db: Connection, pair: Row[Any], outcome: dict[str, int | str]) -> None:
    """Destroy marks and key, and keep the result of the pair."""
    both = RESPONSE.c.wave.in_((pair.earlier, pair.later))
    db.execute(update(RESPONSE).where(both, RESPONSE.c.elements.is_not(None)).values(elements=None))
    db.execute(delete(KEY).where(KEY.c.earlier == pair.earlier))
    db.execute(update(PAIR).where(PAIR.c.earlier == pair.earlier).values(outcome=outcome))
    told = {name: str(value) for name, value in outcome.items()}
    audit(
        service.vault,
        db,
        {"action": "pair ended", "earlier": pair.earlier, "later": pair.later, **told},
    )
