"""A study of two waves that are linked, and people who answer in both."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from app import studies
from app.closing import maintenance
from app.db import write
from app.runtime import Service
from app.studies import waves
from app.studies.linking.elements import ELEMENTS, offered
from app.studies.linking.pairs import FEWEST_CODES
from app.studies.paired_waves import pair_waves
from app.survey.sending import send
from app.vault import read_code
from tests.lib.respondents import make_due, sheet

EARLIER, LATER = "twice-1", "twice-2"
Own = Mapping[str, int | str]


def declared(service: Service, days: tuple[int, int] | None = None) -> Service:
    """Two units, two waves that are paired, 30 codes for the earlier one, which is open."""
    with write(service.engine) as db:
        studies.make_study(db, id="twice", title="Twice", simulated=True, leaving="rows with units")
        for unit in ("south", "north"):
            studies.add_unit(db, "twice", unit, unit.title())
        assert tuple(waves.make_wave(service, db, "twice") for _ in range(2)) == (EARLIER, LATER)
        pair_waves(service, db, EARLIER, LATER, days)
        waves.issue_codes(service, db, EARLIER, "south", FEWEST_CODES)
        waves.open_wave(service, db, EARLIER)
    return service


def own(number: int, **instead: str | int) -> Own:
    """One person's answers to the linking questions; no two numbers agree in more than a few."""
    draw = Random(number)
    answers = {name: draw.choice(offered(each, "en")) for name, each in ELEMENTS.items()}
    return {**answers, **{f"own-{name}": answer for name, answer in instead.items()}}


def take_part(service: Service, wave: str, people: Sequence[Own], agreed: int = 0) -> list[bytes]:
    """Each sends a sheet, the first `agreed` for an archive too; return the HMACs of their receipts."""
    chance = Random(wave)
    receipts = []
    with write(service.engine) as db:
        for number, answers in enumerate(people):
            [code] = waves.issue_codes(service, db, wave, "north" if number % 3 else "south", 1)
            filled = sheet(service, wave, chance)
            purposes = ("study", "archive") if number < agreed else ("study",)
            filled = replace(filled, answers={**filled.answers, **answers}, purposes=purposes)
            receipts.append(service.vault.receipt_hmac(send(service, db, filled, code=str(read_code(code)))))
    return receipts


def close(service: Service, wave: str) -> None:
    make_due(service, wave)
    maintenance.run_due_tasks(service)


def open_later(service: Service) -> None:
    with write(service.engine) as db:
        waves.issue_codes(service, db, LATER, "south", FEWEST_CODES)
        waves.open_wave(service, db, LATER)


def twice(service: Service, earlier: Sequence[Own], later: Sequence[Own]) -> tuple[list[bytes], list[bytes]]:
    """Ask and close both waves."""
    first = take_part(service, EARLIER, earlier)
    close(service, EARLIER)
    open_later(service)
    second = take_part(service, LATER, later)
    close(service, LATER)
    return first, second
