"""The reliability figures of a closed wave, as they were kept when it closed."""

from typing import Any

from sqlalchemy import Connection

from analysis.disclosure.leaving import LEAVING
from app.closing.withholding import FEWEST
from app.evidence.claims import with_evidence
from app.export.closed_wave import TooFew, check_rows_leave, closed
from app.export.rows import Reliability
from app.runtime import Service
from app.studies.installed import as_it_was_asked
from instrument import Instrument


def reliability(service: Service, db: Connection, wave: str) -> Reliability:
    """Read the figures that were kept; nothing is computed, and no row is read."""
    about = closed(db, wave)
    check_rows_leave(LEAVING[about.leaving], with_unit=False)
    if about.figures["n"] < FEWEST:
        raise TooFew(f"{wave!r} has fewer than {FEWEST} rows, too few for figures that show no single answer")
    instrument = with_evidence(db, as_it_was_asked(service, about), about.form)
    return Reliability(
        wave=wave,
        title=about.title,
        simulated=about.simulated,
        imported=about.imported,
        stage=instrument.claims.label if instrument.claims else None,
        form=about.form,
        form_hash=about.form_hash,
        key_revision=instrument.key.revision,
        figures=about.figures,
        questions=_questions(instrument, about.form),
    )


def _questions(instrument: Instrument, form: str) -> dict[str, tuple[str, ...]]:
    """Return the sentences of each subscale's items; those that count the other way round say so."""
    words = instrument.words_for_staff(form)
    return {
        name: tuple(
            f"{item.id}: {words.sentence(item.id)}{' (counts the other way round)' if item.reversed else ''}"
            for item in subscale.items
        )
        for name, subscale in instrument.key.subscales(form).items()
    }


def as_json(found: Reliability) -> dict[str, Any]:
    """Return the kept figures as JSON for programs, with form and key."""
    return {
        "wave": found.wave,
        "form": found.form,
        "form_hash": found.form_hash,
        "key_revision": found.key_revision,
        "simulated": found.simulated,
        "imported": found.imported,
        "stage": found.stage,
        **found.figures,
    }
