"""The report of `pool`: what the counts of several sites can bear, together and beside each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from analysis.correlation.polychoric import Polychoric, polychoric
from analysis.counts.joint import JointCounts
from analysis.descriptive.items import describe
from analysis.dimensionality.parallel_analysis import ParallelAnalysis, parallel_analysis
from analysis.estimate import Estimate, Unavailable
from analysis.item_response.mokken import Mokken, mokken_scalability
from analysis.moments import moments
from analysis.reliability.alpha import cronbach_alpha, standardised_alpha
from analysis.reliability.lower_bounds import greatest_lower_bound, guttman_lambda
from analysis.reliability.omega import mcdonald_omega
from analysis.reliability.ordinal import categorical_omega, ordinal_alpha
from analysis.report.coefficients import with_limits
from analysis.report.document import Document, Section, Table, Value, sections_json
from analysis.report.pool_models import between_sites, models_of_key
from analysis.report.sections.structure import correlations, dimensions, factorability, factors
from analysis.report.site_file import Site, together

Figure = Estimate | Unavailable
HOW: Final = (
    "Counts of pairs of answers add up over sites, so that every figure here is the one that all rows "
    "together would give, pair by pair where answers are missing, unless a site applied its smallest-cell "
    "rule: then it is near it. The interval of alpha is Feldt's, that of omega by the delta method. Models "
    "are fitted by diagonally weighted least squares: estimates, plain chi-square and SRMR are those of "
    "WLSMV; CFI, TLI and RMSEA follow from the plain chi-square and look better than the scaled ones do. The "
    "chance of a smallest-cell rule is noise that no model explains: it adds to chi-square, RMSEA and SRMR."
)
NEEDS_ROWS: Final = (
    ("standard errors of loadings, and scaled tests", "they rest on four answers of a person together"),
    ("tests of the steps of invariance", "the same"),
    ("intervals by bootstrap", "people are drawn anew"),
    ("response models, their fit and person fit", "they rest on the whole row"),
    ("fairness of items given the total", "the total is a sum over the row"),
    ("split halves' intervals, and missing answers by full information", "rows"),
    ("careless answering, scores and their distribution", "each is a figure of a row"),
    ("retest, change and criteria", "two figures of one person"),
    ("dependence of rows on a supervisor", "who belongs to whom is in no count"),
)


@dataclass(frozen=True)
class Pooled:
    """Counts of several sites as the sections take them; each view is computed once."""

    counts: JointCounts
    scales: Mapping[str, tuple[str, tuple[str, ...]]]

    @property
    def items(self) -> tuple[str, ...]:
        """The items."""
        return self.counts.names or ()

    @cached_property
    def polychoric(self) -> Polychoric | Unavailable:
        """Polychoric correlations of all sites together."""
        return polychoric(self.counts)

    @cached_property
    def parallel(self) -> dict[str, ParallelAnalysis | Unavailable]:
        """Parallel analyses of the product-moment and of the polychoric correlations."""
        return {
            "product-moment": parallel_analysis(self.counts),
            "polychoric": parallel_analysis(self.counts, correlation="polychoric"),
        }

    def scale(self, name: str) -> JointCounts:
        """Return the counts of a scale's items."""
        return self.counts.take([self.items.index(item) for item in self.scales[name][1]])


def coefficients(counts: JointCounts) -> dict[str, Figure]:
    """Return the reliabilities of a scale that its counts give."""
    found = moments(counts)
    if isinstance(found, Unavailable):
        return dict.fromkeys(("alpha", "omega"), found)
    lambdas = guttman_lambda(found)
    return {
        "alpha": cronbach_alpha(found),
        "omega": mcdonald_omega(found, names=counts.names),
        "alpha_standardised": standardised_alpha(found),
        "lambda2": lambdas["lambda2"],
        "lambda6": lambdas["lambda6"],
        "greatest_lower_bound": greatest_lower_bound(found),
        "ordinal_alpha": ordinal_alpha(counts, names=counts.names),
        "categorical_omega": categorical_omega(counts, names=counts.names),
    }


LABELS: Final = {
    "alpha": "Alpha",
    "omega": "Omega total",
    "alpha_standardised": "Alpha, standardised",
    "lambda2": "lambda 2",
    "lambda6": "lambda 6",
    "greatest_lower_bound": "greatest lower bound",
    "ordinal_alpha": "ordinal alpha",
    "categorical_omega": "categorical omega",
}


def pool(sites: Sequence[Site], *, progress: Callable[[str, int, int], None]) -> Document:
    """Compute what the counts of several sites can bear."""
    whole = Pooled(together(sites), sites[0].scales)
    simulated = any(site.simulated for site in sites)
    parts: tuple[tuple[str, Callable[[], tuple[Section, ...]]], ...] = (
        ("sites", lambda: (_sites(sites),)),
        ("items", lambda: (_items(whole.counts),)),
        ("reliability", lambda: (_reliability(whole, sites),)),
        ("correlations", lambda: (correlations(whole), factorability(whole))),
        ("dimensions", lambda: (dimensions(whole), factors(whole), _scalability(whole))),
        ("models", lambda: (models_of_key(whole.counts, whole.scales, sites[0].turned),)),
        ("invariance", lambda: (between_sites(sites),)),
        ("rows", lambda: (_rows_needed(),)),
    )
    sections: list[Section] = []
    for done, (name, make) in enumerate(parts):
        progress(name, done, len(parts))
        sections += make()
    return Document(
        title=f"{sites[0].title}: {len(sites)} sites together",
        lead="What joint counts can bear. No row has left its site.",
        labels=tuple(dict.fromkeys(label for site in sites for label in site.labels)),
        provenance=f"n = {whole.counts.n} people, sites: {len(sites)}. {_about(sites[0])}",
        sections=tuple(sections),
        how=HOW,
        tree={
            "simulated": simulated,
            "n": whole.counts.n,
            "sites": {
                site.name: {
                    "n": site.counts.n,
                    "smallest": site.told.smallest,
                    "hidden": site.told.hidden,
                    "joined": len(site.told.joined),
                }
                for site in sites
            },
            "sections": sections_json(sections),
        },
    )


def _about(site: Site) -> str:
    said = f"Form {site.form} (hash {site.form_hash}), key revision {site.key_revision}, "
    turned = f"turned round: {', '.join(sorted(site.turned)) or 'none'}."
    return f"{said}items turned the way they are scored." if site.form_hash else f"Items by name; {turned}"


def _sites(sites: Sequence[Site]) -> Section:
    rows = tuple(
        (
            site.name,
            site.counts.n,
            "off" if site.told.smallest == 1 else site.told.smallest,
            site.told.hidden,
            len(site.told.joined),
        )
        for site in sites
    )
    moved = tuple((site.name, each.item, each.answer, each.to) for site in sites for each in site.told.joined)
    off = [site.name for site in sites if site.told.smallest == 1]
    said = (
        f" Without the rule came {', '.join(off)}: such a file can tell what single people answered, and is "
        "kept like rows."
        if off
        else ""
    )
    tables = (
        Table(
            title="Sites",
            headers=("site", "people", "smallest cell", "small counts", "answers joined"),
            rows=rows,
        ),
        *(
            [
                Table(
                    title="Answers joined to the one beside",
                    headers=("site", "item", "answer", "to"),
                    rows=moved,
                )
            ]
            if moved
            else []
        ),
    )
    reading = (
        "Where a smallest cell is named, counts of pairs below it became nought or that number by chance, "
        f"and answers that fewer gave count with the one beside them.{said}"
    )
    return Section(id="sites", title="The sites", reading=reading, tables=tables)


def _items(counts: JointCounts) -> Section:
    names = counts.names or ()
    found = describe(counts)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (name, each.n, *(_or_why(value) for value in (each.mean, each.sd, each.skewness, each.kurtosis)))
        for name, each in zip(names, found, strict=True)
    )
    shares = counts.item_counts / np.maximum(counts.item_counts.sum(axis=1, keepdims=True), 1)
    return Section(
        id="items",
        title="The items",
        reading="Items as they are scored; shares are of those who answered.",
        tables=(
            Table(title="Items", headers=("item", "n", "mean", "sd", "skewness", "kurtosis"), rows=rows),
            Table(
                title="Shares of the answers",
                headers=("item", *(f"{value:g}" for value in counts.categories)),
                rows=tuple((name, *map(float, row)) for name, row in zip(names, shares, strict=True)),
            ),
        ),
    )


def _or_why(value: float | None) -> Value:
    return Unavailable(reason="not defined") if value is None else float(value)


def _reliability(whole: Pooled, sites: Sequence[Site]) -> Section:
    tables = []
    for name, (title, _) in whole.scales.items():
        rows = [with_limits(LABELS[key], each) for key, each in coefficients(whole.scale(name)).items()]
        tables.append(
            Table(title=title, headers=("coefficient", "value", "low", "high", "n"), rows=tuple(rows))
        )
    by_site = [
        (
            site.name,
            *(_value(cronbach_alpha(Pooled(site.counts, site.scales).scale(name))) for name in whole.scales),
        )
        for site in sites
    ]
    headers = ("site", *(title for title, _ in whole.scales.values()))
    tables.append(Table(title="Alpha at each site", headers=headers, rows=tuple(by_site)))
    return Section(
        id="reliability",
        title="How consistently the items rank people",
        reading="All sites together, scale by scale; then alpha of each site alone.",
        tables=tuple(tables),
    )


def _value(figure: Figure) -> Value:
    return figure if isinstance(figure, Unavailable) else figure.value


def _scalability(whole: Pooled) -> Section:
    rows: list[tuple[Value, ...]] = []
    for name, (title, _) in whole.scales.items():
        found = mokken_scalability(whole.scale(name))
        rows.append((title, found.scale.value if isinstance(found, Mokken) else found))
    return Section(
        id="scalability",
        title="How well the items order people (Mokken)",
        reading="H of each scale, pair by pair; its standard error needs rows.",
        tables=(Table(title="Scalability", headers=("scale", "H"), rows=tuple(rows)),),
    )


def _rows_needed() -> Section:
    return Section(
        id="rows",
        title="What counts cannot bear",
        reading="These need rows, and are computed at each site by itself.",
        tables=(Table(title="Needs rows", headers=("figure", "why"), rows=NEEDS_ROWS),),
    )
