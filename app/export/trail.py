"""Taking answers out, and reading figures of them, is written into the trail."""

from app.audit import audit
from app.db import write
from app.runtime import Service


def note_taken(service: Service, wave: str) -> None:
    _note(service, wave, "answers taken out")


def note_read(service: Service, wave: str) -> None:
    _note(service, wave, "figures read")


def _note(service: Service, wave: str, action: str) -> None:
    with write(service.engine) as db:
        audit(service.vault, db, {"action": action, "wave": wave})
