"""How many of those with a code had answered when a wave closed: a band, computed once and never again.

A band is as coarse as T13 of the threat model asks, and the highest of them never says that all have
answered. Of fewer codes than the smallest group nothing is said: the band of a few is nearly a count.
"""

from typing import Final

from sqlalchemy import Connection, func, select, update

from app.closing.mixing import RESPONSE
from app.closing.purge import CODE
from app.studies.study import STUDY
from app.studies.waves import WAVE

BANDS: Final = ((25, "under 25 %"), (50, "25 to 49 %"), (75, "50 to 74 %"))
HIGHEST: Final = "75 % or more"
TOO_FEW: Final = "too few codes to say"


def keep_answered(db: Connection, wave: str) -> None:
    """Store the band of a wave that is being closed; one that is there stays as it is."""
    of = select(WAVE.c.imported, WAVE.c.answered, STUDY.c.k).join(STUDY, STUDY.c.id == WAVE.c.study)
    found = db.execute(of.where(WAVE.c.id == wave)).one()
    if found.imported or found.answered is not None:
        return
    codes = db.execute(select(func.count()).select_from(CODE).where(CODE.c.wave == wave)).scalar_one()
    sheets = select(func.count()).select_from(RESPONSE).where(RESPONSE.c.wave == wave)
    told = band(db.execute(sheets).scalar_one(), codes, found.k)
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(answered=told))


def band(answers: int, codes: int, smallest: int) -> str:
    """Return the band of `answers` among `codes`, or that there are too few codes."""
    if codes < smallest:
        return TOO_FEW
    return next((words for below, words in BANDS if 100 * answers < below * codes), HIGHEST)
