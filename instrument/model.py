"""What an instrument is made of. Each model reads its part of one file; `consistency` compares the files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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
    Named,
    Sentences,
    Text,
    sha256,
)

NOT_SAID: Final = "not_said"  # the role of someone who kept it to themselves

DO_NOT_KNOW: Final = -55
WITHHELD: Final = -66
DOES_NOT_APPLY: Final = -77
LEFT_BLANK: Final = -88
RATHER_NOT_SAY: Final = -99

MISSING_LABELS: Final[Mapping[int, str]] = MappingProxyType(
    {
        DO_NOT_KNOW: "I do not know",
        WITHHELD: "Withheld",
        DOES_NOT_APPLY: "Does not apply",
        LEFT_BLANK: "Left blank",
        RATHER_NOT_SAY: "Rather not say",
    }
)
Kind = Literal["do_not_know", "does_not_apply", "left_blank", "rather_not_say"]
KINDS: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        "do_not_know": DO_NOT_KNOW,
        "does_not_apply": DOES_NOT_APPLY,
        "left_blank": LEFT_BLANK,
        "rather_not_say": RATHER_NOT_SAY,
    }
)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scale(_Model):
    """The codes of the answers, and the codes that stand for having given none."""

    id: Identifier
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

    @cached_property
    def missing(self) -> tuple[int, ...]:
        """What may be stored in place of an answer, in this project's own codes."""
        return tuple(KINDS[kind] for kind in self.kinds)

    @cached_property
    def readings(self) -> Mapping[int, int]:
        """Each code that a file may hold -> the code that is meant."""
        own = {code: code for code in (*self.codes, *self.missing)}
        return MappingProxyType({**own, **{code: KINDS[kind] for kind, code in self.kinds.items()}})


class Item(_Model):
    id: Identifier
    scale: Identifier
    cell: Cell | None = None
    does_not_apply: Flag = False


class Form(_Model):
    """What is asked, in the one order: never edited once published."""

    id: Identifier = Field(alias="form")
    published: Flag
    about: Text
    window: Text
    per_page: Annotated[Count, Field(le=50)]
    context: Distinct[Identifier] = ()
    scales: Named[Scale]
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_ITEMS)]

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        return MappingProxyType({item.id: item for item in self.items})

    def scale_of(self, item_id: str) -> Scale:
        return self._scales_by_item[item_id]

    @cached_property
    def _scales_by_item(self) -> Mapping[str, Scale]:
        return {item.id: self.scales[item.scale] for item in self.items}

    @cached_property
    def hash(self) -> str:
        return sha256(
            {
                "form": self.id,
                "about": self.about,
                "window": self.window,
                "per_page": self.per_page,
                "context": self.context,
                "scales": {s.id: {"codes": s.codes, "missing": dict(s.kinds)} for s in self.scales.values()},
                "items": [item.model_dump() for item in self.items],
            }
        )


class KeyedItem(_Model):
    id: Identifier
    reversed: bool


def _keyed(value: Any) -> Any:
    return (
        {"id": value.removeprefix("-"), "reversed": value.startswith("-")}
        if isinstance(value, str)
        else value
    )


class Subscale(_Model):
    """Scored from items or, with `of`, from other subscales."""

    id: Identifier
    items: tuple[Annotated[KeyedItem, BeforeValidator(_keyed)], ...] = ()
    of: Distinct[Identifier] = ()
    method: Literal["pomp", "mean", "sum"]
    min_answered: Count
    min_items: Annotated[int, Field(strict=True, ge=0, le=MAX_ITEMS)] = 0
    shown: Flag = True


class _Scores(_Model):
    subscales: Named[Subscale]


class Key(_Model):
    """How answers are scored: a changed key is a new revision."""

    revision: Count
    forms: Frozen[Identifier, _Scores]

    def subscales(self, form_id: str) -> Mapping[str, Subscale]:
        scores = self.forms.get(form_id)
        return scores.subscales if scores else MappingProxyType({})

    def reversed_items(self, form_id: str) -> frozenset[str]:
        subscales = self.subscales(form_id).values()
        return frozenset(item.id for subscale in subscales for item in subscale.items if item.reversed)

    @cached_property
    def hash(self) -> str:
        return sha256(
            {
                form: [subscale.model_dump() for subscale in self.subscales(form).values()]
                for form in self.forms
            }
        )


class ContextQuestion(_Model):
    id: Identifier
    options: Annotated[Distinct[Identifier], Field(min_length=2, max_length=20)]


class Context(_Model):
    questions: Named[ContextQuestion]


class ContextSentences(_Model):
    question: Text
    options: Frozen[Identifier, Text]


class ContextWords(_Model):
    language: Language
    questions: Frozen[Identifier, ContextSentences]


class FormWords(_Model):
    """The words file of one form in one language."""

    form: Identifier
    language: Language
    direction: Literal["ltr", "rtl"]
    status: Literal["draft", "reviewed", "back-translated", "tested"]
    title: Text
    stem: Sentences
    items: Frozen[Identifier, Sentences]
    help: Frozen[Identifier, Text] = Field(default_factory=dict, validate_default=True)
    scales: Frozen[Identifier, Mapping[Code, Text]]
    missing: Frozen[Kind, Text]
    facets: Frozen[Identifier, Text] = Field(default_factory=dict, validate_default=True)


class Action(_Model):
    """What a supervisor or trainer can do, and how much stands behind it (3: a randomised experiment)."""

    facet: Identifier
    heading: Literal["explain", "address", "agree"]
    action: Text
    strength: Annotated[int, Field(strict=True, ge=1, le=3)]
    evidence: Text


class Actions(_Model):
    intro: Text
    safety: Text
    actions: tuple[Action, ...]


class Claims(_Model):
    """What may be said of the instrument today, and what may not."""

    stage: Identifier
    label: Text
    precision: Text
    may_say: tuple[Text, ...]
    may_not_say: tuple[Text, ...]
    always: tuple[Text, ...] = ()
    evidence: tuple[Text, ...] = ()


class Header(_Model):
    id: Identifier
    title: Text
    licence: Text


@dataclass(frozen=True, kw_only=True)
class Words:
    """Every sentence of one form in one language, for every role of the other person."""

    form: str
    language: str
    direction: Literal["ltr", "rtl"]
    status: str
    title: str
    hash: str
    stems: Mapping[str, str]
    sentences: Mapping[str, Mapping[str, str]]
    helps: Mapping[str, str]
    labels: Mapping[str, Mapping[int, str]]
    questions: Mapping[str, ContextSentences]
    facets: Mapping[str, str]

    def stem(self, role: str | None = None) -> str:
        return self.stems.get(role or NOT_SAID, self.stems[NOT_SAID])

    def sentence(self, item_id: str, role: str | None = None) -> str:
        by_role = self.sentences[item_id]
        return by_role.get(role or NOT_SAID, by_role[NOT_SAID])

    def label(self, scale_id: str, code: int) -> str:
        return self.labels[scale_id][code]

    def help(self, item_id: str) -> str | None:
        return self.helps.get(item_id)

    def question(self, context_id: str) -> str:
        return self.questions[context_id].question

    def option(self, context_id: str, option_id: str) -> str:
        return self.questions[context_id].options[option_id]

    def facet(self, subscale_id: str) -> str:
        return self.facets[subscale_id]


@dataclass(frozen=True, kw_only=True)
class Instrument:
    id: str
    title: str
    licence: str
    folder: Path
    forms: Mapping[str, Form]
    key: Key
    context: Mapping[str, ContextQuestion]
    words: Mapping[tuple[str, str], Words]
    actions: tuple[Action, ...]
    actions_intro: str | None
    safety: str | None
    claims: Claims | None


def pages(form: Form, per_page: int | None = None) -> int:
    return -(-len(form.items) // (per_page or form.per_page))


def page(form: Form, number: int, per_page: int | None = None) -> tuple[Item, ...]:
    """Return the items of page `number`, the first page being 1; none for a page that is not there."""
    size = per_page or form.per_page
    return form.items[(number - 1) * size : number * size] if number >= 1 else ()
