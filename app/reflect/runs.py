"""Reflecting privately: a person's answers travel in the page itself and are stored nowhere else.

Each page is a pure function of the page before it and of what was chosen there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from app.errors import Unreadable
from app.languages import LANGUAGES
from app.questionnaire.path import CHECK, CONSENT, SurveyPath, asks, numbers, survey_paths
from app.questionnaire.reading import read_given
from app.questionnaire.sheet import Sheet
from app.runtime import Service, now
from instrument import LEFT_BLANK, Form, Instrument

Fields = Mapping[str, str]

RESULT: Final = "/result"
END: Final = "/end"
DAYS_OF_A_RUN: Final = 14


@dataclass(frozen=True, kw_only=True)
class Run:
    """The sheet of one private run, which is not stored, and the page that it has come to."""

    survey: SurveyPath
    sheet: Sheet
    at: str
    cleared: str | None = None
    """The question whose answer was just taken back."""
    aside: bool = False
    """Reading about safety, before coming back to the same page."""
    preview: str = ""
    """The address of the questionnaire that a host tries; empty where somebody reflects."""


def survey_path_of(service: Service, instrument: Instrument, form: Form) -> SurveyPath:
    """Return what a form asks in private, worked out once for each running service."""
    name = f"{instrument.id}/{form.id}"
    paths = survey_paths(service)
    if name not in paths:
        paths[name] = private_path(instrument, form)
    return paths[name]


def private_path(instrument: Instrument, form: Form) -> SurveyPath:
    """What a form asks in private: of the context, only who the other person is, to choose the sentences."""
    context = (form.role,) if form.role in form.context else ()
    return SurveyPath(
        wave="",
        study_title="",
        simulated=False,
        k=0,
        instrument=instrument,
        form=form,
        per_page=form.per_page,
        context={each: instrument.context[each] for each in context},
        words={
            language: words
            for (of, language), words in instrument.words.items()
            if of == form.id and language in LANGUAGES
        },
        draft_size=0,
        asks=asks(form, form.per_page, context),
        numbers=numbers(form),
    )


def read_run(service: Service, fields: Fields, key: str) -> Run:
    """Read the run from the fields of a page; answers given on that page itself are read by `turn`."""
    survey, language = _named(service, fields.get("_form", ""))
    return run_on(survey, language, fields, key)


def run_on(survey: SurveyPath, language: str, fields: Fields, key: str) -> Run:
    """The run that the fields of a page carry, on a form that has been found."""
    at = fields.get("_at", CONSENT)
    if at not in survey.steps:
        raise Unreadable
    here = survey.asks.get(at, ())
    carried = [each for ids in survey.asks.values() for each in ids if each in fields and each not in here]
    sheet = Sheet(wave="", key=key, language=language, answers=read_given(survey, carried, fields))
    return Run(survey=survey, sheet=sheet, at=at)


def turn(run: Run, fields: Fields) -> Run:
    """Return the page that follows from the button that was pressed."""
    survey, at, go = run.survey, run.at, fields.get("_go")
    if at in survey.asks:
        return _asked(run, fields)
    if go == "finish":
        return replace(run, at=END)
    if go == "result" and at == CHECK:
        return replace(run, at=RESULT)
    return replace(run, at=survey.beside(at, -1 if at == CHECK else 1))


def days_of_runs() -> Iterator[date]:
    """Return the days on which a run that goes on can have begun; keys of ended runs are kept longer."""
    today = now().date()
    return (today - timedelta(days=before) for before in range(DAYS_OF_A_RUN))


def blank_on(run: Run) -> tuple[str, ...]:
    """Return the questions that are left blank on the page, which are asked about once."""
    return tuple(
        each for each in run.survey.asks.get(run.at, ()) if run.sheet.answers.get(each) == LEFT_BLANK
    )


def _asked(run: Run, fields: Fields) -> Run:
    survey, at, go = run.survey, run.at, fields.get("_go")
    given = read_given(survey, survey.asks[at], fields)
    blank = {name for name, answer in given.items() if answer == LEFT_BLANK}
    chosen = {name: answer for name, answer in given.items() if name not in blank}
    cleared = fields.get("_clear")
    if cleared in survey.asks[at]:
        chosen.pop(cleared, None)
        return _with(run, chosen, at, cleared)
    if go is not None:
        here = go in ("safety", "stay")
        return replace(_with(run, chosen, at if here else survey.beside(at, -1)), aside=go == "safety")
    asked_about = set(fields.get("_blank", "").split())
    return _with(run, given, survey.beside(at, 1) if blank <= asked_about else at)


def _with(run: Run, answers: Mapping[str, int | str], at: str, cleared: str | None = None) -> Run:
    return replace(
        run, sheet=replace(run.sheet, answers={**run.sheet.answers, **answers}), at=at, cleared=cleared
    )


def _named(service: Service, name: str) -> tuple[SurveyPath, str]:
    instrument_id, _, rest = name.partition("/")
    form_id, _, language = rest.partition("/")
    instrument = service.instruments.get(instrument_id)
    form = instrument.forms.get(form_id) if instrument else None
    if instrument is None or form is None:
        raise Unreadable
    survey = survey_path_of(service, instrument, form)
    if language not in survey.words:
        raise Unreadable
    return survey, language
