"""The page of a host's wave: its state, and what can be done next. It has no field for a count of answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

from sqlalchemy import Row

from analysis.disclosure.leaving import LEAVING, ORIGIN
from app.form_data import NO_ATTEMPT, Attempt
from app.hosting.designs import Choice
from app.hosting.letters import Letter, letters
from app.hosting.pages import STATES
from app.languages import LANGUAGES, english_day, moment
from app.studies.waves import CONFIRMATIONS
from app.tables import CLOSED, OPEN, PAUSED, PREPARED
from app.templating import Page

USUAL_ZONE: Final = "Europe/London"


@dataclass(frozen=True)
class Batch:
    """Codes that were made at once."""

    id: str
    unit: str
    count: int
    cancelled: bool


@dataclass(frozen=True, kw_only=True)
class WavePage(Page):
    template: ClassVar[str] = "hosting/wave.html"
    id: str
    study: str
    title: str
    ordinal: int
    state: str
    state_words: str
    opened_on: str
    closes_at: str
    zone: str
    answered: str
    """The band of those with a code who had answered when it closed."""
    batches: tuple[Batch, ...]
    languages: tuple[Choice, ...]
    invitations: tuple[Letter, ...]
    reminders: tuple[Letter, ...]
    retire_on: str
    may_retire: bool
    asked_by: str
    """Who has asked that the answers be deleted before their day."""
    is_asker: bool
    """It is whoever reads the page, so somebody else confirms it."""
    may_take_back: bool
    takes_codes: bool
    paper: bool
    """Whether it takes answers on paper too."""
    origin: str
    """What there is to know of a wave whose answers came from a file; empty of any other."""
    units: tuple[Choice, ...]
    address: str
    k: int
    gives_out_rows: bool
    clusters: bool
    confirmations: tuple[Choice, ...]
    attempt: Attempt = NO_ATTEMPT


def wave_page(
    wave: Row[Any],
    study: Row[Any],
    units: Iterable[Row[Any]],
    *,
    address: str,
    today: date,
    viewer: str,
    batches: Sequence[Row[Any]],
    attempt: Attempt = NO_ATTEMPT,
) -> WavePage:
    """Lay out a wave: its state, what can be done next, and whether codes can be made."""
    units = tuple(units)
    titles = {each.id: each.title for each in units}
    return WavePage(
        simulated=study.simulated,
        id=wave.id,
        study=study.id,
        title=study.title,
        ordinal=wave.ordinal,
        state=wave.state,
        state_words=STATES[wave.state],
        opened_on=english_day(wave.opened_on) if wave.opened_on else "",
        closes_at=moment(wave.closes_at, wave.zone) if wave.closes_at else "",
        zone=wave.zone or USUAL_ZONE,
        answered=wave.answered or "",
        batches=tuple(
            Batch(each.id, titles.get(each.unit, each.unit), each.codes, each.cancelled) for each in batches
        ),
        languages=tuple(
            Choice(language, LANGUAGES[language].name)
            for language in LANGUAGES
            if language in wave.words_hashes
        ),
        invitations=letters(wave, study, address, reminds=False),
        reminders=letters(wave, study, address, reminds=True),
        retire_on=english_day(study.retire_on) if study.retire_on else "",
        may_retire=wave.state == CLOSED and (study.retire_on is None or study.retire_on <= today),
        asked_by=wave.deletion_asked_by or "",
        is_asker=wave.deletion_asked_by == viewer,
        may_take_back=wave.state == PREPARED and all(each.cancelled for each in batches),
        takes_codes=wave.state in (PREPARED, OPEN, PAUSED) and not wave.imported,
        paper=wave.paper,
        origin=ORIGIN if wave.imported else "",
        units=tuple(Choice(each.id, each.title) for each in units if each.level == "unit"),
        address=address,
        k=study.k,
        gives_out_rows=LEAVING[study.leaving].rows,
        clusters=study.clusters,
        confirmations=tuple(Choice(name, sentence) for name, sentence in CONFIRMATIONS.items()),
        attempt=attempt,
    )
