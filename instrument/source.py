"""The files of one folder as they were read, before they are compared with each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from pydantic import BaseModel

from instrument.model import Actions, Context, ContextQuestion, Evidence, Form, Header, Key
from instrument.nodes import Document, Problem
from instrument.translations import Record, Remarks
from instrument.words import ActionsWords, ClaimsWords, ContextWords, FormWords

M = TypeVar("M", bound=BaseModel)

Finding = tuple[str, tuple[str | int, ...]]  # a message, and where in the file


@dataclass(frozen=True)
class Part(Generic[M]):
    """One file: its content, and the line of each value in it."""

    document: Document
    model: M


@dataclass(frozen=True, kw_only=True)
class Source:
    """All files of a folder; a part is missing where its file could not be read."""

    files: tuple[str, ...]
    header: Part[Header] | None
    key: Part[Key] | None
    context: Part[Context] | None
    actions: Part[Actions] | None
    evidence: Part[Evidence] | None
    forms: tuple[Part[Form], ...]
    words: tuple[Part[FormWords], ...]
    context_words: tuple[Part[ContextWords], ...]
    actions_words: tuple[Part[ActionsWords], ...]
    claims_words: tuple[Part[ClaimsWords], ...]
    records: tuple[Part[Record], ...] = ()
    """Of words in other languages, and below the notes on single sentences of words that have a record."""
    remarks: tuple[Part[Remarks], ...] = ()

    @property
    def questions(self) -> Mapping[str, ContextQuestion]:
        return self.context.model.questions if self.context else MappingProxyType({})

    def form(self, form_id: str | None) -> Form | None:
        return next((part.model for part in self.forms if part.model.id == form_id), None)

    def knows(self, form_id: str) -> bool:
        """Tell whether there is such a form, even if its file cannot be read."""
        return f"forms/{form_id}.yaml" in self.files

    def speakers(self, part: Part[FormWords]) -> tuple[Form, ...]:
        """The forms that these words are for: their own, and those that take their words from it."""
        form_id = part.model.form
        return tuple(form.model for form in self.forms if form_id in {form.model.id, form.model.words})


def told(document: Document, findings: Iterator[Finding], *within: str | int) -> Iterator[Problem]:
    """Return findings as problems with file and line."""
    for message, place in findings:
        yield document.problem(message, *within, *place)
