"""What must agree between the files of an instrument; each check yields every problem it finds."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from instrument.codebook import PROVENANCE
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
    Subscale,
)
from instrument.nodes import Document, Problem
from instrument.wording import ROLE, roles_of

M = TypeVar("M", bound=BaseModel)
MAX_COLUMN: Final = 32

_Finding = tuple[str, tuple[str | int, ...]]  # a message, and where in the file


@dataclass(frozen=True)
class Part(Generic[M]):
    """One file: what it says, and the lines it says it on."""

    document: Document
    model: M


@dataclass(frozen=True, kw_only=True)
class Source:
    """The files of one folder; a part is missing where its file could not be read."""

    files: tuple[str, ...]
    header: Part[Header] | None
    key: Part[Key] | None
    context: Part[Context] | None
    actions: Part[Actions] | None
    claims: Part[Claims] | None
    forms: tuple[Part[Form], ...]
    words: tuple[Part[FormWords], ...]
    context_words: tuple[Part[ContextWords], ...]

    @property
    def questions(self) -> Mapping[str, ContextQuestion]:
        return self.context.model.questions if self.context else MappingProxyType({})

    def form(self, form_id: str) -> Form | None:
        return next((part.model for part in self.forms if part.model.id == form_id), None)

    def knows(self, form_id: str) -> bool:
        """Tell whether there is such a form, be its file readable or not."""
        return f"forms/{form_id}.yaml" in self.files


def problems(source: Source) -> list[Problem]:
    return [problem for check in _CHECKS for problem in check(source)]


def _told(document: Document, findings: Iterator[_Finding], *within: str | int) -> Iterator[Problem]:
    for message, place in findings:
        yield document.problem(message, *within, *place)


def _names(source: Source) -> Iterator[Problem]:
    wanted = [(part.document, f"forms/{part.model.id}.yaml") for part in source.forms]
    wanted += [(p.document, f"words/{p.model.form}.{p.model.language}.yaml") for p in source.words]
    wanted += [(p.document, f"words/context.{p.model.language}.yaml") for p in source.context_words]
    for document, name in wanted:
        if document.file != name:
            yield document.problem(f"by what it says, this file should be {name}")
    if not source.forms and not any(name.startswith("forms/") for name in source.files):
        yield Problem("forms", None, "there is no form")


def _forms(source: Source) -> Iterator[Problem]:
    for part in source.forms:
        yield from _told(part.document, _items(part.model))
        yield from _told(part.document, _context_of(part.model, source))


def _items(form: Form) -> Iterator[_Finding]:
    seen: set[str] = set()
    for at, item in enumerate(form.items):
        if item.id in seen:
            yield f"item `{item.id}` is there twice", ("items", at, "id")
        seen.add(item.id)
        scale = form.scales.get(item.scale)
        if scale is None:
            yield f"there is no scale `{item.scale}`", ("items", at, "scale")
        elif item.does_not_apply and "does_not_apply" not in scale.kinds:
            yield f"scale `{scale.id}` has no code for does_not_apply", ("items", at, "does_not_apply")


def _context_of(form: Form, source: Source) -> Iterator[_Finding]:
    for at, question in enumerate(form.context):
        if source.context and question not in source.questions:
            yield f"`{question}` is not in context.yaml", ("context", at)
    if form.context and not source.context and "context.yaml" not in source.files:
        yield "there is no context.yaml", ("context",)
    if ROLE in form.context[1:]:
        yield f"`{ROLE}` must be asked first: sentences depend on it", ("context",)


def _key(source: Source) -> Iterator[Problem]:
    if not source.key:
        return
    document = source.key.document
    for form_id in source.key.model.forms:
        form = source.form(form_id)
        if form:
            yield from _told(document, _scored(form, source.key.model), "forms", form_id)
        elif not source.knows(form_id):
            yield document.problem(f"there is no form `{form_id}`", "forms", form_id)


def _scored(form: Form, key: Key) -> Iterator[_Finding]:
    subscales = key.subscales(form.id)
    taken = Counter([*PROVENANCE, *form.context, *form.by_id])
    taken.update(f"raw_{item}" for item in form.by_id)
    taken.update(name for subscale in subscales for name in (subscale, f"{subscale}_answered"))
    for name, times in taken.items():
        place = ("subscales", name) if name in subscales else ()
        if times > 1:
            yield f"`{name}` would name two columns of an export", place
        if len(name) > MAX_COLUMN:
            yield f"`{name}` is longer than the {MAX_COLUMN} letters that Stata allows", place
    for subscale in subscales.values():
        place = ("subscales", subscale.id)
        if bool(subscale.items) == bool(subscale.of):
            yield "a subscale has either `items` or, scored from other subscales, `of`", place
            continue
        checks = (_enough(subscale), _members(form, subscale), _parts(subscale, subscales))
        for message, within in (finding for check in checks for finding in check):
            yield message, (*place, *within)


def _enough(subscale: Subscale) -> Iterator[_Finding]:
    parts = len(subscale.items) or len(subscale.of)
    if subscale.min_answered > parts:
        yield f"min_answered is {subscale.min_answered}, of {parts} in all", ("min_answered",)
    elif subscale.method == "sum" and subscale.min_answered < parts:
        yield f"a sum needs every answer: min_answered should be {parts}", ("min_answered",)


def _members(form: Form, subscale: Subscale) -> Iterator[_Finding]:
    seen: set[str] = set()
    for at, member in enumerate(subscale.items):
        place = ("items", at)
        if member.id in seen:
            yield f"`{member.id}` is counted twice", place
        seen.add(member.id)
        item = form.by_id.get(member.id)
        scale = form.scales.get(item.scale) if item else None
        if item is None:
            yield f"form `{form.id}` has no item `{member.id}`", place
        elif (
            scale
            and member.reversed
            and {scale.foot + scale.top - code for code in scale.codes} != set(scale.codes)
        ):
            yield f"the codes of scale `{scale.id}` are uneven, so `{member.id}` cannot be reversed", place
    if subscale.items and subscale.min_items:
        yield "min_items is for a subscale scored from others; use min_answered", ("min_items",)


def _parts(subscale: Subscale, subscales: Mapping[str, Subscale]) -> Iterator[_Finding]:
    for at, part in enumerate(subscale.of):
        if part not in subscales or subscales[part].of:
            yield f"`{part}` is not a subscale scored from items", ("of", at)
    if subscale.of and subscale.method == "pomp":
        yield "pomp is for items: take the mean of other subscales", ("method",)


def _words(source: Source) -> Iterator[Problem]:
    for asked in source.forms:
        if not any(name.startswith(f"words/{asked.model.id}.") for name in source.files):
            yield asked.document.problem("this form has no words")
    for part in source.words:
        form_id = part.model.form
        form = source.form(form_id)
        if form:
            yield from _told(part.document, _sentences(form, part.model, source))
            yield from _told(part.document, _labels(form, part.model))
        elif not source.knows(form_id):
            yield part.document.problem(f"there is no form `{form_id}`", "form")
        if source.key:
            yield from _told(part.document, _facets(part.model, source.key.model))


def _sentences(form: Form, words: FormWords, source: Source) -> Iterator[_Finding]:
    yield from _same(form.by_id, words.items, "items", "item")
    for item_id in words.help.keys() - form.by_id.keys():
        yield f"there is no item `{item_id}`", ("help", item_id)
    roles = roles_of(form, source.questions)
    yield from _spoken(words.stem, roles, "stem")
    for item_id, sentences in words.items.items():
        yield from _spoken(sentences, roles, "items", item_id)


def _spoken(sentences: Mapping[str, str], roles: tuple[str, ...], *place: str) -> Iterator[_Finding]:
    if "" in sentences:  # one sentence for everybody
        return
    yield from _same(roles, sentences, *place, "role")


def _labels(form: Form, words: FormWords) -> Iterator[_Finding]:
    yield from _same(form.scales, words.scales, "scales", "scale")
    for scale_id in form.scales.keys() & words.scales.keys():
        yield from _same(form.scales[scale_id].codes, words.scales[scale_id], "scales", scale_id, "code")
    kinds = {kind for scale in form.scales.values() for kind in scale.kinds}
    yield from _same(kinds, words.missing, "missing", "kind of answer not given")


def _facets(words: FormWords, key: Key) -> Iterator[_Finding]:
    shown = {subscale.id for subscale in key.subscales(words.form).values() if subscale.shown}
    yield from _same(shown, words.facets, "facets", "subscale to be shown")


def _same(wanted: Collection[Any], spoken: Mapping[Any, object], *place: str) -> Iterator[_Finding]:
    """Compare names with those that have words; the last of `place` says what the names are of."""
    *within, what = place
    names = {str(name): name for name in wanted}
    said = {str(name): name for name in spoken}
    for name in names.keys() - said.keys():
        yield f"{what} `{name}` has no words", tuple(within)
    for name in said.keys() - names.keys():
        yield f"there is no {what} `{name}`", (*within, said[name])


def _context_words(source: Source) -> Iterator[Problem]:
    for part in source.words:
        form, language = source.form(part.model.form), part.model.language
        if form and form.context and f"words/context.{language}.yaml" not in source.files:
            yield part.document.problem(f"the context questions have no words in `{language}`", "language")
    for spoken in source.context_words:
        if source.context:
            yield from _told(spoken.document, _questions(source.context.model, spoken.model))


def _questions(context: Context, words: ContextWords) -> Iterator[_Finding]:
    yield from _same(context.questions, words.questions, "questions", "context question")
    for name in context.questions.keys() & words.questions.keys():
        options = context.questions[name].options
        yield from _same(options, words.questions[name].options, "questions", name, "options", "option")


def _roles(source: Source) -> Iterator[Problem]:
    if source.context and ROLE in source.questions and NOT_SAID in source.questions[ROLE].options:
        message = f"`{NOT_SAID}` is kept for those who do not say a role"
        yield source.context.document.problem(message, "questions", ROLE, "options")


def _actions(source: Source) -> Iterator[Problem]:
    if not (source.actions and source.key):
        return
    key = source.key.model
    known = {subscale for form in key.forms for subscale in key.subscales(form)}
    for at, action in enumerate(source.actions.model.actions):
        if action.facet not in known:
            yield source.actions.document.problem(
                f"there is no subscale `{action.facet}`", "actions", at, "facet"
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
