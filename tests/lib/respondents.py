"""People who answer: they enter, save and send by the functions of the service, without HTTP."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import Row, select

from app.closing.mixing import RESPONSE
from app.db import read, write
from app.questionnaire.sheet import Sheet
from app.runtime import Service, now
from app.studies import waves
from app.survey.drafts import enter, open_draft, save
from app.survey.sending import send
from app.vault import new_token, read_code
from instrument import allowed

Answers = Mapping[str, int | str]


def sheet(service: Service, wave: str, chance: Random) -> Sheet:
    """A whole sheet of form A with random answers."""
    ppiq = service.instruments["ppiq"]
    form = ppiq.forms["a"]
    asked = {each: chance.choice(ppiq.context[each].options) for each in form.context}
    items = {item.id: chance.choice(allowed(form, item)) for item in form.items}
    return Sheet(
        wave=wave,
        key=new_token(),
        language="en",
        consent="c" * 64,
        purposes=("study",),
        answers={**asked, **items},
    )


def begin(service: Service, code: str, filled: Sheet) -> str:
    """Enter with a code and save a draft; return the token of the session."""
    with write(service.engine) as db:
        entered = enter(service, db, str(read_code(code)))
        assert entered is not None
        save(db, open_draft(service, db, entered.token, to_save=True), filled)
    return entered.token


def answer(service: Service, code: str, filled: Sheet) -> str:
    """Enter, save a draft, send it; return the receipt."""
    token = begin(service, code, filled)
    with write(service.engine) as db:
        return send(service, db, filled, token=token)


def people(service: Service, wave: str, *, finished: int, unfinished: int = 0) -> dict[bytes, Answers]:
    """Let people of "south" answer, some in part; return the answers of the finished by receipt HMAC."""
    chance = Random(wave)
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, wave, "south", finished + unfinished)
    sheets = [sheet(service, wave, chance) for _ in codes]
    for code, each in list(zip(codes, sheets, strict=True))[finished:]:
        begin(service, code, each)
    return {
        service.vault.receipt_hmac(answer(service, code, each)): each.answers
        for code, each in zip(codes[:finished], sheets, strict=False)
    }


def make_due(service: Service, wave: str) -> None:
    with write(service.engine) as db:
        waves.announce_close(service, db, wave, now() - timedelta(seconds=1))


def rows(service: Service, what: Any, **where: str) -> list[Row[Any]]:
    with read(service.engine) as db:
        return list(db.execute(select(what).filter_by(**where)))


def kept(service: Service, wave: str) -> dict[bytes, Answers]:
    """The answers in the database by receipt HMAC."""
    return {row.receipt_hmac: row.answers for row in rows(service, RESPONSE, wave=wave)}


def state(service: Service, wave: str) -> str:
    with read(service.engine) as db:
        return str(waves.the_wave(db, wave).state)
