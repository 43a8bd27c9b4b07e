"""What an instrument is made of. Each model reads its part of a file; what spans files is in `consistency`."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from instrument.nodes import Name

MAX_ITEMS: Final = 500
NOT_SAID: Final = "not_said"  # the role of someone who kept it to themselves

WITHHELD: Final = -66
DO_NOT_KNOW: Final = -55
DOES_NOT_APPLY: Final = -77
LEFT_BLANK: Final = -88
RATHER_NOT_SAY: Final = -99

Kind = Literal["do_not_know", "does_not_apply", "left_blank", "rather_not_say"]
KINDS: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        "do_not_know": DO_NOT_KNOW,
        "does_not_apply": DOES_NOT_APPLY,
        "left_blank": LEFT_BLANK,
        "rather_not_say": RATHER_NOT_SAY,
    }
)
MISSING_LABELS: Final[Mapping[int, str]] = MappingProxyType(
    {
        DO_NOT_KNOW: "I do not know",
        WITHHELD: "Withheld",
        DOES_NOT_APPLY: "Does not apply",
        LEFT_BLANK: "Left blank",
        RATHER_NOT_SAY: "Rather not say",
    }
)

# An id becomes a variable of SPSS and Stata, which keep these words for themselves.
_KEPT_WORDS: Final = frozenset(
    "all and by eq ge gt le lt ne not or to with if in using int long float double byte str".split()
)
_MARKS_OF_DIRECTION: Final = frozenset("\u200c\u200d\u200e\u200f")

K = TypeVar("K")
V = TypeVar("V")


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,25}", value) or "__" in value or value.endswith("_"):
        raise ValueError(
            f"`{value[:40]}` is not an identifier: up to 26 of a-z, 0-9 and single _, a letter first, no _ last"
        )
    if value in _KEPT_WORDS:
        raise ValueError(f"`{value}` is a word that SPSS or Stata keeps for itself")
    return str(value)


def _text(value: Any) -> Any:
    if isinstance(value, Name):
        raise ValueError(f"text must be in quotes: {value[:40]}")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def _clean(value: str) -> str:
    if value != value.strip() or "  " in value:
        raise ValueError("text has a space too many")
    if value != unicodedata.normalize("NFC", value):
        raise ValueError("text must be in Unicode normal form C, so that equal words have equal hashes")
    if any(unicodedata.category(c)[0] == "C" and c not in _MARKS_OF_DIRECTION for c in value):
        raise ValueError("text has a control character")
    return value


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = sorted({str(v) for v in values if values.count(v) > 1})
    if twice:
        raise ValueError(f"listed twice: {', '.join(twice)}")
    return values


Identifier = Annotated[str, AfterValidator(_identifier)]
Text = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=1000), AfterValidator(_clean)]
Code = Annotated[int, Field(strict=True, ge=-999, le=9999)]
Count = Annotated[int, Field(strict=True, ge=1, le=MAX_ITEMS)]
Flag = Annotated[bool, Field(strict=True)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Frozen = Annotated[Mapping[K, V], AfterValidator(MappingProxyType)]
Distinct = Annotated[tuple[V, ...], AfterValidator(_distinct)]

# A sentence as the file has it: one string, or one for each role of the other person.
Sentences = Annotated[
    Mapping[str, Text], BeforeValidator(lambda v: v if isinstance(v, dict) else {"": v}), Field(min_length=1)
]


def _named(value: Any) -> Any:
    """Give each thing of a mapping its key as `id`."""
    if not isinstance(value, dict):
        return value
    return {k: {**v, "id": k} if isinstance(v, dict) and "id" not in v else v for k, v in value.items()}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Scale(_Model):
    """The codes of the answers, and the codes that stand for having given none."""

    id: Identifier
    codes: Annotated[Distinct[Code], Field(min_length=2, max_length=101)]
    kinds: Frozen[Kind, Code] = Field(alias="missing")

    @model_validator(mode="after")
    def _codes_apart(self) -> Self:
        written = tuple(self.kinds.values())
        if len(set(written)) < len(written) or set(written) & set(self.codes):
            raise ValueError("each code must have one meaning")
        reserved = set(MISSING_LABELS)
        if (reserved & set(self.codes)) or any(
            c in reserved and KINDS[k] != c for k, c in self.kinds.items()
        ):
            raise ValueError("-55, -66, -77, -88 and -99 are kept for answers not given")
        return self

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
    cell: Annotated[str, Field(pattern=r"^[A-Z]{1,4}[0-9]{1,3}$")] = ""
    does_not_apply: Flag = False


class Form(_Model):
    """What is asked, in the one order: never edited once published."""

    id: Identifier = Field(alias="form")
    published: Flag
    about: Text
    window: Text
    per_page: Annotated[Count, Field(le=50)]
    context: Distinct[Identifier] = ()
    scales: Annotated[Frozen[Identifier, Scale], BeforeValidator(_named), Field(min_length=1)]
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=MAX_ITEMS)]

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        return MappingProxyType({item.id: item for item in self.items})

    def scale_of(self, item_id: str) -> Scale:
        return self.scales[self.by_id[item_id].scale]

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
    subscales: Annotated[Frozen[Identifier, Subscale], BeforeValidator(_named)]


class Key(_Model):
    """How answers are scored: a changed key is a new revision."""

    revision: Count
    forms: Frozen[Identifier, _Scores]

    def subscales(self, form_id: str) -> Mapping[str, Subscale]:
        scores = self.forms.get(form_id)
        return scores.subscales if scores else MappingProxyType({})

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
    questions: Annotated[Frozen[Identifier, ContextQuestion], BeforeValidator(_named)]


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
    """Something a supervisor or trainer can do, with how much stands behind it (3: a randomised experiment)."""

    facet: Identifier
    heading: Literal["explain", "address", "agree"]
    action: Text
    strength: Annotated[int, Field(strict=True, ge=1, le=3)]
    evidence: Text


class Actions(_Model):
    safety: Text
    actions: tuple[Action, ...]


class Claims(_Model):
    """What may be said of the instrument today, and what may not."""

    stage: Identifier
    label: Text
    precision: Text
    may_say: tuple[Text, ...]
    may_not_say: tuple[Text, ...]
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
    safety: str | None
    claims: Claims | None


def pages(form: Form, per_page: int | None = None) -> int:
    return -(-len(form.items) // (per_page or form.per_page))


def page(form: Form, number: int, per_page: int | None = None) -> tuple[Item, ...]:
    """Return the items of page `number`, the first page being 1; none for a page that is not there."""
    size = per_page or form.per_page
    return form.items[(number - 1) * size : number * size] if number >= 1 else ()


def sha256(structure: Any) -> str:
    """Hash plain data in one canonical spelling, whatever the order and layout of the file it came from."""
    spelling = json.dumps(structure, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelling.encode()).hexdigest()
