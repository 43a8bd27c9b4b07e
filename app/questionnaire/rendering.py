"""Questions and answers as markup, made once for each answer that there can be.

A page of items is the same for everybody except for the role in its sentences and the chosen answers, so its
parts are cached on the survey path. The cache is bounded, because only answers that the form offers are read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from app.languages import translations
from app.questionnaire.path import SurveyPath
from app.questionnaire.sheet import Sheet
from app.studies.linking.elements import ANOTHER, ELEMENTS
from app.studies.linking.elements import offered as offered_marks
from app.studies.special import SPECIAL
from app.templating import Page, render
from instrument import LEFT_BLANK, RATHER_NOT_SAY, allowed

Answer = int | str


@dataclass(frozen=True)
class Option:
    value: Answer
    label: str


@dataclass(frozen=True, kw_only=True)
class Question(Page):
    template: ClassVar[str] = "survey/question.html"
    name: str
    number: int | None
    text: str
    help: str | None
    options: tuple[Option, ...]
    apart: tuple[Option, ...]
    """Options that are no answer on the scale, shown apart from it."""
    chosen: Answer | None


@dataclass(frozen=True, kw_only=True)
class Choice(Page):
    """A question of many short answers, chosen from a list."""

    template: ClassVar[str] = "survey/choice.html"
    name: str
    text: str
    options: tuple[Option, ...]
    chosen: Answer | None


@dataclass(frozen=True, kw_only=True)
class Row(Page):
    template: ClassVar[str] = "survey/row.html"
    name: str
    value: Answer
    number: int | None
    text: str
    answer: str | None
    """None where it was left blank."""


def question(survey: SurveyPath, sheet: Sheet, name: str) -> Markup:
    """Return the markup of a question, with the answer that was given."""
    return _made_once(survey, sheet, name, _choice if name in ELEMENTS else _question)


def row(survey: SurveyPath, sheet: Sheet, name: str) -> Markup:
    """Make a line of the check page, with the hidden field that sends the answer."""
    return _made_once(survey, sheet, name, _row_of_choice if name in ELEMENTS else _row)


def role_of(survey: SurveyPath, sheet: Sheet) -> str | None:
    """Return who the other person is, if that was said: it chooses the wording of the sentences."""
    role = sheet.answers.get(survey.form.role)
    return role if isinstance(role, str) else None


def _made_once(
    survey: SurveyPath, sheet: Sheet, name: str, make: Callable[[SurveyPath, Sheet, str], Page]
) -> Markup:
    key = (make.__name__, sheet.language, role_of(survey, sheet), name, sheet.answers.get(name))
    made = survey.markup.get(key)
    if made is None:
        made = survey.markup[key] = Markup(render(make(survey, sheet, name)))  # noqa: S704 - our own templates
    return made


def _question(survey: SurveyPath, sheet: Sheet, name: str) -> Question:
    words, item = survey.words[sheet.language], survey.form.by_id.get(name)
    options, apart = _offered(survey, sheet.language, name)
    return Question(
        language=sheet.language,
        name=name,
        number=survey.numbers.get(name),
        text=_text(survey, sheet, name),
        help=words.help(name) if item else None,
        options=options,
        apart=apart,
        chosen=sheet.answers.get(name),
    )


def _row(survey: SurveyPath, sheet: Sheet, name: str) -> Row:
    value = sheet.answers[name]
    options, apart = _offered(survey, sheet.language, name)
    return Row(
        language=sheet.language,
        name=name,
        value=value,
        number=survey.numbers.get(name),
        text=_text(survey, sheet, name),
        answer=next((option.label for option in (*options, *apart) if option.value == value), None),
    )


def _text(survey: SurveyPath, sheet: Sheet, name: str) -> str:
    words = survey.words[sheet.language]
    if name in SPECIAL:
        return translations(sheet.language).gettext(SPECIAL[name].text)
    return words.sentence(name, role_of(survey, sheet)) if name in survey.numbers else words.question(name)


def _choice(_read_survey_path: SurveyPath, sheet: Sheet, name: str) -> Choice:
    return Choice(
        language=sheet.language,
        name=name,
        text=translations(sheet.language).gettext(ELEMENTS[name].text),
        options=tuple(_options(sheet, name)),
        chosen=sheet.answers.get(name),
    )


def _row_of_choice(_read_survey_path: SurveyPath, sheet: Sheet, name: str) -> Row:
    value = sheet.answers[name]
    return Row(
        language=sheet.language,
        name=name,
        value=value,
        number=None,
        text=translations(sheet.language).gettext(ELEMENTS[name].text),
        answer=next((option.label for option in _options(sheet, name) if option.value == value), None),
    )


def _options(sheet: Sheet, name: str) -> Iterator[Option]:
    """Return the answers of the language, and the chosen one even if it is spelled as in another language."""
    values, chosen = offered_marks(ELEMENTS[name], sheet.language), sheet.answers.get(name)
    for value in values if chosen in (None, LEFT_BLANK, *values) else (*values, str(chosen)):
        other = value == ANOTHER
        yield Option(value, translations(sheet.language).gettext("Another letter") if other else value)


def _offered(survey: SurveyPath, language: str, name: str) -> tuple[tuple[Option, ...], tuple[Option, ...]]:
    """Return the answers on the scale, in its order, and those offered apart from it."""
    words, item = survey.words[language], survey.form.by_id.get(name)
    gettext = translations(language).gettext  # a name that is looked for when sentences are collected
    if name in SPECIAL:
        offered = [Option(each, gettext(label)) for each, label in SPECIAL[name].options.items()]
        return tuple(offered), (Option(RATHER_NOT_SAY, gettext("Rather not say")),)
    if item is None:
        options = [Option(each, words.option(name, each)) for each in survey.context[name].options]
        return tuple(options), (Option(RATHER_NOT_SAY, gettext("Rather not say")),)
    codes = survey.form.scales[item.scale].codes
    apart = (code for code in allowed(survey.form, item) if code not in codes and code != LEFT_BLANK)
    labelled = {code: Option(code, words.label(item.scale, code)) for code in (*codes, *apart)}
    on_scale = tuple(labelled[code] for code in codes)
    return on_scale, tuple(option for code, option in labelled.items() if code not in codes)
