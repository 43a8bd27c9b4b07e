"""A battery of four forms, composed as an operator does it: the PPIQ, two single forms, a host's scale."""

from dataclasses import replace
from pathlib import Path

from app import studies
from app.db import write
from app.hosted.brought import put_on_shelf
from app.runtime import Installed, Service
from app.studies import waves
from instrument import Form, Instrument, ppiq
from instrument.catalog import of_texts
from instrument.exchange.battery import Battery, compose
from instrument.exchange.hosted import hosted_files
from tests.lib.hosted import GARDEN, as_text

PARTS = {
    "ppiq": {"form": "ppiq/a2", "item_order": "random"},
    "say": {"form": "ppiq/g"},
    "plot": {"form": "garden/garden"},
}
NAME = "trust"
STUDY = "trial"
WAVE = f"{STUDY}-1"


def on_a_shelf(service: Service, folder: Path) -> Service:
    """The service with a folder of instruments in which the scale of a host stands."""
    settings = replace(service.settings, instruments=folder)
    made = replace(service, settings=settings, instruments=Installed({"ppiq": ppiq()}, folder))
    files, problems = hosted_files(as_text(GARDEN))
    assert not problems
    put_on_shelf(made, of_texts(files), files)
    return made


def battery(order: str = "random", **parts: dict[str, str]) -> Battery:
    said = {"battery": NAME, "title": "Power and gardens", "block_order": order, "blocks": parts or PARTS}
    return Battery.model_validate(said)


def compose_here(service: Service, asked: Battery | None = None) -> tuple[Instrument, Form]:
    """Compose a battery into the service's folder."""
    files = compose(asked or battery(), service.instruments)
    put_on_shelf(service, of_texts(files), files)
    made = service.instruments[NAME]
    return made, made.forms[NAME]


def open_study(service: Service, **how: object) -> str:
    """A SIMULATED research study of the battery, with one unit and an open wave, which is returned."""
    said = {"leaving": "rows", "simulated": True, "context": ["role", "length"], "people": 100, **how}
    with write(service.engine) as db:
        studies.make_study(db, id=STUDY, title="Trial", kind="research", instrument=NAME, form=NAME, **said)
        studies.add_unit(db, STUDY, "all", "Everybody")
        wave = waves.make_wave(service, db, STUDY)
        waves.open_wave(service, db, wave)
    return wave
