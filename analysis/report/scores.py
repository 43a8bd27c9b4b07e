"""Scores of every row by the instrument's key, and the table with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.files.table import Column, Table
from analysis.report.dataset import Dataset, label
from instrument import ALL_ITEMS, Score, score


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One score of every row of a dataset, NaN without enough answers, and how many answers it rests on."""

    values: NDArray[np.float64]
    answered: NDArray[np.float64]


def scores(dataset: Dataset, scored: Callable[..., Mapping[str, Score]] = score) -> dict[str, Scored]:
    """Score everyone by the instrument's key, in its order; by `rescaled` on 0 to 100."""
    form = dataset.form
    readings = [(item.id, form.scale_of(item.id).readings) for item in form.items]
    names = [*dataset.instrument.key.subscales(form.id)]
    values, answered = (np.full((len(names), dataset.n), np.nan) for _ in range(2))
    for place, row in enumerate(dataset.codes.tolist()):
        given = {item: code for (item, known), code in zip(readings, row, strict=True) if code in known}
        found = scored(dataset.instrument, form.id, given)
        for at, name in enumerate(names):
            value = found[name].value
            values[at, place] = np.nan if value is None else value
            answered[at, place] = found[name].answered
    return {name: Scored(values=values[at], answered=answered[at]) for at, name in enumerate(names)}


def table_with_scores(dataset: Dataset, found: Mapping[str, Scored]) -> Table:
    """Return the table as read, with its scored items keyed, its scores, and the numbers of answers.

    A row that was left out, since it holds no answer, has none of these.
    """
    table, subscales = dataset.table, dataset.instrument.key.subscales(dataset.form.id)
    items = dict.fromkeys(item.id for subscale in subscales.values() for item in subscale.items)
    turned = dataset.instrument.key.reversed_items(dataset.form.id)
    columns: dict[str, Column] = {n: c for n, c in table.columns.items() if n not in table.aliases}
    labels = dict(table.labels)

    def add(name: str, label_: str, values: NDArray[np.float64]) -> None:
        free, number = name, 1
        while free in columns:
            number += 1
            free = f"{name}_{number}"
        whole = np.full(table.n, np.nan)
        whole[dataset.rows] = values
        columns[free], labels[free] = whole, label_

    for item in items:
        way = "turned round" if item in turned else "as answered"
        add(f"{item}_keyed", f"{table.labels.get(item, item)} ({way})", dataset.keyed([item])[:, 0])
    shown = {name: scored for name, scored in found.items() if subscales[name].shown}
    names = {name: "score" if dataset.own and name == ALL_ITEMS else name for name in shown}
    for name, scored in shown.items():
        add(names[name], label(dataset, name), scored.values)
    for name, scored in shown.items():
        add(f"{names[name]}_answered", f"{label(dataset, name)}: number of answers", scored.answered)
    return replace(table, columns=columns, labels=labels)
