"""Whether the questionnaires that studies ask are installed, as they were when their waves were made."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select

from app.errors import NotInstalled
from app.runtime import Service
from app.tables import RETIRED, Study, Wave, table
from instrument import Instrument

STUDY: Final = table(Study)
WAVE: Final = table(Wave)
CURE: Final = (
    "put the folder of the questionnaire back as it was, and name the folder that holds it in "
    "COUNTERPOISE_INSTRUMENTS"
)
_ASKED: Final = (
    select(STUDY.c.id.label("study"), STUDY.c.instrument, STUDY.c.form, WAVE.c.id, WAVE.c.form_hash)
    .select_from(STUDY.outerjoin(WAVE, WAVE.c.study == STUDY.c.id))
    .where(or_(WAVE.c.id.is_(None), WAVE.c.state != RETIRED))
    .order_by(STUDY.c.id, WAVE.c.ordinal)
)


def as_it_was_asked(service: Service, wave: Row[Any]) -> Instrument:
    """The instrument of a wave; refused where its form has changed since, as answers could be misread."""
    instrument = service.instruments.get(wave.instrument)
    form = instrument.forms.get(wave.form) if instrument else None
    if instrument is None or form is None or form.hash != wave.form_hash:
        raise NotInstalled(
            f"collection {wave.id!r} asked a form {wave.form!r} of {wave.instrument!r} that is not installed "
            f"now: {CURE}, then run `counterpoise wave run-due-tasks` again"
        )
    return instrument


def missing(service: Service, db: Connection) -> list[str]:
    """List what studies and unretired waves ask that is not installed as it was asked."""
    return list(dict.fromkeys(_missing(service, db)))


def _missing(service: Service, db: Connection) -> Iterator[str]:
    for asked in db.execute(_ASKED):
        instrument = service.instruments.get(asked.instrument)
        form = instrument.forms.get(asked.form) if instrument else None
        if form is None:
            yield f"form {asked.form!r} of {asked.instrument!r}, which the study {asked.study!r} asks"
        elif asked.form_hash not in (None, form.hash):
            yield f"form {asked.form!r} of {asked.instrument!r} as the collection {asked.id!r} asked it"
