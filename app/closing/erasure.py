"""Erase a response, and note that the table has to be rewritten: until then its bytes stay on the page."""

from typing import Final

from sqlalchemy import Connection, bindparam, delete
from sqlalchemy.dialects import postgresql

from app.closing.digests import ROW, SPECIAL_ROW, take_away
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.db import is_sqlite
from app.ended import ledger
from app.runtime import Service
from app.tables import Setting, table

SETTING: Final = table(Setting)
TO_REWRITE: Final = "responses to rewrite"
_ERASE: Final = (
    delete(RESPONSE)
    .where(RESPONSE.c.receipt_hmac == bindparam("receipt"))
    .returning(RESPONSE.c.wave.label("of_wave"), *ROW)
)
_ERASE_APART: Final = (
    delete(SPECIAL_ANSWER)
    .where(SPECIAL_ANSWER.c.receipt_hmac == bindparam("receipt"))
    .returning(*SPECIAL_ROW)
)


def erase(service: Service, db: Connection, receipt: str) -> bool:
    """Delete the response that a receipt belongs to; tell whether there was one."""
    receipt_hmac = service.vault.receipt_hmac(receipt)
    if not erase_row(service, db, receipt_hmac):
        return False
    ledger.note(service, db, "answer", receipt_hmac)
    return True


def erase_row(service: Service, db: Connection, receipt_hmac: bytes) -> bool:
    """Delete the row of a receipt, which the ledger has already or which this transaction writes there."""
    gone = db.execute(_ERASE, {"receipt": receipt_hmac}).first()
    if gone is None:
        return False
    apart = db.execute(_ERASE_APART, {"receipt": receipt_hmac}).first()
    wave, *row = gone
    take_away(service, db, wave, row, apart)
    note_deleted(db)
    return True


def note_deleted(db: Connection) -> None:
    """Note that the due tasks have to rewrite the table; SQLite overwrites deleted rows by itself."""
    if not is_sqlite(db):
        db.execute(note(TO_REWRITE))


def note(name: str) -> postgresql.Insert:
    """Return the statement that stores a mark in `setting`, unless it is there already."""
    return postgresql.insert(SETTING).values(name=name, value="").on_conflict_do_nothing()
