"""Keep what came on paper, by the same way as what is sent from a screen.

The code on the paper is used up, and the answers are sent as a respondent's are, with `paper` for their
layout. Nothing about who typed is written: neither in the row nor in the trail, whose entries hold a time and
would count the answers of an open wave.
"""

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select

from app.errors import Closed, Conflict, Ended, Paused, Refused
from app.questionnaire.path import SurveyPath
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies.waves import CODE, FINISHED, PAPER, STARTED, hold_wave
from app.survey.drafts import check_open, hold_code
from app.survey.sending import send

NOT_DECLARED: Final = (
    "this collection takes no paper: that is declared before it opens, so that everybody in it is told"
)
LINKED: Final = "this collection is linked, and whoever types would read the choices that link people"
NOT_OPEN: Final = "this collection takes no answers at this moment"
NO_CODE: Final = "this is no code of this collection: compare it with the paper"
BEGUN: Final = (
    "somebody has begun with this code on a screen, and what they saved would be lost. If the paper is to "
    "count instead, type it in with another code of the same group"
)
USED: Final = "answers have been sent with this code already, and nothing of this paper was saved"
_STATE: Final = select(CODE.c.state).where(
    CODE.c.hmac == bindparam("of_code"), CODE.c.wave == bindparam("of_wave")
)


def check_takes_paper(wave: Row[Any], survey: SurveyPath) -> None:
    """Refuse a wave that has not declared paper, is linked, or takes no answers at this moment.

    Raises
    ------
    Refused
        With the reason.
    """
    if not wave.paper:
        raise Refused(NOT_DECLARED)
    if not survey.paper:
        raise Refused(LINKED)
    try:
        check_open(wave.state, wave.closes_at)
    except (Closed, Paused):
        raise Refused(NOT_OPEN) from None


def check_code(service: Service, db: Connection, wave: str, code: str) -> None:
    """Refuse a code with which a paper cannot be typed in.

    Raises
    ------
    Refused
        It is none of this wave, or it has been begun or used.
    """
    found = db.execute(_STATE, {"of_code": service.vault.code_hmac(code), "of_wave": wave}).first()
    if found is None:
        raise Refused(NO_CODE)
    if found.state == STARTED:
        raise Refused(BEGUN)
    if found.state == FINISHED:
        raise Refused(USED)


def type_in(service: Service, db: Connection, sheet: Sheet, code: str) -> str:
    """Keep a paper, once, and return its receipt; the same sheet sent again shows the same receipt.

    Raises
    ------
    Refused
        Its code cannot be used, or another sheet came with the key of this one.
    """
    hold_wave(db, sheet.wave)
    hold_code(db, service.vault.code_hmac(code))
    try:
        check_code(service, db, sheet.wave, code)
    except Refused as refused:
        if str(refused) != USED:
            raise
    try:
        return send(service, db, sheet, code=code, layout=PAPER)
    except (Conflict, Ended):
        raise Refused(USED) from None
