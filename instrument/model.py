"""What an instrument is made of. Each model reads its part of one file; `consistency` compares the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from instrument.codes import KINDS, MISSING_LABELS, Kind
from instrument.values import (
    MAX_ITEMS,
    Cell,
    Code,
    Count,
    Distinct,
    Flag,
    Frozen,
    Identifier,
    Language,
    Model,
    Named,
    Text,
    sha256,
)
from instrument.words import Action, Advice, Answerers, Audience, Claims, Heading, Words


class Scale(Model):
    """The codes of the answers, and the codes for no answer."""

    id: Identifier
    measure: Literal["ordinal", "nominal"] = "ordinal"
    codes: Annotated[Distinct[Code], Field(min_length=2, max_length=101)]
    kinds: Frozen[Kind, Code] = Field(alias="missing")

    @model_validator(mode="after")
    def _codes_apart(self) -> Self:
        written = (*self.codes, *self.kinds.values())
        if len(set(written)) < len(written):
            raise ValueError("each code must have one meaning")
        meant = {*self.codes, *(code for kind, code in self.kinds.items() if code != KINDS[kind])}
        if meant & MISSING_LABELS.keys():
            raise ValueError("-55, -66, -77, -88 and -99 have their meaning already")
        if "left_blank" not in self.kinds:
            raise ValueError("`left_blank` needs a code: any question may be skipped")
        return self

    @cached_property
    def foot(self) -> int:
        return min(self.codes)

    @cached_property
    def top(self) -> int:
        return max(self.codes)

    def reverse(self, code: int) -> int:
        """Turn an answer round: the foot of the scale becomes its top, the top its foot."""
        return self.foot + self.top - code

    @cached_property
    def missing(self) -> tuple[int, ...]:
        """The codes, in this project's own numbers, that may be stored in place of an answer."""
        return tuple(KINDS[kind] for kind in self.kinds)

    @cached_property
    def structure(self) -> dict[str, Any]:
        """What the hash of a form covers: a measure of `ordinal` is left out, so form A keeps its hash."""
        said: dict[str, Any] = {"codes": self.codes, "missing": dict(self.kinds)}
        return said if self.measure == "ordinal" else {**said, "measure": self.measure}

    @cached_property
    def readings(self) -> Mapping[int, int]:
        """Each code that a file may hold -> the code that is meant."""
        own = {code: code for code in (*self.codes, *self.missing)}
        return MappingProxyType({**own, **{code: KINDS[kind] for kind, code in self.kinds.items()}})


class Item(Model):
    """One statement to be answered on a scale; its sentence is in the words."""

    id: Identifier
    scale: Identifier
    cell: Cell | None = None
    does_not_apply: Flag = False


Result = Literal["facets", "total", "guess", "areas"]


ShownIn = Literal["fixed", "random"]


class Block(Model):
    """A part of a battery: items that stay together on pages of their own, and where they come from."""

    id: Identifier
    items: Annotated[Distinct[Identifier], Field(min_length=1, max_length=MAX_ITEMS)]
    item_order: ShownIn = "fixed"
    form: Text
    """The form that this is, as INSTRUMENT/FORM."""
    form_hash: Text
    licence: Text


class Form(Model):
    """What is asked, in the one order: never edited once published.

    `result` is what a person may be shown of their own answers: `facets`, each with its figure; the `total`
    alone; a `guess` about somebody else, without a figure; or `areas`, answer beside answer, item by cell.
    """

    id: Identifier = Field(alias="form")
    published: Flag
    about: Text
    window: Text
    per_page: Annotated[Count, Field(le=50)]
    context: Distinct[Identifier] = ()
    audience: Answerers = "staff"
    """Who answers: decides on safeguards and actions that belong to the form; not part of its hash."""
    role: Identifier = "role"
    """The context question whose answer chooses the sentences, where it is asked."""
    result: Result = "facets"
    words: Identifier | None = None
    """The form whose words this one takes: equal items have equal sentences, in every language."""
    edition: Count = 1
    replaces: Identifier | None = None
    """The form of the edition before. Both stay, and their answers are never pooled or compared."""
    block_order: ShownIn = "fixed"
    """How the blocks of a battery follow each other; `random` draws one of `instrument.orders`."""
    blocks: Named[Block] = Field(default_factory=dict, validate_default=True)
    """The parts of a battery, which hold every item once; none where the form is one questionnaire."""
    scales: Named[Scale]
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_ITEMS)]

    @property
    def audiences(self) -> tuple[Audience, ...]:
        """Everybody who may answer."""
        return ("staff", "service_users") if self.audience == "both" else (self.audience,)

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        return MappingProxyType({item.id: item for item in self.items})

    @cached_property
    def block_of(self) -> Mapping[str, str]:
        """The block of each item; none where the form has no blocks."""
        return {item: block.id for block in self.blocks.values() for item in block.items}

    def scale_of(self, item_id: str) -> Scale:
        return self._scales_by_item[item_id]

    @cached_property
    def _scales_by_item(self) -> Mapping[str, Scale]:
        return {item.id: self.scales[item.scale] for item in self.items}

    @cached_property
    def hash(self) -> str:
        # Fields that were added after form A was published enter the hash only of forms that use them.
        names = ("role", "result", "edition", "replaces", "block_order")
        later = {name: getattr(self, name) for name in names}
        return sha256(
            {
                "form": self.id,
                "about": self.about,
                "window": self.window,
                "per_page": self.per_page,
                "context": self.context,
                "scales": {scale.id: scale.structure for scale in self.scales.values()},
                "items": [item.model_dump() for item in self.items],
                **{name: said for name, said in later.items() if said != Form.model_fields[name].default},
                **({"blocks": [block.model_dump() for block in self.blocks.values()]} if self.blocks else {}),
            }
        )


class KeyedItem(Model):
    """An item as it is scored: `reversed` where agreement means less of what is measured."""

    id: Identifier
    reversed: bool


def _keyed(value: Any) -> Any:
    return (
        {"id": value.removeprefix("-"), "reversed": value.startswith("-")}
        if isinstance(value, str)
        else value
    )


class Subscale(Model):
    """Scored from items or, with `of`, from other subscales."""

    id: Identifier
    items: tuple[Annotated[KeyedItem, BeforeValidator(_keyed)], ...] = ()
    of: Distinct[Identifier] = ()
    method: Literal["pomp", "mean", "sum"]
    min_answered: Count
    min_items: Annotated[int, Field(strict=True, ge=0, le=MAX_ITEMS)] = 0
    shown: Flag = True


class Scores(Model):
    """The scores of one form."""

    subscales: Named[Subscale]


class Key(Model):
    """How answers are scored: a changed key is a new revision."""

    revision: Count
    forms: Frozen[Identifier, Scores]

    def subscales(self, form_id: str) -> Mapping[str, Subscale]:
        scores = self.forms.get(form_id)
        return scores.subscales if scores else MappingProxyType({})

    def reversed_items(self, form_id: str) -> frozenset[str]:
        return self._reversed.get(form_id, frozenset())

    @cached_property
    def _reversed(self) -> Mapping[str, frozenset[str]]:
        return {
            form: frozenset(
                item.id for subscale in scores.subscales.values() for item in subscale.items if item.reversed
            )
            for form, scores in self.forms.items()
        }

    @cached_property
    def names(self) -> frozenset[str]:
        """Every subscale of any form that is shown."""
        return frozenset(s.id for form in self.forms for s in self.subscales(form).values() if s.shown)

    @cached_property
    def hash(self) -> str:
        return sha256(
            {
                form: [subscale.model_dump() for subscale in self.subscales(form).values()]
                for form in self.forms
            }
        )


class ContextQuestion(Model):
    """A question on the person's situation, by the options it offers; never scored."""

    id: Identifier
    options: Annotated[Distinct[Identifier], Field(min_length=2, max_length=20)]


class Context(Model):
    """The context questions of an instrument."""

    questions: Named[ContextQuestion]


class ActionKind(Model):
    """An action without its words: its facet, its heading and the strength of its evidence."""

    id: Identifier
    facet: Identifier
    heading: Heading
    strength: Annotated[int, Field(strict=True, ge=1, le=3)]
    audience: Audience | None = None
    """Whose forms it belongs to; None for all."""


class Actions(Model):
    """What the person with more power can do; its words are in words/actions.LANGUAGE.yaml."""

    actions: Named[ActionKind]
    references: tuple[Text, ...] = ()
    """The publications that the actions name, as they are cited in every language."""


class Evidence(Model):
    """The studies behind the claims; the words of claims are in words/claims.LANGUAGE.yaml."""

    stage: Identifier
    evidence: tuple[Text, ...] = ()


class Header(Model):
    """What stands at the head of an instrument; `language` is that of the original, not a translation."""

    id: Identifier
    title: Text
    licence: Text
    language: Language = "en"
    private: Flag = False
    """Whether people may reflect with it by themselves: it is in the list of /reflect."""


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A whole questionnaire: forms, scoring key, context questions, and the words of every language."""

    id: str
    title: str
    licence: str
    language: str
    folder: Path
    forms: Mapping[str, Form]
    key: Key
    context: Mapping[str, ContextQuestion]
    words: Mapping[tuple[str, str], Words]
    """By form and language, the language that the instrument was written in first."""
    advice: Mapping[str, Advice]
    claims_in: Mapping[str, Claims]
    private: bool = False

    def words_for_staff(self, form_id: str) -> Words:
        """Return a form's words for staff: English, as their pages are, or else those of the original."""
        return self.words.get((form_id, "en")) or self.words[form_id, self.language]

    @property
    def actions(self) -> tuple[Action, ...]:
        return self.advice[self.language].actions if self.advice else ()

    def advice_for(self, form: Form, language: str) -> Advice | None:
        """Return what belongs to a form: actions for those who answer, a line for whoever feels unsafe."""
        found = self.advice.get(language)
        if found is None:
            return None
        return replace(
            found,
            safety=found.safety_of.get(form.audiences[0], found.safety),
            actions=tuple(each for each in found.actions if each.audience in (None, *form.audiences)),
        )

    @property
    def claims(self) -> Claims | None:
        return self.claims_in.get(self.language)


def pages(form: Form, per_page: int | None = None) -> int:
    """Return how many pages a form takes.

    Parameters
    ----------
    form : the form
    per_page : items on a page; by default as many as the form says

    Returns
    -------
    int
        The number of pages; the last may be shorter.
    """
    return len(laid_out(form, per_page))


def page(form: Form, number: int, per_page: int | None = None) -> tuple[Item, ...]:
    """Return the items of a page.

    Parameters
    ----------
    form : the form
    number : of the page, the first being 1
    per_page : items on a page; by default as many as the form says

    Returns
    -------
    tuple of Item
        In the form's order; none for a page that is not there.
    """
    there = laid_out(form, per_page)
    return there[number - 1] if 1 <= number <= len(there) else ()


def laid_out(
    form: Form, per_page: int | None = None, order: Sequence[str] = ()
) -> tuple[tuple[Item, ...], ...]:
    """Return the items of every page; each block of a battery begins on a page of its own.

    Parameters
    ----------
    form : the form
    per_page : items on a page; by default as many as the form says
    order : every item's id as they are shown; by default in the form's order

    Returns
    -------
    tuple of tuple of Item
        Page after page.
    """
    size = per_page or form.per_page
    items = tuple(form.by_id[each] for each in order) or form.items
    together = (tuple(of) for _, of in groupby(items, key=lambda item: form.block_of.get(item.id)))
    return tuple(of[at : at + size] for of in together for at in range(0, len(of), size))
