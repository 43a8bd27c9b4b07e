"""Sections on each scale: its coefficients, and the statistics of its items."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

from analysis.estimate import Estimate, Unavailable
from analysis.reliability.alpha import ItemStatistics, item_statistics
from analysis.report.answers import Answers
from analysis.report.coefficients import HEADLINES, Figure, computed, with_intervals
from analysis.report.document import Section, Table, Value
from instrument import Subscale

OF_ITEMS: Final = ("mean", "sd", "item_rest", "alpha_if_dropped")


@dataclass(frozen=True, kw_only=True)
class ItemReport:
    """One item of a scale: `statistics` over the scale's complete rows, the rest over the rows of the file.

    `floor` and `ceiling` are the shares of the answers in the lowest and the highest category.
    """

    id: str
    reversed: bool
    statistics: ItemStatistics | Unavailable
    floor: float | Unavailable
    ceiling: float | Unavailable
    missing: Mapping[str, int]

    @property
    def figures(self) -> dict[str, float | Unavailable]:
        """The item's statistics within the scale, by name."""
        found = self.statistics
        return {name: found if isinstance(found, Unavailable) else getattr(found, name) for name in OF_ITEMS}


@dataclass(frozen=True, kw_only=True)
class ScaleReport:
    """One scale: its coefficients by their names, and its items.

    `mean` and `sd` are those of people's means of the items, over the `n` complete rows.
    """

    id: str
    label: str
    k: int
    n: int
    mean: float | Unavailable
    sd: float | Unavailable
    coefficients: Mapping[str, Figure]
    items: Mapping[str, ItemReport]


def scale_report(answers: Answers, subscale: Subscale) -> ScaleReport:
    """Compute one scale."""
    names = [item.id for item in subscale.items]
    scale = answers.scale(names)
    found, (mean, sd) = scale.moments, scale.score
    statistics = item_statistics(scale.data if isinstance(found, Unavailable) else found)
    few = Unavailable(reason="too few rows", detail=f"{scale.n} with every answer to the scale")
    return ScaleReport(
        id=subscale.id,
        label=answers.label(subscale.id),
        k=scale.k,
        n=scale.n,
        mean=mean if scale.n else few,
        sd=sd if scale.n > 1 else few,
        coefficients=MappingProxyType(computed(scale)),
        items=MappingProxyType(
            {
                item.id: ItemReport(
                    id=item.id,
                    reversed=item.reversed,
                    statistics=statistics if isinstance(statistics, Unavailable) else statistics[place],
                    missing=MappingProxyType(answers.dataset.missing(item.id)),
                    **_ends(answers, item.id),
                )
                for place, item in enumerate(subscale.items)
            }
        ),
    )


def _ends(answers: Answers, item: str) -> dict[str, float | Unavailable]:
    counts = answers.counts
    given = dict(zip(counts.categories, counts.item_counts[answers.items.index(item)].tolist(), strict=True))
    n = sum(given.values())
    if not n:
        nobody = Unavailable(reason="too few rows", detail="nobody answered the item")
        return {"floor": nobody, "ceiling": nobody}
    codes = answers.dataset.form.scale_of(item).codes
    return {"floor": given.get(min(codes), 0) / n, "ceiling": given.get(max(codes), 0) / n}


def scale_sections(scales: Mapping[str, ScaleReport]) -> tuple[Section, ...]:
    """Return a section for each scale, after one that compares them where there are several."""
    return (*_overview([*scales.values()]), *map(_section, scales.values()))


def _overview(scales: Sequence[ScaleReport]) -> tuple[Section, ...]:
    if len(scales) < 2:  # noqa: PLR2004 - one scale needs no list
        return ()
    headers = ("scale", "items", "n", "mean", "sd", "alpha", "low", "high", "omega total", "low", "high")
    rows = (
        (
            scale.label,
            scale.k,
            scale.n,
            scale.mean,
            scale.sd,
            *(value for name in HEADLINES for value in _headline(scale.coefficients[name])),
        )
        for scale in scales
    )
    return (
        Section(
            id="overview",
            title="The scales side by side",
            reading="Means and standard deviations are of the mean of the items; intervals are at 95 %.",
            tables=(Table(title="Scales", headers=headers, rows=tuple(rows)),),
        ),
    )


def _headline(figure: Figure) -> tuple[Value, ...]:
    return (figure,) * 3 if isinstance(figure, Unavailable) else (figure.value, *figure.limits)


def _section(scale: ScaleReport) -> Section:
    items = Table(
        title="Items",
        headers=("item", "mean", "sd", "item-rest r", "alpha without", "lowest", "highest", "missing"),
        rows=tuple(
            (
                item.id + (" (reversed)" if item.reversed else ""),
                *item.figures.values(),
                _percent(item.floor),
                _percent(item.ceiling),
                sum(item.missing.values()),
            )
            for item in scale.items.values()
        ),
    )
    return Section(
        id=scale.id,
        title=f"{scale.label}: {scale.k} items, n = {scale.n} complete rows",
        reading="",
        tables=(with_intervals("Reliability", scale.coefficients), items),
    )


def _percent(share: float | Unavailable) -> Value:
    return share if isinstance(share, Unavailable) else f"{share:.0%}"


def scale_tree(scale: ScaleReport) -> dict[str, Any]:
    """Return a scale as the JSON of a report holds it, what cannot be computed as it is."""
    coefficients = {name: _figure(figure) for name, figure in scale.coefficients.items()}
    return {
        "label": scale.label,
        "k": scale.k,
        "n": scale.n,
        "mean": scale.mean,
        "sd": scale.sd,
        **coefficients,
        # These two are bare numbers, because programs that read these reports expect that.
        "alpha_standardised": _bare(scale.coefficients["alpha_standardised"]),
        "omega_total": _bare(scale.coefficients["omega"]),
        "items": {name: _item(item) for name, item in scale.items.items()},
    }


def _figure(figure: Figure) -> Any:
    if isinstance(figure, Unavailable):
        return figure
    low, high = figure.limits
    found = {**asdict(figure), "low": low, "high": high}
    del found["no_interval"]
    return found


def _bare(figure: Figure) -> float | Unavailable:
    return figure.value if isinstance(figure, Estimate) else figure


def _item(item: ItemReport) -> dict[str, Any]:
    return {
        **item.figures,
        "missing": sum(item.missing.values()),
        "missing_by_kind": dict(item.missing),
        "floor": item.floor,
        "ceiling": item.ceiling,
        "reversed": item.reversed,
    }
