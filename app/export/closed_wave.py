"""The waves that anything is given out of: those that have closed."""

from typing import Any, Final

from sqlalchemy import Connection, Row, select

from app.errors import Refused
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.tables import CLOSED, Snapshot, table

SNAPSHOT: Final = table(Snapshot)


class TooFew(Refused):
    """There are not enough rows to give any away."""


def closed(db: Connection, wave: str) -> Row[Any]:
    """A closed wave with its study and its figures; refused where it is none, or they are not kept yet."""
    of_study = (STUDY.c.title, STUDY.c.instrument, STUDY.c.form, STUDY.c.simulated, STUDY.c.context)
    asked = (
        select(WAVE, *of_study, SNAPSHOT.c.figures)
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .join(SNAPSHOT, SNAPSHOT.c.wave == WAVE.c.id)
    )
    found = db.execute(asked.where(WAVE.c.id == wave)).first()
    if found is None or found.state != CLOSED:
        raise Refused(f"{wave!r} is no closed collection; answers leave the service only after the close")
    if found.figures is None:
        raise Refused(
            f"{wave!r} closed under an earlier version, which did not decide what may be told of its people: "
            "run `counterpoise wave run-due-tasks`"
        )
    return found
