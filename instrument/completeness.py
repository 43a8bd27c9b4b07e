"""Checks that every language has words for all that is asked, and for nothing else: there is no fallback."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from instrument.model import Form
from instrument.nodes import Problem
from instrument.source import Finding, Part, Source, told
from instrument.translations import STEPS, missing_steps, record_file
from instrument.values import Model
from instrument.wording import roles_of
from instrument.words import NOT_SAID, ActionsWords, FormWords

FIRST_STAGE: Final = "desk_only"


def _words(source: Source) -> Iterator[Problem]:
    for part in source.words:
        form_id = part.model.form
        form = source.form(form_id)
        if form and form.words:
            yield part.document.problem(f"form `{form_id}` takes its words from form `{form.words}`", "form")
        elif form:
            yield from told(part.document, _sentences(form, part.model, source))
            yield from told(part.document, _labels(form, part.model))
        elif not source.knows(form_id):
            yield part.document.problem(f"there is no form `{form_id}`", "form")
        yield from told(part.document, _facets(part.model, source))
        original = _original(source, part.model.form)
        if original:
            yield from told(part.document, _translated(original, part.model))


def _forms(source: Source) -> Iterator[Problem]:
    language = source.header.model.language if source.header else None
    for asked in source.forms:
        form = asked.model
        if form.words:
            yield from told(asked.document, _taken(form, form.words, source))
        elif not any(name.startswith(f"words/{form.id}.") for name in source.files):
            yield asked.document.problem("this form has no words")
        elif language and f"words/{form.id}.{language}.yaml" not in source.files:
            yield asked.document.problem(f"this form has no words in `{language}`, which is translated from")


def _taken(form: Form, from_id: str, source: Source) -> Iterator[Finding]:
    """Check a form that takes its words from another: what both ask must be the same."""
    other = source.form(from_id)
    if other is None:
        if not source.knows(from_id):
            yield f"there is no form `{from_id}`", ("words",)
        return
    if other.words:
        yield f"form `{from_id}` has no words of its own", ("words",)
    if roles_of(form, source.questions) != roles_of(other, source.questions):
        yield f"form `{from_id}` is worded for other roles", ("words",)
    for at, item in enumerate(form.items):
        if item.id not in other.by_id:
            yield f"form `{from_id}` has no words for item `{item.id}`", ("items", at, "id")
        elif item.scale != other.by_id[item.id].scale:
            yield f"form `{from_id}` has another scale for item `{item.id}`", ("items", at, "scale")
    for name in form.scales.keys() & other.scales.keys():
        if form.scales[name].structure != other.scales[name].structure:
            yield f"scale `{name}` differs from that of form `{from_id}`", ("scales", name)


def _original(source: Source, form_id: str) -> FormWords | None:
    wanted = (form_id, source.header.model.language if source.header else None)
    return next((p.model for p in source.words if (p.model.form, p.model.language) == wanted), None)


def _translated(original: FormWords, words: FormWords) -> Iterator[Finding]:
    """Check that words which a form may leave out are in all its languages or in none."""
    for item_id in original.help.keys() - words.help.keys():
        yield f"the help for item `{item_id}` has no words", ("help",)
    for item_id in words.help.keys() - original.help.keys():
        yield f"item `{item_id}` has no help to translate", ("help", item_id)
    yield from _lines(original, words, "before", "after")
    for name in ("roles", "reading", "least", "most"):
        if bool(getattr(original, name)) != bool(getattr(words, name)):
            yield f"`{name}` is said in one language and not in the other", (name,)


def _sentences(form: Form, words: FormWords, source: Source) -> Iterator[Finding]:
    yield from _same(form.by_id, words.items, "items", "item")
    for item_id in words.help.keys() - form.by_id.keys():
        yield f"there is no item `{item_id}`", ("help", item_id)
    roles = roles_of(form, source.questions)
    yield from _same(form.blocks, words.blocks, "blocks", "block")
    for block_id, block in words.blocks.items():
        yield from _spoken(block.stem, roles, "blocks", block_id, "stem")
    if words.roles:
        yield from _same([role for role in roles if role != NOT_SAID], words.roles, "roles", "role")
    yield from _spoken(words.stem, roles, "stem")
    for item_id, sentences in words.items.items():
        yield from _spoken(sentences, roles, "items", item_id)


def _spoken(sentences: Mapping[str, str], roles: tuple[str, ...], *place: str) -> Iterator[Finding]:
    if "" in sentences:  # the same sentence for every role
        return
    yield from _same(roles, sentences, *place, "role")


def _labels(form: Form, words: FormWords) -> Iterator[Finding]:
    yield from _same(form.scales, words.scales, "scales", "scale")
    for scale_id in form.scales.keys() & words.scales.keys():
        yield from _same(form.scales[scale_id].codes, words.scales[scale_id], "scales", scale_id, "code")
    kinds = {kind for scale in form.scales.values() for kind in scale.kinds}
    yield from _same(kinds, words.missing, "missing", "kind of answer not given")


def _facets(words: FormWords, source: Source) -> Iterator[Finding]:
    """Check that every subscale that is shown has a name, and that every name belongs to such a subscale."""
    if not source.key:
        return
    key = source.key.model
    forms = [form.model.id for form in source.forms if words.form in {form.model.id, form.model.words}]
    shown = {s.id for form in forms for s in key.subscales(form).values() if s.shown}
    for name in shown - words.facets.keys():
        yield f"subscale to be shown `{name}` has no words", ("facets", name)
    for name in words.facets.keys() - key.names:
        yield f"there is no subscale to be shown `{name}`", ("facets", name)


def _same(wanted: Collection[Any], spoken: Mapping[Any, object], *place: str) -> Iterator[Finding]:
    """Compare names with those that have words; the last of `place` says what the names are of."""
    *within, what = place
    names = {str(name): name for name in wanted}
    said = {str(name): name for name in spoken}
    for name in names.keys() - said.keys():
        yield f"{what} `{name}` has no words", (*within, names[name])
    for name in said.keys() - names.keys():
        yield f"there is no {what} `{name}`", (*within, said[name])


def _languages(source: Source) -> Iterator[Problem]:
    """Check that each language of a form has words for whatever else is shown beside it."""
    first: dict[str, Part[FormWords]] = {}
    for part in source.words:
        first.setdefault(part.model.language, part)
        if any(form.context for form in source.speakers(part)):
            yield from _beside("context questions", "context", part, source)
    for part in first.values():
        if source.actions:
            yield from _beside("actions", "actions", part, source)
        if source.evidence:
            yield from _beside("claims", "claims", part, source)


def _beside(what: str, name: str, part: Part[FormWords], source: Source) -> Iterator[Problem]:
    language = part.model.language
    if f"words/{name}.{language}.yaml" not in source.files:
        yield part.document.problem(f"the {what} have no words in `{language}`", "language")


def _context_words(source: Source) -> Iterator[Problem]:
    for spoken in source.context_words:
        questions, said = source.questions, spoken.model.questions
        yield from told(spoken.document, _same(questions, said, "questions", "context question"))
        for name in questions.keys() & said.keys():
            options, place = questions[name].options, ("questions", name, "options", "option")
            yield from told(spoken.document, _same(options, said[name].options, *place))


def _actions_words(source: Source) -> Iterator[Problem]:
    for spoken in source.actions_words:
        if source.actions:
            actions = source.actions.model.actions
            yield from told(spoken.document, _same(actions, spoken.model.actions, "actions", "action"))
            yield from told(spoken.document, _steps(source, spoken.model))


def _steps(source: Source, spoken: ActionsWords) -> Iterator[Finding]:
    """Check that the steps of the person with less power are as many in every language."""
    language = source.header.model.language if source.header else None
    written = next((p.model for p in source.actions_words if p.model.language == language), spoken)
    for audience in written.steps.keys() | spoken.steps.keys():
        wanted, said = len(written.steps.get(audience, ())), len(spoken.steps.get(audience, ()))
        if wanted != said:
            yield f"there should be {wanted} lines here, not {said}", ("steps", audience)


def _claims_words(source: Source) -> Iterator[Problem]:
    """Check that the words of claims are those of the present stage of evidence, and none is left out."""
    language = source.header.model.language if source.header else None
    written = next((p.model for p in source.claims_words if p.model.language == language), None)
    for spoken in source.claims_words:
        if source.evidence and spoken.model.stage != source.evidence.model.stage:
            message = f"the evidence is at stage `{source.evidence.model.stage}`: these words are of another"
            yield spoken.document.problem(message, "stage")
        if written:
            lines = _lines(written, spoken.model, "may_say", "may_not_say", "always")
            yield from told(spoken.document, lines)


def _lines(written: Model, spoken: Model, *names: str) -> Iterator[Finding]:
    for name in names:
        wanted, said = len(getattr(written, name)), len(getattr(spoken, name))
        if wanted != said:
            yield f"there should be {wanted} lines here, not {said}", (name,)


def _evidence(source: Source) -> Iterator[Problem]:
    """Refuse a later stage of the evidence when no study is named for it."""
    if source.evidence and source.evidence.model.stage != FIRST_STAGE and not source.evidence.model.evidence:
        message = f"only `{FIRST_STAGE}` stands without a study under `evidence`"
        yield source.evidence.document.problem(message, "stage")


def _statuses(source: Source) -> Iterator[Problem]:
    """Refuse a status of a translation that its record does not bear, and a record of no words."""
    written_in = source.header.model.language if source.header else None
    spoken: dict[tuple[str, str], Part[Any]] = {
        **{(part.model.form, part.model.language): part for part in source.words},
        **{("context", part.model.language): part for part in source.context_words},
        **{("actions", part.model.language): part for part in source.actions_words},
        **{("claims", part.model.language): part for part in source.claims_words},
    }
    told_of = {(part.model.form, part.model.language): part for part in source.records}
    notes = {part.document.file: part.model for part in source.remarks}
    for (name, language), part in told_of.items():
        file = record_file(name, language)
        if part.document.file != file:
            yield part.document.problem(f"by what it says, this file should be {file}", "form")
        elif language == written_in or f"words/{name}.{language}.yaml" not in source.files:
            yield part.document.problem(
                f"there is no translation words/{name}.{language}.yaml: take this file away", "form"
            )
    for (name, language), words in spoken.items():
        status = words.model.status
        if language == written_in or not STEPS[status]:
            continue
        file, record = record_file(name, language), told_of.get((name, language))
        if record is None and file not in source.files:
            yield words.document.problem(
                f"status `{status}` needs {file} with {', '.join(STEPS[status])}: begin it with "
                "`python -m instrument translate record`, or write `status: draft`",
                "status",
            )
        elif record is not None:
            remarks = notes.get(file.replace(".record.yaml", ".yaml"))
            found = missing_steps(status, words.document, language, record.model, remarks)
            yield from told(record.document, found)


CHECKS: Final[tuple[Callable[[Source], Iterator[Problem]], ...]] = (
    _words,
    _forms,
    _languages,
    _context_words,
    _actions_words,
    _claims_words,
    _evidence,
    _statuses,
)
