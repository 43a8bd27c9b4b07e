"""The parts of a report after the scales themselves: each a function of the dataset and a line below."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from analysis.bounds import greatest_lower_bound, guttman_lambda, split_half
from analysis.composite import (
    added_value,
    average_variance_extracted,
    heterotrait_monotrait,
    maximal_reliability,
)
from analysis.dataset import Dataset
from analysis.estimate import Estimate, Unavailable, complete_rows
from analysis.items import describe
from analysis.moments import moments
from analysis.onefactor import one_factor

Value = str | float | int | Unavailable | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headers; a cell is a word, a number or the reason why there is none."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report: one sentence that reads it, tables, and figures drawn as SVG text."""

    id: str
    title: str
    reading: str
    tables: tuple[Table, ...] = ()
    figures: tuple[str, ...] = ()


def label(dataset: Dataset, scale: str) -> str:
    """Return a scale's name in the first language that has one, its id where none has."""
    for words in dataset.instrument.words.values():
        if words.form == dataset.form.id and scale in words.facets:
            return words.facet(scale)
    return scale


def distributions(dataset: Dataset) -> Section:
    """Describe how the answers to each item are distributed."""
    items = [item.id for item in dataset.form.items]
    rows = [
        (name, found.n, found.mean, found.sd, found.median, found.skewness, found.kurtosis)
        for name, found in zip(items, describe(dataset.keyed(items)), strict=True)
    ]
    return Section(
        id="distributions",
        title="How the answers are distributed",
        reading="Over every answer there is, items turned the way they are scored.",
        tables=(
            Table(
                title="Items",
                headers=("item", "n", "mean", "sd", "median", "skewness", "kurtosis"),
                rows=tuple(rows),
            ),
        ),
    )


def bounds(dataset: Dataset) -> Section:
    """Set lower bounds and the one-factor model's other figures beside alpha and omega."""
    return Section(
        id="bounds",
        title="Other coefficients of the same rows",
        reading=(
            "Each lambda is a lower bound to the reliability of the sum. The greatest lower bound "
            "capitalises on chance in small samples. Variance extracted and maximal reliability are those of "
            "the one-factor model."
        ),
        tables=(
            Table(
                title="Coefficients",
                headers=(
                    "scale",
                    "lambda 2",
                    "lambda 6",
                    "mean split-half",
                    "greatest lower bound",
                    "variance extracted",
                    "maximal reliability",
                ),
                rows=tuple(_bounds(dataset, scale) for scale in dataset.scales),
            ),
        ),
    )


def _bounds(dataset: Dataset, scale: str) -> tuple[Value, ...]:
    found = moments(dataset.keyed(item.id for item in dataset.scales[scale].items))
    name = label(dataset, scale)
    if isinstance(found, Unavailable):
        return (name, *[found] * 6)
    lambdas, halves = guttman_lambda(found), split_half(found)
    fit = one_factor(found.covariance)
    by_model: tuple[Value, Value] = (
        (fit, fit)
        if isinstance(fit, Unavailable)
        else (
            average_variance_extracted(fit.loadings, fit.uniquenesses),
            maximal_reliability(fit.loadings, fit.uniquenesses),
        )
    )
    return (
        name,
        _value(lambdas["lambda2"]),
        _value(lambdas["lambda6"]),
        halves if isinstance(halves, Unavailable) else halves.mean.value,
        _value(greatest_lower_bound(found)),
        *by_model,
    )


def subscales(dataset: Dataset) -> Section:
    """Judge whether each subscale says more than their total, and how far apart any two of them are."""
    scales = _apart(dataset)
    columns = [item for items in scales.values() for item in items]
    places = {name: [columns.index(item) for item in items] for name, items in scales.items()}
    title = "Whether the subscales say more than their total"
    if len(scales) < 2:  # noqa: PLR2004 - one scale is its own total
        return Section(id="subscales", title=title, reading="There is one scale alone.")
    found = complete_rows(dataset.keyed(columns))
    values = added_value(found, places)
    ratios = heterotrait_monotrait(found, places)
    added = [
        (label(dataset, name), v, v, None)
        if isinstance(v, Unavailable)
        else (label(dataset, name), v.subscale, v.total, "yes" if v.adds_value else "no")
        for name, v in values.items()
    ]
    pairs = [(f"{label(dataset, a)}, {label(dataset, b)}", _value(ratio)) for (a, b), ratio in ratios.items()]
    return Section(
        id="subscales",
        title=title,
        reading=(
            f"Over {len(found)} rows with every answer. A subscale's own score is worth showing where it "
            "tells its true score better than the total does (Haberman). A heterotrait-monotrait ratio near "
            "one says that two scales are hard to tell apart."
        ),
        tables=(
            Table(
                title="Reduction of error in a subscale's true score",
                headers=("scale", "from its own score", "from the total", "adds value"),
                rows=tuple(added),
            ),
            Table(title="Heterotrait-monotrait ratios", headers=("scales", "ratio"), rows=tuple(pairs)),
        ),
    )


def _apart(dataset: Dataset) -> dict[str, list[str]]:
    """Return the scales, in their order, that share no item with one before them."""
    chosen: dict[str, list[str]] = {}
    for name, subscale in dataset.scales.items():
        items = [item.id for item in subscale.items]
        if not {*items} & {item for taken in chosen.values() for item in taken}:
            chosen[name] = items
    return chosen


def _value(figure: Estimate | Unavailable) -> float | Unavailable:
    return figure.value if isinstance(figure, Estimate) else figure


# Every format shows whatever stands here, in this order.
SECTIONS: Final[dict[str, Callable[[Dataset], Section]]] = {
    "distributions": distributions,
    "bounds": bounds,
    "subscales": subscales,
}
