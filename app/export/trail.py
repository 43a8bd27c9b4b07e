"""Taking answers out is written into the trail."""

from typing import Final

from app.audit import audit
from app.db import write
from app.runtime import Service

TAKEN: Final = "answers taken out"


def note_taken(service: Service, wave: str) -> None:
    with write(service.engine) as db:
        audit(service.vault, db, {"action": TAKEN, "wave": wave})
