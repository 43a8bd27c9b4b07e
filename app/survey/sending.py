"""Send answers: in one transaction the draft becomes a response to which no other row leads.

The sheet comes from the page that was sent, not from the draft, so a person sends what they saw. Sending it
again, after our answer was lost on its way, shows the same receipt.
"""

from typing import Any, Final
from uuid import uuid4

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.db import is_sqlite
from app.errors import Closed, Conflict, Ended, Erased, Unreadable
from app.questionnaire.path import CHECK, SELF, SurveyPath, survey_path_of
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies.linking.elements import ELEMENTS
from app.studies.linking.pairs import marks
from app.studies.special import SPECIAL
from app.studies.waves import FINISHED, hold_wave
from app.survey.drafts import check_open
from app.tables import Code, Draft, Response, Session, SpecialAnswer, SubmitKey, Wave, table

NOT_ANSWERS: Final = ELEMENTS.keys() | SPECIAL.keys()
"""What stands on a sheet and is kept as marks, or apart, and never among the answers."""
_CODE, _DRAFT, _SESSION = table(Code).c, table(Draft).c, table(Session).c
_OF_CODE: Final[BindParameter[bytes]] = bindparam("of_code")
_STATE: Final = select(table(Wave).c.state, table(Wave).c.closes_at).where(
    table(Wave).c.id == bindparam("wave")
)
_KEY_ONCE: Final = {
    True: sqlite.insert(table(SubmitKey)).on_conflict_do_nothing(),
    False: postgresql.insert(table(SubmitKey))
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True),
}
_SENT: Final = select(table(SubmitKey).c.body_hmac).where(table(SubmitKey).c.hmac == bindparam("hmac"))
_KEPT: Final = select(table(Response).c.id).where(table(Response).c.receipt_hmac == bindparam("receipt"))
_HOLDER: Final = (
    delete(table(Session)).where(_SESSION.token_hmac == bindparam("token")).returning(_SESSION.code_hmac)
)
_END_SESSION: Final = delete(table(Session)).where(_SESSION.code_hmac == _OF_CODE)
_END_DRAFT: Final = delete(table(Draft)).where(_DRAFT.code_hmac == _OF_CODE)
_FINISH: Final = (
    update(table(Code))
    .where(_CODE.hmac == _OF_CODE, _CODE.wave == bindparam("of_wave"), _CODE.state != FINISHED)
    .values(state=FINISHED)
    .returning(_CODE.unit, _CODE.batch)
)
_KEEP_ONCE: Final = {
    True: sqlite.insert(table(Response)).on_conflict_do_nothing(),
    False: postgresql.insert(table(Response))
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True),
}


class NotShown(Exception):
    """Something on the sheet was never shown or agreed to; `step` is the page that is missing."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


def send(
    service: Service,
    db: Connection,
    sheet: Sheet,
    *,
    token: str | None = None,
    code: str | None = None,
    layout: str | None = None,
) -> str:
    """Keep a whole sheet, once, and return its receipt; the sender holds a session's token or the code.

    `layout` is that of a sheet that was not filled in on a screen.
    """
    hold_wave(db, sheet.wave)
    receipt = service.vault.receipt(sheet.key)
    receipt_hmac = service.vault.receipt_hmac(receipt)
    if not _first_time(service, db, sheet):
        if db.execute(_KEPT, {"receipt": receipt_hmac}).first() is None:
            raise Erased
        return receipt
    survey = _open_path(service, db, sheet)
    unit, batch = _finish(service, db, sheet.wave, token, code)
    row = response_row(
        sheet,
        unit=unit,
        cluster=batch if survey.clusters else None,
        words_hash=survey.words[sheet.language].hash,
        layout=layout or survey.layout,
        receipt_hmac=receipt_hmac,
    )
    elements = marks(service.vault, db, sheet.wave, sheet.answers) if survey.linked else None
    kept = db.execute(_KEEP_ONCE[is_sqlite(db)], {**row, "elements": elements})
    if kept.rowcount != 1:  # the receipt is derived from the key of the sheet, which was sent in another wave
        raise Conflict
    if asked_last := survey.asks.get(SELF, ()):
        said = {name: sheet.answers[name] for name in asked_last}
        of_sheet = {"id": uuid4(), "wave": sheet.wave, "receipt_hmac": receipt_hmac}
        db.execute(insert(table(SpecialAnswer)).values(**of_sheet, answers=said))
    return receipt


def response_row(
    sheet: Sheet,
    *,
    unit: str,
    words_hash: str,
    layout: str,
    receipt_hmac: bytes,
    cluster: str | None = None,
) -> dict[str, Any]:
    """What is kept of a sheet: a row of `response`, under a random id."""
    return {
        "id": uuid4(),
        "wave": sheet.wave,
        "unit": unit,
        "language": sheet.language,
        "words_hash": words_hash,
        "consent_hash": sheet.consent,
        "purposes": list(sheet.purposes),
        "layout": layout,
        "block_order": sheet.order or None,
        "cluster": cluster,
        "answers": {name: each for name, each in sheet.answers.items() if name not in NOT_ANSWERS},
        "receipt_hmac": receipt_hmac,
    }


def _first_time(service: Service, db: Connection, sheet: Sheet) -> bool:
    """Store the key of this sheet, which can stand once; False if it is there already with the same sheet."""
    hmac = service.vault.submit_hmac(sheet.wave, sheet.key)
    body = service.vault.body_hmac(sheet.to_bytes())
    row = {"hmac": hmac, "wave": sheet.wave, "body_hmac": body}
    if db.execute(_KEY_ONCE[is_sqlite(db)], row).rowcount == 1:
        return True
    if db.execute(_SENT, {"hmac": hmac}).scalar() != body:
        raise Conflict
    return False


def _open_path(service: Service, db: Connection, sheet: Sheet) -> SurveyPath:
    wave = db.execute(_STATE, {"wave": sheet.wave}).first()
    if wave is None:
        raise Closed
    check_open(wave.state, wave.closes_at)
    survey = survey_path_of(service, db, sheet.wave).walked_by(sheet)
    if sheet.language not in survey.words:
        raise Unreadable
    if (step := survey.next_step(sheet)) != CHECK:
        raise NotShown(step)
    return survey


def _finish(
    service: Service, db: Connection, wave: str, token: str | None, code: str | None
) -> tuple[str, str | None]:
    """End session and draft and finish the code; return its unit and its batch."""
    if token is not None:
        code_hmac = db.execute(_HOLDER, {"token": service.vault.token_hmac(token)}).scalar()
    else:
        code_hmac = service.vault.code_hmac(code or "")
        db.execute(_END_SESSION, {"of_code": code_hmac})
    if code_hmac is None:
        raise Ended
    db.execute(_END_DRAFT, {"of_code": code_hmac})
    finished = db.execute(_FINISH, {"of_code": code_hmac, "of_wave": wave}).first()
    if finished is None or finished.unit is None:
        raise Ended
    return str(finished.unit), finished.batch
