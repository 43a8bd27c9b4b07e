"""What leaves a research study, under which ethics approval: said by one, confirmed by a second person."""

import json
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from app.audit import audit
from app.errors import Refused
from app.runtime import Service
from app.studies.information import hold_study
from app.studies.study import STUDY, the_study
from app.studies.waves import WAVE
from app.tables import PREPARED, RESEARCH

LONGEST: Final = 200
CONFIRMED: Final = (
    "leaving",
    "ethics",
    "context",
    "special",
    "clusters",
    "k",
    "people",
    "form",
    "instrument",
)


def ask_release(service: Service, db: Connection, study: str, ethics: str, who: str) -> None:
    """Say under which approval a research study gives out what it declares; a second person confirms."""
    _before_opening(db, study)
    reference = " ".join(ethics.split())
    if not 1 <= len(reference) <= LONGEST or not reference.isprintable():
        raise Refused(f"people read the reference of the ethics approval: 1 to {LONGEST} letters")
    said = {"ethics": reference, "release_asked_by": who, "release_confirmed_by": None}
    db.execute(update(STUDY).where(STUDY.c.id == study).values(said))
    told = {"study": study, "leaving": str(the_study(db, study).leaving), "ethics": reference}
    audit(service.vault, db, {"action": "release asked", **told})


def what_is_confirmed(study: Row[Any]) -> str:
    """Return a digest of what the second person confirms: the approval, and what decides on what leaves."""
    said = {name: str(getattr(study, name)) for name in CONFIRMED}
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def confirm_release(service: Service, db: Connection, study: str, who: str, seen: str | None = None) -> None:
    """Confirm, as the second person, what a research study gives out.

    `seen` is `what_is_confirmed` of the page on which they read it: what has changed since is not confirmed.
    """
    _before_opening(db, study)
    found = the_study(db, study)
    if seen is not None and seen != what_is_confirmed(found):
        raise Refused("the study has changed since you opened this page: read it once more, then confirm it")
    if found.release_asked_by is None:
        raise Refused("nobody has said under which ethics approval: one person says it, another one confirms")
    if found.release_asked_by == who:
        raise Refused("you have said it yourself: another person has to confirm it")
    db.execute(update(STUDY).where(STUDY.c.id == study).values(release_confirmed_by=who))
    told = {"study": study, "leaving": str(found.leaving), "ethics": str(found.ethics)}
    audit(service.vault, db, {"action": "release confirmed", **told, "asked by": str(found.release_asked_by)})


def _before_opening(db: Connection, study: str) -> None:
    """Refuse another study than a research study, or one of which people have read the approval already."""
    hold_study(db, study)
    if the_study(db, study).kind != RESEARCH:
        raise Refused(f"{study!r} is no research study: it needs nothing of the kind")
    opened = select(WAVE.c.id).where(WAVE.c.study == study, WAVE.c.state != PREPARED)
    if db.execute(opened.limit(1)).first():
        raise Refused("a collection has opened: what people have agreed to stays as it is")
