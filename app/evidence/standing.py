"""Which evidence stands today: confirmed by a second account, of the questionnaire as it is now."""

from typing import Any, Final

from sqlalchemy import Connection, Row, select

from app.tables import Evidence, table
from instrument import Instrument

EVIDENCE: Final = table(Evidence)
CONFIRMED: Final = "confirmed"
WITHDRAWN: Final = "withdrawn"
ERROR: Final = "sem:"
"""What stands before the id of a score among the figures of evidence: its standard error of measurement."""


def holding(db: Connection, instrument: Instrument, form: str, language: str) -> list[Row[Any]]:
    """Return the confirmed evidence about these words of this form, as they are today."""
    of = select(EVIDENCE).where(
        EVIDENCE.c.state == CONFIRMED,
        EVIDENCE.c.second.not_in(("", EVIDENCE.c.added_by)),
        EVIDENCE.c.instrument == instrument.id,
        EVIDENCE.c.form == form,
        EVIDENCE.c.language == language,
    )
    return [row for row in db.execute(of.order_by(EVIDENCE.c.added_at)) if not lapsed(row, instrument)]


def lapsed(row: Row[Any], instrument: Instrument | None) -> bool:
    """Whether form, words or key are no longer those of the evidence."""
    form = instrument.forms.get(row.form) if instrument else None
    words = instrument.words.get((row.form, row.language)) if instrument else None
    if instrument is None or form is None or words is None:
        return True
    return (form.hash, words.hash, instrument.key.hash) != (row.form_hash, row.words_hash, row.key_hash)
