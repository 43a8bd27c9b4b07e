"""RECORD.yaml: what was done, written by those who did it; what no table of answers can say."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from analysis.validation.plan import PlanError
from instrument.nodes import read
from instrument.reading import Reading
from instrument.values import Frozen, Identifier, Model, Text

People = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class Flow(Model):
    """How many were invited, began, finished, and took their answers back."""

    invited: People
    started: People
    finished: People
    erased: People = 0


class Elicitation(Model):
    """Interviews or groups by which the concept was found, in each population."""

    populations: Annotated[Frozen[Identifier, People], Field(min_length=1)]
    coders: People


class Record(Model):
    """What was done, and everything that departed from the plan."""

    record: Identifier
    dates: Text
    setting: Text | None = None
    incentives: Text | None = None
    flow: Flow | None = None
    elicitation: Elicitation | None = None
    retest_days: Annotated[tuple[int, int], Field(min_length=2)] | None = None
    adverse_events: People | None = None
    accessibility: Text | None = None
    consequences: Text | None = None
    departures: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReadRecord:
    """A record with the hash of its file."""

    record: Record
    sha256: str


def read_record(file: Path, plan: str, flow: Path | None = None) -> ReadRecord:
    """Read the record of a plan, and the flow of people from the file of an export where one is given.

    Parameters
    ----------
    file
        The record.
    plan
        The name of the plan that it is of.
    flow
        FLOW.yaml of an export; then the record has no flow of its own.

    Returns
    -------
    ReadRecord
        Its hash is of both files.

    Raises
    ------
    PlanError
        Everything that is wrong with it: file, line, what, and what to do.
    """
    document = read(file, file.name)
    reading = Reading([file.name], lambda _: document)
    part = reading.one(file.name, Record)
    problems = list(reading.problems)
    if part is not None and not problems and part.model.record != plan:
        problems.append(
            document.problem(f"the record is of `{part.model.record}`, the plan `{plan}`", "record")
        )
    counted = None
    if flow is not None:
        counts = read(flow, flow.name)
        of_export = Reading([flow.name], lambda _: counts)
        counted = of_export.one(flow.name, Flow)
        problems += of_export.problems
        if part is not None and part.model.flow is not None:
            problems.append(document.problem("`flow` is here and in another file: take it out here", "flow"))
    if problems or part is None:
        raise PlanError("\n".join(str(problem) for problem in problems))
    files = [file, flow] if flow is not None else [file]
    return ReadRecord(
        record=part.model.model_copy(update={"flow": counted.model}) if counted else part.model,
        sha256=hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest(),
    )
