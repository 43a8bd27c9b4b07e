"""Read what the pages send: fields that were not asked are ignored; values that no page has are refused."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from app.errors import Unreadable
from app.questionnaire.consent import ARCHIVE, FAIRNESS, STUDY
from app.questionnaire.path import SurveyPath
from app.questionnaire.sheet import Sheet
from app.studies.linking.elements import ELEMENTS, allowed
from app.studies.special import SPECIAL, SpecialQuestion
from instrument import LEFT_BLANK, RATHER_NOT_SAY, ContextQuestion, read_answers

Fields = Mapping[str, str]

_HIDDEN: Final = {
    "_wave": re.compile(r"[a-z0-9-]{1,60}"),
    "_key": re.compile(r"[A-Za-z0-9_-]{43}"),
    "_language": re.compile(r"[A-Za-z-]{2,16}"),
    "_consent": re.compile(r"[0-9a-f]{64}"),
    "_purposes": re.compile(rf"{STUDY}( {ARCHIVE})?( {FAIRNESS})?"),
}
_ORDER: Final = re.compile(r"[0-9]{1,3}")


def read_page(survey: SurveyPath, path: str, fields: Fields) -> dict[str, int | str]:
    """Return the answers to what one page asks; a question that was not answered was left blank."""
    return read_given(survey, survey.asks[path], fields)


def wave_of(fields: Fields) -> str:
    """Return the wave of a check page, after checking that its hidden fields are such as our pages send."""
    if not all(pattern.fullmatch(fields.get(name, "")) for name, pattern in _HIDDEN.items()):
        raise Unreadable
    return fields["_wave"]


def read_sheet(survey: SurveyPath, fields: Fields) -> Sheet:
    """Read the whole sheet that the check page carries; a question that it does not carry was never shown."""
    order = fields.get("_order", "0")
    if not _ORDER.fullmatch(order) or not survey.has_order(int(order)):
        raise Unreadable
    sheet = Sheet(
        wave=fields["_wave"],
        key=fields["_key"],
        language=fields["_language"],
        consent=fields["_consent"],
        purposes=tuple(each for each in survey.purposes if each in fields["_purposes"].split()),
        answers={},
        order=int(order),
    )
    walked = survey.walked_by(sheet)
    shown = tuple(each for ids in walked.asks.values() for each in ids if each in fields)
    return replace(sheet, answers=read_given(walked, shown, fields))


def read_given(survey: SurveyPath, ids: Iterable[str], fields: Fields) -> dict[str, int | str]:
    """Return the answers that a form's fields give to these questions; a wrong value is refused."""
    items = [survey.form.by_id[each] for each in ids if each in survey.form.by_id]
    questions = [survey.context[each] for each in ids if each in survey.context]
    special = [SPECIAL[each] for each in ids if each in SPECIAL]
    given = {item.id: fields[item.id] for item in items if item.id in fields}
    answers, problems = read_answers(survey.form, given, items)
    if problems:
        raise Unreadable
    elements = [each for each in ids if each in ELEMENTS]
    context = _read_context([*questions, *special], fields)
    return {**context, **_read_elements(elements, fields), **answers}


def _read_elements(elements: Iterable[str], fields: Fields) -> dict[str, int | str]:
    given = {each: fields.get(each, "") for each in elements}
    blank = {each for each, written in given.items() if written in ("", str(LEFT_BLANK))}
    if any(written not in allowed(ELEMENTS[each]) for each, written in given.items() if each not in blank):
        raise Unreadable
    return {each: LEFT_BLANK if each in blank else written for each, written in given.items()}


def _read_context(
    questions: Iterable[ContextQuestion | SpecialQuestion], fields: Fields
) -> dict[str, int | str]:
    answers: dict[str, int | str] = {}
    for question in questions:
        written = fields.get(question.id, "")
        if written in question.options:
            answers[question.id] = written
        elif written == str(RATHER_NOT_SAY):
            answers[question.id] = RATHER_NOT_SAY
        elif written in ("", str(LEFT_BLANK)):
            answers[question.id] = LEFT_BLANK
        else:
            raise Unreadable
    return answers
