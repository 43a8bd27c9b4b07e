"""The report of `alpha`: alpha and omega of each scale, by group if asked for, and item statistics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.descriptive.groups import sorted_labels
from analysis.estimate import Estimate, Listing, Unavailable
from analysis.files.item_names import column_named
from analysis.files.table import TableError
from analysis.graphics.charts import Figure, intervals
from analysis.reliability.alpha import ItemStatistics, against_the_rest, cronbach_alpha, item_statistics
from analysis.reliability.omega import mcdonald_omega
from analysis.report.answers import ScaleAnswers
from analysis.report.dataset import Dataset, label
from analysis.report.document import SIMULATED, Document, Section, Table, Value, sections_json
from analysis.report.sections.responses import shares
from instrument import KeyedItem

MOST_GROUPS: Final = 12
MOST_SHOWN: Final = 15  # most codes whose shares a drawing can show
EVERYBODY: Final = "all rows"
HOW: Final = (
    "Figures rest on the rows with an answer to every item. The interval of alpha is Feldt's; omega total is "
    "that of a one-factor model by maximum likelihood, its interval by the delta method; both at 95 %. An "
    "item that goes against the others is worded the other way and has to be turned round, or it measures "
    "something else. A coefficient says how consistently the items rank "
    "these people, not what they measure."
)


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Alpha, omega total and item statistics of the same rows."""

    n: int
    alpha: Estimate | Unavailable
    omega: Estimate | Unavailable
    items: Listing[ItemStatistics] | Unavailable
    against: tuple[str, ...]


def alpha_report(
    dataset: Dataset, *, group: str | None = None, progress: Callable[[str, int, int], None]
) -> Document:
    """Compute alpha and omega of each scale, for all rows and for each group of a column."""
    groups = _groups(dataset, group)

    def scales(items: Sequence[str]) -> dict[str, ScaleAnswers]:
        X = dataset.keyed(items)
        return {name: ScaleAnswers(tuple(items), X[rows]) for name, rows in groups.items()}

    return alpha_of_scales(dataset, scales, progress=progress)


def alpha_of_scales(
    dataset: Dataset,
    scales: Callable[[Sequence[str]], Mapping[str, ScaleAnswers]],
    *,
    progress: Callable[[str, int, int], None],
) -> Document:
    """Compute alpha and omega of each scale from its answers by group, those of `EVERYBODY` among them.

    `scales` returns the answers of some items by the name of the group.
    """
    sections, trees = list[Section](), dict[str, dict[str, Any]]()
    for done, (name, subscale) in enumerate(dataset.scales.items()):
        said = label(dataset, name)
        progress(said, done, len(dataset.scales))
        items = subscale.items
        by_group = scales([item.id for item in items])
        found = {group: _reliability(answers) for group, answers in by_group.items()}
        sections += _sections(dataset, name, items, found)
        trees[name] = {**_tree(found[EVERYBODY], items), **_group_trees(found, items)}
    figures = next(iter(trees.values())) if dataset.own else {"scales": trees}
    return Document(
        title=f"Alpha of {dataset.title}",
        lead="How consistently the items rank the people who answered them.",
        labels=dataset.labels,
        provenance=f"n = {dataset.n} rows. {dataset.about}",
        sections=tuple(sections),
        how=HOW,
        tree={
            **figures,
            "n": dataset.n,
            "simulated": SIMULATED in dataset.labels,
            "notes": dataset.notes,
            "sections": sections_json(sections),
        },
    )


def _groups(dataset: Dataset, said: str | None) -> dict[str, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return which rows are in which group, all of them first."""
    found = {EVERYBODY: np.ones(dataset.n, np.bool_)}
    if said is None:
        return found
    column = column_named(said, dataset.table)
    cells = dataset.text(column)
    names = sorted_labels(cells)
    if not 1 <= len(names) <= MOST_GROUPS:
        raise TableError(
            f"{column} has {len(names)} different values, and groups are at most {MOST_GROUPS}; name a "
            "column of a few groups, or put values together first"
        )
    return found | {name: np.array([cell == name for cell in cells], np.bool_) for name in names}


def _reliability(scale: ScaleAnswers) -> Reliability:
    names, found = scale.items, scale.moments
    rows = scale.data if isinstance(found, Unavailable) else found
    return Reliability(
        n=scale.n,
        alpha=cronbach_alpha(rows),
        omega=mcdonald_omega(rows, names=names),
        items=item_statistics(rows),
        against=()
        if isinstance(found, Unavailable)
        else tuple(names[place] for place in against_the_rest(found.covariance)),
    )


def _sections(
    dataset: Dataset, name: str, items: Sequence[KeyedItem], found: Mapping[str, Reliability]
) -> list[Section]:
    whole, said = found[EVERYBODY], label(dataset, name)
    place = "scale" if dataset.own else name
    title = f"{said}: {len(items)} items, n = {whole.n} complete rows"
    parts = [
        Section(id=place, title=title, reading="", tables=(_coefficients(found),)),
        Section(
            id=f"{place}-items",
            title=f"{said}: what each item does",
            reading=_keying(items, whole, dataset),
            tables=(_items(items, whole.items),),
        ),
    ]
    if len(dataset.form.scale_of(items[0].id).codes) <= MOST_SHOWN:
        form_items = [dataset.form.by_id[item.id] for item in items]
        parts.append(
            Section(
                id=f"{place}-answers",
                title=f"{said}: what was answered",
                reading="As the answers were given, nothing turned round.",
                tables=(shares(dataset, form_items),),
            )
        )
    return parts


def _coefficients(found: Mapping[str, Reliability]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for group, each in found.items():
        begin = group if len(found) > 1 else ""
        for coefficient, figure in (("alpha", each.alpha), ("omega total", each.omega)):
            said = f"{coefficient}, {begin}" if begin else coefficient
            if isinstance(figure, Unavailable):
                rows.append((said, figure, figure, figure, each.n))
            else:
                rows.append((said, figure.value, *figure.limits, figure.n))
    return Table(
        title="Reliability",
        headers=("coefficient", "value", "low", "high", "n"),
        rows=tuple(rows),
        figure=_drawn(found),
    )


def _drawn(found: Mapping[str, Reliability]) -> Figure | None:
    known = [
        (name if group == EVERYBODY else f"{name}, {group}", figure)
        for group, each in found.items()
        for name, figure in (("alpha", each.alpha), ("omega total", each.omega))
        if isinstance(figure, Estimate)
    ]
    if not known:
        return None
    ends = [end for _, figure in known for end in (figure.value, figure.low) if end is not None]
    return intervals(
        [name for name, _ in known],
        [figure.value for _, figure in known],
        [figure.low for _, figure in known],
        [figure.high for _, figure in known],
        axis=(min(0.0, float(np.floor(min(ends)))), 1.0),
        n=[figure.n for _, figure in known],
        title="Alpha and omega total",
        reading="The dot is the coefficient, the line its 95 % interval.",
        write="{:.2f}".format,
    )


def _keying(items: Sequence[KeyedItem], found: Reliability, dataset: Dataset) -> str:
    """Name the items that correlate negatively with the rest, and say what to do about it."""
    if isinstance(found.items, Unavailable):
        return ""
    if not found.against:
        return "No item goes against the rest."
    turned = {item.id for item in items if item.reversed}
    how = "with --reverse" if dataset.own else "by a `-` before it in key.yaml"
    names, them = ", ".join(found.against), "it" if len(found.against) == 1 else "them"
    also = "; what is turned already may have to be left as it stands" if turned & {*found.against} else ""
    return (
        f"Against the rest: {names}. Turned round, none would correlate negatively with the sum of the "
        f"others. Read the wording of {them}: an item that says the opposite is turned {how}{also}."
    )


def _items(items: Sequence[KeyedItem], found: Listing[ItemStatistics] | Unavailable) -> Table:
    names = [item.id + (" (reversed)" if item.reversed else "") for item in items]
    rows: list[tuple[Value, ...]] = (
        [(name, *[found] * 4) for name in names]
        if isinstance(found, Unavailable)
        else [
            (name, item.mean, item.sd, item.item_rest, item.alpha_if_dropped)
            for name, item in zip(names, found, strict=True)
        ]
    )
    headers = ("item", "mean", "sd", "item-rest r", "alpha without")
    return Table(title="Items", headers=headers, rows=tuple(rows))


def _tree(found: Reliability, items: Sequence[KeyedItem]) -> dict[str, Any]:
    return {
        "alpha": _figure(found.alpha),
        "omega_total": _figure(found.omega),
        "items": found.items
        if isinstance(found.items, Unavailable)
        else {
            item.id: {
                "n": each.n,
                "mean": each.mean,
                "sd": each.sd,
                "item_rest": each.item_rest,
                "alpha_if_dropped": each.alpha_if_dropped,
                "reversed": item.reversed,
            }
            for item, each in zip(items, found.items, strict=True)
        },
        "against_the_rest": found.against,
    }


def _group_trees(found: Mapping[str, Reliability], items: Sequence[KeyedItem]) -> dict[str, Any]:
    groups = {group: _tree(each, items) for group, each in found.items() if group != EVERYBODY}
    return {"groups": groups} if groups else {}


def _figure(figure: Estimate | Unavailable) -> Any:
    if isinstance(figure, Unavailable):
        return figure
    low, high = figure.limits
    return {"value": figure.value, "low": low, "high": high, "n": figure.n}
