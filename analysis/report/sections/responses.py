"""Sections on the answers: distributions, missing answers, and signs of careless answering."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np

from analysis.descriptive.items import Description, describe
from analysis.estimate import Matrix, Unavailable
from analysis.graphics.item_bars import item_distributions
from analysis.report.answers import Answers
from analysis.report.dataset import LABELS, Dataset
from analysis.report.document import Section, Table, Value, missing_figures
from analysis.response_quality.careless import Careless, careless_indices
from instrument import Item

DRAWN: Final = range(2, 8)  # numbers of answers that a bar can show
LIMITS: Final = {"mahalanobis_p": 0.001}
NOBODY: Final = Unavailable(reason="too few rows", detail="nobody answered the item")
SPEECH: Final = {"mahalanobis_p": "Mahalanobis distance, p"}


def distributions(answers: Answers) -> Section:
    """Describe how the answers to each item are distributed."""
    rows = [_described(*each) for each in zip(answers.items, describe(answers.counts), strict=True)]
    described = Table(
        title="Items, turned the way they are scored",
        headers=("item", "n", "mean", "sd", "median", "skewness", "kurtosis"),
        rows=tuple(rows),
    )
    items = [answers.dataset.form.by_id[name] for name in answers.items]
    by_scale = groupby(items, key=lambda item: item.scale)
    return Section(
        id="distributions",
        title="How the answers are distributed",
        reading=(
            "Over every answer there is. Skewness and kurtosis are b1 and b2 - 3 with the sample standard "
            "deviation; a normal distribution has 0 of both."
        ),
        tables=(described, *(shares(answers.dataset, list(items)) for _, items in by_scale)),
    )


def _described(item: str, found: Description) -> tuple[Value, ...]:
    few = Unavailable(reason="too few rows", detail="one person answered the item") if found.n else NOBODY
    constant = Unavailable(reason="constant item") if found.n > 1 else few
    mean, median = (NOBODY if figure is None else figure for figure in (found.mean, found.median))
    sd = few if found.sd is None else found.sd
    shape = (constant if figure is None else figure for figure in (found.skewness, found.kurtosis))
    return (item, found.n, mean, sd, median, *shape)


def shares(dataset: Dataset, items: Sequence[Item]) -> Table:
    """Show the share of each answer to each item, as given."""
    codes = dataset.form.scale_of(items[0].id).codes
    options = _options(dataset, items[0], codes)
    tallied = [dataset.tallied(item.id) for item in items]
    counts = [[found.get(code, 0) for code in codes] for found in tallied]
    given = [sum(row) for row in counts]
    title = f"Answers as they were given, {items[0].id} to {items[-1].id}"
    plain = Table(
        title=title,
        headers=("item", *options, "n"),
        rows=tuple(
            (item.id, *((count / n if n else NOBODY) for count in row), n)
            for item, row, n in zip(items, counts, given, strict=True)
        ),
    )
    if len(codes) not in DRAWN:
        return plain
    drawing = item_distributions(
        [item.id for item in items],
        counts,
        options,
        reading="Bars are centred on the middle answer; nothing is turned round.",
        n=given,
        title=title,
        hidden="no answers",
    )
    return replace(plain, figure=drawing)


def _options(dataset: Dataset, item: Item, codes: Sequence[int]) -> list[str]:
    """Return the labels of the answers in the first language there is, their codes where there is none."""
    for words in dataset.instrument.words.values():
        if words.form == dataset.form.id:
            return [words.label(item.scale, code) for code in codes]
    return [str(code) for code in codes]


def missing(answers: Answers) -> Section:
    """Count what was not answered, by kind, for each item and for each person."""
    dataset = answers.dataset
    counted = {item: dataset.missing(item) for item in answers.items}
    kinds = [label for label in LABELS.values() if any(label in found for found in counted.values())]
    lacking = answers.lacking.tolist()
    missing_, asked = sum(times * n for times, n in enumerate(lacking)), dataset.n * len(answers.items)
    share = missing_ / asked if asked else None
    of_all = "" if share is None else f", {100 * share:.1f} % of all that were asked for"
    return Section(
        id="missing",
        title="What was not answered",
        reading=(
            f"{missing_} answers are missing{of_all}; {lacking[0]} of {dataset.n} rows have every "
            "answer. A question that does not apply is no refusal: kinds are never added up in a score."
        ),
        tables=(
            Table(
                title="Missing answers by kind",
                headers=("item", *kinds, "missing", "share"),
                rows=tuple(_missing(item, found, kinds, dataset.n) for item, found in counted.items()),
            ),
            Table(
                title="Rows by the number of answers missing",
                headers=("answers missing", "rows"),
                rows=tuple(_spread(lacking)),
            ),
        ),
    )


def _missing(item: str, found: dict[str, int], kinds: Iterable[str], n: int) -> tuple[str | int | float, ...]:
    total = sum(found.values())
    return (item, *(found.get(kind, 0) for kind in kinds), total, total / n if n else 0.0)


def _spread(lacking: Sequence[int]) -> Iterable[tuple[str, int]]:
    """Count rows without any missing answer, with one, with two to four, and so on.

    `lacking` is the number of rows that lack no answer, one, two, and so on.
    """
    ends = [(0, 0), (1, 1), (2, 4), (5, 9), (10, None)]
    for low, high in ends:
        said = str(low) if low == high else f"{low} or more" if high is None else f"{low} to {high}"
        yield said, sum(lacking[low:] if high is None else lacking[low : high + 1])


def careless(answers: Answers) -> Section:
    """Count the people whose answers an index flags; nobody is left out because of it."""
    dataset = answers.dataset
    shown = [item.id for item in dataset.items]
    given = np.column_stack([_as_given(dataset, item) for item in shown])
    places = [[shown.index(item) for item in items] for items in answers.scales.values()]
    found = careless_indices(given, keyed=answers.columns(shown), scales=places or None, limits=LIMITS)
    return Section(
        id="careless",
        title="Flags of careless answering",
        reading=(
            f"{int(found.flagged.sum())} of {found.n} people are flagged. A flag asks for a second look and "
            f"is no reason to leave anybody out: nobody was. {int(found.uniform.sum())} people gave the same "
            "answer throughout and are not flagged for that, for an honest person may; how long people took "
            "is not known here."
        ),
        tables=(
            Table(
                title="People beyond a limit",
                headers=("index", "limit", "flagged"),
                rows=tuple(
                    (SPEECH[name], limit, _flagged(found, name)) for name, limit in found.limits.items()
                ),
            ),
            Table(
                title="Indices without a limit that holds everywhere",
                headers=("index", "people", "median", "95 % of people are below", "largest"),
                rows=tuple(_indices(found)),
            ),
        ),
    )


def _as_given(dataset: Dataset, item: str) -> Matrix:
    column = dataset.column(item)
    codes = dataset.form.scale_of(item).codes
    return np.where(np.isin(column, codes), column, np.nan)


def _flagged(found: Careless, name: str) -> int | Unavailable:
    index = getattr(found, name)
    return index if isinstance(index, Unavailable) else int(found.flags[name].sum())


def _indices(found: Careless) -> Iterable[tuple[Value, ...]]:
    indices: dict[str, Matrix | Unavailable] = {
        "longest string of one answer": found.longstring,
        "spread of a person's answers (sd)": found.irv,
        "even-odd inconsistency (-1 to 1)": found.even_odd,
        "agreement of synonyms (r)": found.synonyms,
        "correlation with all others": found.person_total,
    }
    for name, index in indices.items():
        if isinstance(index, Unavailable):
            yield missing_figures(name, index, 4)
            continue
        known = index[~np.isnan(index)]
        if not known.size:
            nobody = Unavailable(reason="too few rows", detail="nobody has this index")
            yield (name, 0, *[nobody] * 3)
            continue
        low, high = np.quantile(known, [0.5, 0.95])
        yield name, int(known.size), float(low), float(high), float(known.max())
