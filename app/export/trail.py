"""Taking answers out is written into the trail."""

from app.audit import audit
from app.db import write
from app.runtime import Service


def note_taken(service: Service, wave: str) -> None:
    with write(service.engine) as db:
        audit(service.vault, db, {"action": "answers taken out", "wave": wave})
