"""PLAN.yaml: what a study decides before anybody has answered, read with errors that name place and cure."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from analysis.planning.settings import Planning
from analysis.validation.thresholds import THRESHOLDS
from instrument import Instrument
from instrument.nodes import read
from instrument.reading import Reading
from instrument.source import Finding, told
from instrument.values import Distinct, Frozen, Identifier, Language, Model, Named, Text

EVERY_PHASE: Final = tuple(range(15))
_DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_RANGE: Final = re.compile(r"(?P<low>\S+) to (?P<high>\S+)|(?P<least>\S+) or more|(?P<most>\S+) or less")


class PlanError(ValueError):
    """The plan cannot be used; the message has a line for everything that is wrong with it."""


def _number(value: Any) -> float:
    if isinstance(value, bool) or not _DECIMAL.fullmatch(str(value)):
        raise ValueError('a number is wanted here, in quotes where it has a point: "0.70"')
    return float(value)


Number = Annotated[float, BeforeValidator(_number)]
Column = Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(str)]
Phase = Annotated[int, Field(strict=True, ge=0, le=14)]


@dataclass(frozen=True)
class Expected:
    """The range in which a hypothesis places a figure; an end is infinite where it is open."""

    low: float
    high: float
    written: str

    def __contains__(self, figure: float) -> bool:
        return self.low <= figure <= self.high

    def __str__(self) -> str:
        return self.written


def _expected(value: Any) -> Expected:
    """Read a range.

    Examples
    --------
    >>> 0.6 in _expected("0.50 to 0.70"), 0.6 in _expected("-0.20 or less")
    (True, False)
    """
    found = _RANGE.fullmatch(str(value).strip())
    said = found.groupdict() if found else {}
    ends = [said.get(low) or said.get(open_) for low, open_ in (("low", "least"), ("high", "most"))]
    if not found or any(end is not None and not _DECIMAL.fullmatch(end) for end in ends):
        raise ValueError(
            f'`{str(value)[:40]}` is no range: write "0.50 to 0.70", "0.30 or more" or "-0.20 or less"'
        )
    low = float(ends[0]) if ends[0] is not None else float("-inf")
    high = float(ends[1]) if ends[1] is not None else float("inf")
    if low > high:
        raise ValueError(f"the range ends before it begins: write the lower end first, not {value}")
    return Expected(low, high, str(value).strip())


Range = Annotated[Any, BeforeValidator(_expected)]


class Criterion(Model):
    """Another measure: a column of scores of the file, or another instrument's items in it."""

    id: Identifier
    column: Column
    words: Text
    licence: Text | None = None


class Hypothesis(Model):
    """A correlation of a score with a criterion, or a difference of two groups, with its sign and size.

    `expect` is of r, or of Cohen's d of the group `higher` against `than`.
    """

    id: Identifier
    score: Identifier = "total"
    criterion: Identifier | None = None
    group: Column | None = None
    higher: Text | None = None
    than: Text | None = None
    without: Distinct[Identifier] = ()
    """Items left out of the score, such as the one nearest to the grouping variable."""
    expect: Range
    source: Text


class Grouping(Model):
    """A column of groups for fairness; those that are special categories need a purpose of their own."""

    id: Identifier
    column: Column
    words: Text
    reference: Text | None = None


class Exclusion(Model):
    """Rows that the plan leaves out of every analysis: those with one of these values in a column."""

    column: Column
    values: Annotated[tuple[Text, ...], Field(min_length=1)]
    why: Text


class Retest(Model):
    """Who counts as unchanged on the second occasion, and how far apart the two are."""

    id: Column
    days: Annotated[tuple[int, int], Field(min_length=2)] = (10, 21)
    anchor: Column | None = None
    """A column of the second file: whether anything has changed."""
    stable: tuple[Text, ...] = ()


class Change(Model):
    """Two occasions around a change, with an anchor that says who improved."""

    id: Column
    score: Identifier = "total"
    anchor: Column
    improved: Annotated[tuple[Text, ...], Field(min_length=1)]
    order: Annotated[tuple[Text, ...], Field(min_length=2)]
    """The anchor's answers, from the greatest decrease of the score to the greatest increase."""


class Threshold(Model):
    """Another bound than the programme's, with its reason."""

    value: Number
    why: Text


class Plan(Model):
    """A study as it was decided; see docs/validation.md for every key."""

    plan: Identifier
    title: Text
    responsible: Text
    ethics: Text | None = None
    preregistration: Text | None = None
    instrument: Identifier
    form: Identifier
    language: Language
    edition: Text | None = None
    population: Text
    recruitment: Text | None = None
    seed: Annotated[int, Field(strict=True, ge=0, le=2**31)]
    phases: Annotated[Distinct[Phase], Field(min_length=1)] = EVERY_PHASE
    sample: Distinct[Column] = ()
    """Columns of the table that describes the sample."""
    cluster: Column | None = None
    groups: Named[Grouping] = Field(default_factory=dict, validate_default=True)
    criteria: Named[Criterion] = Field(default_factory=dict, validate_default=True)
    hypotheses: Named[Hypothesis] = Field(default_factory=dict, validate_default=True)
    primary: Text | None = None
    rivals: Distinct[Text] = ()
    exclusions: tuple[Exclusion, ...] = ()
    retest: Retest | None = None
    change: Change | None = None
    thresholds: Frozen[Identifier, Threshold] = Field(default_factory=dict, validate_default=True)
    cutoffs: Literal["none", "simulated"] = "none"
    """Whether cut-offs of fit are simulated for this model and n, which takes minutes."""
    planning: Planning | None = None
    """Sample sizes and power, for `analysis plan`."""


@dataclass(frozen=True, kw_only=True)
class ReadPlan:
    """A plan with the hash of its file."""

    plan: Plan
    file: Path
    sha256: str


def read_plan(file: Path, instrument: Instrument | None = None) -> ReadPlan:
    """Read a plan and compare it with the instrument that it names.

    Parameters
    ----------
    file
        The plan.
    instrument
        The questionnaire, where there is one to compare with.

    Returns
    -------
    ReadPlan
        The plan and the hash of its file.

    Raises
    ------
    PlanError
        Everything that is wrong with the plan: file, line, what, and what to do.
    """
    document = read(file, file.name)
    reading = Reading([file.name], lambda _: document)
    part = reading.one(file.name, Plan)
    problems = list(reading.problems)
    if part is not None and not problems:
        problems += told(document, _within(part.model))
        if instrument is not None:
            problems += told(document, _against(part.model, instrument))
    if problems or part is None:
        raise PlanError("\n".join(str(problem) for problem in problems))
    return ReadPlan(plan=part.model, file=file, sha256=hashlib.sha256(file.read_bytes()).hexdigest())


def _within(plan: Plan) -> Iterator[Finding]:
    for name, hypothesis in plan.hypotheses.items():
        place = ("hypotheses", name)
        ways = (hypothesis.criterion is not None, hypothesis.group is not None)
        if ways.count(True) != 1:
            yield "name a `criterion`, or a `group` with `higher` and `than`: one of the two", place
        if hypothesis.group is not None and (hypothesis.higher is None or hypothesis.than is None):
            yield "a difference of groups needs both: `higher` and `than`", place
        if hypothesis.criterion is not None and hypothesis.criterion not in plan.criteria:
            known = ", ".join(plan.criteria) or "none yet"
            yield (
                f"there is no criterion `{hypothesis.criterion}`; the plan has {known}",
                (*place, "criterion"),
            )
    for name, threshold in plan.thresholds.items():
        bound = THRESHOLDS.get(name)
        if bound is None:
            yield f"there is no threshold `{name}`; there are {', '.join(THRESHOLDS)}", ("thresholds", name)
        elif not bound.stricter(threshold.value):
            yield (
                f"`{name}` is {bound} in the programme ({bound.source}): a plan may be stricter, not laxer",
                ("thresholds", name, "value"),
            )
    if plan.retest and bool(plan.retest.anchor) != bool(plan.retest.stable):
        yield "who did not change is told by both: `anchor` and its `stable` answers", ("retest",)
    if plan.retest and plan.retest.days[0] > plan.retest.days[1]:
        yield "the interval ends before it begins: write the fewer days first", ("retest", "days")


def _against(plan: Plan, instrument: Instrument) -> Iterator[Finding]:
    if plan.instrument != instrument.id:
        yield f"the plan is for `{plan.instrument}`, and the folder holds `{instrument.id}`", ("instrument",)
        return
    if plan.form not in instrument.forms:
        yield f"there is no form `{plan.form}`; the forms are {', '.join(instrument.forms)}", ("form",)
        return
    spoken = [language for form, language in instrument.words if form == plan.form]
    if plan.language not in spoken:
        yield (
            f"form `{plan.form}` has no words in `{plan.language}`; it has {', '.join(spoken)}",
            ("language",),
        )
    scores = instrument.key.subscales(plan.form)
    asked: list[tuple[str, tuple[str, ...]]] = [
        (h.score, ("hypotheses", name, "score")) for name, h in plan.hypotheses.items()
    ]
    if plan.change:
        asked.append((plan.change.score, ("change", "score")))
    for score, place in asked:
        if score not in scores:
            yield f"form `{plan.form}` has no score `{score}`; it has {', '.join(scores)}", place
    for name, hypothesis in plan.hypotheses.items():
        for at, item in enumerate(hypothesis.without):
            if item not in instrument.forms[plan.form].by_id:
                yield f"form `{plan.form}` has no item `{item}`", ("hypotheses", name, "without", at)
