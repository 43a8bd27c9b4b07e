"""The pages of somebody who reflects privately: those of the questionnaire, with answers in hidden fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from markupsafe import Markup

from app.figures.plot import TICKS
from app.languages import home
from app.questionnaire.pages import DRAFT, AboutPage, ItemsPage, about_page, items_page
from app.questionnaire.path import ABOUT, CHECK, CONSENT, SurveyPath
from app.reflect.results import Result, result
from app.reflect.runs import END, RESULT, Run, blank_on, survey_path_of
from app.runtime import Service
from app.templating import Page
from instrument import Advice

TRY: Final = "/try"
"""Behind the address of what a host tries."""
Hidden = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Offer:
    value: str
    about: str | None
    """Who answers it."""
    title: str
    questions: int


@dataclass(frozen=True, kw_only=True)
class StartPage(Page):
    template: ClassVar[str] = "reflect/start.html"
    offers: tuple[Offer, ...]
    others: int
    problem: bool = False
    browser: str | None = None
    """The language that the browser asks for, where the page is in another."""


@dataclass(frozen=True, kw_only=True)
class Carried(Page):
    """What every page of a run holds: the button to leave for good, and the answers for the next page."""

    key: str
    hidden: Hidden
    action: str
    """The address that the next page is asked of."""


@dataclass(frozen=True, kw_only=True)
class BeginPage(Carried):
    template: ClassVar[str] = "reflect/begin.html"
    title: str
    questions: int
    before: tuple[str, ...]
    draft: bool
    consent: Markup | None
    """What people agree to, where a host tries a study."""


@dataclass(frozen=True, kw_only=True)
class PrivateAboutPage(AboutPage, Carried):
    template: ClassVar[str] = "reflect/about.html"
    cleared: str | None


@dataclass(frozen=True, kw_only=True)
class PrivateItemsPage(ItemsPage, Carried):
    template: ClassVar[str] = "reflect/items.html"
    cleared: str | None
    number: int | None
    """Of the question whose answer was just cleared."""


@dataclass(frozen=True, kw_only=True)
class LastPage(Carried):
    template: ClassVar[str] = "reflect/last.html"
    advice: Advice | None


@dataclass(frozen=True, kw_only=True)
class AsidePage(Carried):
    template: ClassVar[str] = "reflect/safety.html"
    under_way: bool = False


@dataclass(frozen=True, kw_only=True)
class ResultPage(Carried):
    template: ClassVar[str] = "reflect/result.html"
    kind: str
    result: Result
    ticks: tuple[int, ...] = TICKS
    back: bool
    """Whether the questions can be gone back to: not once answers were sent."""


@dataclass(frozen=True, kw_only=True)
class EndPage(Page):
    template: ClassVar[str] = "reflect/end.html"
    sent: bool = False
    """Whether the answers were sent before, and are kept."""


def start_page(
    service: Service, language: str, *, problem: bool = False, browser: str | None = None
) -> StartPage:
    """List the forms that offer themselves here and have all words in the language, and count the others.

    Of two editions of a form the later one is listed. A form that takes the words of another is told apart by
    its number of questions. The line that says who
    answers a form is shown in the language in which its instrument was written; in other languages the title
    says it.
    """
    paths = [
        survey_path_of(service, instrument, form)
        for instrument in service.instruments.values()
        if instrument.private
        for form in sorted(instrument.forms.values(), key=lambda form: form.words or form.replaces or form.id)
    ]
    replaced = {(survey.instrument.id, survey.form.replaces) for survey in paths if language in survey.words}
    paths = [survey for survey in paths if (survey.instrument.id, survey.form.id) not in replaced]
    spoken = [survey for survey in paths if language in survey.words]
    return StartPage(
        language=language,
        offers=tuple(
            Offer(
                survey.form_name(language),
                survey.form.about if survey.instrument.language == language else None,
                survey.words[language].title,
                len(survey.form.items),
            )
            for survey in spoken
        ),
        others=len(paths) - len(spoken),
        problem=problem,
        browser=browser,
    )


def page_of(run: Run) -> Page:
    """Return the page that a run has come to."""
    return AsidePage(**_carried(run, run.at)) if run.aside else _PAGES.get(run.at, _asking)(run)


def result_page(run: Run, *, personal: bool) -> ResultPage:
    """Lay out the result; `personal` orders topics by the figures."""
    carried = _carried(run, CHECK)
    return ResultPage(
        **(carried if personal else {**carried, "action": f"{home(run.sheet.language)}/result"}),
        kind=run.survey.form.result,
        result=result(run.survey, run.sheet, personal=personal),
        back=personal,
    )


def carried_answers(survey: SurveyPath, answers: Mapping[str, int | str]) -> Hidden:
    """Return the answers as hidden fields, in the order in which they were asked."""
    return tuple(
        (each, str(answers[each])) for ids in survey.asks.values() for each in ids if each in answers
    )


def _begin(run: Run) -> BeginPage:
    words = run.survey.words[run.sheet.language]
    return BeginPage(
        **_carried(run, CONSENT),
        title=words.title,
        questions=len(run.survey.numbers),
        before=words.before,
        draft=words.status == DRAFT,
        consent=run.survey.consent(run.sheet.language).markup if run.survey.study_title else None,
    )


def _asking(run: Run) -> Page:
    own = {**_carried(run, run.at), "cleared": run.cleared, "offered": ()}
    if run.at == ABOUT:
        return PrivateAboutPage(**{**vars(about_page(run.survey, run.sheet)), **own})
    number = run.survey.numbers.get(run.cleared or "")
    return PrivateItemsPage(**{**vars(items_page(run.survey, run.sheet, run.at)), **own, "number": number})


def _carried(run: Run, at: str) -> Mapping[str, Any]:
    survey, sheet, words = run.survey, run.sheet, run.survey.words[run.sheet.language]
    here = () if run.aside else survey.asks.get(at, ())
    elsewhere = {name: answer for name, answer in sheet.answers.items() if name not in here}
    blank = " ".join(blank_on(run))
    own = (("_form", survey.form_name(sheet.language)), ("_key", sheet.key), ("_at", at))
    return {
        "language": words.language,
        "key": sheet.key,
        "preview": run.preview,
        "action": f"{run.preview}{TRY}" if run.preview else f"{home(words.language)}/reflect",
        "hidden": (*own, *((("_blank", blank),) if blank else ()), *carried_answers(survey, elsewhere)),
    }


_PAGES: Final[Mapping[str, Callable[[Run], Page]]] = {
    CONSENT: _begin,
    CHECK: lambda run: LastPage(
        **_carried(run, CHECK), advice=run.survey.instrument.advice_for(run.survey.form, run.sheet.language)
    ),
    RESULT: lambda run: result_page(run, personal=True),
    END: lambda run: EndPage(language=run.sheet.language, preview=run.preview),
}
