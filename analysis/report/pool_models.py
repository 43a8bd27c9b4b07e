"""Factor models of pooled counts: the rivals that the key implies, and the same model at every site."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np

from analysis.counts.joint import JointCounts
from analysis.disclosure.site_counts import joined_to
from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.from_counts import (
    fit_counts,
    parts_of,
    sample_of_sites,
    specified,
)
from analysis.factor_models.confirmatory.rivals import Rival, rival_models
from analysis.invariance.multigroup import Ladder, Request, Step, fit_ladder
from analysis.report.document import Section, Table, Value
from analysis.report.site_file import Site

Scales = Mapping[str, tuple[str, tuple[str, ...]]]
FIRST: Final = "first step"


def models_of_key(counts: JointCounts, scales: Scales, turned: Collection[str]) -> Section:
    """Fit the structures that the questionnaire could have to the counts of all sites."""
    rivals = rival_models({name: items for name, (_, items) in scales.items()}, turned)
    return models(counts, rivals, _shown(rivals))


def models(counts: JointCounts, rivals: Sequence[Rival], shown: Rival) -> Section:
    """Fit models to counts, and show the estimates of one of them."""
    fits = {
        rival.name: fit_counts(
            counts, rival.model, unit_variance=rival.unit_variance, orthogonal=rival.orthogonal
        )
        for rival in rivals
    }
    rows = tuple(_fit_row(name, fit) for name, fit in fits.items())
    fit = fits[shown.name]
    tables = [
        Table(
            title="Fit of the models",
            headers=("model", "plain chi-square", "df", "CFI", "TLI", "RMSEA", "SRMR"),
            rows=rows,
        )
    ]
    if isinstance(fit, FittedModel):
        tables.append(
            Table(
                title=f"Standardised estimates: {shown.name}",
                headers=("parameter", "estimate"),
                rows=tuple(
                    (f"{row.lhs} {row.op} {row.rhs}", row.std_all)
                    for row in fit.parameters
                    if row.op == "=~" or (row.op == "~~" and row.lhs != row.rhs)
                ),
            )
        )
    return Section(
        id="models",
        title="Whether the answers have the structure that the questionnaire claims",
        reading=(
            "Diagonally weighted least squares of polychoric correlations. No p stands beside the plain "
            "chi-square, since its distribution needs rows; measures made of it are for comparing these "
            "models with each other."
        ),
        tables=tuple(tables),
    )


def _shown(rivals: Sequence[Rival]) -> Rival:
    return next((each for each in rivals if each.name == "correlated factors"), rivals[-1])


def _fit_row(name: str, fit: FittedModel | Unavailable) -> tuple[Value, ...]:
    if isinstance(fit, Unavailable):
        return (name, *[fit] * 6)
    said = f"{name} (improper)" if fit.improper else name
    return (said, fit.test.value, fit.test.df, *(fit.fit[each] for each in ("cfi", "tli", "rmsea", "srmr")))


def between_sites(sites: Sequence[Site]) -> Section:
    """Fit the ladder of invariance with a group for each site, answers joined where a site lacks one."""
    title = "Whether the questionnaire means the same at every site"
    if len(sites) < 2:  # noqa: PLR2004 - sites are compared
        return Section(id="invariance", title=title, reading="There is one site, and nothing to compare.")
    scales = {name: items for name, (_, items) in sites[0].scales.items()}
    rival = _shown(rival_models(scales, sites[0].turned))
    alike, joined = same_answers({site.name: site.counts for site in sites})
    ladder = _ladder(alike, rival)
    said = f" Joined in every site, since one lacks the answer: {', '.join(joined)}." if joined else ""
    if isinstance(ladder, Unavailable):
        reading = f"There is no ladder because {ladder.why}.{said}"
        return Section(id="invariance", title=title, reading=reading)
    headers = ("step", "plain chi-square", "df", "CFI", "change", "RMSEA", "change", "SRMR", "change")
    return Section(
        id="invariance",
        title=title,
        reading=(
            f"Model: {rival.words}. Each step holds more equal at all sites (Wu and Estabrook 2016). Changes "
            f"are of plain measures, and a test of a step needs rows.{said}"
        ),
        tables=(Table(title="The ladder", headers=headers, rows=tuple(map(_step_row, ladder.steps))),),
    )


def _ladder(sites: Mapping[str, JointCounts], rival: Rival) -> Ladder | Unavailable:
    first = next(iter(sites.values()))
    table = specified(
        first, rival.model, len(sites), unit_variance=rival.unit_variance, orthogonal=rival.orthogonal
    )
    sample = sample_of_sites(sites, table)
    if isinstance(sample, Unavailable):
        return sample
    return fit_ladder(
        Request(base=table, sample=sample, parts=parts_of(sites), estimator="DWLS", missing="pairwise")
    )


def same_answers(sites: Mapping[str, JointCounts]) -> tuple[dict[str, JointCounts], list[str]]:
    """Join, at all sites, each answer to an item that somebody gave at one site and nobody at another."""
    union = tuple(sorted({value for each in sites.values() for value in each.categories}))
    alike = {name: each.recoded(union) for name, each in sites.items()}
    joined = []
    first = next(iter(alike.values()))
    for item in range(first.k):
        while (lacking := _lacking(alike, item)) is not None:
            given = np.flatnonzero(sum(each.item_counts[item] for each in alike.values()))
            to = min((int(each) for each in given if each != lacking), key=lambda each: abs(each - lacking))
            alike = {name: joined_to(each, item, lacking, to) for name, each in alike.items()}
            name = first.names[item] if first.names else f"item {item + 1}"
            joined.append(f"{name} {union[lacking]:g} to {union[to]:g}")
    return alike, joined


def _lacking(sites: Mapping[str, JointCounts], item: int) -> int | None:
    met = np.array([each.item_counts[item] > 0 for each in sites.values()])
    partial = np.flatnonzero(met.any(axis=0) & ~met.all(axis=0))
    return int(partial[0]) if partial.size and met.any(axis=0).sum() > 1 else None


def _step_row(step: Step) -> tuple[Value, ...]:
    if isinstance(step.fit, Unavailable):
        return (step.name, *[step.fit] * 8)
    measures: list[Value] = []
    for name, change in (("cfi", step.cfi), ("rmsea", step.rmsea), ("srmr", step.srmr)):
        measures += [step.fit.fit[name], FIRST if change is None else change]
    return (step.name, step.fit.test.value, step.fit.test.df, *measures)
