"""How well the items of a closed wave hang together: the figures that were kept when it closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection

from app.closing.withhold import FEWEST
from app.export.closed_wave import TooFew, closed
from app.runtime import Service
from app.studies.waves import as_it_was_asked
from app.templating import Page


@dataclass(frozen=True, kw_only=True)
class Reliability:
    wave: str
    title: str
    simulated: bool
    stage: str | None
    form: str
    form_hash: str
    key_revision: int
    figures: Mapping[str, Any]


def reliability(service: Service, db: Connection, wave: str) -> Reliability:
    """Read what was kept; nothing is computed, and no row is read."""
    about = closed(db, wave)
    if about.figures["n"] < FEWEST:
        raise TooFew(f"{wave!r} has fewer than {FEWEST} rows; of fewer nothing is told")
    instrument = as_it_was_asked(service, about)
    return Reliability(
        wave=wave,
        title=about.title,
        simulated=about.simulated,
        stage=instrument.claims.label if instrument.claims else None,
        form=about.form,
        form_hash=about.form_hash,
        key_revision=instrument.key.revision,
        figures=about.figures,
    )


def as_json(found: Reliability) -> dict[str, Any]:
    return {
        "wave": found.wave,
        "form": found.form,
        "form_hash": found.form_hash,
        "key_revision": found.key_revision,
        "simulated": found.simulated,
        "stage": found.stage,
        **found.figures,
    }


@dataclass(frozen=True)
class ScaleRow:
    label: str
    items: int
    n: int
    figures: tuple[str, ...]
    """Each figure with its interval, or the reason why there is none."""


@dataclass(frozen=True, kw_only=True)
class ReliabilityPage(Page):
    template: ClassVar[str] = "export/reliability.html"
    wave: str
    study: str
    n: int
    stage: str | None
    scales: tuple[ScaleRow, ...]


def reliability_page(data: Reliability) -> ReliabilityPage:
    return ReliabilityPage(
        simulated=data.simulated,
        wave=data.wave,
        study=data.title,
        n=data.figures["n"],
        stage=data.stage,
        scales=tuple(
            ScaleRow(each["label"], each["k"], each["n"], tuple(map(_figure, (each["alpha"], each["omega"]))))
            for each in data.figures["scales"].values()
        ),
    )


def _figure(kept: Mapping[str, float | str]) -> str:
    if "unavailable" in kept:
        return str(kept["unavailable"])
    return f"{kept['value']:g} ({kept['low']:g} to {kept['high']:g})"
