"""Checks that the files of an instrument agree; each check yields every problem it finds."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from instrument import completeness
from instrument.codebook import BLOCK_ORDER, PROVENANCE
from instrument.model import Form, Key, Subscale
from instrument.nodes import Problem
from instrument.source import Finding, Source, told
from instrument.words import NOT_SAID

MAX_COLUMN: Final = 32
KEPT_NAMES: Final = frozenset(["context", "actions", "claims"])  # of files of words


def problems(source: Source) -> list[Problem]:
    """Return every problem that the checks find between the files of a folder."""
    return [problem for check in _CHECKS for problem in check(source)]


def _names(source: Source) -> Iterator[Problem]:
    wanted = [(part.document, f"forms/{part.model.id}.yaml") for part in source.forms]
    wanted += [(p.document, f"words/{p.model.form}.{p.model.language}.yaml") for p in source.words]
    wanted += [(p.document, f"words/context.{p.model.language}.yaml") for p in source.context_words]
    wanted += [(p.document, f"words/actions.{p.model.language}.yaml") for p in source.actions_words]
    wanted += [(p.document, f"words/claims.{p.model.language}.yaml") for p in source.claims_words]
    for document, name in wanted:
        if document.file != name:
            yield document.problem(f"by what it says, this file should be {name}")
    if not source.forms and not any(name.startswith("forms/") for name in source.files):
        yield Problem("forms", None, "there is no form")


def _forms(source: Source) -> Iterator[Problem]:
    for part in source.forms:
        yield from told(part.document, _items(part.model))
        yield from told(part.document, _context_of(part.model, source))
        yield from told(part.document, _edition(part.model, source))
        yield from told(part.document, _blocks(part.model))
        if part.model.id in KEPT_NAMES:
            yield part.document.problem(f"`{part.model.id}` is the name of other words", "form")


def _items(form: Form) -> Iterator[Finding]:
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


def _blocks(form: Form) -> Iterator[Finding]:
    """Check that the blocks of a battery hold every item once, in the form's order, and share no scale."""
    held = [item for block in form.blocks.values() for item in block.items]
    if form.blocks and held != [item.id for item in form.items]:
        yield "the blocks hold every item once, in the order of `items`", ("blocks",)
    elif form.blocks:
        blocks = {(item.scale, form.block_of[item.id]) for item in form.items}
        for scale, times in Counter(scale for scale, _ in blocks).items():
            if times > 1:
                yield (
                    f"scale `{scale}` is in two blocks: give each block scales of its own",
                    ("scales", scale),
                )
    if form.block_order != "fixed" and len(form.blocks) < 2:  # noqa: PLR2004 - one cannot be reordered
        yield "an order of blocks takes two blocks", ("block_order",)


def _context_of(form: Form, source: Source) -> Iterator[Finding]:
    for at, question in enumerate(form.context):
        if source.context and question not in source.questions:
            yield f"`{question}` is not in context.yaml", ("context", at)
    if form.context and not source.context and "context.yaml" not in source.files:
        yield "there is no context.yaml", ("context",)
    if form.role in form.context[1:]:
        yield f"`{form.role}` must be asked first: sentences depend on it", ("context",)
    elif form.role not in form.context and "role" in form.model_fields_set:
        yield f"`{form.role}` is not asked", ("role",)
    if form.role in source.questions and NOT_SAID in source.questions[form.role].options:
        yield f"`{NOT_SAID}` is kept for those who do not say: `{form.role}` may not offer it", ("context",)


def _edition(form: Form, source: Source) -> Iterator[Finding]:
    """Check that a later edition names the form of the edition before it, and that a first one names none."""
    before = source.form(form.replaces)
    if form.replaces and before is None and not source.knows(form.replaces):
        yield f"there is no form `{form.replaces}`", ("replaces",)
    elif before and form.edition != before.edition + 1:
        yield f"this replaces edition {before.edition}, so it is edition {before.edition + 1}", ("edition",)
    elif not form.replaces and form.edition > 1:
        yield f"edition {form.edition} does not say which form it `replaces`", ("edition",)


def _key(source: Source) -> Iterator[Problem]:
    if not source.key:
        return
    document = source.key.document
    for form_id in source.key.model.forms:
        form = source.form(form_id)
        if form:
            yield from told(document, _scored(form, source.key.model), "forms", form_id)
        elif not source.knows(form_id):
            yield document.problem(f"there is no form `{form_id}`", "forms", form_id)


def _scored(form: Form, key: Key) -> Iterator[Finding]:
    subscales = key.subscales(form.id)
    taken = Counter([*PROVENANCE, *([BLOCK_ORDER] if form.blocks else []), *form.context, *form.by_id])
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


def _enough(subscale: Subscale) -> Iterator[Finding]:
    parts = len(subscale.items) or len(subscale.of)
    if subscale.min_answered > parts:
        yield f"min_answered is {subscale.min_answered}, of {parts} in all", ("min_answered",)
    elif subscale.method == "sum" and subscale.min_answered < parts:
        yield f"a sum needs every answer: min_answered should be {parts}", ("min_answered",)


def _members(form: Form, subscale: Subscale) -> Iterator[Finding]:
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
        elif scale and scale.measure == "nominal":
            yield f"the answers of scale `{scale.id}` have no order, so `{member.id}` has no score", place
        elif (
            scale
            and member.reversed
            and {scale.foot + scale.top - code for code in scale.codes} != set(scale.codes)
        ):
            yield f"the codes of scale `{scale.id}` are uneven, so `{member.id}` cannot be reversed", place
    if subscale.items and subscale.min_items:
        yield "min_items is for a subscale scored from others; use min_answered", ("min_items",)


def _parts(subscale: Subscale, subscales: Mapping[str, Subscale]) -> Iterator[Finding]:
    for at, part in enumerate(subscale.of):
        if part not in subscales or subscales[part].of:
            yield f"`{part}` is not a subscale scored from items", ("of", at)
    if subscale.of and subscale.method == "pomp":
        yield "pomp is for items: take the mean of other subscales", ("method",)


def _actions(source: Source) -> Iterator[Problem]:
    if not (source.actions and source.key):
        return
    known = source.key.model.names
    for id_, action in source.actions.model.actions.items():
        if action.facet not in known:
            yield source.actions.document.problem(
                f"there is no subscale `{action.facet}`", "actions", id_, "facet"
            )


_CHECKS: Final[tuple[Callable[[Source], Iterator[Problem]], ...]] = (
    _names,
    _forms,
    _key,
    _actions,
    *completeness.CHECKS,
)
