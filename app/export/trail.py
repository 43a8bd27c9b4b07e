"""Taking answers out, and reading figures of them, is written into the trail."""

from typing import Final

from app.audit import audit
from app.db import write
from app.runtime import Service

TAKEN: Final = "answers taken out"


def note_taken(service: Service, wave: str) -> None:
    _note(service, wave, TAKEN)


def note_compared(service: Service, wave: str) -> None:
    """Asking again and again whether answers have changed tells when somebody erased theirs."""
    _note(service, wave, "answers compared")


def note_read(service: Service, wave: str) -> None:
    _note(service, wave, "figures read")


def _note(service: Service, wave: str, action: str) -> None:
    with write(service.engine) as db:
        audit(service.vault, db, {"action": action, "wave": wave})
