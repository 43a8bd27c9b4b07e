"""The report of `retest`: how far scores and answers of two occasions agree, and what counts as a change."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.agreement.intraclass import FORMS, IntraclassCorrelations, intraclass_correlation
from analysis.agreement.measurement_error import (
    MeasurementError,
    limits_of_agreement,
    measurement_error,
    reliable_change,
)
from analysis.agreement.weighted_kappa import weighted_kappa
from analysis.estimate import Estimate, Matrix, Unavailable
from analysis.files.item_names import columns_named
from analysis.graphics.charts import intervals
from analysis.reliability.alpha import cronbach_alpha
from analysis.report.dataset import Dataset, DatasetError, label
from analysis.report.document import (
    SIMULATED,
    Document,
    Section,
    Table,
    Value,
    missing_figures,
    sections_json,
)
from analysis.report.scores import scores

NUMERAL: Final = re.compile(r"(\d+)(?:\.0*)?", re.ASCII)
CERTAIN: Final = 1.96  # number of standard errors that a change must exceed
FIGURE: Final = ("value", "low", "high")
HOW: Final = (
    "People are matched by their id; scores are those of the instrument's key, and a person without enough "
    "answers has none. Absolute agreement counts a shift between the occasions as error, consistency does "
    "not. The standard error of measurement and the smallest detectable change are of people who did not "
    "change: what did change in the meantime is in them too. Intervals are at 95 %."
)


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """The people and answers of one occasion, one row a person; `without_id` counts rows left out.

    Rows without an id are left out, since their person cannot be found on the other occasion.
    """

    file: Path
    dataset: Dataset
    ids: tuple[str, ...]
    without_id: int


@dataclass(frozen=True, kw_only=True)
class Twice:
    """The answers of the people who answered on both occasions, in the same order."""

    first: Dataset
    second: Dataset
    scores: Mapping[str, tuple[Matrix, Matrix]]

    @property
    def named(self) -> dict[str, tuple[Matrix, Matrix]]:
        """The scores, by the names shown to readers."""
        return {label(self.first, name): pair for name, pair in self.scores.items()}


def retest(
    first: Dataset, second: Dataset, *, id_column: str, progress: Callable[[str, int, int], None]
) -> Document:
    """Compare two tables of answers of the same people to the same form."""
    progress("people", 0, 4)
    before, after = _occasion(first, id_column), _occasion(second, id_column)
    progress("scores", 2, 4)
    twice = _matched(before, after)
    progress("agreement", 3, 4)
    sections = (
        _scores(twice),
        _agreement(twice),
        _error(twice),
        _limits(twice),
        _change(twice),
        _items(twice),
    )
    labels = tuple(dict.fromkeys((*first.labels, *second.labels)))
    n = twice.first.n
    return Document(
        title=f"{first.title}: the same people twice",
        lead="How far scores and answers agree, and how large a change must be to be told from chance.",
        labels=labels,
        provenance=(
            f"n = {n} people in both files; {before.dataset.n - n} in {before.file.name} alone, "
            f"{after.dataset.n - n} in {after.file.name} alone.{_left_out(before, after)} {first.about}"
            f"{''.join(f' In {after.file.name}: {note}' for note in second.notes)}"
        ),
        sections=sections,
        how=HOW,
        tree={
            **_tree(twice, simulated=SIMULATED in labels, sections=sections),
            "without_id": {"first": before.without_id, "second": after.without_id},
        },
    )


def _left_out(*occasions: Occasion) -> str:
    """Say how many rows have no id and are left out; empty where all rows have one."""
    if not any(occasion.without_id for occasion in occasions):
        return ""
    rows = " and ".join(f"{occasion.without_id} of {occasion.file.name}" for occasion in occasions)
    return f" Left out because they have no id: {rows}."


def _tree(twice: Twice, *, simulated: bool, sections: Sequence[Section]) -> dict[str, Any]:
    return {
        "form": twice.first.form.id,
        "form_hash": twice.first.form.hash,
        "key_revision": twice.first.instrument.key.revision,
        "simulated": simulated,
        "n": twice.first.n,
        "sections": sections_json(sections),
    }


def _occasion(dataset: Dataset, id_column: str) -> Occasion:
    file = dataset.table.file
    named = columns_named(id_column, dataset.table)
    if len(named) != 1:
        have = "no column" if not named else "more than one column"
        raise DatasetError(f"{file} has {have} {id_column}; give --id the column that names the people")
    if not dataset.n:
        raise DatasetError(f"{file}: nobody answered an item; there is nothing to compare")
    ids = [_canonical(cell) for cell in dataset.text(named[0])]
    rows: dict[str, int] = {}
    for place, person in enumerate(ids):
        if person in rows:
            raise DatasetError(
                f"{file}, rows {dataset.rows[rows[person]] + 1} and {dataset.rows[place] + 1}: {id_column} "
                f"{person} stands twice; keep one row a person"
            )
        if person:
            rows[person] = place
    if not rows:
        raise DatasetError(f"{file}: {id_column} is empty in every row; give the people their ids")
    return Occasion(
        file=file,
        dataset=dataset.of_rows(np.array([*rows.values()])),
        ids=tuple(rows),
        without_id=len(ids) - len(rows),
    )


def _canonical(person: str | None) -> str:
    """Return an id in one spelling: 007, 7, 7.0 and "7 " are the same person."""
    text = (person or "").strip()
    number = NUMERAL.fullmatch(text)
    return number[1].lstrip("0") or "0" if number else text


def _matched(before: Occasion, after: Occasion) -> Twice:
    places = {person: place for place, person in enumerate(after.ids)}
    both = [(place, places[person]) for place, person in enumerate(before.ids) if person in places]
    if not both:
        raise DatasetError(
            f"nobody is in both {before.file} and {after.file}; look whether --id names the same people "
            "in both"
        )
    first, second = (
        occasion.dataset.of_rows(np.array([pair[side] for pair in both]))
        for side, occasion in enumerate((before, after))
    )
    subscales = first.instrument.key.subscales(first.form.id)
    shown = [name for name, subscale in subscales.items() if subscale.shown]
    before_, after_ = scores(first), scores(second)
    return Twice(
        first=first,
        second=second,
        scores={name: (before_[name].values, after_[name].values) for name in shown},
    )


def _scores(twice: Twice) -> Section:
    rows = []
    for name, (first, second) in twice.named.items():
        both = ~np.isnan(first) & ~np.isnan(second)
        x, y = first[both], second[both]
        few = Unavailable(reason="too few rows", detail=f"{len(x)} people have both scores")
        spread = [float(each.std(ddof=1)) if len(each) > 1 else few for each in (x, y, y - x)]
        middle = [float(each.mean()) if len(each) else few for each in (x, y, y - x)]
        paired = [each for pair in zip(middle, spread, strict=True) for each in pair]
        rows.append((name, int(both.sum()), *paired))
    headers = ("score", "n", "mean, first", "sd", "mean, second", "sd", "mean change", "sd")
    return Section(
        id="scores",
        title="Scores on both occasions",
        reading="Of the people who have the score on both; change is second less first.",
        tables=(Table(title="Scores", headers=headers, rows=tuple(rows)),),
    )


def _agreement(twice: Twice) -> Section:
    found = {name: intraclass_correlation(np.column_stack(pair)) for name, pair in twice.named.items()}
    rows = [
        (name, FORMS[form].partition(":")[0], *_ends(icc))
        for name, forms in found.items()
        for form, icc in forms.items()
    ]
    return Section(
        id="agreement",
        title="Whether scores keep their order and their size",
        reading=(
            "For one score of one person on one occasion, ICC(2,1) is the intraclass correlation that counts "
            f"a shift between the occasions as disagreement. {'; '.join(FORMS.values())}."
        ),
        tables=(
            _one_form(found),
            Table(title="All six forms", headers=("score", "form", *FIGURE, "n"), rows=tuple(rows)),
        ),
    )


def _one_form(found: Mapping[str, IntraclassCorrelations]) -> Table:
    forms = {name: icc["ICC2"] for name, icc in found.items()}
    known = {name: icc for name, icc in forms.items() if isinstance(icc, Estimate)}
    drawing = None
    if known:
        ends = [end for icc in known.values() for end in (icc.value, icc.low) if end is not None]
        drawing = intervals(
            [*known],
            [icc.value for icc in known.values()],
            [icc.low for icc in known.values()],
            [icc.high for icc in known.values()],
            axis=(-1 if min(ends) < 0 else 0, 1),
            n=[icc.n for icc in known.values()],
            title="ICC(2,1) of each score",
            reading="The dot is the correlation, the line its 95 % interval.",
            write="{:.2f}".format,
        )
    return Table(
        title="Absolute agreement of a single measurement, ICC(2,1)",
        headers=("score", *FIGURE, "n"),
        rows=tuple((name, *_ends(icc)) for name, icc in forms.items()),
        figure=drawing,
    )


def _ends(figure: Estimate | Unavailable) -> tuple[Value, ...]:
    if isinstance(figure, Unavailable):
        return (figure,) * 4
    return (figure.value, *figure.limits, figure.n)


def _error(twice: Twice) -> Section:
    rows: list[tuple[Value, ...]] = []
    for name, pair in twice.named.items():
        X = np.column_stack(pair)
        rows += _errors(name, "agreement", measurement_error(X))
        rows += _errors(name, "consistency", measurement_error(X, definition="consistency"))
    return Section(
        id="error",
        title="Error of measurement",
        reading=(
            "In units of the score. The smallest detectable change of one person exceeds what chance does in "
            "95 of 100 people who did not change."
        ),
        tables=(
            Table(
                title="Standard error of measurement (SEM) and smallest detectable change (SDC)",
                headers=("score", "figure", *FIGURE, "n"),
                rows=tuple(rows),
            ),
        ),
    )


def _errors(name: str, definition: str, found: MeasurementError | Unavailable) -> list[tuple[Value, ...]]:
    if isinstance(found, Unavailable):
        return [(name, f"SEM, {definition}", *_ends(found))]
    named = {"SEM": found.sem, "SDC of one person": found.sdc, "SDC of the group": found.sdc_group}
    return [(name, f"{words}, {definition}", *_ends(figure)) for words, figure in named.items()]


def _limits(twice: Twice) -> Section:
    rows: list[tuple[Value, ...]] = []
    for name, (first, second) in twice.named.items():
        found = limits_of_agreement(second, first)
        if isinstance(found, Unavailable):
            rows.append((name, "mean difference", *_ends(found)))
            continue
        named = {"mean difference": found.bias, "lower limit": found.low, "upper limit": found.high}
        rows += [(name, words, *_ends(figure)) for words, figure in named.items()]
    return Section(
        id="limits",
        title="Limits of agreement",
        reading="Second less first: 95 of 100 differences lie between the limits if they are about normal.",
        tables=(
            Table(
                title="Bland and Altman's limits",
                headers=("score", "figure", *FIGURE, "n"),
                rows=tuple(rows),
            ),
        ),
    )


def _change(twice: Twice) -> Section:
    rows = tuple(_changed(twice, name, pair) for name, pair in twice.scores.items())
    headers = ("score", "alpha, first", "SEM", "change needed", "went down", "neither", "went up")
    return Section(
        id="change",
        title="Reliable change",
        reading=(
            "Jacobson and Truax: a change counts where it exceeds 1.96 standard errors of a difference. The "
            "standard error is that of the first occasion, sd √(1 - alpha), so that it does not rest on the "
            "changes it judges; about 5 of 100 people who did not change exceed it all the same."
        ),
        tables=(Table(title="People by their change", headers=headers, rows=rows),),
    )


def _changed(twice: Twice, name: str, pair: tuple[Matrix, Matrix]) -> tuple[Value, ...]:
    said = label(twice.first, name)
    alpha = cronbach_alpha(twice.first.keyed(_items_of(twice.first, name)))
    first, second = pair
    spread = first[~np.isnan(first)]
    if isinstance(alpha, Unavailable):
        return missing_figures(said, alpha, 6)
    if not 0 <= alpha.value < 1 or len(spread) < 2 or not spread.std(ddof=1) > 0:  # noqa: PLR2004 - no spread without two
        why = Unavailable(
            reason="not defined", detail=f"alpha is {alpha.value:.3f}, or the score does not vary"
        )
        return (said, alpha.value, *[why] * 5)
    sem = float(spread.std(ddof=1)) * (1 - alpha.value) ** 0.5
    index = reliable_change(first, second, sem)
    index = index[~np.isnan(index)]
    down, up = int((index < -CERTAIN).sum()), int((index > CERTAIN).sum())
    return (said, alpha.value, sem, CERTAIN * 2**0.5 * sem, down, len(index) - down - up, up)


def _items_of(dataset: Dataset, name: str) -> list[str]:
    subscales = dataset.instrument.key.subscales(dataset.form.id)
    parts = subscales[name].of or (name,)
    return [item.id for part in parts for item in subscales[part].items]


def _items(twice: Twice) -> Section:
    rows = []
    for item in twice.first.form.items:
        codes = twice.first.form.scale_of(item.id).codes
        first, second = (_given(each, item.id, codes) for each in (twice.first, twice.second))
        both = ~np.isnan(first) & ~np.isnan(second)
        nobody = Unavailable(reason="too few rows", detail="nobody has both answers")
        same = float((first[both] == second[both]).mean()) if both.any() else nobody
        rows.append((item.id, same, *_ends(weighted_kappa(first, second, categories=codes))))
    return Section(
        id="items",
        title="Whether answers stay the same",
        reading="Cohen's kappa with quadratic weights, of the answers as they were given.",
        tables=(
            Table(
                title="Items",
                headers=("item", "same answer", "weighted kappa", "low", "high", "n"),
                rows=tuple(rows),
            ),
        ),
    )


def _given(dataset: Dataset, item: str, codes: Sequence[int]) -> Matrix:
    column = dataset.column(item)
    return np.where(np.isin(column, codes), column, np.nan)
