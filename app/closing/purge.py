"""Delete, when a wave closes, what it needs no more: whatever is left of a code tells nobody who answered.

A code keeps its wave alone, so that typing it says that the collection has closed. Its unit, and whether it
was used, would name the answer of whoever was the only one of their unit. How many codes were made for which
unit stands in the trail, and how many answered in the report.
"""

from typing import Final

from sqlalchemy import Connection, Table, delete, select, update

from app.tables import Code, Draft, Session, SubmitKey, table

CODE: Final[Table] = table(Code)
DRAFT: Final[Table] = table(Draft)
SESSION: Final[Table] = table(Session)
SUBMIT_KEY: Final[Table] = table(SubmitKey)


def purge(db: Connection, wave: str) -> None:
    """Delete drafts, sessions and submit keys of a wave, and what its codes say beside the wave."""
    of_wave = select(CODE.c.hmac).where(CODE.c.wave == wave)
    db.execute(delete(SESSION).where(SESSION.c.code_hmac.in_(of_wave)))
    db.execute(delete(DRAFT).where(DRAFT.c.code_hmac.in_(of_wave)))
    # A key that was left in a browser would link.
    db.execute(delete(SUBMIT_KEY).where(SUBMIT_KEY.c.wave == wave))
    db.execute(update(CODE).where(CODE.c.wave == wave).values(unit=None, state=None))
