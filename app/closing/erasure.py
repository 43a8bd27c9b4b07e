"""Erase a response, and note that the table has to be rewritten: until then its bytes stay on the page.

On SQLite, too: secure_delete writes zeros over the row, but where rows were moved between two pages before,
the place that one of them left on the first page keeps its bytes, until the page is filled or the file
rewritten.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from app.closing.digests import ROW, SPECIAL_ROW, take_away
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.db import is_sqlite
from app.ended import ledger
from app.runtime import Service
from app.tables import Setting, table

SETTING: Final = table(Setting)
TO_REWRITE: Final = "responses to rewrite"
CODES_TO_REWRITE: Final = "codes to rewrite"
STUDIES_TO_REWRITE: Final = "studies to rewrite"
STAFF_TO_REWRITE: Final = "staff to rewrite"
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
    for receipt_hmac in service.vault.receipt_hmacs(receipt):
        if erase_row(service, db, receipt_hmac):
            ledger.note(service, db, "answer", receipt_hmac)
            return True
    return False


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


def note_deleted(db: Connection, mark: str = TO_REWRITE) -> None:
    """Note that the due tasks have to rewrite what this mark stands for, unless it is noted already."""
    row = (sqlite if is_sqlite(db) else postgresql).insert(SETTING).values(name=mark, value="")
    db.execute(row.on_conflict_do_nothing())
