"""Groups of people who have answered: sent by the service's own function, without pages in between."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert

from app import studies
from app.closing import maintenance
from app.db import write
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.staff.authorise import make_token
from app.studies import waves
from app.studies.information import example
from app.survey.sending import send
from app.tables import Unit, table
from app.vault import new_token, read_code
from instrument import RATHER_NOT_SAY
from tests.lib.respondents import make_due

Answers = Mapping[str, Any]


def take_part(
    service: Service,
    wave: str,
    unit: str,
    people: Iterable[Answers],
    *,
    purposes: Sequence[str] = ("study",),
    language: str = "en",
    codes: Sequence[str] | None = None,
    order: Callable[[int], int] = lambda _: 0,
) -> None:
    """Send the answers of each person; a question without an answer is refused ("rather not say").

    `order` gives the number of the order in which each was shown a battery.

    Codes are made for them unless `codes` are given.
    """
    everyone = list(people)
    with write(service.engine) as db:
        asked = studies.the_study(db, waves.the_wave(db, wave).study)
        form = service.instruments[asked.instrument].forms[asked.form]
        nothing = dict.fromkeys((*form.context, *form.by_id), RATHER_NOT_SAY)
        if codes is None:
            codes = waves.issue_codes(service, db, wave, unit, len(everyone))
        for place, (code, answers) in enumerate(zip(codes, everyone, strict=True)):
            sheet = Sheet(
                wave=wave,
                key=new_token(),
                language=language,
                consent="c" * 64,
                purposes=tuple(purposes),
                answers={**nothing, **answers},
                order=order(place),
            )
            send(service, db, sheet, code=str(read_code(code)))


def close(service: Service, wave: str) -> None:
    make_due(service, wave)
    maintenance.run_due_tasks(service)


def next_wave(service: Service, study: str) -> str:
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, study)
        waves.open_wave(service, db, wave, confirmed=waves.CONFIRMATIONS)
    return wave


def another_study(service: Service, name: str, **how: Any) -> str:
    """A study with one unit and an open wave, which is returned."""
    with write(service.engine) as db:
        studies.make_study(
            db,
            id=name,
            title=name.title(),
            **{"people": 20, "context": ["role"], "information": example(), **how},
        )
        db.execute(insert(table(Unit)).values(study=name, id="only", title="Only", level="unit", parent=None))
    return next_wave(service, name)


def signed_in(service: Service, client: Any, role: str, study: str) -> str:
    """Make a token, type it, and keep the cookie."""
    with write(service.engine) as db:
        token = make_token(service, db, role, study, 1)
    answer = client.post("/staff", data={"token": token})
    assert answer.status_code == 303, answer.text
    return token
