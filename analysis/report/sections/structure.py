"""Sections on structure: correlations, dimensions, factors, and scalability of the items."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final

import numpy as np

from analysis.correlation.polychoric import Polychoric
from analysis.dimensionality.factorability import (
    AveragePartials,
    SamplingAdequacy,
    Sphericity,
    bartlett,
    kmo,
    minimum_average_partial,
)
from analysis.dimensionality.parallel_analysis import MOST_SHUFFLED, ParallelAnalysis
from analysis.estimate import Matrix, Unavailable
from analysis.factor_models.exploratory import Factors, Fit, factor_analysis
from analysis.graphics.charts import correlation_map, scree
from analysis.item_response.mokken import Mokken, mokken_scalability
from analysis.report.answers import Answers, Counted
from analysis.report.document import Section, Table, Value, missing_figures

ROTATIONS: Final = ("oblimin", "promax", "varimax")
UNVARIED: Final = Unavailable(
    reason="not defined", detail="one of the items does not vary among the rows that answered both"
)
AT_BOUND: Final = Unavailable(
    reason="not defined", detail="the correlation is at its bound, where it has no standard error to speak of"
)
FEWER_ANSWERS: Final = Unavailable(reason="not defined", detail="fewer of the item's answers were given")
NEEDS_ROWS: Final = Unavailable(reason="needs rows")
FIT: Final = {
    "rms": "root mean square residual",
    "crms": "the same, corrected for degrees of freedom",
    "df": "degrees of freedom",
    "chi2": "chi-square",
    "p": "p",
    "tli": "Tucker-Lewis index",
    "rmsea": "RMSEA",
    "rmsea_low": "RMSEA, low end of 90 %",
    "rmsea_high": "RMSEA, high end of 90 %",
    "bic": "BIC",
}
PAIRWISE: Final = "Each correlation rests on the rows that answered both items"


def correlations(answers: Counted) -> Section:
    """Show the polychoric correlations with their standard errors, and the product-moment ones."""
    found = answers.polychoric
    pearson = Table(
        title="Product-moment correlations",
        headers=("item", *map(str, range(1, len(answers.items) + 1))),
        rows=tuple(_correlated(answers.items, answers.counts.correlation)),
    )
    if isinstance(found, Unavailable):
        reading, ordinal = f"There are no polychoric correlations because {found.why}.", []
    else:
        reading, ordinal = _read(found), [_matrix(found), _thresholds(found)]
    tables = (*ordinal, pearson)
    return Section(id="correlations", title="How the items correlate", reading=reading, tables=tables)


def _read(found: Polychoric) -> str:
    fewest, most = int(found.pair_n.min()), int(found.pair_n.max())
    rows = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    said = "; ".join(found.notes[1:])
    return f"{PAIRWISE} ({rows}); {found.method}." + (f" {said[0].upper()}{said[1:]}." if said else "")


def _matrix(found: Polychoric) -> Table:
    """Return the correlations below the diagonal, their standard errors above it."""
    rows = [
        (name, *(_cell(found, i, j) for j in range(len(found.names)))) for i, name in enumerate(found.names)
    ]
    below = found.r[np.tril_indices(len(found.r), -1)]
    return Table(
        title="Polychoric correlations, their standard errors above the diagonal",
        headers=("item", *map(str, range(1, len(found.names) + 1))),
        rows=tuple(rows),
        figure=correlation_map(
            found.r.tolist(),
            found.names,
            title="Polychoric correlations of the items",
            reading=(
                f"From {below.min():.2f} to {below.max():.2f}, half of them below {np.median(below):.2f}."
            ),
        ),
    )


def _cell(found: Polychoric, i: int, j: int) -> float | Unavailable:
    assert found.se is not None
    if j <= i:
        return float(found.r[i, j])
    return AT_BOUND if (i, j) in found.at_bound else float(found.se[i, j])


def _correlated(names: Sequence[str], R: Matrix) -> list[tuple[Value, ...]]:
    """Return the rows of a matrix of correlations; an item that does not vary has none."""
    return [
        (name, *(UNVARIED if np.isnan(r) else float(r) for r in row))
        for name, row in zip(names, R, strict=True)
    ]


def _thresholds(found: Polychoric) -> Table:
    width = max(map(len, found.thresholds))
    rows: list[tuple[Value, ...]] = [
        (name, *map(float, tau), *[FEWER_ANSWERS] * (width - len(tau)))
        for name, tau in zip(found.names, found.thresholds, strict=True)
    ]
    headers = ("item", *(f"threshold {number}" for number in range(1, width + 1)))
    return Table(title="Thresholds between the answers that an item has", headers=headers, rows=tuple(rows))


def factorability(answers: Counted) -> Section:
    """Show whether the items share enough variance for a factor analysis."""
    measures = {"product-moment": answers.counts, "polychoric": answers.polychoric}
    found = {name: R if isinstance(R, Unavailable) else kmo(R) for name, R in measures.items()}
    return Section(
        id="factorability",
        title="Whether factors can be looked for",
        reading=(
            "The Kaiser-Meyer-Olkin measure nears 1 where what items share is shared by more than two. "
            f"{PAIRWISE}; Bartlett's test counts every row and supposes normal answers."
        ),
        tables=(
            adequacy(answers.items, found),
            sphericity(bartlett(answers.counts)),
        ),
    )


def adequacy(items: Sequence[str], found: Mapping[str, SamplingAdequacy | Unavailable]) -> Table:
    """Return the measure of all items and of each, by kind of correlation."""
    rows: list[tuple[Value, ...]] = [
        ("all", *(each if isinstance(each, Unavailable) else each.value for each in found.values()))
    ]
    for place, item in enumerate(items):
        by_item = [
            each if isinstance(each, Unavailable) else float(each.items[place]) for each in found.values()
        ]
        rows.append((item, *by_item))
    return Table(
        title="Kaiser-Meyer-Olkin measure of sampling adequacy",
        headers=("items", *(f"{name} correlations" for name in found)),
        rows=tuple(rows),
    )


def sphericity(found: Sphericity | Unavailable) -> Table:
    """Return Bartlett's test as a table."""
    row = (found,) * 3 if isinstance(found, Unavailable) else (found.chi2, found.df, found.p)
    return Table(
        title="Bartlett's test that no two items are correlated",
        headers=("test", "chi-square", "df", "p"),
        rows=(("Bartlett", *row),),
    )


def dimensions(answers: Counted) -> Section:
    """Count the dimensions, by parallel analysis and by the average partial correlation."""
    partials = minimum_average_partial(answers.counts)
    chance = "drawn by their shares" if answers.counts.n > MOST_SHUFFLED else "shuffled"
    said = [
        *((f"parallel analysis, {name}", _kept(found)) for name, found in answers.parallel.items()),
        *_by_partials(partials),
    ]
    return Section(
        id="dimensions",
        title="How many dimensions there are",
        reading=(
            "Parallel analysis keeps the components that are larger than 95 % of those of unrelated items: "
            f"normal ones for product-moment correlations, the items' own answers {chance} for polychoric "
            "ones; 100 draws from a fixed seed. These are counts to be weighed, not a verdict."
        ),
        tables=(
            Table(title="Number of dimensions", headers=("rule", "number"), rows=tuple(said)),
            *(eigenvalues(name, found) for name, found in answers.parallel.items()),
            *average_partials(partials),
        ),
    )


def _kept(found: ParallelAnalysis | Unavailable) -> Value:
    return found if isinstance(found, Unavailable) else found.n_factors


def _by_partials(found: AveragePartials | Unavailable) -> list[tuple[str, Value]]:
    counts: tuple[Value, Value] = (
        (found, found) if isinstance(found, Unavailable) else (found.n_factors, found.n_factors_revised)
    )
    rules = "minimum average partial, squares", "minimum average partial, fourth powers"
    return list(zip(rules, counts, strict=True))


def eigenvalues(name: str, found: ParallelAnalysis | Unavailable) -> Table:
    """Return the eigenvalues beside those of random data, with a scree plot."""
    headers = ("component", "eigenvalue", "mean of chance", "95 % of chance", "kept")
    title = f"Eigenvalues of the {name} correlations"
    if isinstance(found, Unavailable):
        return Table(title=title, headers=headers, rows=(missing_figures("all", found, 4),))
    rows = [
        (str(j + 1), float(o), float(m), float(r), "yes" if j < found.n_factors else "no")
        for j, (o, m, r) in enumerate(zip(found.observed, found.mean, found.reference, strict=True))
    ]
    drawing = scree(
        found.observed.tolist(),
        found.reference.tolist(),
        n_factors=found.n_factors,
        title=f"{title} and of random data",
        reading=f"{found.n_factors} of {found.k} are larger than 95 % of those of random data.",
        words=("Component", "Eigenvalue", "the data", "95 % of random data", "kept"),
    )
    return Table(title=title, headers=headers, rows=tuple(rows), figure=drawing)


def average_partials(found: AveragePartials | Unavailable) -> list[Table]:
    """Return Velicer's averages as a table, none where there are none."""
    if isinstance(found, Unavailable):
        return []
    rows = [
        (str(m), float(second), float(fourth))
        for m, (second, fourth) in enumerate(zip(found.squared, found.fourth, strict=True))
    ]
    headers = ("components removed", "mean square", "mean fourth power")
    return [Table(title="Partial correlations that components leave", headers=headers, rows=tuple(rows))]


def factors(answers: Counted) -> Section:
    """Show the factors of the polychoric correlations, rotated in three ways."""
    title = "Factors"
    R = answers.polychoric
    counted = next(
        ((name, p) for name, p in reversed(answers.parallel.items()) if isinstance(p, ParallelAnalysis)), None
    )
    if isinstance(R, Unavailable) or counted is None:
        why = R.why if isinstance(R, Unavailable) else "the dimensions could not be counted"
        return Section(id="factors", title=title, reading=f"There are no factors to show because {why}.")
    name, parallel = counted
    m = max(parallel.n_factors, 1)
    solutions = {
        rotation: factor_analysis(R, m, rotation=rotation) for rotation in ROTATIONS[: 3 if m > 1 else 1]
    }
    none = " None stands out from chance; one is shown." if parallel.n_factors == 0 else ""
    return Section(
        id="factors",
        title=title,
        reading=(
            f"As many factors as the parallel analysis of the {name} correlations keeps components ({m}), "
            f"from the polychoric correlations by minres.{none} {PAIRWISE}; chi-square and what follows from "
            "it count every row and are descriptions, not tests, for ordered answers."
        ),
        tables=tuple(table for rotation, found in solutions.items() for table in solution(rotation, found))
        + _fits(solutions),
    )


def _fits(solutions: dict[str, Factors | Unavailable]) -> tuple[Table, ...]:
    found = next((each for each in solutions.values() if isinstance(each, Factors)), None)
    return () if found is None else (fit_table(found),)


def solution(rotation: str, found: Factors | Unavailable) -> list[Table]:
    """Return the loadings after a rotation, the structure and the correlations of oblique factors."""
    title = f"Loadings, {rotation}"
    if isinstance(found, Unavailable):
        return [Table(title=title, headers=("item", "loadings"), rows=(("all", found),))]
    names = [f"F{j + 1}" for j in range(found.n_factors)]
    rows: list[tuple[Value, ...]] = [
        (name, *map(float, found.loadings[i]), float(found.communalities[i]), float(found.uniquenesses[i]))
        for i, name in enumerate(found.names)
    ]
    unique = float(found.uniquenesses.sum())
    rows.append(("variance", *map(float, found.variance), float(found.variance.sum()), unique))
    shares = (*map(float, found.proportion), float(found.proportion.sum()), unique / found.k)
    rows.append(("share of variance", *shares))
    held = (
        f", held at the lowest uniqueness (Heywood case): {', '.join(found.heywood)}" if found.heywood else ""
    )
    said = "unrotated" if found.rotation == "none" else found.rotation
    headers = ("item", *names, "communality", "uniqueness")
    tables = [Table(title=f"Loadings, {said}{held}", headers=headers, rows=tuple(rows))]
    if found.n_factors > 1 and found.rotation not in {"none", "varimax"}:
        structure, related = _named(found.names, found.structure), _named(names, found.phi)
        tables += [
            Table(
                title=f"Correlations with the factors, {said}",
                headers=("item", *names),
                rows=structure,
            ),
            Table(title=f"Correlations of the factors, {said}", headers=("factor", *names), rows=related),
        ]
    return tables


def _named(names: Sequence[str], matrix: Matrix) -> tuple[tuple[Value, ...], ...]:
    return tuple((name, *map(float, row)) for name, row in zip(names, matrix, strict=True))


def fit_table(found: Factors) -> Table:
    """Return how far the factors are from the correlations."""
    figures = fit_figures(found.fit)
    return Table(
        title=f"Fit of {found.n_factors} factors, whatever the rotation",
        headers=("figure", "value"),
        rows=tuple((label, figures[name]) for name, label in FIT.items()),
    )


def fit_figures(fit: Fit) -> dict[str, Value]:
    """Return the figures of fit by their names, with the reason in place of one that is None."""
    figures = {field.name: getattr(fit, field.name) for field in fields(fit) if field.name != "why_not"}
    why = fit.why_not or Unavailable(reason="not defined")
    return {name: why if value is None else value for name, value in figures.items()}


def scalability(answers: Answers) -> Section:
    """Show how well the items of each scale, and all of them, order people."""
    parts = {answers.label(name): items for name, items in answers.scales.items()}
    scales = {name: answers.scale(items).data for name, items in parts.items()}
    found = {name: mokken_scalability(data, names=parts[name]) for name, data in scales.items()}
    return Section(
        id="scalability",
        title="How well the items order people (Mokken)",
        reading=(
            "H of a scale and of its items with standard errors, over the rows with every answer to the "
            "scale. H is 1 where nobody contradicts the order of the items, 0 where the items are unrelated."
        ),
        tables=(
            Table(
                title="Scales",
                headers=("scale", "H", "se", "n"),
                rows=tuple(_scale(name, each) for name, each in found.items()),
            ),
            Table(
                title="Items within their scale",
                headers=("item", "scale", "H", "se"),
                rows=tuple(
                    row
                    for (name, items), each in zip(parts.items(), found.values(), strict=True)
                    for row in _items(name, items, each)
                ),
            ),
        ),
    )


def _scale(name: str, found: Mokken | Unavailable) -> tuple[Value, ...]:
    if isinstance(found, Unavailable):
        return missing_figures(name, found, 3)
    return (name, found.scale.value, NEEDS_ROWS if found.scale.se is None else found.scale.se, found.n)


def _items(name: str, items: Sequence[str], found: Mokken | Unavailable) -> list[tuple[Value, ...]]:
    if isinstance(found, Unavailable):
        return [(item, name, found, found) for item in items]
    errors: Sequence[Value] = (
        [NEEDS_ROWS] * len(items) if found.items.se is None else [float(se) for se in found.items.se]
    )
    return [(item, name, float(h), se) for item, h, se in zip(items, found.items.value, errors, strict=True)]
