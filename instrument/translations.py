"""What translators and those who asked people say of words, and what a status needs before it stands.

A file of words in another language is a draft until `history/NAME.LANGUAGE.record.yaml` tells the steps that
were gone through: forward, reconciliation, back, interviews. A record is of the very sentences it names by
their hash: sentences that were changed afterwards have gone through nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from instrument.nodes import Document, shown
from instrument.values import Distinct, Flag, Frozen, Language, Model, Text, sha256
from instrument.words import NOT_SAID, Status

BARE: Final = frozenset(["form", "language", "direction", "status", "stage"])  # names, never translated
ROUNDS: Final = 2
PEOPLE: Final = 5
UNDERSTOOD: Final = 85  # of 100 readings of the last round
STEPS: Final[Mapping[Status, tuple[str, ...]]] = MappingProxyType(
    {
        "draft": (),
        "reviewed": ("forward", "reconciliation"),
        "back-translated": ("forward", "reconciliation", "back"),
        "tested": ("forward", "reconciliation", "back", "interviews"),
    }
)
"""The steps that a status needs, in the order in which they are gone through."""

_PERSON: Final = re.compile(r"[A-Z][0-9]?")

Sentences = dict[str, dict[str, str]]
"""Key -> role of the other person -> text; a sentence for everybody has the role ``""``."""
Found = tuple[str, tuple[str | int, ...]]  # a message, and where in the record


def _person(value: str) -> str:
    if not _PERSON.fullmatch(value):
        raise ValueError(
            f"`{shown(value)}` is no letter for a person: write A, B or C2; who is who stays with you"
        )
    return str(value)


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f'`{shown(value)}` is no day: write it in quotes, as "2027-01-31"') from None


Person = Annotated[str, AfterValidator(_person)]
Day = Annotated[date, BeforeValidator(_day)]
Number = Annotated[int, Field(strict=True, ge=0, le=99_999)]


class Forward(Model):
    """One translation, made by one person alone."""

    translator: Person
    mother_tongue: Language
    day: Day


class Reconciliation(Model):
    """How several readings became one: who settled how many differences, and by what."""

    by: Annotated[Distinct[Person], Field(min_length=1)]
    day: Day
    differences: Number
    settled: Text


class Back(Model):
    """A translation back, compared with the source; the sentences stand in `history/NAME.LANGUAGE.yaml`."""

    translator: Person
    mother_tongue: Language
    saw_source: Flag
    day: Day
    differences: Number
    settled: Text


class Round(Model):
    """A round of interviews in the language: how many people read how many sentences, and how."""

    people: Number
    readings: Number
    understood: Number
    serious: Number
    """Sentences that still have a serious problem after the round."""
    day: Day


class Record(Model):
    """What was gone through with one file of words in one language."""

    form: str
    """What the file of words is called: a form's id, or context, actions, claims."""
    language: Language
    words: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The hash of the sentences that the steps are about."""
    forward: tuple[Forward, ...] = ()
    reconciliation: Reconciliation | None = None
    back: tuple[Back, ...] = ()
    interviews: tuple[Round, ...] = ()


class Remark(Model):
    """A translator's note on a sentence: how it reads when translated back, and why it is worded so."""

    back_translation: str = ""
    comment: str = ""


class Remarks(Model):
    """The notes on one file of words in one language, by key and role."""

    language: Language
    remarks: Frozen[str, Remark]


def record_file(name: str, language: str) -> str:
    """Return where the record of words stands in the folder of an instrument."""
    return f"history/{name}.{language}.record.yaml"


def sentences(tree: Mapping[Any, Any]) -> Sentences:
    """Return the sentences of a file of words by key and role."""
    found: Sentences = {}
    for key, role, text in _leaves({name: part for name, part in tree.items() if name not in BARE}):
        found.setdefault(key, {})[role] = text
    return found


def sentences_hash(tree: Mapping[Any, Any]) -> str:
    """Return the hash of the sentences of a file of words, which its status and its remarks leave alone."""
    return sha256(sentences(tree))


def _leaves(tree: Any, *place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(tree, str):
        yield ".".join(place), "", tree
    elif is_by_role(tree):
        yield from ((".".join(place), str(role), str(text)) for role, text in tree.items())
    else:
        for name, part in parts(tree):
            yield from _leaves(part, *place, str(name))


def is_by_role(tree: Any) -> bool:
    """Tell whether a part of a file holds one sentence for each role of the other person."""
    return isinstance(tree, dict) and NOT_SAID in tree


def parts(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Return the parts of a mapping or a list by name or number."""
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from enumerate(tree, 1)


def missing_steps(
    status: Status, words: Document, language: str, record: Record, remarks: Remarks | None
) -> Iterator[Found]:
    """Find what a status needs and its record does not tell; the place is in the record.

    Parameters
    ----------
    status, words, language
        What the file of words says of itself, the file, and its language.
    record, remarks
        The record of these words, and the notes on single sentences where there are any.
    """
    needed = STEPS[status]
    if record.words != (now := sentences_hash(words.data)):
        said = f'go through the changed ones again and write `words: "{now}"`, or write `status: draft` there'
        yield f"status `{status}` is of other sentences than {words.file} has now: {said}", ("words",)
    for step in needed:
        if not getattr(record, step):
            said = "go through it and add it, or go back to the status before"
            yield f"status `{status}` of {words.file} needs `{step}`, which is not told here: {said}", ()
        else:
            yield from _JUDGED[step](record, language)
    if "back" in needed:
        yield from _translated_back(words, remarks)
    yield from _in_order(record)


def _forward(record: Record, language: str) -> Iterator[Found]:
    if not any(_tongue(each.mother_tongue) == _tongue(language) for each in record.forward):
        said = f"nobody here has `{language}` as mother tongue: one translator at least has to"
        yield said, ("forward", 0, "mother_tongue")


def _reconciliation(record: Record, _language: str) -> Iterator[Found]:
    assert record.reconciliation
    if len({*(each.translator for each in record.forward), *record.reconciliation.by}) == 1:
        yield (
            "one person alone has translated and reviewed: name a second one in `forward` or in `by`",
            ("reconciliation", "by"),
        )


def _back(record: Record, _language: str) -> Iterator[Found]:
    before = {each.translator for each in record.forward}
    before |= {*record.reconciliation.by} if record.reconciliation else set()
    for at, each in enumerate(record.back):
        if each.saw_source:
            said = "who translates back may not have seen the source: ask another person"
            yield said, ("back", at, "saw_source")
        if each.translator in before:
            yield (
                f"`{each.translator}` has translated or reviewed before: ask another person",
                ("back", at, "translator"),
            )


def _interviews(record: Record, _language: str) -> Iterator[Found]:
    if len(record.interviews) < ROUNDS:
        yield f"there is one round of interviews: {ROUNDS} are needed", ("interviews",)
    for at, each in enumerate(record.interviews):
        if each.people < PEOPLE:
            yield f"{each.people} people are too few for a round: ask {PEOPLE}", ("interviews", at, "people")
        if not each.understood <= each.readings or each.readings < each.people:
            yield (
                "this does not add up: `understood` is at most `readings`, and those at least `people`",
                ("interviews", at, "readings"),
            )
    last, at = record.interviews[-1], len(record.interviews) - 1
    if last.serious:
        yield (
            "a serious problem was left after the last round: write the sentence anew, and ask again",
            ("interviews", at, "serious"),
        )
    if last.understood * 100 < UNDERSTOOD * last.readings:
        said = "write the sentences anew, and ask again"
        yield (
            f"fewer than {UNDERSTOOD} of 100 readings of the last round were as intended: {said}",
            ("interviews", at, "understood"),
        )


def _translated_back(words: Document, remarks: Remarks | None) -> Iterator[Found]:
    """Find sentences without a back-translation; one for everybody may have one for each role."""
    told = {place for place, each in remarks.remarks.items() if each.back_translation} if remarks else set()
    told |= {place.partition(" ")[0] for place in told}
    places = [f"{key} {role}".rstrip() for key, by_role in sentences(words.data).items() for role in by_role]
    lacking = [place for place in places if place not in told]
    if lacking:
        said = "bring them in with `python -m instrument translate import`"
        yield f"{len(lacking)} sentences have no back-translation, such as `{lacking[0]}`: {said}", ("back",)


def _in_order(record: Record) -> Iterator[Found]:
    settled = record.reconciliation
    steps = [
        *(("forward", at, each.day) for at, each in enumerate(record.forward)),
        *([("reconciliation", None, settled.day)] if settled else []),
        *(("back", at, each.day) for at, each in enumerate(record.back)),
        *(("interviews", at, each.day) for at, each in enumerate(record.interviews)),
    ]
    order = [*STEPS["tested"]]
    for step, at, day in steps:
        later = [other for first, _, other in steps if order.index(first) < order.index(step) and other > day]
        if later:
            yield (
                f"{day} is before a step that comes first ({max(later)}): put the days right",
                (step, "day") if at is None else (step, at, "day"),
            )


def _tongue(language: str) -> str:
    return language.partition("-")[0]


_JUDGED: Final[Mapping[str, Callable[[Record, str], Iterator[Found]]]] = MappingProxyType(
    {
        "forward": _forward,
        "reconciliation": _reconciliation,
        "back": _back,
        "interviews": _interviews,
    }
)
