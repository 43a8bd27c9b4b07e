"""The answers of a folder of Parquet files: all rows counted in one pass by an engine, and a sample of rows.

What counts can bear rests on all rows; what needs rows rests on the sample, or is not there, and says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from analysis.counts.engines import engine_of
from analysis.counts.joint import CodesError, Counts, JointCounts
from analysis.estimate import Estimate, Matrix, Unavailable
from analysis.files.answer_cells import number
from analysis.files.parquet_pages import EMPTY
from analysis.files.parquet_parts import ParquetFile, files_of
from analysis.files.table import Table, TableError
from analysis.files.tally import Tally, Wanted, tally
from analysis.moments import Moments, moments
from analysis.report.answers import Answers, ScaleAnswers
from analysis.report.dataset import NOT_SHOWN, Dataset
from analysis.report.fitted import column_of, column_of_item, fitted, offered
from analysis.report.named_answers import MOST_CODES, Named, far_note, listed, of_table
from analysis.report.row_checks import far_values
from instrument import LEFT_BLANK, MISSING_LABELS, Form, Instrument

MARKS: Final = ("simulated", "form_hash")
NOTHING: Final = np.empty(0)
NO_RESAMPLES: Final = Unavailable(reason="needs rows", detail="people are drawn anew")


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Where Parquet files are, which engine counts them, and the address of its scheduler.

    `progress` is told how many parts are counted.
    """

    place: Path | str
    engine: str = "threads"
    scheduler: str = ""
    progress: Callable[[str, int, int], None] | None = None

    @cached_property
    def files(self) -> tuple[ParquetFile, ...]:
        """Its files, each opened once."""
        return files_of(self.place)


@dataclass(frozen=True, kw_only=True)
class FolderDataset(Dataset):
    """A dataset of which all rows are counted, while `codes`, `table` and `rows` are those of a sample.

    `tally` has the items in the order of the form; `meanings` says for each what its codes for no answer
    mean, and what no code at all does.
    """

    tally: Tally
    meanings: tuple[Mapping[int, int], ...]

    @property
    def n(self) -> int:
        """Number of rows with an answer, complete or not."""
        return self.tally.counts.n

    @cached_property
    def sample(self) -> Dataset:
        """The rows drawn at random, as a dataset of their own."""
        return Dataset(
            instrument=self.instrument,
            form=self.form,
            codes=self.codes,
            simulated=self.simulated,
            table=self.table,
            rows=self.rows,
            own=self.own,
        )

    def tallied(self, item: str) -> dict[float, int]:
        """Count the codes of an item as they were given, those of non-answers among them."""
        place = [known.id for known in self.form.items].index(item)
        counts = self.tally.counts
        found = dict(zip(counts.categories, counts.item_counts[place].tolist(), strict=True))
        for code, times in self.tally.kinds[place].items():
            meant = self.meanings[place][code]
            found[meant] = found.get(meant, 0) + times
        return {code: times for code, times in found.items() if times}


@dataclass(frozen=True, kw_only=True)
class CountedScale(ScaleAnswers):
    """A scale of which joint counts alone are known: of the rows complete on it, and of all rows."""

    complete: JointCounts
    every: JointCounts

    @property
    def data(self) -> JointCounts:
        """The counts of the complete rows."""
        return self.complete

    @property
    def n(self) -> int:
        """Number of complete rows."""
        return self.complete.n

    @cached_property
    def score(self) -> tuple[float, float]:
        """Mean and standard deviation, over the complete rows, of people's means of the items."""
        mean, variance = self.complete.means.mean(), self.complete.covariance.sum()
        return float(mean), float(np.sqrt(max(variance, 0.0)) / self.k)

    @cached_property
    def moments(self) -> Moments | Unavailable:
        """Means and covariances over the complete rows."""
        return moments(self.complete)

    @cached_property
    def pairwise(self) -> Moments | Unavailable:
        """Means and covariances, each over all rows that have the answers it needs."""
        return moments(self.every)

    @cached_property
    def resampled(self) -> tuple[Estimate | Unavailable, Estimate | Unavailable]:
        """No bootstrap."""
        return NO_RESAMPLES, NO_RESAMPLES


@dataclass(frozen=True)
class FolderAnswers(Answers):
    """The answers of a folder as the sections need them: whatever counts give, of all rows."""

    dataset: FolderDataset

    @cached_property
    def counts(self) -> JointCounts:
        """The joint counts of the keyed items."""
        return self._keyed(self.dataset.tally.counts.take(self._places(self.items)), self.items)

    @cached_property
    def lacking(self) -> Counts:
        """How many rows lack how many answers: none, one, and so on up to all."""
        return self.dataset.tally.lacking

    def scale(self, items: Sequence[str]) -> ScaleAnswers:
        """Return some of the items as one scale."""
        chosen = tuple(items)
        if chosen not in self._scales:
            found = next(each for each in self.dataset.tally.complete if {*(each.names or ())} == {*chosen})
            order = [(found.names or ()).index(item) for item in chosen]
            self._scales[chosen] = CountedScale(
                items=chosen,
                X=np.empty((0, len(chosen))),
                complete=self._keyed(found.take(order), chosen),
                every=self.counts.take([self.items.index(item) for item in chosen]),
            )
        return self._scales[chosen]

    def _places(self, items: Sequence[str]) -> list[int]:
        names = [item.id for item in self.dataset.form.items]
        return [names.index(item) for item in items]

    def _keyed(self, counts: JointCounts, items: Sequence[str]) -> JointCounts:
        """Turn the counts of items the way they are scored."""
        form = self.dataset.form
        turned = self.dataset.instrument.key.reversed_items(form.id)
        codes = {place: form.scale_of(item).codes for place, item in enumerate(items) if item in turned}
        return counts.turned({place: min(each) + max(each) for place, each in codes.items()})


def read_named_folder(folder: Folder, named: Named) -> FolderDataset:
    """Count the named columns of a folder as a questionnaire of one scale.

    Raises
    ------
    TableError
        A column is not there or holds no whole numbers, or a code is none of those there can be.
    EngineError
        The engine cannot be used.
    """
    empty = of_table(_table_of(folder, {}, 0, frozenset()), named)
    items = tuple(item.id for item in empty.form.items)
    allowed = empty.form.scale_of(items[0]).codes if named.codes else ()
    none = [code for code in MISSING_LABELS if code not in allowed]
    said = [code for each in listed(named.missing) if (code := number(each)) is not None]
    if fractions := [f"{code:g}" for code in said if not code.is_integer()]:
        raise TableError(f"--missing {fractions[0]}: codes in a folder are whole numbers")
    none += map(int, said)
    meanings = (dict.fromkeys((EMPTY, *none), LEFT_BLANK),) * len(items)
    turned = empty.instrument.key.reversed_items(empty.form.id)
    chosen = replace(named, items=_quoted(items), reverse=_quoted([item for item in items if item in turned]))

    def dataset_of(table: Table, found: Tally) -> Dataset:
        if named.codes:
            _refuse_unknown(folder.place, found, empty.form)
            return replace(of_table(table, chosen), notes=())
        counts = found.counts
        if len(counts.categories) < 2:  # noqa: PLR2004 - a scale has two codes
            raise TableError(f"{folder.place}: nobody answered, or everybody alike")
        low, high = counts.categories[0], counts.categories[-1]
        if high - low >= MOST_CODES:
            raise TableError(
                f"{folder.place}: answers from {low:g} to {high:g}; say with --codes which there are"
            )
        read = of_table(table, replace(chosen, codes=f"{low:g}-{high:g}"))
        far = far_values(np.array(counts.categories), counts.item_counts.sum(axis=0))
        within = f"Turned within {low:g} to {high:g}, the lowest and the highest answer there is."
        return replace(read, notes=(*([within] if turned else []), *map(far_note, far)))

    return _counted(folder, empty, items, meanings, dataset_of)


def read_fitted_folder(folder: Folder, instrument: Instrument, form_id: str | None = None) -> FolderDataset:
    """Count the columns of a folder that are items of a form.

    Raises
    ------
    TableError, DatasetError
        A column is missing or holds no whole numbers, a code is unknown, or the answers say that they belong
        to another form.
    EngineError
        The engine cannot be used.
    """
    table = _table_of(folder, {}, 0, frozenset())
    empty = fitted(table, instrument, form_id)
    form = empty.form
    columns = tuple(column_of_item(item.id, table) or item.id for item in form.items)
    readings = [
        {**{code: code for code in MISSING_LABELS}, **form.scale_of(i.id).readings} for i in form.items
    ]
    meanings = tuple(
        {EMPTY: NOT_SHOWN}
        | {code: meant for code, meant in each.items() if meant not in form.scale_of(item.id).codes}
        for item, each in zip(form.items, readings, strict=True)
    )

    def dataset_of(table: Table, found: Tally) -> Dataset:
        _refuse_unknown(folder.place, found, form)
        return replace(fitted(table, instrument, form.id), notes=())

    return _counted(folder, empty, columns, meanings, dataset_of)


def _counted(
    folder: Folder,
    empty: Dataset,
    columns: tuple[str, ...],
    meanings: tuple[Mapping[int, int], ...],
    dataset_of: Callable[[Table, Tally], Dataset],
) -> FolderDataset:
    """Count the columns, and the rows complete on each scale; `empty` is a dataset of the same items."""
    names = [item.id for item in empty.form.items]
    missing = tuple(tuple(code for code in each if code != EMPTY) for each in meanings)
    wanted = Wanted(items=columns, missing=missing, sets=_sets(empty, names), marks=_marks_of(folder.files))
    found = _tallied(folder, wanted, names)
    drawn = dict(zip(columns, found.rows.T, strict=True))
    table = _table_of(folder, drawn, len(found.rows), found.marks)
    read = dataset_of(table, found)
    dataset = FolderDataset(
        instrument=read.instrument,
        form=read.form,
        codes=read.codes,
        simulated=read.simulated,
        table=read.table,
        rows=read.rows,
        own=read.own,
        tally=found,
        meanings=meanings,
    )
    if dataset.unusable:
        # Scales are shorter by the items left aside, so other rows are complete on them.
        usable = tuple(names.index(item.id) for item in dataset.items)
        again = replace(wanted, sets=_sets(dataset, names), usable=usable)
        dataset = replace(dataset, tally=_tallied(folder, again, names))
    left_out = [f"{found.empty} rows without one answer left out."] if found.empty else []
    aside = [f"Left aside: {item}, since {why}." for item, why in dataset.unusable.items()]
    return replace(dataset, notes=(*left_out, *aside, *read.notes))


def _marks_of(files: Sequence[ParquetFile]) -> tuple[str, ...]:
    """Return the columns of any file that say whether answers are made up, and to which form they belong."""
    marks: list[str] = []
    for mark in MARKS:
        found = {name: file.path for file in files if (name := column_of(mark, _empty_table(file)))}
        if len(found) > 1:
            said = " and ".join(f"{name} in {file}" for name, file in found.items())
            raise TableError(f"the column {mark} has different names, {said}; give it one name")
        marks += found
    return tuple(marks)


def _sets(dataset: Dataset, names: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return the sets of items of which complete rows are counted: each scale, and all scored items."""
    scales = [[item.id for item in scale.items] for scale in dataset.scales.values()]
    sets = {tuple(sorted(names.index(item) for item in each)) for each in [*scales, Answers(dataset).scored]}
    return tuple(sorted(sets))


def _tallied(folder: Folder, wanted: Wanted, names: Sequence[str]) -> Tally:
    """Count a folder; counts bear the names of items in place of those of columns."""
    try:
        found = tally(
            folder.files,
            wanted,
            engine=engine_of(folder.engine),
            scheduler=folder.scheduler,
            progress=folder.progress,
        )
    except CodesError as error:
        raise TableError(
            f"{folder.place}, {error.item}: {error.wrong}; leave out columns that hold no answers, and name "
            "codes of no answer with --missing"
        ) from error
    complete = tuple(
        replace(each, names=tuple(names[place] for place in places))
        for each, places in zip(found.complete, wanted.sets, strict=True)
    )
    return replace(found, counts=replace(found.counts, names=tuple(names)), complete=complete)


def _empty_table(file: ParquetFile) -> Table:
    return Table(file=Path(file.path), columns=dict.fromkeys(file.columns, NOTHING))


def _table_of(
    folder: Folder, columns: Mapping[str, Matrix], n: int, marks: frozenset[tuple[str, str]]
) -> Table:
    """Return a table of rows: columns of bytes, and of each mark the values that occur in any row."""
    names = dict.fromkeys(name for file in folder.files for name in file.columns)
    found = {name: np.full(n, np.nan) for name in names} | {
        name: np.where(column == EMPTY, np.nan, column.astype(np.float64)) for name, column in columns.items()
    }
    for name in names:
        values = sorted(value for mark, value in marks if mark == name)
        if values:
            found[name] = np.array([values[row % len(values)] for row in range(n)], dtype=object)
    return Table(file=Path(str(folder.place)), columns=found)


def _refuse_unknown(place: Path | str, found: Tally, form: Form) -> None:
    """Raise TableError where rows gave an item an answer that it cannot have."""
    for item, counts in zip(form.items, found.counts.item_counts, strict=True):
        scale = form.scale_of(item.id)
        for code, times in zip(found.counts.categories, counts.tolist(), strict=True):
            if times and code not in scale.codes:
                raise TableError(
                    f"{place}, {item.id}: {times} rows hold {code:g}, which is no answer; {offered(scale)}"
                )


def _quoted(names: Sequence[str]) -> str:
    return ",".join('"' + name.replace('"', '""') + '"' for name in names)
