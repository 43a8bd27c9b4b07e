"""Delete a study with all that is kept of it, and the beginning of the trail: after their day, for good.

The answers of a collection are deleted on the day that the study declared. What is left then, the reports,
the codes' hashes, the units, roles and tokens, goes with the study when a host or the operator deletes it.
What the trail says of it stays until the trail's own day. The due tasks remove the bytes from the files.
"""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, or_, select, update

from app.audit import audit, cut, events, verify
from app.closing.digests import DIGEST
from app.closing.erasure import CODES_TO_REWRITE, SETTING, STUDIES_TO_REWRITE, note_deleted
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.closing.purge import CODE, purge
from app.closing.snapshots import SNAPSHOT
from app.ended import ledger
from app.errors import Refused
from app.runtime import Service, now
from app.studies.information import hold_study
from app.studies.linking.pairs import KEY, PAIR
from app.studies.study import STUDY, UNIT, the_study
from app.studies.waves import CODE_BATCH, WAVE, waves
from app.tables import RETIRED, Grant, Token, table

IN_A_BACKUP: Final = "closed waves in a backup"
TRAIL_KEPT: Final = timedelta(days=365)
"""Nobody deletes what the trail says of the last year."""


def delete_study(service: Service, db: Connection, study: str) -> None:
    """Delete a study that has no wave, or whose waves are all retired, with everything that is kept of it."""
    the_study(db, study)
    hold_study(db, study)
    for each in waves(db, study):
        if each.state != RETIRED:
            raise Refused(
                f"{each.id!r} is {each.state}: a study can be deleted when it has no collection, or the "
                "answers of all its collections are deleted"
            )
    ledger.note(service, db, "study", study.encode())
    delete_rows(db, study)
    audit(service.vault, db, {"action": "study deleted", "study": study})


def delete_rows(db: Connection, study: str) -> None:
    """Delete the rows of a study, after those that point at them.

    In a backup that was put back there may be answers, and drafts, that were deleted since.
    """
    of_study = [each.id for each in waves(db, study)]
    for wave in of_study:
        purge(db, wave)
    for each in (RESPONSE, SPECIAL_ANSWER):
        db.execute(delete(each).where(each.c.wave.in_(of_study)))
    db.execute(delete(KEY).where(KEY.c.earlier.in_(of_study)))
    db.execute(delete(PAIR).where(or_(PAIR.c.earlier.in_(of_study), PAIR.c.later.in_(of_study))))
    for each in (SNAPSHOT, DIGEST, CODE, CODE_BATCH):
        db.execute(delete(each).where(each.c.wave.in_(of_study)))
    for each in (WAVE, UNIT, table(Grant), table(Token)):
        db.execute(delete(each).where(each.c.study == study))
    db.execute(delete(STUDY).where(STUDY.c.id == study))
    kept = db.execute(select(SETTING.c.value).where(SETTING.c.name == IN_A_BACKUP)).scalar() or ""
    others = " ".join(each for each in str(kept).split() if each not in of_study)
    db.execute(update(SETTING).where(SETTING.c.name == IN_A_BACKUP).values(value=others))
    note_deleted(db)
    note_deleted(db, CODES_TO_REWRITE)
    note_deleted(db, STUDIES_TO_REWRITE)


def delete_trail(service: Service, db: Connection, before: date) -> int:
    """Delete the lines of the trail from before a day, up to the first of a study that is still there.

    Returns
    -------
    int
        How many lines were deleted.
    """
    if before > now().date() - TRAIL_KEPT:
        raise Refused(f"the trail is kept for {TRAIL_KEPT.days} days: name a day before them")
    if (broken := verify(service.vault, db).broken_at) is not None:
        raise Refused(
            f"line {broken} of the trail is not what was written, and deleting would take the proof away: "
            "look at `counterpoise audit verify` first"
        )
    present = set(db.execute(select(STUDY.c.id)).scalars())
    last: Row[Any] | None = None
    count = 0
    for each in events(db):
        if each.at.date() >= before or _study_of(each.event) in present:
            break
        last, count = each, count + 1
    if last is None:
        return 0
    ledger.note(service, db, "trail", str(last.number))
    audit(service.vault, db, {"action": "trail deleted", "before": before.isoformat(), "lines": str(count)})
    cut_trail(service, db, last)
    return count


def cut_trail(service: Service, db: Connection, last: Row[Any]) -> None:
    """Delete the trail up to this line."""
    cut(service.vault, db, last)
    note_deleted(db, STUDIES_TO_REWRITE)


def _study_of(event: dict[str, str]) -> str:
    return event.get("study") or (event.get("wave") or event.get("earlier", "")).rpartition("-")[0]
