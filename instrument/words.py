"""The wording of questions, apart from their structure: files under words/, and words joined from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import AliasChoices, Field

from instrument.codes import Kind
from instrument.values import Code, Frozen, Identifier, Language, Model, Sentences, Text

NOT_SAID: Final = "not_said"  # the role of people who did not say it
Status = Literal["draft", "reviewed", "back-translated", "tested"]
Heading = Literal["explain", "address", "agree"]
Audience = Literal["staff", "service_users"]
Answerers = Literal[Audience, "both"]


class _Spoken(Model):
    language: Language
    status: Status


class ContextSentences(Model):
    """A context question in words, with its options."""

    question: Text
    options: Frozen[Identifier, Text]


class ContextWords(_Spoken):
    """The context questions in one language."""

    questions: Frozen[Identifier, ContextSentences]


class BlockWords(Model):
    """The words of a block of a battery: its title, what stands before its questions, its non-answers."""

    title: Text
    stem: Sentences
    missing: Frozen[Kind, Text] = Field(default_factory=dict, validate_default=True)


class FormWords(_Spoken):
    """The words file of one form in one language; `before` and `after` frame the questions.

    `reading` says what a higher figure means, `least` and `most` what 0 and 100 stand for. `roles` names the
    other person as the sentences of this form do, where the context's words are those of an earlier edition.
    """

    form: Identifier
    direction: Literal["ltr", "rtl"]
    title: Text
    before: tuple[Text, ...] = ()
    stem: Sentences
    roles: Frozen[Identifier, Text] = Field(default_factory=dict, validate_default=True)
    items: Frozen[Identifier, Sentences]
    help: Frozen[Identifier, Text] = Field(default_factory=dict, validate_default=True)
    scales: Frozen[Identifier, Mapping[Code, Text]]
    missing: Frozen[Kind, Text]
    blocks: Frozen[Identifier, BlockWords] = Field(default_factory=dict, validate_default=True)
    facets: Frozen[Identifier, Text] = Field(
        default_factory=dict, validate_default=True, validation_alias=AliasChoices("facets", "subscales")
    )
    after: tuple[Text, ...] = ()
    reading: Text | None = None
    least: Text | None = None
    most: Text | None = None


class ActionSentences(Model):
    """An action in words, with its evidence."""

    action: Text
    evidence: Text


class ActionsWords(_Spoken):
    """The actions in one language, with the text before them and the text on safety."""

    intro: Text
    safety: Text
    safety_of: Frozen[Audience, Text] = Field(default_factory=dict, validate_default=True)
    """The same for one audience, where it turns to others for help."""
    steps: Frozen[Audience, tuple[Text, ...]] = Field(default_factory=dict, validate_default=True)
    """What the person with less power may do, for each audience."""
    actions: Frozen[Identifier, ActionSentences]


class ClaimsWords(_Spoken):
    """What may be said at one stage of the evidence, and what may not."""

    stage: Identifier
    label: Text
    precision: Text
    may_say: tuple[Text, ...]
    may_not_say: tuple[Text, ...]
    always: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Words:
    """Every sentence of one form in one language, for every role of the other person."""

    form: str
    language: str
    direction: Literal["ltr", "rtl"]
    status: Status
    title: str
    hash: str
    before: tuple[str, ...]
    stems: Mapping[str, str]
    sentences: Mapping[str, Mapping[str, str]]
    helps: Mapping[str, str]
    labels: Mapping[str, Mapping[int, str]]
    questions: Mapping[str, ContextSentences]
    facets: Mapping[str, str]
    after: tuple[str, ...]
    reading: str | None = None
    least: str | None = None
    most: str | None = None
    block_titles: Mapping[str, str] = field(default_factory=dict)
    block_stems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def stem(self, role: str | None = None, block: str | None = None) -> str:
        """Return what stands before the questions: of a block, its own."""
        stems = self.block_stems.get(block or "", self.stems)
        return stems.get(role or NOT_SAID, stems[NOT_SAID])

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
        """Return the name of a subscale; one that is never shown has only its id."""
        return self.facets.get(subscale_id, subscale_id)


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a supervisor or trainer can do, and how strong its evidence is (3: a randomised experiment)."""

    id: str
    facet: str
    heading: Heading
    strength: int
    audience: Audience | None
    action: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Every action in one language, with the text before them and the text for people who feel unsafe."""

    language: str
    status: Status
    intro: str
    safety: str
    safety_of: Mapping[Audience, str]
    steps: Mapping[Audience, tuple[str, ...]]
    actions: tuple[Action, ...]
    references: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What may be said of the instrument today, and what may not, in one language."""

    language: str
    status: Status
    stage: str
    label: str
    precision: str
    may_say: tuple[str, ...]
    may_not_say: tuple[str, ...]
    always: tuple[str, ...]
    evidence: tuple[str, ...]
