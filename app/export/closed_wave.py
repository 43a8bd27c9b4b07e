"""Waves of which something may be given out: those that have closed."""

from typing import Any, Final

from sqlalchemy import Connection, Row, select

from analysis.disclosure.leaving import Leaving
from app.errors import AppError, Refused
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.tables import CLOSED, Snapshot, table

SNAPSHOT: Final = table(Snapshot)


class TooFew(Refused):
    """There are fewer rows than may be given out."""


class NoRows(AppError):
    """The study gives out reports."""

    status = 403
    title = "This study gives out reports, not answers"
    message = (
        "No row of it leaves, nor any figure of rows, such as reliability: beside its reports they would "
        "tell who is in which unit. This was declared before there were answers, and it cannot be changed. "
        "The trainers of this study read its reports. Where you need rows, ask the host for another study "
        "that gives out rows, and no reports."
    )


def check_rows_leave(declared: Leaving, *, with_unit: bool) -> None:
    """Refuse to give out rows that the study has not declared that it gives out.

    Raises
    ------
    NoRows
        If it gives out reports.
    Refused
        If it gives out rows without their unit, and the unit is asked for.
    """
    if not declared.rows:
        raise NoRows
    if with_unit and not declared.units:
        raise Refused(
            "this study gives out rows without their unit: take them without; for rows with units make "
            "another study that declares them"
        )


def closed(db: Connection, wave: str) -> Row[Any]:
    """Return a closed wave with its study and figures; refused if it is not closed or has no figures yet."""
    names = ("title", "instrument", "form", "simulated", "context", "leaving", "clusters", "special")
    of_study = [STUDY.c[each] for each in names]
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
