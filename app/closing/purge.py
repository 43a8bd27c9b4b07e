"""Delete what a closing wave no longer needs, so that nothing left of a code tells who answered.

A code keeps its wave only, so that typing it says that the collection has closed. Its unit, and whether it
was used, would identify the answer of somebody who was the only one of their unit to answer. The trail has
the number of codes made for each unit, the report the number of answers.
"""

from typing import Final

from sqlalchemy import Connection, Table, delete, select, update

from app.tables import Code, Draft, Session, SubmitKey, table

CODE: Final[Table] = table(Code)
DRAFT: Final[Table] = table(Draft)
SESSION: Final[Table] = table(Session)
SUBMIT_KEY: Final[Table] = table(SubmitKey)


def purge(db: Connection, wave: str) -> None:
    """Delete drafts, sessions and submit keys of a wave, and of its codes everything but the wave."""
    of_wave = select(CODE.c.hmac).where(CODE.c.wave == wave)
    db.execute(delete(SESSION).where(SESSION.c.code_hmac.in_(of_wave)))
    db.execute(delete(DRAFT).where(DRAFT.c.code_hmac.in_(of_wave)))
    # A submit key that is still in a browser would link that browser to a response.
    db.execute(delete(SUBMIT_KEY).where(SUBMIT_KEY.c.wave == wave))
    db.execute(update(CODE).where(CODE.c.wave == wave).values(unit=None, state=None, batch=None))
