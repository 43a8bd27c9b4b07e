"""What a host may reach: studies of their own and their waves, and what is done only when they are sure."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from app.errors import NotFound, Refused
from app.staff.authorise import Staff
from app.studies.study import STUDY
from app.studies.waves import WAVE

NOT_SURE: Final = "tick the box above the button: this cannot be taken back"


def own_study(db: Connection, staff: Staff, study: str) -> Row[Any]:
    """Return a study of this host; another one does not exist for them.

    Raises
    ------
    NotFound
        It is not theirs, or there is none.
    """
    found = db.execute(select(STUDY).where(STUDY.c.id == study, staff.may_see())).first()
    if found is None:
        raise NotFound
    return found


def own_wave(db: Connection, staff: Staff, wave: str) -> Row[Any]:
    """Return a wave of a study of this host; another one does not exist for them.

    Raises
    ------
    NotFound
        It is not theirs, or there is none.
    """
    of_study = select(WAVE).join(STUDY, STUDY.c.id == WAVE.c.study)
    found = db.execute(of_study.where(WAVE.c.id == wave, staff.may_see())).first()
    if found is None:
        raise NotFound
    return found


def be_sure(fields: Mapping[str, str]) -> None:
    """Refuse unless the host has ticked that they are sure.

    Raises
    ------
    Refused
        The box is not ticked.
    """
    if "sure" not in fields:
        raise Refused(NOT_SURE)
