"""Phases 6 and 7: whether new people's answers have the structure, and how consistent the scales are."""

from dataclasses import replace
from typing import Final

import numpy as np

from analysis.estimate import Estimate, Unavailable, complete_rows
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.residuals import residuals
from analysis.factor_models.confirmatory.rivals import Rival
from analysis.group_comparison.clusters import cluster_variance
from analysis.reliability.alpha import cronbach_alpha
from analysis.reliability.ordinal import categorical_omega
from analysis.report.document import Section, Table, Value
from analysis.report.model_tables import (
    fit_row,
    measures_table,
    misfit_tables,
    reliability_tables,
    rivals_table,
    solution_tables,
)
from analysis.report.sections import reliability
from analysis.report.sections.scales import scale_report, scale_sections
from analysis.report.structure_report import cutoffs_section, fit_rival
from analysis.validation.study import Study
from analysis.validation.verdicts import Check, Phase, counted, judged, phase, worst

TITLE = "Confirmatory structure"
CUTOFF_SETS: Final = 400
FIT_ROW = ("chi-square", "df", "p", "cfi", "tli", "rmsea", "low", "high", "srmr")


def confirmatory(study: Study) -> Phase:
    """Phase 6: the primary model beside its rivals, by weighted least squares of ordered answers."""
    enough = counted(study.bound("confirmatory_n"), study.main.n)
    if enough.verdict != "met":
        return phase(6, TITLE, [enough])
    primary = study.models.models[study.models.primary]
    fits = {rival.name: fit_rival(study.models, rival, ordered=True) for rival in study.models.models}
    fit = fits[primary.name]
    checks = [enough, *_fit_checks(study, fit)]
    listed = "; ".join(f"{rival.name}: {rival.words}" for rival in study.models.models)
    sections = [
        Section(
            id="models",
            title="The models side by side",
            reading=f"Fixed in advance, {primary.name} the primary one. {listed}.",
            tables=(rivals_table(fits, "Fit of the models"), *_by_likelihood(study, primary)),
        ),
        *_solution(study, fit, primary.general),
        *_clusters(study),
    ]
    return phase(6, TITLE, checks, sections, _bias(study))


def _by_likelihood(study: Study, primary: Rival) -> tuple[Table, ...]:
    """Return the primary model by maximum likelihood of the complete rows, as a check of the estimator."""
    complete = replace(study.models, X=complete_rows(study.models.X), clusters=None)
    fit = fit_rival(complete, primary, ordered=True, sensitivity=True)
    return (rivals_table({primary.name: fit}, "The same by robust maximum likelihood, complete rows"),)


def _bias(study: Study) -> list[str]:
    found = []
    if "exploratory" not in study.datasets:
        found.append(
            "The model was looked for in these same answers or in none: no sample of its own before."
        )
    if study.models.clusters is None:
        found.append("People who share a supervisor are taken as independent.")
    return found


def _fit_checks(study: Study, fit: FittedModel | Unavailable) -> list[Check]:
    names = ("cfi", "rmsea", "srmr", "cosmin_fit", "residual")
    if isinstance(fit, Unavailable):
        return [judged(study.bound(name), fit) for name in names]
    row = dict(zip(FIT_ROW, fit_row(fit, criteria=False), strict=True))
    checks = [judged(study.bound(name), _figure(row[name])) for name in names[:3]]
    cfi, tli, rmsea, srmr = (_figure(row[name]) for name in ("cfi", "tli", "rmsea", "srmr"))
    either = (
        any(isinstance(each, float) and each > 0.95 for each in (cfi, tli))  # noqa: PLR2004 - COSMIN's own rule
        or (isinstance(rmsea, float) and rmsea < 0.06)  # noqa: PLR2004
        or (isinstance(srmr, float) and srmr < 0.08)  # noqa: PLR2004
    )
    left = residuals(fit)[0]
    bound = study.bound("residual")
    largest = left.largest(20)
    beyond = [f"{a} with {b}" for a, b, r, _ in largest if not bound.holds(abs(r))]
    checks.append(judged(study.bound("cosmin_fit"), float(either)))
    checks.append(judged(bound, float(abs(largest[0][2])), beyond))
    return checks


def _figure(value: Value) -> float | Unavailable:
    return value if isinstance(value, Unavailable) else float(value)


def _solution(study: Study, fit: FittedModel | Unavailable, general: str | None) -> list[Section]:
    if isinstance(fit, Unavailable):
        return [Section(id="fit", title="The primary model", reading=f"No solution because {fit.why}.")]
    warned = "".join(f" Improper: {what}." for what in fit.improper)
    sections = [
        Section(
            id="fit",
            title="The primary model",
            reading=f"{fit.method}.{warned}",
            tables=(measures_table(fit), *solution_tables(fit, general)),
        ),
        Section(
            id="misfit",
            title="What the model leaves unexplained",
            reading="Listed for the reader; nothing was changed by it.",
            tables=misfit_tables(fit),
        ),
        Section(
            id="validity",
            title="Convergent and discriminant validity",
            reading="AVE and HTMT are told and are no gates.",
            tables=reliability_tables(fit, general),
        ),
    ]
    if study.plan.cutoffs == "simulated":
        sections.append(_cutoffs(study, fit))
    return sections


def _cutoffs(study: Study, fit: FittedModel) -> Section:
    """Return cut-offs simulated for the primary model and n, beside the bounds that decided."""
    bounds = {name: study.bound(name) for name in ("cfi", "rmsea", "srmr")}
    return cutoffs_section(
        fit,
        sets=CUTOFF_SETS,
        progress=lambda done, of: study.progress(f"simulated cut-offs, set {done + 1} of {of}", 6, 15),
        rng=np.random.default_rng(study.plan.seed),
        conventional={name: f"{bound} ({bound.source})" for name, bound in bounds.items()},
    )


def _clusters(study: Study) -> list[Section]:
    clusters = study.models.clusters
    if clusters is None:
        return []
    rows: list[tuple[Value, ...]] = []
    for name, scored in study.scores.items():
        if not study.instrument.key.subscales(study.plan.form)[name].shown:
            continue
        found = cluster_variance(scored.values, [each or None for each in clusters])
        if isinstance(found, Unavailable):
            rows.append((study.named(name), *[found] * 4))
            continue
        rows.append((study.named(name), found.icc.value, *found.icc.limits, found.design_effect))
    table = Table(
        title="Share of variance between clusters",
        headers=("score", "ICC(1)", "low", "high", "design effect"),
        rows=tuple(rows),
    )
    reading = f"Clusters: {study.plan.cluster}. Tests and errors of the models allow for them."
    return [Section(id="clusters", title="Clusters", reading=reading, tables=(table,))]


def consistency(study: Study) -> Phase:
    """Phase 7: omega and alpha of every scale; COSMIN's rule needs the structure too."""
    title = "Internal consistency"
    enough = counted(study.bound("consistency_n"), study.main.n)
    if enough.verdict != "met":
        return phase(7, title, [enough])
    answers = study.answers
    alphas = {
        study.named(name): cronbach_alpha(answers.scale(items).X) for name, items in answers.scales.items()
    }
    omegas = {
        study.named(name): categorical_omega(answers.scale(items).X) for name, items in answers.scales.items()
    }
    checks = [enough]
    for bound_name, found in (("omega", omegas), ("alpha", alphas)):
        checks.append(worst(study.bound(bound_name), found))
    bound = study.bound("redundant")
    values = {name: each.value for name, each in alphas.items() if isinstance(each, Estimate)}
    checks.append(
        judged(
            bound,
            max(values.values(), default=Unavailable(reason="no complete rows")),
            [name for name, value in values.items() if not bound.holds(value)],
        )
    )
    scales = {name: scale_report(answers, scale) for name, scale in study.main.scales.items()}
    sections = [
        *scale_sections(scales),
        reliability.ordinal(answers),
        reliability.total(answers),
        reliability.subscales(answers),
    ]
    bias = ["COSMIN calls alpha sufficient only where structural validity is: read it with phase 6."]
    return phase(7, title, checks, sections, bias)
