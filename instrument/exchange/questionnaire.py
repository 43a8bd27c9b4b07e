"""A questionnaire as other tools represent it: pages of questions with their options, and its scores."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from instrument.answers import allowed
from instrument.catalog import InstrumentError
from instrument.codes import KINDS, Kind
from instrument.model import Form, Instrument, Item, Subscale, laid_out
from instrument.nodes import Problem, shown
from instrument.words import Words

ANSWERED: Final = "_answered"  # suffix of the column that counts the answers of a score

_NUMBER: Final = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer that is offered; `no_answer` is the kind of no answer that it stands for, if any."""

    code: str
    label: str
    no_answer: Kind | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """An item where its options are numbers, a context question where they are names."""

    id: str
    text: str
    scale: str
    options: tuple[Option, ...]
    help: str = ""

    @cached_property
    def is_item(self) -> bool:
        return all(_NUMBER.fullmatch(option.code) for option in self.options)

    @cached_property
    def codes(self) -> tuple[int, ...]:
        """The codes of answers, without those for no answer."""
        return tuple(int(option.code) for option in self.options if not option.no_answer)

    @property
    def foot(self) -> int:
        return min(self.codes)

    @property
    def top(self) -> int:
        return max(self.codes)

    @property
    def no_answers(self) -> tuple[Option, ...]:
        return tuple(option for option in self.options if option.no_answer)


@dataclass(frozen=True, kw_only=True)
class Page:
    """The questions of one page, under a heading."""

    questions: tuple[Question, ...]
    heading: str = ""


@dataclass(frozen=True, kw_only=True)
class Questionnaire:
    """One form in one language, with its scores; `source` is the file in which its sentences stand."""

    id: str
    source: str
    title: str
    language: str
    pages: tuple[Page, ...]
    version: str = ""
    direction: Literal["ltr", "rtl"] = "ltr"
    is_draft: bool = True
    licence: str = ""
    about: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    scores: tuple[Subscale, ...] = ()
    facets: Mapping[str, str] = field(default_factory=dict)
    translations: tuple["Questionnaire", ...] = ()
    """The same questions in other languages, where a file that came in has them."""

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for each in self.pages for question in each.questions)

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        return {question.id: question for question in self.questions}

    @property
    def structure(self) -> object:
        """What is the same in every language."""
        questions = [
            (question.id, bool(question.help), [option.code for option in question.options])
            for question in self.questions
        ]
        return questions, len(self.before), len(self.after)

    @cached_property
    def reversed_items(self) -> frozenset[str]:
        return frozenset(item.id for score in self.scores for item in score.items if item.reversed)

    def weight(self, question: Question, option: Option) -> int | None:
        """What an answer counts, reversed where its item is; None for no answer."""
        if option.no_answer or not question.is_item:
            return None
        code = int(option.code)
        return question.foot + question.top - code if question.id in self.reversed_items else code

    def facet(self, score: Subscale) -> str:
        return self.facets.get(score.id, score.id)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every text that people read except the labels of answers, with its place in the words."""
        yield "title", self.title
        for name, lines in (("before", self.before), ("after", self.after), ("about", self.about)):
            yield from ((f"{name}, line {number}", line) for number, line in enumerate(lines, 1))
        yield from ((f"facet `{score.id}`", self.facet(score)) for score in self.scores)
        yield from (
            ("stem", heading) for heading in dict.fromkeys(each.heading for each in self.pages) if heading
        )
        for question in self.questions:
            yield f"`{question.id}`", question.text
            if question.help:
                yield f"help for `{question.id}`", question.help

    def labels(self) -> Iterator[tuple[str, str]]:
        """Every label of an answer, once for the first question that offers it."""
        first = {option: question for question in reversed(self.questions) for option in question.options}
        for option, question in first.items():
            yield f"answer `{option.code}` to `{question.id}`", option.label


def questionnaire(instrument: Instrument, form_id: str, language: str) -> Questionnaire:
    """Lay out a form in one language, with the sentences for people who have not said a role."""
    words = _words(instrument, form_id, language)
    form = instrument.forms[form_id]
    subscales = tuple(instrument.key.subscales(form_id).values())
    context = tuple(_context(instrument, words, name) for name in form.context)
    of_items = tuple(
        Page(
            questions=tuple(_item(form, words, item) for item in items),
            heading=words.stem(block=form.block_of.get(items[0].id)),
        )
        for items in laid_out(form)
    )
    return Questionnaire(
        id=f"{instrument.id}_{form_id}",
        source=f"words/{form.words or form_id}.{language}.yaml",
        title=words.title,
        language=language,
        pages=(Page(questions=context), *of_items) if context else of_items,
        version=f"{form.hash[:8]}{words.hash[:8]}k{instrument.key.revision}",
        direction=words.direction,
        is_draft=words.status == "draft" or not form.published,
        licence=instrument.licence,
        about=tuple(_about(instrument, form, words)),
        before=words.before,
        after=words.after,
        scores=subscales,
        facets=words.facets,
    )


def _words(instrument: Instrument, form_id: str, language: str) -> Words:
    if form_id not in instrument.forms:
        known = ", ".join(instrument.forms)
        raise InstrumentError(
            (Problem("forms", None, f"there is no form `{shown(form_id)}`; there are: {known}"),)
        )
    words = instrument.words.get((form_id, language))
    if words is None:
        known = ", ".join(spoken for form, spoken in instrument.words if form == form_id)
        message = f"form `{form_id}` has no words in `{shown(language)}`; it has them in: {known}"
        raise InstrumentError((Problem("words", None, message),))
    return words


def _context(instrument: Instrument, words: Words, name: str) -> Question:
    options = (Option(code=id_, label=words.option(name, id_)) for id_ in instrument.context[name].options)
    return Question(id=name, text=words.question(name), scale=name, options=tuple(options))


def _item(form: Form, words: Words, item: Item) -> Question:
    """Return an item with the codes of its own scale; left blank is no option, since nothing is chosen."""
    scale = form.scales[item.scale]
    may = allowed(form, item)
    answers = (Option(code=str(code), label=words.label(scale.id, code)) for code in scale.codes)
    none = (
        Option(code=str(code), label=words.label(scale.id, KINDS[kind]), no_answer=kind)
        for kind, code in scale.kinds.items()
        if kind != "left_blank" and KINDS[kind] in may
    )
    return Question(
        id=item.id,
        text=words.sentence(item.id),
        scale=f"{scale.id}_or_none" if item.does_not_apply else scale.id,
        options=(*answers, *none),
        help=words.help(item.id) or "",
    )


def _about(instrument: Instrument, form: Form, words: Words) -> Iterator[str]:
    """Return what goes with the questions: licence, claims, and whether the words are a draft."""
    yield f"{instrument.title}, form {form.id}, key revision {instrument.key.revision}."
    yield f"Licence: {instrument.licence}."
    claims = instrument.claims_in.get(words.language)
    if claims:
        yield f"Stage {claims.stage}: {claims.label}."
        yield from claims.always
    translated = "" if words.language == instrument.language else f", translated from {instrument.language}"
    yield f"Words in {words.language}{translated}: {words.status}."
