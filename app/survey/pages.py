"""The pages that a respondent sees: what is on each, ready to print."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Final

from markupsafe import Markup

from app.languages import SOURCE, moment
from app.questionnaire.consent import ARCHIVE, FAIRNESS, STUDY
from app.questionnaire.pages import DRAFT, AboutPage, about_page, manner
from app.questionnaire.path import CHECK, LINK, SELF, SurveyPath
from app.questionnaire.rendering import question, row
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies.linking.elements import ENOUGH
from app.survey.drafts import Opened
from app.survey.phrases import in_words
from app.templating import Page
from app.vault import RUN_BYTES, in_groups
from instrument import LEFT_BLANK, Advice

TYPED_AT_MOST: Final = 40
"""Of what was typed in place of a code or a receipt so much is shown again."""


@dataclass(frozen=True, kw_only=True)
class LandingPage(Page):
    template: ClassVar[str] = "survey/landing.html"
    draft: bool
    typed: str = ""
    problem: bool = False
    offered: tuple[str, ...] = ()
    """The languages that a wave has where it has not that of the page."""
    browser: str | None = None
    """The language that the browser asks for, where the page is in another."""


@dataclass(frozen=True, kw_only=True)
class BackPage(Page):
    """Asks who has typed a code under which a draft is saved for the phrase that opens it."""

    template: ClassVar[str] = "survey/back.html"
    code: str
    typed: str
    has_phrase: bool
    problem: bool
    unknown: tuple[str, ...]
    """The words of what was typed that stand in no phrase."""


@dataclass(frozen=True, kw_only=True)
class LaterPage(Page):
    template: ClassVar[str] = "survey/later.html"
    phrase: str | None


@dataclass(frozen=True, kw_only=True)
class ConsentPage(Page):
    template: ClassVar[str] = "survey/consent.html"
    study_title: str
    title: str
    draft: bool
    offered: tuple[str, ...]
    text: Markup
    ends: str
    """When the wave ends, as the language writes it; empty where that has not been said."""
    phrase: str | None
    """What opens the draft beside the code, in the words of the language."""
    agreed: bool
    archive: bool | None
    """Whether the person agrees to an archive; None where there is none to agree to."""
    fairness: bool | None
    """Whether the person agrees to the questions that the law protects; None where there are none."""
    problem: bool


@dataclass(frozen=True, kw_only=True)
class SelfPage(AboutPage):
    """The questions about the person that they have agreed to separately."""

    template: ClassVar[str] = "survey/self.html"


@dataclass(frozen=True, kw_only=True)
class LinkPage(Page):
    template: ClassVar[str] = "survey/link.html"
    questions: tuple[Markup, ...]
    enough: int
    offered: tuple[str, ...]
    blank: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """The rows of one page, with the way back to it."""

    path: str
    first: int | None
    last: int | None
    rows: tuple[Markup, ...]


@dataclass(frozen=True, kw_only=True)
class CheckPage(Page):
    template: ClassVar[str] = "survey/check.html"
    blocks: tuple[Block, ...]
    answered: int
    blank: int
    hidden: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class SentPage(Page):
    template: ClassVar[str] = "survey/sent.html"
    receipt: str
    advice: Advice | None
    key: str
    own: tuple[tuple[str, str], ...]
    """The answers in hidden fields, for showing them by topic; none once this page has ended."""


@dataclass(frozen=True, kw_only=True)
class ErasePage(Page):
    template: ClassVar[str] = "survey/erase.html"
    typed: str = ""
    problem: bool = False


@dataclass(frozen=True, kw_only=True)
class ErasedPage(Page):
    template: ClassVar[str] = "survey/erased.html"


@dataclass(frozen=True, kw_only=True)
class SafetyPage(Page):
    template: ClassVar[str] = "survey/safety.html"
    under_way: bool


def landing_page(service: Service, language: str, **rest: Any) -> LandingPage:
    """Lay out the first page, which is the same for everybody in a language."""
    words = (each for instrument in service.instruments.values() for each in instrument.words.values())
    draft = language != SOURCE and any((each.language, each.status) == (language, DRAFT) for each in words)
    return LandingPage(language=language, draft=draft, **rest)


def later_page(opened: Opened) -> LaterPage:
    """Lay out what is needed to come back: the code and the six words."""
    return LaterPage(**manner(opened.survey, opened.sheet), phrase=_phrase(opened))


def consent_page(opened: Opened, *, problem: bool = False) -> ConsentPage:
    """Lay out the consent, with the six words for coming back."""
    survey, sheet = opened.survey, opened.sheet
    words = survey.words[sheet.language]
    return ConsentPage(
        **manner(survey, sheet),
        study_title=survey.study_title,
        title=words.title,
        draft=words.status == DRAFT,
        offered=survey.offered,
        text=survey.consent(sheet.language).markup,
        ends=moment(opened.closes_at, opened.zone, sheet.language) if opened.closes_at else "",
        phrase=_phrase(opened),
        agreed=STUDY in sheet.purposes,
        archive=ARCHIVE in sheet.purposes if ARCHIVE in survey.purposes else None,
        fairness=FAIRNESS in sheet.purposes if FAIRNESS in survey.purposes else None,
        problem=problem,
    )


def link_page(survey: SurveyPath, sheet: Sheet) -> LinkPage:
    """Lay out the linking questions of a wave that is one of a pair."""
    ids = survey.asks[LINK]
    return LinkPage(
        **manner(survey, sheet),
        questions=tuple(question(survey, sheet, each) for each in ids),
        enough=ENOUGH,
        offered=survey.offered,
        blank=tuple(each for each in ids if sheet.answers.get(each) == LEFT_BLANK),
    )


def self_page(survey: SurveyPath, sheet: Sheet) -> SelfPage:
    """Lay out the questions about the person that they have agreed to separately."""
    return SelfPage(**vars(about_page(survey, sheet, SELF)))


def check_page(survey: SurveyPath, sheet: Sheet) -> CheckPage:
    """Show every answer as it was given, each with the hidden field that sends it."""
    blocks = tuple(
        Block(
            path,
            survey.numbers.get(ids[0]),
            survey.numbers.get(ids[-1]),
            tuple(row(survey, sheet, each) for each in ids),
        )
        for path, ids in survey.asks.items()
    )
    blank = sum(answer == LEFT_BLANK for answer in sheet.answers.values())
    return CheckPage(
        **manner(survey, sheet),
        blocks=blocks,
        answered=len(sheet.answers) - blank,
        blank=blank,
        hidden=hidden_fields(sheet),
    )


def sent_page(survey: SurveyPath, sheet: Sheet, receipt: str, key: str, *, ended: bool) -> SentPage:
    """Show the receipt; `key` identifies this page, so that leaving it ends what it offers."""
    own = () if ended else own_answers(survey, sheet, key)
    advice = survey.instrument.advice_for(survey.form, sheet.language)
    return SentPage(**manner(survey, sheet), receipt=in_groups(receipt), advice=advice, key=key, own=own)


def result_run(sheet: Sheet) -> bytes:
    """Return a run key that is the same whenever the same sheet is sent, and leads to nothing else."""
    return sha256(f"result {sheet.key}".encode()).digest()[:RUN_BYTES]


def own_answers(survey: SurveyPath, sheet: Sheet, key: str) -> tuple[tuple[str, str], ...]:
    """The answers that a page of one's own result needs: the items, and who the other person is."""
    names = [each for each in (survey.form.role, *survey.numbers) if each in sheet.answers]
    answers = ((each, str(sheet.answers[each])) for each in names)
    return (("_form", survey.form_name(sheet.language)), ("_key", key), ("_at", CHECK), *answers)


def hidden_fields(sheet: Sheet) -> tuple[tuple[str, str], ...]:
    """What the check page carries beside the answers; these begin with `_`, as no question's id does."""
    return (
        ("_wave", sheet.wave),
        ("_key", sheet.key),
        ("_language", sheet.language),
        ("_consent", sheet.consent),
        ("_purposes", " ".join(sheet.purposes)),
        *((("_order", str(sheet.order)),) if sheet.order else ()),
    )


def _phrase(opened: Opened) -> str | None:
    return None if opened.phrase is None else in_words(opened.phrase, opened.sheet.language)
