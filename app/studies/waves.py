"""The life of a wave: prepared -> open <-> paused -> closing -> closed -> retired.

Staff prepare, open, pause and announce the close here; app.closing.maintenance closes what is due, and
app.closing.mixing removes what could link a code to an answer.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from datetime import time as clock
from secrets import SystemRandom
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, text, update

from app.audit import audit
from app.db import is_sqlite, lock_key
from app.ended import ledger
from app.errors import Refused
from app.languages import LANGUAGES, _
from app.runtime import Service, now
from app.studies.information import check_described, hold_study
from app.studies.installed import as_it_was_asked
from app.studies.linking.pairs import FEWEST_CODES, codes_of, opens_from, unmatched
from app.studies.rights import check_may_close
from app.studies.study import STUDY, check_opening, pin_partition, the_study, units
from app.tables import CLOSED, OPEN, PAUSED, PREPARED, Code, CodeBatch, Session, Wave, table
from app.vault import in_groups, new_code, new_token
from instrument import orders

ANNOUNCED: Final = timedelta(hours=24)
"""How long before its end a wave says when that is."""

CONFIRMATIONS: Final[Mapping[str, str]] = {
    "units": _("No unit is the people of one supervisor, educator, manager or worker."),
    "people": _("I have checked the list of people to talk to. It is right and fits those who answer."),
}
"""What staff confirm before a wave opens, since no check of ours can know it. It goes into the trail."""

ISSUED: Final = "issued"
STARTED: Final = "started"
FINISHED: Final = "finished"

PAPER: Final = "paper"
"""The layout of answers that were given on paper and typed in."""

WAVE: Final = table(Wave)
CODE: Final = table(Code)
CODE_BATCH: Final = table(CodeBatch)
SESSION: Final = table(Session)


def make_wave(
    service: Service,
    db: Connection,
    study: str,
    *,
    items_per_page: int | None = None,
    languages: Collection[str] = LANGUAGES,
) -> str:
    """Prepare the next wave of a study, bound to the form and the words as they are now.

    `languages` are those in which it may be answered, so far as the form has words in them.
    """
    hold_study(db, study)
    asked = the_study(db, study)
    instrument = service.instruments.get(asked.instrument)
    form = instrument.forms.get(asked.form) if instrument else None
    if instrument is None or form is None:
        raise Refused(f"{study!r} asks form {asked.form!r} of {asked.instrument!r}, which is not installed")
    per_page = min(form.per_page, len(form.items)) if items_per_page is None else items_per_page
    if not 1 <= per_page <= len(form.items):
        raise Refused(f"a page shows 1 to {len(form.items)} items; {per_page} is outside")
    # Only languages of the interface: in any other the consent and the buttons would be in English.
    hashes = {
        language: words.hash
        for (of, language), words in instrument.words.items()
        if of == form.id and language in LANGUAGES and language in languages
    }
    if not hashes:
        offered = "the interface" if languages is LANGUAGES else ", ".join(languages)
        raise Refused(f"form {form.id!r} of {instrument.id!r} has words in no language of {offered}")
    ordinal = 1 + (db.execute(select(func.max(WAVE.c.ordinal)).where(WAVE.c.study == study)).scalar() or 0)
    made = {
        "id": f"{study}-{ordinal}",
        "study": study,
        "ordinal": ordinal,
        "form_hash": form.hash,
        "words_hashes": hashes,
        "items_per_page": per_page,
        "state": PREPARED,
    }
    db.execute(insert(WAVE).values(made))
    audit(service.vault, db, {"action": "wave made", "wave": str(made["id"]), "form": form.hash})
    return str(made["id"])


def take_back(service: Service, db: Connection, wave: str) -> None:
    """Undo the preparing of a wave, as long as no code was made for it: the design can change again."""
    hold_wave(db, wave, exclusive=True)
    found = the_wave(db, wave)
    if found.state != PREPARED:
        raise Refused(f"collection {wave!r} is {found.state}; only a prepared one can be taken back")
    if has_codes(db, wave):
        raise Refused(f"codes have been made for {wave!r}, and people may hold them: it stays")
    if unmatched(db, wave) is not None:
        raise Refused(f"{wave!r} is one of a pair that is to be linked: it stays")
    db.execute(delete(CODE_BATCH).where(CODE_BATCH.c.wave == wave))
    db.execute(delete(WAVE).where(WAVE.c.id == wave))
    audit(service.vault, db, {"action": "wave taken back", "wave": wave})


def has_codes(db: Connection, wave: str) -> bool:
    """Whether a code was made for the wave."""
    return db.execute(select(CODE.c.hmac).where(CODE.c.wave == wave).limit(1)).first() is not None


def the_wave(db: Connection, wave: str) -> Row[Any]:
    """Return a wave by its id; Refused where there is none."""
    found = db.execute(select(WAVE).where(WAVE.c.id == wave)).first()
    if found is None:
        raise Refused(f"there is no collection {wave!r}")
    return found


def waves(db: Connection, study: str | None = None) -> list[Row[Any]]:
    """The waves of one study or of all, oldest first."""
    query = select(WAVE).order_by(WAVE.c.study, WAVE.c.ordinal)
    return list(db.execute(query if study is None else query.where(WAVE.c.study == study)))


def open_wave(
    service: Service,
    db: Connection,
    wave: str,
    *,
    confirmed: Collection[str] = (),
    elsewhere: bool = False,
) -> str:
    """Open a wave, after checking its study, its pair and its units, and what staff have confirmed.

    With `elsewhere`, for answers from a file, people read nothing here, so nothing of that is asked.
    """
    study = the_wave(db, wave).study
    hold_study(db, study)
    _can_be_linked(db, wave)
    check_can_close(service, db, wave)
    if the_wave(db, wave).paper:
        _check_paper(service, db, wave)
    pin_partition(db, study)
    check_opening(service, the_study(db, study))
    if not (elsewhere or the_study(db, study).simulated):
        check_described(service, the_study(db, study))
        _check_confirmed(confirmed)
    state = move(db, wave, (PREPARED,), OPEN)
    if (ends := the_wave(db, wave).closes_at) is not None and ends < now() + ANNOUNCED:
        raise Refused("its planned end is less than 24 hours away: plan another one first")
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(opened_on=now().date()))
    opened = the_study(db, study)
    told = {"wave": wave, "partition": str(opened.partition_hash), "leaving": opened.leaving}
    if confirmed:
        told["confirmed"] = ", ".join(sorted(confirmed))
    audit(service.vault, db, {"action": "wave opened", **told})
    return state


def _check_confirmed(confirmed: Collection[str]) -> None:
    for name, sentence in CONFIRMATIONS.items():
        if name not in confirmed:
            raise Refused(f"confirm first ({name}): {sentence}")


def check_can_close(service: Service, db: Connection, wave: str) -> None:
    """Refuse a wave that could not be closed: before it opens, and before its end is announced."""
    check_may_close(db)
    ledger.check_writable(service, db)
    asked = select(WAVE, STUDY.c.instrument, STUDY.c.form).join(STUDY, STUDY.c.id == WAVE.c.study)
    as_it_was_asked(service, db.execute(asked.where(WAVE.c.id == wave)).one())


def _can_be_linked(db: Connection, wave: str) -> None:
    """Check that a pair's later wave opens after the earlier one, and that there are enough people."""
    pair = unmatched(db, wave)
    if pair is None:
        return
    if wave == pair.later and the_wave(db, pair.earlier).state != CLOSED:
        raise Refused(f"{wave!r} will be linked with {pair.earlier!r}, which has to be closed first")
    first = opens_from(db, wave)
    if first is not None and now().date() < first:
        raise Refused(
            f"{wave!r} opens on {first} at the earliest: so many days after {pair.earlier!r} has closed were "
            "declared, and everybody is to wait them"
        )
    if (count := codes_of(db, wave)) < FEWEST_CODES:
        raise Refused(
            f"{wave!r} will be linked and has {count} codes; it opens from {FEWEST_CODES}. Among fewer "
            "people somebody who holds the database could tell by a guess or two who gave which answers"
        )


def pause_wave(service: Service, db: Connection, wave: str) -> str:
    """Stop a wave; what people have saved is kept."""
    state = move(db, wave, (OPEN,), PAUSED)
    audit(service.vault, db, {"action": "wave paused", "wave": wave})
    return state


def resume_wave(service: Service, db: Connection, wave: str) -> str:
    """Go on with a paused wave."""
    state = move(db, wave, (PAUSED,), OPEN)
    audit(service.vault, db, {"action": "wave resumed", "wave": wave})
    return state


def declare_paper(service: Service, db: Connection, wave: str, *, paper: bool) -> None:
    """Say whether a wave takes answers on paper too: before it opens, so that everybody in it is told."""
    expect(db, wave, (PREPARED,), PREPARED)
    if paper and unmatched(db, wave) is not None:
        raise Refused(f"{wave!r} is to be linked: whoever types would read the choices that link people")
    if paper:
        _check_paper(service, db, wave)
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(paper=paper))
    audit(service.vault, db, {"action": "paper declared", "wave": wave, "paper": "yes" if paper else "no"})


def _check_paper(service: Service, db: Connection, wave: str) -> None:
    study = the_study(db, the_wave(db, wave).study)
    if study.special:
        raise Refused(
            f"{wave!r} asks questions that people agree to separately, and paper has no page for them: leave "
            "them out of the study, or take answers on a screen alone"
        )
    if orders(service.instruments[study.instrument].forms[study.form]):
        raise Refused(
            f"{wave!r} asks its parts or questions in an order that is drawn for each person, and paper has "
            "one: compose it in a fixed order, or take answers on a screen alone"
        )


def announce_close(service: Service, db: Connection, wave: str, at: datetime) -> None:
    """Announce when the wave closes. The moment may be brought forward, never put off."""
    found = the_wave(db, wave)
    if found.state not in (OPEN, PAUSED):
        raise Refused(
            f"collection {wave!r} is {found.state}; only an open or a paused collection can be closed"
        )
    if found.closes_at is not None and at > found.closes_at:
        raise Refused(f"collection {wave!r} closes at {found.closes_at:%Y-%m-%d %H:%M} UTC already")
    check_can_close(service, db, wave)
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(closes_at=at))
    audit(service.vault, db, {"action": "close announced", "wave": wave, "closes at": at.isoformat()})


def plan_end(service: Service, db: Connection, wave: str, at: datetime, zone: str) -> None:
    """Say when a wave ends, in a time zone: before it opens as often as wanted, then only earlier.

    People are always told at least 24 hours ahead.
    """
    if at < now() + ANNOUNCED:
        raise Refused("an end is at least 24 hours from now, so that nobody is cut off")
    found = the_wave(db, wave)
    if found.state == PREPARED:
        hold_wave(db, wave, exclusive=True)
        expect(db, wave, (PREPARED,), PREPARED)
        db.execute(update(WAVE).where(WAVE.c.id == wave).values(closes_at=at))
        audit(service.vault, db, {"action": "close planned", "wave": wave, "closes at": at.isoformat()})
    else:
        announce_close(service, db, wave, at)
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(zone=zone))


def read_end(day: str, time: str, zone: str) -> datetime:
    """Read a day, a time and a time zone as they were typed; Refused with what is wrong."""
    try:
        place = ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError):
        raise Refused("a time zone is named as in Europe/London, Africa/Cairo or UTC") from None
    try:
        return datetime.combine(date.fromisoformat(day), clock.fromisoformat(time), place)
    except ValueError:
        raise Refused("an end is a day and a time, such as 17:00") from None


def first_unit(db: Connection, wave: str) -> str:
    """The unit that codes are for if none is named."""
    for unit in units(db, the_wave(db, wave).study):
        if unit.level == "unit":
            return str(unit.id)
    raise Refused(f"the study of {wave!r} has no unit yet")


def issue_codes(service: Service, db: Connection, wave: str, unit: str, count: int) -> list[str]:
    """Make `count` codes for a unit, in random order; only their HMACs are kept."""
    hold_wave(db, wave)
    found = the_wave(db, wave)
    if found.imported:
        raise Refused(
            f"collection {wave!r} has its answers from a file; prepare another one for people who answer"
        )
    if found.state not in (PREPARED, OPEN, PAUSED):
        raise Refused(f"collection {wave!r} is {found.state}; it takes no more codes")
    if (unit, "unit") not in {(each.id, each.level) for each in units(db, found.study)}:
        raise Refused(f"{found.study!r} has no unit {unit!r}")
    if count < 1:
        raise Refused("ask for one code at the least")
    codes = [new_code() for _ in range(count)]
    # Stored in the order of their HMACs, so that a row's position does not show a code's place on a printed
    # list.
    hmacs = sorted(service.vault.code_hmac(code) for code in codes)
    made = {"wave": wave, "unit": unit}
    batch = new_token()
    db.execute(insert(CODE_BATCH).values(id=batch, codes=count, **made))
    db.execute(insert(CODE), [{"hmac": each, "state": ISSUED, "batch": batch, **made} for each in hmacs])
    audit(service.vault, db, {"action": "codes issued", "wave": wave, "unit": unit, "count": str(count)})
    SystemRandom().shuffle(codes)
    return [in_groups(code) for code in codes]


def batches(db: Connection, wave: str) -> list[Row[Any]]:
    """Return the batches of codes of a wave by their units: how many were made, and whether they hold."""
    of = select(CODE_BATCH).where(CODE_BATCH.c.wave == wave)
    return list(db.execute(of.order_by(CODE_BATCH.c.unit, CODE_BATCH.c.cancelled, CODE_BATCH.c.id)))


def cancel_codes(service: Service, db: Connection, wave: str, batch: str) -> None:
    """End the codes of a batch under which nothing is saved; how many those were, nobody is told."""
    hold_wave(db, wave, exclusive=True)
    found = the_wave(db, wave)
    if found.state not in (PREPARED, OPEN, PAUSED):
        raise Refused(f"collection {wave!r} is {found.state}; its codes open nothing any more")
    if unmatched(db, wave) is not None:
        raise Refused(f"{wave!r} is to be linked with another one, and needs its codes")
    of_batch = (CODE_BATCH.c.wave == wave) & (CODE_BATCH.c.id == batch) & CODE_BATCH.c.cancelled.is_(False)
    made = db.execute(select(CODE_BATCH).where(of_batch)).first()
    if made is None:
        raise Refused("there is no such batch of codes, or it has been cancelled")
    ledger.note(service, db, "codes", batch.encode())
    end_batch(db, batch)
    told = {"wave": wave, "unit": made.unit, "of": str(made.codes)}
    audit(service.vault, db, {"action": "codes cancelled", **told})


def end_batch(db: Connection, batch: str) -> None:
    """Mark a batch of codes as cancelled, and delete those of its codes under which nothing is saved."""
    db.execute(update(CODE_BATCH).where(CODE_BATCH.c.id == batch).values(cancelled=True))
    unused = (CODE.c.batch == batch) & (CODE.c.state == ISSUED)
    db.execute(delete(SESSION).where(SESSION.c.code_hmac.in_(select(CODE.c.hmac).where(unused))))
    db.execute(delete(CODE).where(unused))


def begin_anew(db: Connection, which: ColumnElement[bool]) -> None:
    """Let codes whose drafts were deleted be used again; those of a cancelled batch are deleted."""
    cancelled = CODE.c.batch.in_(select(CODE_BATCH.c.id).where(CODE_BATCH.c.cancelled.is_(True)))
    db.execute(delete(CODE).where(CODE.c.state == STARTED, which, cancelled))
    db.execute(update(CODE).where(CODE.c.state == STARTED, which).values(state=ISSUED))


def hold_wave(db: Connection, wave: str, *, exclusive: bool = False) -> None:
    """Keep the state of the wave as it is until this transaction ends.

    Everything that writes for a respondent holds the wave first and reads its state after that. A change of
    state holds it exclusively, so no send is in flight then. It is an advisory lock, since a row lock would
    write the transaction of every send into the wave's row. SQLite allows one write at a time anyway.
    """
    if not is_sqlite(db):
        kind = "" if exclusive else "_shared"
        db.execute(text(f"SELECT pg_advisory_xact_lock{kind}(:key)"), {"key": lock_key(f"wave {wave}")})


def move(db: Connection, wave: str, states: tuple[str, ...], to: str) -> str:
    """Change the state of a wave from one of `states`; from any other it is refused."""
    expect(db, wave, states, to)
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(state=to))
    return to


def expect(db: Connection, wave: str, states: tuple[str, ...], to: str) -> None:
    """Refuse a change to the state `to` unless the wave is in one of `states`, in which it then stays."""
    hold_wave(db, wave, exclusive=True)
    state = the_wave(db, wave).state
    if state not in states:
        raise Refused(f"collection {wave!r} is {state}; it cannot become {to}")
