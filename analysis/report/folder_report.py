"""The reports of a folder of Parquet files: figures of all rows, by their counts, and of a sample of rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from analysis.files.table import TableError
from analysis.files.tally import SEED
from analysis.report.alpha_report import EVERYBODY, alpha_of_scales
from analysis.report.answers import Answers, ScaleAnswers
from analysis.report.build import SECTIONS, Progress, report_of
from analysis.report.document import Document, Section, Table, sections_json
from analysis.report.folder_answers import FolderAnswers, FolderDataset
from analysis.report.model_answers import ModelAnswers, models_of_key
from analysis.report.pool_models import models
from analysis.report.sections.responses import careless
from analysis.report.structure_report import structure

SAMPLED: Final = "a random sample of rows"
NOTHING: Final = "nothing"
Needs = tuple[tuple[str, str, str], ...]
IN_REPORTS: Final[Needs] = (
    ("intervals by bootstrap", "people are drawn anew", f"{NOTHING}: other intervals stand beside"),
    ("standard errors of Mokken's H", "they rest on all answers of a person together", NOTHING),
    ("flags of careless answering", "each is a figure of a person", SAMPLED),
    (
        "rows whose id stands above already",
        "every row is compared with all others",
        f"{NOTHING}: no id is read",
    ),
)
IN_STRUCTURES: Final[Needs] = (
    ("standard errors, and scaled tests", "they rest on four answers of a person together", SAMPLED),
    ("modification indices, residuals and reliabilities with errors", "the same", SAMPLED),
    ("the models by maximum likelihood of every row's answers", "rows", SAMPLED),
    ("cut-offs by simulation (--cutoffs)", "they are for the model's own number of rows", SAMPLED),
)


def folder_alpha(dataset: FolderDataset, *, progress: Progress) -> Document:
    """Compute alpha and omega of each scale, of all rows."""
    answers = FolderAnswers(dataset)

    def scales(items: Sequence[str]) -> dict[str, ScaleAnswers]:
        return {EVERYBODY: answers.scale(items)}

    return alpha_of_scales(dataset, scales, progress=progress)


def folder_report(dataset: FolderDataset, *, progress: Progress | None = None) -> Document:
    """Compute the report of a folder: what counts can bear of all rows, flags of people in the sample."""

    def flags(_: Answers) -> Section:
        return _of_sample(dataset, [careless(Answers(dataset.sample))])[0]

    chosen: dict[str, Callable[[Answers], Section]] = {
        **SECTIONS,
        "careless": flags,
        "rows": lambda _: _rows(dataset, IN_REPORTS),
    }
    return report_of(FolderAnswers(dataset), chosen, progress=progress)


def folder_structure(
    dataset: FolderDataset, sampled: ModelAnswers, *, of_key: bool, cutoffs: int | None, progress: Progress
) -> Document:
    """Fit models to the counts of all rows, then to the sample, whose report follows.

    Parameters
    ----------
    dataset
        The folder's answers.
    sampled
        Those of the sample, and the models.
    of_key
        Whether the models are those that the key implies, for all rows those of the items usable in all.
    cutoffs, progress
        As for `structure`.

    Raises
    ------
    TableError
        A model has an item that nobody answered, or everybody alike.
    """
    answers = FolderAnswers(dataset)
    progress("all rows", 0, len(sampled.models) + 2)
    names, rivals, primary = sampled.names, sampled.models, sampled.primary
    if of_key:
        names, (rivals, primary) = answers.scored, models_of_key(answers)
    elif aside := [f"{item} ({why})" for item, why in dataset.unusable.items() if item in names]:
        raise TableError(f"the model has {', '.join(aside)}; leave it out of the model")
    counts = answers.counts.take([answers.items.index(item) for item in names])
    whole = models(counts, rivals, rivals[primary])
    lost = {item: why for item, why in dataset.sample.unusable.items() if item in names and of_key}
    found = structure(sampled, cutoffs=cutoffs, progress=progress)
    alike = [f" {item} is left out of the sample's models: {why} there." for item, why in lost.items()]
    sections = (
        replace(
            whole,
            id="all_rows",
            title=f"The models in all {dataset.n:,} rows",
            reading=whole.reading + "".join(alike),
        ),
        *_of_sample(dataset, found.sections),
        _rows(dataset, IN_STRUCTURES),
    )
    return replace(
        found,
        provenance=f"n = {dataset.n} rows. {dataset.about}",
        sections=sections,
        tree={
            "simulated": dataset.simulated,
            "n": dataset.n,
            "items": names,
            "sample": found.tree,
            "sections": sections_json(sections),
        },
    )


def _of_sample(dataset: FolderDataset, sections: Iterable[Section]) -> tuple[Section, ...]:
    """Return sections that say of which rows they are: in their words, and in the title of each table."""
    n = dataset.sample.n
    return tuple(
        replace(
            each,
            title=f"{each.title} (sample)",
            reading=f"Of {n:,} of the {dataset.n:,} rows, drawn at random. {each.reading}",
            tables=tuple(_of_sampled(table, f"sample of {n:,} rows") for table in each.tables),
        )
        for each in sections
    )


def _of_sampled(table: Table, rows: str) -> Table:
    """Return a table, and its drawing, that say of which rows they are."""
    drawn = table.figure and replace(table.figure, reading=f"{table.figure.reading} Of a {rows}.")
    return replace(table, title=f"{table.title} ({rows})", figure=drawn)


def _rows(dataset: FolderDataset, needs: Needs) -> Section:
    return Section(
        id="rows",
        title="What needs rows",
        reading=(
            f"All rows are counted, and none is kept but for a random sample of {dataset.sample.n:,}, drawn "
            f"without replacement from a fixed seed ({SEED}): the same rows whoever counts them. Figures "
            "below need rows, and are of the sample, or are not there."
        ),
        tables=(
            Table(title="In place of figures of all rows", headers=("figure", "why", "instead"), rows=needs),
        ),
    )
