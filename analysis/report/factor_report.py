"""The report of `factor`: correlations of chosen items, the number of factors, and the factors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from analysis.correlation.item_correlations import Correlations, item_correlations
from analysis.correlation.polychoric import polychoric
from analysis.dimensionality.factorability import bartlett, kmo, minimum_average_partial
from analysis.dimensionality.parallel_analysis import ParallelAnalysis, parallel_analysis
from analysis.estimate import Matrix, Unavailable
from analysis.factor_models.exploratory import Factors, analyse
from analysis.report.answers import Answers
from analysis.report.dataset import Dataset
from analysis.report.document import SIMULATED, Document, Section, sections_json
from analysis.report.sections.structure import (
    adequacy,
    average_partials,
    eigenvalues,
    fit_figures,
    fit_table,
    solution,
    sphericity,
)

HOW: Final = (
    "Every answer there is counts: each correlation rests on the rows that answered both items. Parallel "
    "analysis keeps the components larger than 95 % of those of unrelated items, over 100 draws from a fixed "
    "seed. Each factor's largest loading is positive, and factors stand by the variance they explain. "
    "Chi-square and what follows from it count every row; for ordered answers they describe and do not test."
)


@dataclass(frozen=True, kw_only=True)
class Items:
    """Columns to be factored: n x k, NaN for missing, and notes on them."""

    title: str
    about: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    X: Matrix


def of_dataset(dataset: Dataset) -> Items:
    """Return all items, turned the way they are scored."""
    answers = Answers(dataset)
    return Items(
        title=f"Factors of {dataset.title}",
        about=dataset.about,
        labels=dataset.labels,
        names=answers.items,
        X=answers.keyed,
    )


def factoring(
    items: Items,
    *,
    n_factors: int | None,
    rotation: str,
    extraction: str,
    correlation: str,
    progress: Callable[[str, int, int], None],
) -> Document:
    """Find the factors of the items, as many as asked for or as parallel analysis keeps."""
    progress("correlations", 0, 3)
    R = _correlations(items, correlation)
    progress("parallel analysis", 1, 3)
    chance = _parallel(items, correlation)
    progress("factors", 2, 3)
    kept = chance.n_factors if isinstance(chance, ParallelAnalysis) else None
    m = n_factors or max(kept or 1, 1)
    found = R if isinstance(R, Unavailable) else analyse(R, m, extraction, rotation)
    asked = f"{m} asked for" if n_factors else f"{m} as parallel analysis keeps"
    if not n_factors and not kept:
        asked = "none stands out from chance, one is tried" if kept == 0 else "one is tried"
    sections = (
        _factorability(items, R, correlation),
        _dimensions(R, chance, correlation),
        _factors(found, f"{correlation.capitalize()} correlations, {extraction}, {rotation}; {asked}."),
    )
    return Document(
        title=items.title,
        lead="What these items have in common, and what each has of its own.",
        labels=items.labels,
        provenance=f"n = {len(items.X)} rows. {items.about}",
        sections=sections,
        how=HOW,
        tree=_tree(items, found, m, (rotation, extraction, correlation), sections),
    )


def _correlations(items: Items, correlation: str) -> Correlations | Unavailable:
    data = items.X
    if correlation == "polychoric":
        ordinal = polychoric(_few_values(items), se=False, names=items.names)
        return ordinal if isinstance(ordinal, Unavailable) else item_correlations(ordinal)
    found = item_correlations(data, missing="pairwise")
    return found if isinstance(found, Unavailable) else replace(found, names=items.names)


def _few_values(items: Items) -> Matrix:
    """Return the answers; ValueError where they are measurements rather than categories."""
    for name, column in zip(items.names, items.X.T, strict=True):
        different = np.unique(column[~np.isnan(column)]).size
        if different > 20:  # noqa: PLR2004 - more than any scale of answers has
            raise ValueError(
                f"{name} has {different} different values, which are measurements rather than answers; "
                "use --correlation pearson"
            )
    return items.X


def _parallel(items: Items, correlation: str) -> ParallelAnalysis | Unavailable:
    if correlation == "polychoric":
        return parallel_analysis(items.X, correlation="polychoric", missing="pairwise")
    return parallel_analysis(items.X, missing="pairwise")


def _factorability(items: Items, R: Correlations | Unavailable, correlation: str) -> Section:
    title = "Whether factors can be looked for"
    if isinstance(R, Unavailable):
        return Section(id="factorability", title=title, reading=f"There are no correlations: {R.why}.")
    said = [f"{note[0].upper()}{note[1:]}." for note in R.notes]
    return Section(
        id="factorability",
        title=title,
        reading=" ".join(["The measure nears 1 where what items share is shared by more than two.", *said]),
        tables=(adequacy(items.names, {correlation: kmo(R)}), sphericity(bartlett(R))),
    )


def _dimensions(
    R: Correlations | Unavailable, chance: ParallelAnalysis | Unavailable, correlation: str
) -> Section:
    partials = R if isinstance(R, Unavailable) else minimum_average_partial(R)
    by_partials = (
        f"There is no average partial correlation because {partials.why}."
        if isinstance(partials, Unavailable)
        else f"The average partial correlation is least after {partials.n_factors} components (squares) and "
        f"after {partials.n_factors_revised} (fourth powers)."
    )
    return Section(
        id="dimensions",
        title="How many dimensions there are",
        reading=by_partials,
        tables=(eigenvalues(correlation, chance), *average_partials(partials)),
    )


def _factors(found: Factors | Unavailable, reading: str) -> Section:
    if isinstance(found, Unavailable):
        said = f"{reading} There are no factors to show because {found.why}."
        return Section(id="factors", title="Factors", reading=said)
    tables = (*solution(found.rotation, found), fit_table(found))
    return Section(id="factors", title="Factors", reading=reading, tables=tables)


def _tree(
    items: Items, found: Factors | Unavailable, m: int, asked: tuple[str, ...], sections: Sequence[Section]
) -> dict[str, Any]:
    rotation, extraction, correlation = asked
    tree = {
        "simulated": SIMULATED in items.labels,
        "n": len(items.X),
        "items": items.names,
        "correlation": correlation,
        "extraction": extraction,
        "rotation": rotation,
        "n_factors": m,
    }
    if isinstance(found, Unavailable):
        figures: dict[str, Any] = {"unavailable": found.why}
    else:
        figures = {
            "loadings": dict(zip(found.names, found.loadings.tolist(), strict=True)),
            "uniquenesses": dict(zip(found.names, found.uniquenesses.tolist(), strict=True)),
            "phi": found.phi.tolist(),
            "heywood": found.heywood,
            "fit": fit_figures(found.fit),
        }
    return {**tree, "factors": figures, "sections": sections_json(sections)}
