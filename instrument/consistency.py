"""What must agree between the files of an instrument; each check yields every problem it finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

from instrument.model import (
    NOT_SAID,
    Actions,
    Claims,
    Context,
    ContextQuestion,
    ContextWords,
    Form,
    FormWords,
    Header,
    Key,
    Scale,
    Subscale,
)
from instrument.nodes import Document, Problem
from instrument.wording import ROLE, roles_of

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Part(Generic[M]):
    """One file: where its values stand, and what it says."""

    document: Document
    model: M


@dataclass(frozen=True, kw_only=True)
class Source:
    """The files of one folder; None or absent where a file could not be read."""

    header: Part[Header] | None
    key: Part[Key] | None
    context: Part[Context] | None
    actions: Part[Actions] | None
    claims: Part[Claims] | None
    files: tuple[str, ...]
    forms: tuple[Part[Form], ...]
    words: tuple[Part[FormWords], ...]
    context_words: tuple[Part[ContextWords], ...]

    def form(self, form_id: str) -> Form | None:
        return next((part.model for part in self.forms if part.model.id == form_id), None)

    @property
    def questions(self) -> Mapping[str, ContextQuestion]:
        return self.context.model.questions if self.context else {}


def problems(source: Source) -> list[Problem]:
    return [problem for check in _CHECKS for problem in check(source)]


def _names(source: Source) -> Iterator[Problem]:
    for form in source.forms:
        if form.document.file != f"forms/{form.model.id}.yaml":
            yield form.document.problem(
                f"form `{form.model.id}` belongs in forms/{form.model.id}.yaml", "form"
            )
    for words in source.words:
        name = f"words/{words.model.form}.{words.model.language}.yaml"
        if words.document.file != name:
            yield words.document.problem(f"these words belong in {name}", "form")
    for spoken in source.context_words:
        name = f"words/context.{spoken.model.language}.yaml"
        if spoken.document.file != name:
            yield spoken.document.problem(f"these words belong in {name}", "language")


def _forms(source: Source) -> Iterator[Problem]:
    for part in source.forms:
        form, document = part.model, part.document
        seen: set[str] = set()
        for at, item in enumerate(form.items):
            if item.id in seen:
                yield document.problem(f"item `{item.id}` is there twice", "items", at)
            seen.add(item.id)
            scale = form.scales.get(item.scale)
            if scale is None:
                yield document.problem(f"scale `{item.scale}` is not described", "items", at, "scale")
            elif item.does_not_apply and "does_not_apply" not in scale.kinds:
                yield document.problem(
                    f"scale `{scale.id}` has no code for `does_not_apply`", "items", at, "does_not_apply"
                )
        for at, question in enumerate(form.context):
            if question not in source.questions:
                yield document.problem(f"`{question}` is not in context.yaml", "context", at)
            if question in seen:
                yield document.problem(f"`{question}` is an item too", "context", at)
        if ROLE in form.context and form.context[0] != ROLE:
            yield document.problem(f"`{ROLE}` must be asked first: the sentences depend on it", "context")


def _key(source: Source) -> Iterator[Problem]:
    if not source.key:
        return
    for form_id, scores in source.key.model.forms.items():
        form = source.form(form_id)
        if form is None:
            if f"forms/{form_id}.yaml" not in source.files:
                yield source.key.document.problem(f"there is no form `{form_id}`", "forms", form_id)
            continue
        for subscale in scores.subscales.values():
            for message, *place in _subscale(form, scores.subscales, subscale):
                yield source.key.document.problem(message, "forms", form_id, "subscales", subscale.id, *place)


def _subscale(
    form: Form, all_: Mapping[str, Subscale], subscale: Subscale
) -> Iterator[tuple[str | int, ...]]:
    if bool(subscale.items) == bool(subscale.of):
        yield "a subscale is scored either from `items` or from other subscales (`of`)", "items"
        return
    if subscale.id in form.by_id or subscale.id in form.context:
        yield (f"`{subscale.id}` is the name of an item or context question too",)
    parts = len(subscale.items) or len(subscale.of)
    if subscale.min_answered > parts:
        yield f"min_answered is {subscale.min_answered}, but there are only {parts}", "min_answered"
    if subscale.method == "sum" and subscale.min_answered < parts:
        yield "a sum needs every answer: min_answered must be the number of items", "min_answered"
    if subscale.of and subscale.method == "pomp":
        yield "pomp is of items; take the mean of other subscales", "method"
    seen: set[str] = set()
    for at, item in enumerate(subscale.items):
        if item.id not in form.by_id:
            yield f"`{item.id}` is not an item of form `{form.id}`", "items", at
        if item.id in seen:
            yield f"`{item.id}` is counted twice", "items", at
        seen.add(item.id)
    known = [other for other in all_ if other != subscale.id]
    for at, other in enumerate(subscale.of):
        if other not in known or all_[other].of:
            yield f"`{other}` is not a subscale scored from items", "of", at


def _words(source: Source) -> Iterator[Problem]:
    for form in source.forms:
        if not any(words.model.form == form.model.id for words in source.words):
            yield form.document.problem("there are no words for this form", "form")
    for part in source.words:
        form_model = source.form(part.model.form)
        if form_model is None:
            if f"forms/{part.model.form}.yaml" not in source.files:
                yield part.document.problem(f"there is no form `{part.model.form}`", "form")
            continue
        roles = roles_of(form_model, source.questions)
        yield from _sentences(part, form_model, roles)
        yield from _labels(part, form_model)
        yield from _facets(part, source)


def _sentences(part: Part[FormWords], form: Form, roles: tuple[str, ...]) -> Iterator[Problem]:
    words, document = part.model, part.document
    for item in form.items:
        if item.id not in words.items:
            yield document.problem(f"item `{item.id}` has no words", "items")
    for item_id in words.items:
        if item_id not in form.by_id:
            yield document.problem(f"`{item_id}` is not an item of form `{form.id}`", "items", item_id)
    for item_id in words.help:
        if item_id not in form.by_id:
            yield document.problem(f"`{item_id}` is not an item of form `{form.id}`", "help", item_id)
    places: list[tuple[Mapping[str, str], tuple[str, ...]]] = [(words.stem, ("stem",))]
    places += [(sentences, ("items", item_id)) for item_id, sentences in words.items.items()]
    for sentences, place in places:
        if "" in sentences:
            continue
        lacking = [role for role in roles if role not in sentences]
        unknown = [role for role in sentences if role not in roles]
        if lacking:
            yield document.problem(f"no sentence for {', '.join(lacking)}", *place)
        if unknown:
            yield document.problem(f"no such role: {', '.join(unknown)}", *place, unknown[0])


def _labels(part: Part[FormWords], form: Form) -> Iterator[Problem]:
    words, document = part.model, part.document
    for scale in form.scales.values():
        labels = words.scales.get(scale.id)
        if labels is None:
            yield document.problem(f"scale `{scale.id}` has no words", "scales")
            continue
        yield from _codes(document, scale, set(labels))
        for kind in scale.kinds:
            if kind not in words.missing:
                yield document.problem(f"`{kind}` has no words", "missing")
    for scale_id in words.scales:
        if scale_id not in form.scales:
            yield document.problem(f"form `{form.id}` has no scale `{scale_id}`", "scales", scale_id)


def _codes(document: Document, scale: Scale, labelled: set[int]) -> Iterator[Problem]:
    for code in scale.codes:
        if code not in labelled:
            yield document.problem(f"code {code} has no words", "scales", scale.id)
    for code in sorted(labelled - set(scale.codes)):
        yield document.problem(f"{code} is not a code of scale `{scale.id}`", "scales", scale.id, code)


def _facets(part: Part[FormWords], source: Source) -> Iterator[Problem]:
    if not source.key:
        return
    subscales = source.key.model.subscales(part.model.form)
    for subscale in subscales.values():
        if subscale.shown and subscale.id not in part.model.facets:
            yield part.document.problem(f"subscale `{subscale.id}` has no words", "facets")
    for facet in part.model.facets:
        if facet not in subscales:
            yield part.document.problem(f"`{facet}` is not in the key", "facets", facet)


def _context_words(source: Source) -> Iterator[Problem]:
    asked = {question for form in source.forms for question in form.model.context}
    languages = {words.model.language for words in source.words}
    spoken = {part.model.language for part in source.context_words}
    for language in sorted(languages - spoken) if asked else ():
        yield Problem(f"words/context.{language}.yaml", None, "the context questions have no words")
    for part in source.context_words:
        for question in source.questions.values():
            words = part.model.questions.get(question.id)
            if words is None:
                yield part.document.problem(f"`{question.id}` has no words", "questions")
            elif set(words.options) != set(question.options):
                odd = sorted(set(words.options) ^ set(question.options))
                yield part.document.problem(
                    f"options and words differ: {', '.join(odd)}", "questions", question.id, "options"
                )
        for question_id in part.model.questions:
            if source.context and question_id not in source.questions:
                yield part.document.problem(
                    f"`{question_id}` is not in context.yaml", "questions", question_id
                )


def _roles(source: Source) -> Iterator[Problem]:
    if source.context and ROLE in source.questions and NOT_SAID in source.questions[ROLE].options:
        yield source.context.document.problem(f"`{NOT_SAID}` is kept for a role not said", "questions", ROLE)


def _actions(source: Source) -> Iterator[Problem]:
    if not (source.actions and source.key):
        return
    known = {subscale for form in source.key.model.forms for subscale in source.key.model.subscales(form)}
    for at, action in enumerate(source.actions.model.actions):
        if action.facet not in known:
            yield source.actions.document.problem(
                f"`{action.facet}` is not in the key", "actions", at, "facet"
            )


_CHECKS: Final[tuple[Callable[[Source], Iterator[Problem]], ...]] = (
    _names,
    _forms,
    _key,
    _words,
    _context_words,
    _roles,
    _actions,
)
