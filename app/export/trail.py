"""Write into the trail that answers were taken out, or that figures of them were read."""

from typing import Final

from app.audit import audit
from app.db import write
from app.runtime import Service

TAKEN: Final = "answers taken out"


def note_taken(service: Service, wave: str) -> None:
    """Note that rows of a wave were taken out."""
    _note(service, wave, TAKEN)


def note_compared(service: Service, wave: str) -> None:
    """Note that a program asked whether answers have changed: asking often shows when somebody erased."""
    _note(service, wave, "answers compared")


def note_read(service: Service, wave: str) -> None:
    """Note that figures of rows were read."""
    _note(service, wave, "figures read")


def _note(service: Service, wave: str, action: str) -> None:
    with write(service.engine) as db:
        audit(service.vault, db, {"action": action, "wave": wave})
