"""The evidence of one study: its plan, its files, and what several phases need, each computed once."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.estimate import Matrix
from analysis.files.item_names import column_named
from analysis.files.read_table import read_table
from analysis.files.table import Table
from analysis.report.answers import Answers
from analysis.report.dataset import Dataset, label
from analysis.report.fitted import column_of, fitted, is_simulated
from analysis.report.model_answers import ModelAnswers, of_dataset
from analysis.report.scores import Scored, scores
from analysis.simulated_mark import looks_simulated
from analysis.validation.plan import Plan, PlanError, ReadPlan
from analysis.validation.record import ReadRecord, Record
from analysis.validation.thresholds import THRESHOLDS, Bound
from instrument import Instrument, Subscale

PARTS: Final = {
    "main": "the sample of everything from phase 6 on",
    "exploratory": "other people, for phases 4 and 5",
    "retest": "people of the main sample a second time, for phase 8",
    "after": "people of the main sample after a change, for phase 12",
    "panel": "ratings of the items, for phase 2: columns item, rater, relevance, essential, lived",
    "interviews": "cognitive interviews, for phase 3: columns item, person, round, understood, serious",
}
ANSWERS: Final = ("main", "exploratory", "retest", "after")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A plan with its evidence; `excluded` counts the rows that each exclusion of the plan took, by part."""

    read: ReadPlan
    instrument: Instrument
    files: Mapping[str, Path]
    sha256: Mapping[str, str]
    datasets: Mapping[str, Dataset]
    tables: Mapping[str, Table]
    given: Mapping[str, int]
    excluded: Mapping[str, tuple[int, ...]]
    simulated: tuple[str, ...]
    recorded: ReadRecord | None = None
    progress: Progress = field(default=lambda *_: None, repr=False)

    @property
    def plan(self) -> Plan:
        """What was decided."""
        return self.read.plan

    @property
    def record(self) -> Record | None:
        """What was done, where somebody wrote it down."""
        return self.recorded.record if self.recorded else None

    @property
    def main(self) -> Dataset:
        """The main sample."""
        return self.datasets["main"]

    @property
    def piloted(self) -> Dataset:
        """The sample in which items are judged first: the exploratory one where there is one."""
        return self.datasets.get("exploratory", self.main)

    def bound(self, name: str) -> Bound:
        """Return a bound of the programme, or the stricter one of the plan."""
        own = self.plan.thresholds.get(name)
        found = THRESHOLDS[name]
        return replace(found, value=own.value, source=f"the plan: {own.why}") if own else found

    @cached_property
    def answers(self) -> Answers:
        """The main sample's answers."""
        return Answers(self.main)

    @cached_property
    def explored(self) -> Answers:
        """The answers of the sample in which items are judged first."""
        return self.answers if self.piloted is self.main else Answers(self.piloted)

    @cached_property
    def models(self) -> ModelAnswers:
        """The models that were fixed in advance, with the answers to which they are fitted."""
        found = of_dataset(self.main, cluster=self.plan.cluster)
        known = [rival.name for rival in found.models]
        wanted = [*self.plan.rivals] or known
        primary = self.plan.primary or known[found.primary]
        unknown = [name for name in (*wanted, primary) if name not in known]
        if unknown:
            raise PlanError(
                f"{self.read.file.name}: there is no model {unknown[0]!r}; the key of form {self.plan.form} "
                f"implies {', '.join(known)}"
            )
        chosen = tuple(rival for rival in found.models if rival.name in {*wanted, primary})
        return replace(
            found, models=chosen, primary=next(i for i, r in enumerate(chosen) if r.name == primary)
        )

    @cached_property
    def scores(self) -> Mapping[str, Scored]:
        """The scores of the main sample by the key."""
        return scores(self.main)

    @cached_property
    def scales(self) -> Mapping[str, Subscale]:
        """The scales that are made of items and share none."""
        return {name: self.main.scales[name] for name in self.answers.scales}

    def score_without(self, name: str, left_out: tuple[str, ...]) -> Matrix:
        """Return a score of the main sample; with items left out, the mean of the others."""
        if not left_out:
            return self.scores[name].values
        subscales = self.instrument.key.subscales(self.plan.form)
        parts = subscales[name].of or (name,)
        items = [item.id for part in parts for item in subscales[part].items if item.id not in left_out]
        X = self.main.keyed(items)
        seen = ~np.isnan(X)
        enough = seen.sum(axis=1) >= len(items) - 1
        mean = np.where(seen, X, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
        return np.where(enough & seen.any(axis=1), mean, np.nan)

    def named(self, score: str) -> str:
        """Return what a score is called."""
        return label(self.main, score)

    def column(self, name: str, part: str = "main") -> list[str | None]:
        """Return the cells of a column for the rows of a part.

        Raises
        ------
        TableError
            There is no such column, or more than one.
        """
        dataset = self.datasets[part]
        return dataset.text(column_named(name, dataset.table))

    def numbers(self, name: str, part: str = "main") -> Matrix:
        """Return a column as numbers, NaN where a cell holds none."""
        return np.array([_number(each) for each in self.column(name, part)], dtype=np.float64)


def _number(text: str | None) -> float:
    try:
        return float(text) if text else float("nan")
    except ValueError:
        return float("nan")


def open_study(
    read: ReadPlan,
    instrument: Instrument,
    files: Mapping[str, Path],
    recorded: ReadRecord | None = None,
    progress: Progress | None = None,
) -> Study:
    """Read the files of a study and take out the rows that the plan excludes.

    Parameters
    ----------
    read, instrument, recorded
        The plan, the questionnaire, and what was done.
    files
        The tables by their part, a name in `PARTS`; the main sample among them.
    progress
        Called with a few words, how many parts are done and how many there are.

    Raises
    ------
    PlanError
        A part is not known, or there is no main sample.
    TableError, DatasetError
        A table cannot be read, or does not fit the form.
    """
    if unknown := [part for part in files if part not in PARTS]:
        raise PlanError(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    if "main" not in files:
        raise PlanError("name the table of the main sample: FILE, or main=FILE")
    datasets, tables = dict[str, Dataset](), dict[str, Table]()
    given, excluded = dict[str, int](), dict[str, tuple[int, ...]]()
    simulated: list[str] = []
    for part, file in files.items():
        table = tables[part] = read_table(file)
        mark = is_simulated(table)
        if part in ANSWERS:
            whole = fitted(table, instrument, read.plan.form)
            given[part] = table.n
            datasets[part], excluded[part] = _kept(whole, read.plan)
            mark = mark or looks_simulated(whole.codes, _codes(whole))
        if mark:
            simulated.append(part)
    datasets = {part: replace(each, simulated=bool(simulated)) for part, each in datasets.items()}
    return Study(
        read=read,
        instrument=instrument,
        files=files,
        sha256={part: hashlib.sha256(file.read_bytes()).hexdigest() for part, file in files.items()},
        datasets=datasets,
        tables=tables,
        given=given,
        excluded=excluded,
        simulated=tuple(simulated),
        recorded=recorded,
        progress=progress or (lambda *_: None),
    )


def _codes(dataset: Dataset) -> list[int]:
    return sorted({code for scale in dataset.form.scales.values() for code in scale.codes})


def _kept(dataset: Dataset, plan: Plan) -> tuple[Dataset, tuple[int, ...]]:
    keep = np.ones(dataset.n, dtype=bool)
    counts: list[int] = []
    for rule in plan.exclusions:
        name = column_of(rule.column.lower(), dataset.table)
        cells: list[Any] = [None] * dataset.n if name is None else dataset.text(name)
        out = np.array([cell in rule.values for cell in cells]) & keep
        counts.append(int(out.sum()))
        keep &= ~out
    return (dataset if keep.all() else dataset.of_rows(np.flatnonzero(keep))), tuple(counts)


def departures(study: Study) -> list[str]:
    """Return everything that departs from the plan: what the files show, and what the record says."""
    found = list(study.record.departures) if study.record else []
    plan = study.plan
    needs = {2: "panel", 3: "interviews", 8: "retest", 12: "after"}
    for number, part in needs.items():
        asked = number in plan.phases and (number != 8 or plan.retest) and (number != 12 or plan.change)  # noqa: PLR2004
        if asked and part not in study.files:
            found.append(f"Phase {number} was planned, and no table `{part}` was given.")
    if 5 in plan.phases and "exploratory" not in study.files:  # noqa: PLR2004
        found.append("Phase 5 was planned with people of its own, and the main sample was used again.")
    hashes = Counter(study.sha256.values())
    if any(times > 1 for times in hashes.values()):
        found.append("One file was given as two parts.")
    for part, dataset in study.datasets.items():
        for rule in plan.exclusions:
            if column_of(rule.column.lower(), dataset.table) is None:
                found.append(f"The exclusion by `{rule.column}` was not made in {part}: no such column.")
    if not plan.preregistration:
        found.append("The plan names no preregistration, so nobody can see that it came first.")
    return found
