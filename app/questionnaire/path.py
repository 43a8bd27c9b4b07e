"""What one wave asks and in which words: fixed when the wave was made, so it is kept and seldom looked up."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from secrets import randbelow
from typing import Any, Final
from weakref import WeakKeyDictionary

from markupsafe import Markup
from sqlalchemy import Connection, Row, bindparam, select

from analysis.disclosure.leaving import LEAVING, Leaving
from app.errors import NotFound, NotInstalled
from app.languages import LANGUAGES
from app.questionnaire.consent import ARCHIVE, FAIRNESS, PURPOSES, Consent, Research, consent
from app.questionnaire.consent import STUDY as STUDY_ITSELF
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies.anonymity import budget_of
from app.studies.information import written
from app.studies.linking.elements import ELEMENTS
from app.studies.linking.elements import allowed as allowed_marks
from app.studies.linking.pairs import unmatched, was_paired
from app.studies.special import SPECIAL
from app.tables import PREPARED, RESEARCH, Study, Wave, table
from instrument import (
    LEFT_BLANK,
    ContextQuestion,
    Form,
    Instrument,
    Words,
    allowed,
    laid_out,
    orders,
)

_WAVE, _STUDY = table(Wave).c, table(Study).c
_PINNED: Final = (
    select(
        _WAVE.form_hash,
        _WAVE.words_hashes,
        _WAVE.items_per_page,
        _WAVE.state,
        _WAVE.paper,
        _STUDY.title,
        _STUDY.instrument,
        _STUDY.form,
        _STUDY.k,
        _STUDY.simulated,
        _STUDY.leaving,
        _STUDY.context,
        _STUDY.retire_on,
        _STUDY.information,
        _STUDY.kind,
        _STUDY.ethics,
        _STUDY.release_confirmed_by,
        _STUDY.people,
        _STUDY.population,
        _STUDY.clusters,
        _STUDY.special,
    )
    .join_from(table(Wave), table(Study), _STUDY.id == _WAVE.study)
    .where(_WAVE.id == bindparam("wave"))
)
CONSENT: Final = "/consent"
ABOUT: Final = "/about"
LINK: Final = "/link"
SELF: Final = "/self"
CHECK: Final = "/check"
BLOCK: Final = 64


@dataclass(frozen=True, kw_only=True)
class SurveyPath:
    """The steps of a wave or of a private run, and all that their pages need."""

    wave: str
    study_title: str
    simulated: bool
    k: int
    instrument: Instrument
    form: Form
    per_page: int
    context: Mapping[str, ContextQuestion]
    words: Mapping[str, Words]
    """In each language that it may be answered in: those with all its words, and with an interface."""
    draft_size: int
    asks: Mapping[str, tuple[str, ...]]
    """The path of each page with questions, in order -> the ids of what it asks."""
    numbers: Mapping[str, int]
    """The number of each item, as people see it."""
    was_paired: bool = False
    """Whether it is one of a pair, which may end while people answer, or was."""
    leaving: Leaving = field(default_factory=Leaving)
    """What is given out of the wave when it has closed; nothing of a private run."""
    retire_on: date | None = None
    """The day on which what was sent is deleted, where the study has declared one."""
    information: tuple[tuple[str, str], ...] = ()
    """What people are told of the study before they agree, each with its title; nothing of a private run."""
    paper: bool = False
    """Whether answers on paper are typed in: never where waves are linked, since the choices that link people
    would be read."""
    research: Research | None = None
    """What is told of a research study; None of another."""
    clusters: bool = False
    """Whether a response keeps the cluster of its code."""
    compared: bool = False
    """Whether its reports may compare groups and collections, where evidence of its population allows it."""
    markup: dict[tuple[Any, ...], Markup] = field(default_factory=dict, compare=False, repr=False)
    """What app.questionnaire.rendering has made so far."""
    special: tuple[str, ...] = ()
    """What is asked, last, of those who have agreed to it: ids of app.studies.special."""
    whole: "SurveyPath | None" = field(default=None, compare=False, repr=False)
    """Of such a variant, the path that it was made from."""
    variants: dict[tuple[int, bool], "SurveyPath"] = field(default_factory=dict, compare=False, repr=False)
    """The same path as people walk it by their order and what they agreed to, so far as it was asked for."""

    def draw_order(self) -> int:
        """Draw the number of an order for one person; 0 where everybody is shown the same."""
        drawn = orders(self.form)
        return 1 + randbelow(len(drawn)) if drawn else 0

    def has_order(self, number: int) -> bool:
        """Whether a sheet can have been shown in the order of this number."""
        drawn = orders(self.form)
        return 1 <= number <= len(drawn) if drawn else number == 0

    def walked_by(self, sheet: Sheet) -> "SurveyPath":
        """Return the path as the person of this sheet walks it, made once for all who walk it so."""
        if self.whole is not None:
            return self.whole.walked_by(sheet)
        key = sheet.order, bool(self.special) and FAIRNESS in sheet.purposes
        if key == (0, False):
            return self
        if key not in self.variants:
            order, asked_last = key
            drawn = orders(self.form)[order - 1] if order else ()
            context = tuple(self.asks.get(ABOUT, ()))
            elements = tuple(self.asks.get(LINK, ()))
            last = {SELF: self.special} if asked_last else {}
            self.variants[key] = replace(
                self,
                asks={**asks(self.form, self.per_page, context, elements, drawn), **last},
                numbers={item: at for at, item in enumerate(drawn, 1)} if drawn else self.numbers,
                whole=self,
                markup={},
                variants={},
            )
        return self.variants[key]

    def form_name(self, language: str) -> str:
        """Name the form and its words, as a page of one's own answers does."""
        return f"{self.instrument.id}/{self.form.id}/{language}"

    @property
    def layout(self) -> str:
        """Return the only layout on a screen, vertical at every width; it is kept with the answers."""
        return f"vertical-{self.per_page}"

    @property
    def offered(self) -> tuple[str, ...]:
        """The languages to choose from, in the order of their list; empty where there is only one."""
        return tuple(each for each in LANGUAGES if each in self.words) if len(self.words) > 1 else ()

    @property
    def steps(self) -> tuple[str, ...]:
        return (CONSENT, *self.asks, CHECK)

    def next_step(self, sheet: Sheet) -> str:
        """The first page that this person has not been shown yet."""
        if not sheet.consent:
            return CONSENT
        unseen = (path for path, ids in self.asks.items() if not all(each in sheet.answers for each in ids))
        return next(unseen, CHECK)

    def beside(self, path: str, by: int) -> str:
        """The page of questions before (-1) or after (1) a page of questions."""
        return self.steps[self.steps.index(path) + by]

    @property
    def linked(self) -> bool:
        """Whether responses may be linked, without identity, with those of another wave."""
        return LINK in self.asks

    @property
    def purposes(self) -> tuple[str, ...]:
        """What people may agree to; an archive is for rows in which what is rare is withheld."""
        offered = {STUDY_ITSELF}
        if self.leaving.rows and self.leaving.withheld:
            offered.add(ARCHIVE)
        if self.special:
            offered.add(FAIRNESS)
        return tuple(each for each in PURPOSES if each in offered)

    def consent(self, language: str) -> Consent:
        return consent(
            self.k,
            language,
            leaving=self.leaving,
            linked=self.linked,
            retire_on=self.retire_on,
            before=self.words[language].before,
            information=self.information,
            paper=self.paper,
            research=self.research,
            compared=self.compared,
        )


KEPT_SECONDS: Final = 60.0
"""Another process may delete a study whose collections are over, and make another one of its name."""
_PATHS: Final[WeakKeyDictionary[Service, dict[str, SurveyPath]]] = WeakKeyDictionary()
_KEPT_UNTIL: Final[WeakKeyDictionary[Service, dict[str, float]]] = WeakKeyDictionary()


def survey_paths(service: Service) -> dict[str, SurveyPath]:
    """Make a cache, for one running service, of what each open wave and each private form asks."""
    return _PATHS.setdefault(service, {})


def survey_path_of(service: Service, db: Connection, wave: str) -> SurveyPath:
    """Return the survey path of a wave, from the cache or, once a minute, from the database."""
    kept = survey_paths(service).get(wave)
    until = _KEPT_UNTIL.setdefault(service, {})
    if kept is not None and time.monotonic() < until.get(wave, 0.0):
        return kept
    survey, has_opened = _read_survey_path(service, db, wave)
    if kept == survey:
        survey = kept
    if has_opened:  # before that it may still become one of a pair
        survey_paths(service)[wave] = survey
        until[wave] = time.monotonic() + KEPT_SECONDS
    return survey


def _read_survey_path(service: Service, db: Connection, wave: str) -> tuple[SurveyPath, bool]:
    """Return what a wave asks, and whether it has opened."""
    found = db.execute(_PINNED, {"wave": wave}).first()
    if found is None:
        raise NotFound
    instrument = service.instruments.get(found.instrument)
    form = instrument.forms.get(found.form) if instrument else None
    if instrument is None or form is None or form.hash != found.form_hash:
        raise NotInstalled(f"the form that collection {wave!r} was made with is not installed as it was")
    words = {
        language: each
        for (asked, language), each in instrument.words.items()
        if asked == form.id and language in LANGUAGES and found.words_hashes.get(language) == each.hash
    }
    if not words:
        raise NotInstalled(f"the words that collection {wave!r} was made with are not installed as they were")
    chosen = form.context if found.context is None else found.context
    context = tuple(each for each in form.context if each in chosen)
    elements = tuple(ELEMENTS) if unmatched(db, wave) else ()
    paired = was_paired(db, wave)
    in_drafts = tuple(ELEMENTS) if paired else ()  # a pair may end while people answer
    survey = SurveyPath(
        wave=wave,
        study_title=found.title,
        simulated=found.simulated,
        k=found.k,
        instrument=instrument,
        form=form,
        per_page=found.items_per_page,
        context={each: instrument.context[each] for each in context},
        words=words,
        draft_size=_draft_size(wave, form, instrument, in_drafts, found.special or ()),
        special=tuple(found.special or ()),
        asks=asks(form, found.items_per_page, context, elements),
        was_paired=paired,
        numbers=numbers(form),
        leaving=LEAVING[found.leaving],
        retire_on=found.retire_on,
        information=written(found.information),
        paper=found.paper and not elements,
        research=research_of(instrument, found, context),
        clusters=found.clusters,
        compared=bool(found.population),
    )
    return survey, found.state != PREPARED


def study_path(instrument: Instrument, study: Row[Any]) -> SurveyPath:
    """Return what a study would ask and tell, before a wave of it is prepared."""
    form = instrument.forms[study.form]
    chosen = form.context if study.context is None else study.context
    context = tuple(each for each in form.context if each in chosen)
    per_page = min(form.per_page, len(form.items))
    return SurveyPath(
        wave="",
        study_title=study.title,
        simulated=study.simulated,
        k=study.k,
        instrument=instrument,
        form=form,
        per_page=per_page,
        context={each: instrument.context[each] for each in context},
        words={
            language: words
            for (of, language), words in instrument.words.items()
            if of == form.id and language in LANGUAGES
        },
        draft_size=0,
        asks=asks(form, per_page, context),
        numbers=numbers(form),
        leaving=LEAVING[study.leaving],
        retire_on=study.retire_on,
        information=written(study.information),
        research=research_of(instrument, study, context),
        compared=bool(study.population),
    )


def research_of(instrument: Instrument, study: Any, context: Iterable[str]) -> Research | None:
    """Return what people of a research study are told of its approval, and of how many may be alone."""
    if study.kind != RESEARCH:
        return None
    special = study.special or ()
    alone = 0.0
    if study.people:
        alone = budget_of(
            instrument, study.form, context, study.people, special, clusters=study.clusters
        ).alone
    return Research(
        (study.ethics or "") if study.release_confirmed_by else "",
        study.people or 0,
        math.ceil(alone),
        clusters=study.clusters,
        special=tuple(SPECIAL[each].text for each in special),
    )


def asks(
    form: Form,
    per_page: int,
    context: tuple[str, ...],
    elements: tuple[str, ...] = (),
    order: tuple[str, ...] = (),
) -> Mapping[str, tuple[str, ...]]:
    """List what each page asks: the context and the linking questions, if there are any, then the items."""
    before = {path: ids for path, ids in ((ABOUT, context), (LINK, elements)) if ids}
    of_items = enumerate(laid_out(form, per_page, order), 1)
    return {**before, **{f"/page/{n}": tuple(item.id for item in items) for n, items in of_items}}


def numbers(form: Form) -> Mapping[str, int]:
    """Number the items as people see them, from 1."""
    return {item.id: number for number, item in enumerate(form.items, 1)}


def _draft_size(
    wave: str, form: Form, instrument: Instrument, elements: tuple[str, ...], special: Sequence[str]
) -> int:
    """Return the size of the longest sheet that this form allows, in whole blocks: all drafts have it."""
    items = {
        item.id: max((*allowed(form, item), LEFT_BLANK), key=lambda code: len(str(code)))
        for item in form.items
    }
    context = {each: max((*instrument.context[each].options, ""), key=len) for each in form.context}
    marks = {each: max(allowed_marks(ELEMENTS[each]), key=len) for each in elements}
    about_self = {each: max((*SPECIAL[each].options, ""), key=len) for each in special}
    longest = Sheet(
        wave=wave,
        key="k" * 43,
        language="l" * 16,
        consent="c" * 64,
        purposes=PURPOSES if special else (STUDY_ITSELF, ARCHIVE),
        answers={**items, **context, **marks, **about_self},
        order=len(orders(form)),
    )
    return (len(longest.to_bytes()) // BLOCK + 1) * BLOCK
