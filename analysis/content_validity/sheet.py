"""What a panel is asked: statements in an order that tells nothing, facets with their meaning, questions."""

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from instrument import NOT_SAID, Instrument, InstrumentError, Problem
from instrument.nodes import read

NONE_OF_THESE: Final = "None of these"
DEGREES: Final = (1, 2, 3, 4)
RELEVANT_FROM: Final = 3
RELEVANCE: Final = ("1 not relevant", "2 somewhat relevant", "3 quite relevant", "4 very relevant")
CLARITY: Final = ("1 not clear", "2 somewhat clear", "3 quite clear", "4 very clear")
NEED: Final = ("essential", "useful", "not needed")
BACKGROUND: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "role": (
            "From which position do you judge, above all?",
            (
                "supervised or on placement",
                "uses services",
                "supervises, educates or works with people",
                "does research",
                "another position",
            ),
        ),
        "lived": ("Have you been in the position of the people who will answer?", ("yes", "no")),
        "years": ("How long have you known this field?", ("under 3 years", "3 to 10 years", "over 10 years")),
        "judged_before": ("Have you judged the items of a questionnaire before?", ("yes", "no")),
    }
)
MADE_UP: Final = ("Was this sheet filled in to try it out, by nobody's judgement?", ("no", "yes"))
STEPS: Final = (
    (
        "Fill in one sheet alone, without talking to others of the panel. It takes one to two hours; pauses "
        "are welcome, and you may stop at any time."
    ),
    (
        "Say a little about your background. Give no name: the person who asked you knows which letter or "
        "number is yours."
    ),
    (
        "Sort first. Read each sentence and choose where it belongs, by the meanings given. Do not look "
        "ahead to the second part: it says where each sentence was meant to belong."
    ),
    (
        "Then judge each sentence. Relevance: does it ask about its part of the subject? Clarity: would "
        "people who answer understand it as it is meant? Need: is it essential, useful, or not needed?"
    ),
    "Say in a comment what should change. Name nobody, and nothing that tells who somebody is.",
    "A sentence that you cannot judge may be left empty. At the end, write what is missing.",
)


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A part of the subject: its name, what it means and where it ends."""

    id: str
    title: str
    means: str = ""
    border: str = ""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence to be judged; `number` is its place on the sheet, `asks` what it is meant to ask."""

    number: int
    item: str
    sentence: str
    facet: str | None
    asks: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """All that a panel is asked of one form; `code` changes with any of it."""

    title: str
    form: str
    language: str
    code: str
    construct: str
    it_is_not: str
    facets: Mapping[str, Facet]
    statements: tuple[Statement, ...]

    @property
    def by_facet(self) -> tuple[Statement, ...]:
        """The statements facet by facet, as the second part shows them."""
        places = {facet: place for place, facet in enumerate(self.facets)}
        last = len(places)
        return tuple(sorted(self.statements, key=lambda each: places.get(each.facet or "", last)))


def panel_sheet(
    instrument: Instrument, form_id: str, *, role: str = NOT_SAID, with_pool: bool = False
) -> Sheet:
    """Return what a panel is asked of a form.

    Parameters
    ----------
    instrument : the questionnaire; what its parts mean and what each item asks stands in its history/
    form_id : the form
    role : which of the sentences that name the other person
    with_pool : also the sentences of history/pool.yaml, which are in no form yet

    Raises
    ------
    InstrumentError
        There is no such form, or no pool of sentences for it, or a file of history/ cannot be read.
    """
    if form_id not in instrument.forms:
        raise InstrumentError((_problem("forms", f"there is no form `{form_id}`; {_forms(instrument)}"),))
    form, words = instrument.forms[form_id], instrument.words_for_staff(form_id)
    told = _history(instrument, "content.yaml") or {}
    meanings: Mapping[str, Any] = told.get("facets", {})
    facets = {
        each.id: Facet(
            id=each.id,
            title=words.facet(each.id),
            means=meanings.get(each.id, {}).get("means", ""),
            border=meanings.get(each.id, {}).get("border", ""),
        )
        for each in instrument.key.subscales(form_id).values()
        if each.items and each.shown
    }
    homes = {
        item.id: each.id
        for each in instrument.key.subscales(form_id).values()
        if each.id in facets
        for item in each.items
    }
    contents = _contents(instrument, form_id)
    found = [
        (item.id, words.sentence(item.id, role), homes.get(item.id), contents.get(item.cell or "", ""))
        for item in form.items
    ]
    if with_pool:
        found += _pool(instrument, form_id, facets)
    code = _digest(form.hash, words.hash, told, found)
    random.Random(code).shuffle(found)  # noqa: S311 - an order, not a secret
    return Sheet(
        title=words.title,
        form=form_id,
        language=words.language,
        code=code,
        construct=told.get("construct", ""),
        it_is_not=told.get("it_is_not", ""),
        facets=MappingProxyType(facets),
        statements=tuple(
            Statement(number=number, item=item, sentence=sentence, facet=facet, asks=asks)
            for number, (item, sentence, facet, asks) in enumerate(found, 1)
        ),
    )


def _contents(instrument: Instrument, form_id: str) -> dict[str, str]:
    """Return what each cell is to ask: of the form's own history, or else of the form it came from."""
    found: dict[str, str] = {}
    for name in dict.fromkeys([form_id, *instrument.forms]):
        for cell in (_history(instrument, f"{name}.yaml") or {}).get("cells", ()):
            if cell.get("content"):
                found.setdefault(cell["cell"], cell["content"])
    return found


def _pool(
    instrument: Instrument, form_id: str, facets: Mapping[str, Facet]
) -> Iterator[tuple[str, str, str | None, str]]:
    pool = _history(instrument, "pool.yaml") or {}
    if pool.get("form") != form_id:
        said = f"there are no sentences here for form `{form_id}`; leave the pool out"
        raise InstrumentError((_problem("history/pool.yaml", said),))
    for each in pool["sentences"]:
        sentence = each["sentence"].replace("{other}", "this person").replace("{Other}", "This person")
        facet = each["cell"].rstrip("0123456789").lower()
        yield each["cell"].lower(), sentence, facet if facet in facets else None, ""


def _history(instrument: Instrument, name: str) -> dict[str, Any] | None:
    path = instrument.folder / "history" / name
    if not path.is_file():
        return None
    document = read(path, f"history/{name}")
    if document.problems:
        raise InstrumentError(tuple(document.problems))
    return dict(document.data)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _problem(file: str, message: str) -> Problem:
    return Problem(file, None, message)


def _forms(instrument: Instrument) -> str:
    return f"choose one of {', '.join(instrument.forms)} with --form"
