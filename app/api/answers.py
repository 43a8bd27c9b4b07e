"""What the interface for programs answers with: a model for each kind of answer, one for every error."""

from pydantic import BaseModel, ConfigDict, Field


class Answered(BaseModel):
    """Every field is always present, so that a program need not test for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StudyAnswer(Answered):
    id: str
    title: str
    simulated: bool = Field(description="Whether its answers were made up by a program")
    instrument: str
    form: str


class StudiesAnswer(Answered):
    items: list[StudyAnswer]
    next: str | None = Field(description="Give it as `after` for the next page; null on the last")


class WaveAnswer(Answered):
    id: str
    study: str
    ordinal: int
    closed_on: str = Field(description="Year, month and day, in UTC")
    imported: bool = Field(description="Whether its answers were given elsewhere and came in as a file")


class WavesAnswer(Answered):
    items: list[WaveAnswer]
    next: str | None = Field(description="Give it as `after` for the next page; null on the last")


class FileAnswer(Answered):
    name: str
    title: str
    purpose: str
    media_type: str
    path: str = Field(description="Where it lies in the folder of an export")


class FilesAnswer(Answered):
    items: list[FileAnswer]


class PartAnswer(Answered):
    id: str
    title: str


class PartsAnswer(Answered):
    items: list[PartAnswer]


class ItemAnswer(Answered):
    id: str
    text: str
    reversed: bool = Field(description="Whether its answer is turned round before it is scored")
    codes: dict[str, str]
    missing: dict[str, str]


class ScaleAnswer(Answered):
    id: str
    title: str
    items: list[str]
    of: list[str] = Field(description="The scales that it is made of, where it is made of scales")
    method: str
    min_answered: int


class FormAnswer(Answered):
    id: str
    hash: str
    languages: list[str]


class InstrumentAnswer(Answered):
    id: str
    title: str
    licence: str
    stage: str | None = Field(description="What may be said of it at its present stage")
    forms: list[FormAnswer]


class InstrumentsAnswer(Answered):
    items: list[InstrumentAnswer]


class WholeFormAnswer(Answered):
    instrument: str
    form: str
    hash: str
    language: str
    status: str = Field(description="Of the words in this language, such as draft")
    key_revision: int
    items: list[ItemAnswer]
    scales: list[ScaleAnswer]


class ErrorAnswer(Answered):
    error: str = Field(description="A name that programs can compare")
    message: str = Field(description="What is wrong and what to do, for people")
