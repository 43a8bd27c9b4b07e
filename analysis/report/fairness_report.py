"""The report of `fairness`: whether items are fair to groups, and by how much their scores differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from analysis.descriptive.groups import sorted_labels
from analysis.estimate import Matrix, Unavailable
from analysis.files.item_names import column_named
from analysis.files.table import TableError
from analysis.group_comparison.known_groups import known_groups
from analysis.invariance.differential_item_functioning import (
    NEGLIGIBLE,
    SMALLEST_GROUP,
    ItemsFairness,
    differential_item_functioning,
)
from analysis.invariance.likelihood_ratio import likelihood_ratio_dif
from analysis.report.dataset import Dataset, label
from analysis.report.document import SIMULATED, Document, Section, Table, Value, sections_json
from analysis.report.fairness_tables import compared, fairness_json, in_a_model, plain, scored
from instrument import MISSING_LABELS

MOST_GROUPS: Final = 12
HOW: Final = (
    "Rows with an answer to every item of the scale and a known group count. People are matched by a score "
    "of the scale's items without those that differ: the item that differs most leaves it first, until none "
    "of those left differs. An item differs where the likelihood ratio test of its cumulative logit "
    "models, with and without the group and its product with the score, has p below 0.05: of fair items "
    f"about one in twenty seems to. A difference that adds less than {NEGLIGIBLE:g} to McFadden's R² is "
    f"called small. With fewer than {SMALLEST_GROUP} people in a group there are effects with their "
    "intervals, and no verdict. An expected difference is in points of the answer, averaged over the people "
    "of the second group; intervals are at 95 %. That an item differs does not say why, nor that it is wrong."
)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Items of one scale, turned the way they are scored: n x k, NaN for missing."""

    id: str
    label: str
    names: tuple[str, ...]
    X: Matrix


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """Scales with the group of each row."""

    title: str
    about: str
    labels: tuple[str, ...]
    scales: tuple[Scale, ...]
    column: str
    groups: tuple[str | None, ...]


def of_dataset(dataset: Dataset, column: str) -> Grouped:
    """Return the scales, turned the way they are scored, and the groups of a column of the same file."""
    return Grouped(
        title=f"Fairness of {dataset.title}",
        about=dataset.about,
        labels=dataset.labels,
        scales=tuple(
            Scale(
                id=name,
                label=label(dataset, name),
                names=tuple(item.id for item in subscale.items),
                X=dataset.keyed([item.id for item in subscale.items]),
            )
            for name, subscale in dataset.scales.items()
        ),
        column=column,
        groups=_groups(dataset, column),
    )


def _groups(dataset: Dataset, said: str) -> tuple[str | None, ...]:
    column = column_named(said, dataset.table)
    if dataset.own and column in dataset.form.by_id:
        raise TableError(
            f"{column} is named more than once; name each item once, and --group apart from them"
        )
    none = {str(code) for code in MISSING_LABELS}
    cells = [None if cell in none else cell for cell in dataset.text(column)]
    groups = sorted_labels(cells)
    if not 2 <= len(groups) <= MOST_GROUPS:  # noqa: PLR2004 - a comparison needs two
        raise TableError(
            f"{column} has {len(groups)} different values, and groups are 2 to {MOST_GROUPS}; name a column "
            "of a few groups, or put values together first"
        )
    return tuple(cells)


def fairness(
    grouped: Grouped,
    *,
    matching: Literal["total", "rest", "theta"] = "total",
    response_model: bool = False,
    reference: str | None = None,
    progress: Callable[[str, int, int], None],
) -> Document:
    """Compare every other group with the reference, scale by scale, item by item.

    Parameters
    ----------
    grouped
        Scales, and the group of each row.
    matching
        What people are matched by.
    response_model
        Whether items are also tested in a graded response model of both groups.
    reference
        The group that the others are compared with; by default the first in sort order.
    progress
        Is told what is being computed, and how many parts of all are done.

    Raises
    ------
    ValueError
        No one is in the group named as reference.
    """
    groups = sorted_labels(grouped.groups)
    first = reference if reference is not None else groups[0]
    if first not in groups:
        raise ValueError(f"no one is in the group {first!r}; the groups are {', '.join(groups)}")
    others = [group for group in groups if group != first]
    sections, tree = [_sizes(grouped, groups)], dict[str, Any]()
    parts = len(grouped.scales) * len(others)
    for scale in grouped.scales:
        of_scale: dict[str, Any] = {"items": scale.names, "groups": {}}
        for other in others:
            progress(f"{scale.label}, {other}", len(sections) - 1, parts)
            found = _compare(grouped, scale, first, other, matching)
            name = scale.id if len(others) == 1 else f"{scale.id}-{others.index(other) + 1}"
            sections.append(compared(name, f"{scale.label}: {other} beside {first}", found))
            of_scale["groups"][other] = fairness_json(found)
            if response_model:
                progress(f"{scale.label}, {other}, response model", len(sections) - 1, parts)
                tested = likelihood_ratio_dif(
                    scale.X, _labels(grouped, first, other), reference=first, names=scale.names
                )
                sections.append(
                    in_a_model(f"{name}-model", f"{scale.label}: {other}, response model", tested)
                )
                of_scale["groups"][other]["response_model"] = plain(tested)
        scores = known_groups(
            np.where(np.isnan(scale.X).any(axis=1), np.nan, scale.X.mean(axis=1)), grouped.groups
        )
        of_scale["scores"] = plain(scores)
        sections.append(scored(f"{scale.id}-scores", scale.label, scores))
        tree[scale.id] = of_scale
    return Document(
        title=grouped.title,
        lead="Whether people of different groups who stand alike on a scale answer its items alike.",
        labels=grouped.labels,
        provenance=f"n = {len(grouped.groups)} rows. Groups: {grouped.column}, {first} being the first. "
        f"{grouped.about}",
        sections=tuple(sections),
        how=HOW,
        tree={
            "simulated": SIMULATED in grouped.labels,
            "n": len(grouped.groups),
            "group": grouped.column,
            "reference": first,
            "matching": matching,
            "scales": tree,
            "sections": sections_json(sections),
        },
    )


def _compare(
    grouped: Grouped, scale: Scale, first: str, other: str, matching: Literal["total", "rest", "theta"]
) -> ItemsFairness | Unavailable:
    return differential_item_functioning(
        scale.X,
        _labels(grouped, first, other),
        matching=matching,
        reference=first,
        names=scale.names,
    )


def _labels(grouped: Grouped, first: str, other: str) -> list[str | None]:
    """Return the group of each row, None for one of neither group."""
    return [group if group in {first, other} else None for group in grouped.groups]


def _sizes(grouped: Grouped, groups: Sequence[str]) -> Section:
    complete = {s.label: ~np.isnan(s.X).any(axis=1) for s in grouped.scales}
    rows: list[tuple[Value, ...]] = []
    for group in groups:
        member = np.array([each == group for each in grouped.groups])
        rows.append((group, int(member.sum()), *(int((member & rows_).sum()) for rows_ in complete.values())))
    unknown = sum(group is None for group in grouped.groups)
    said = f" {unknown} rows have no group and are left out." if unknown else ""
    headers = ("group", "rows", *(f"complete, {name}" for name in complete))
    return Section(
        id="groups",
        title="The groups",
        reading=f"Rows by {grouped.column}.{said}",
        tables=(Table(title="Rows in each group", headers=headers, rows=tuple(rows)),),
    )
