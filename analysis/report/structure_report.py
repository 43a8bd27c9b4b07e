"""The report of `structure`: competing factor models of a questionnaire, fitted to the same answers."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import confirmatory_factor_analysis
from analysis.factor_models.confirmatory.fit_cutoffs import PLANTED, fit_cutoffs
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.rivals import Rival
from analysis.report.document import Document, Section, Table, sections_json
from analysis.report.model_answers import ModelAnswers
from analysis.report.model_tables import (
    NONE,
    measures_table,
    misfit_tables,
    reliability_tables,
    rivals_table,
    solution_tables,
)

HOW: Final = (
    "Ordered answers: thresholds and polychoric correlations of pairs of items, diagonally weighted least "
    "squares with robust errors, the scaled and shifted test; CFI, TLI and RMSEA are the robust ones "
    "(Savalei 2021) where there are any, else the scaled ones. Continuous: maximum likelihood of every "
    "row's answers with robust errors and the Yuan-Bentler test. Estimates, errors and measures are those "
    "of R's lavaan under its defaults. Cut-offs for these measures were made for maximum likelihood of "
    "continuous answers and are too lenient for ordered ones (Xia and Yang 2019): none is applied here, and "
    "--cutoffs simulates some for this model and number of rows. "
    "Modification indices and residuals are listed for the reader and change nothing."
)


def structure(
    answers: ModelAnswers,
    *,
    ordered: bool = True,
    cutoffs: int | None = None,
    progress: Callable[[str, int, int], None],
) -> Document:
    """Fit all models of some answers and report them, the primary one in full.

    Parameters
    ----------
    answers
        The answers and the models, fixed in advance.
    ordered
        Whether answers are ordered categories, or measurements.
    cutoffs
        How many data sets to simulate for cut-offs of the primary model's fit; None for no cut-offs.
    progress
        Is told what is being computed, and how many parts of all are done.
    """
    parts = len(answers.models) + 1
    fits: dict[str, FittedModel | Unavailable] = {}
    for place, rival in enumerate(answers.models):
        progress(rival.name, place, parts)
        fits[rival.name] = fit_rival(answers, rival, ordered=ordered)
    progress("sensitivity", len(answers.models), parts)
    primary = answers.models[answers.primary]
    fit = fits[primary.name]
    sections = [_models(answers, fits)]
    if ordered and answers.clusters is None:
        sections.append(_sensitivity(answers))
    if isinstance(fit, Unavailable):
        reading = f"The model ({primary.words}) has no solution because {fit.why}."
        sections.append(Section(id="solution", title=f"Solution: {primary.name}", reading=reading))
    else:
        sections += _solution(primary, fit)
    if cutoffs is not None:
        sections.append(
            _cutoffs(
                answers,
                primary,
                fit,
                cutoffs,
                lambda done, of: progress(f"cut-offs, set {done + 1} of {of}", len(answers.models), parts),
            )
        )
    sections += _general(answers, fits, primary)
    return Document(
        title=f"Structure of {answers.title}",
        lead="Whether the answers have the structure that the questionnaire claims, beside its rivals.",
        labels=answers.labels,
        provenance=f"n = {len(answers.X)} rows. {answers.about}",
        sections=tuple(sections),
        how=HOW,
        tree=_tree(answers, fits, ordered=ordered, sections=tuple(sections)),
    )


def fit_rival(
    answers: ModelAnswers, rival: Rival, *, ordered: bool, sensitivity: bool = False
) -> FittedModel | Unavailable:
    """Fit one model: ordered answers pair by pair by WLSMV, else every row's answers by robust ML."""
    by_pairs = ordered and not sensitivity
    return confirmatory_factor_analysis(
        answers.X,
        rival.model,
        names=answers.names,
        estimator="WLSMV" if by_pairs else "MLR",
        ordered=by_pairs,
        missing=("pairwise" if by_pairs else "full") if np.isnan(answers.X).any() else "complete",
        clusters=answers.clusters,
        unit_variance=rival.unit_variance,
        orthogonal=rival.orthogonal,
    )


def _models(answers: ModelAnswers, fits: dict[str, FittedModel | Unavailable]) -> Section:
    good = [fit for fit in fits.values() if isinstance(fit, FittedModel)]
    method = f"{good[0].method[0].upper()}{good[0].method[1:]}. " if good else ""
    listed = "; ".join(f"{rival.name}: {rival.words}" for rival in answers.models)
    improper = [
        f"{name} is improper: {', '.join(fit.improper)}."
        for name, fit in fits.items()
        if isinstance(fit, FittedModel) and fit.improper
    ]
    reading = " ".join([f"{method}Models fixed in advance: {listed}.", *improper])
    clustered = "" if answers.clusters is None else " Errors and tests allow for clusters."
    return Section(
        id="models",
        title="The models side by side",
        reading=reading + clustered,
        tables=(rivals_table(fits, "Fit of the models"),),
    )


def _sensitivity(answers: ModelAnswers) -> Section:
    fits = {rival.name: fit_rival(answers, rival, ordered=True, sensitivity=True) for rival in answers.models}
    good = [fit for fit in fits.values() if isinstance(fit, FittedModel)]
    method = good[0].method if good else "maximum likelihood"
    reading = f"The same models with answers taken as measurements: {method}."
    return Section(
        id="sensitivity",
        title="The same by maximum likelihood",
        reading=reading,
        tables=(rivals_table(fits, "Fit by maximum likelihood"),),
    )


def _solution(rival: Rival, fit: FittedModel) -> list[Section]:
    used = "; ".join(f"{n} of {given} rows" for n, given in zip(fit.used, fit.given, strict=True))
    method = f"{fit.method[0].upper()}{fit.method[1:]}"
    said = f"{rival.words[0].upper()}{rival.words[1:]}. {method}. {used}."
    warned = "".join(f" Improper solution: {what}." for what in fit.improper)
    return [
        Section(
            id="fit",
            title=f"Fit: {rival.name}",
            reading=f"{said}{warned}",
            tables=(measures_table(fit),),
        ),
        Section(
            id="solution",
            title=f"Solution: {rival.name}",
            reading="Intervals are at 95 %. An estimate without an error is fixed, or follows from others.",
            tables=solution_tables(fit, rival.general),
        ),
        Section(
            id="misfit",
            title="What the model leaves unexplained",
            reading=(
                "Modification indices say by how much chi-square is expected to fall if one more parameter "
                "were free. A model changed by them needs other answers to be tested on."
            ),
            tables=misfit_tables(fit),
        ),
        Section(
            id="reliability",
            title="Reliability and validity from the solution",
            reading=(
                "Omega is about the sum of the answers as they were given (Green and Yang 2009 for ordered "
                "answers); AVE and CR are about standardised loadings."
            ),
            tables=reliability_tables(fit, rival.general),
        ),
    ]


def _cutoffs(
    answers: ModelAnswers,
    rival: Rival,
    fit: FittedModel | Unavailable,
    sets: int,
    progress: Callable[[int, int], None],
) -> Section:
    """Return cut-offs for the primary model: as it was fitted to ordered answers, else by plain ML."""
    if isinstance(fit, FittedModel) and not fit.table.ordered:
        fit = confirmatory_factor_analysis(
            answers.X,
            rival.model,
            names=answers.names,
            estimator="ML",
            unit_variance=rival.unit_variance,
            orthogonal=rival.orthogonal,
        )
    return cutoffs_section(fit, sets=sets, progress=progress)


def cutoffs_section(
    fit: FittedModel | Unavailable,
    *,
    sets: int,
    progress: Callable[[int, int], None],
    rng: np.random.Generator | None = None,
    conventional: Mapping[str, str] | None = None,
) -> Section:
    """Say how well a model fits by chance where it is right, for its rows and size.

    Parameters
    ----------
    fit
        The model, or why there is none.
    sets
        How many data sets to simulate.
    progress
        Is told how many sets are done, and how many there are.
    rng
        The source of chance; by default one with a fixed seed.
    conventional
        The usual cut-off of each measure, which stands beside the simulated one.
    """
    title = "How well a right model of this size fits"
    found = fit if isinstance(fit, Unavailable) else fit_cutoffs(fit, sets=sets, rng=rng, progress=progress)
    if isinstance(found, Unavailable):
        return Section(id="cutoffs", title=title, reading=f"There are no cut-offs because {found.why}.")
    failed = f" {found.failed} had no solution." if found.failed else ""
    by_thresholds = found.estimator == "WLSMV"
    kind = "of answers cut at the model's thresholds" if by_thresholds else "of normal answers"
    pairs = ", ".join(f"{one} with {other}" for one, other in found.planted)
    limits = "" if by_thresholds else " Answers of few categories fit worse than normal ones."
    usual = conventional or {}
    return Section(
        id="cutoffs",
        title=title,
        reading=(
            f"{sets} SIMULATED data sets {kind} for which the model is right, each of as many rows without "
            f"gaps, fitted by {found.estimator}.{failed} A cut-off is what {found.share:.0%} of them reach, "
            "and beside it is the share that fits as badly as the answers do (Niemand and Mai 2018). In "
            f"{found.wrong} more it is wrong, by residual correlations of {PLANTED:.2f} of {pairs}; "
            "the last column is the share of these that the cut-off notices (after McNeish and Wolf 2023): "
            f"where it is small, reaching the cut-off says little.{limits}"
        ),
        tables=(
            Table(
                title="Cut-offs by simulation",
                headers=(
                    *("measure", "observed", *(["usual cut-off"] if usual else [])),
                    *("cut-off", "low", "high", "right models as bad", "wrong models noticed"),
                ),
                rows=tuple(
                    (
                        *(each.measure.upper(), each.observed),
                        *([usual.get(each.measure, NONE)] if usual else []),
                        *(each.cutoff.value, *each.cutoff.limits, each.as_bad, each.noticed),
                    )
                    for each in found.measures
                ),
            ),
        ),
    )


def _general(
    answers: ModelAnswers, fits: dict[str, FittedModel | Unavailable], primary: Rival
) -> list[Section]:
    """Return what a bifactor model says of a general factor, where it is not the primary model."""
    rival = next((r for r in answers.models if r.name == "bifactor"), None)
    if rival is None or rival.name == primary.name:
        return []
    fit = fits[rival.name]
    title = "A general factor (bifactor model)"
    if isinstance(fit, Unavailable):
        return [Section(id="general", title=title, reading=f"There is no solution because {fit.why}.")]
    warned = "".join(f" Improper solution: {what}." for what in fit.improper)
    tables: tuple[Table, ...] = reliability_tables(fit, rival.general)
    reading = f"Used to part general from specific variance, not to win on fit.{warned}"
    return [Section(id="general", title=title, reading=reading, tables=tables)]


def _tree(
    answers: ModelAnswers,
    fits: dict[str, FittedModel | Unavailable],
    *,
    ordered: bool,
    sections: tuple[Section, ...],
) -> dict[str, Any]:
    return {
        "simulated": any("SIMULATED" in label for label in answers.labels),
        "n": len(answers.X),
        "items": answers.names,
        "ordered": ordered,
        "models": {rival.name: _model_tree(rival, fits[rival.name]) for rival in answers.models},
        "sections": sections_json(sections),
    }


def _model_tree(rival: Rival, fit: FittedModel | Unavailable) -> dict[str, Any]:
    said: dict[str, Any] = {"model": rival.model, "words": rival.words}
    if isinstance(fit, Unavailable):
        return said | {"unavailable": fit.why}
    return said | {
        "estimator": fit.estimator,
        "method": fit.method,
        "n": fit.used,
        "improper": fit.improper,
        "fit": {name: value for name, value in fit.fit.items() if np.isfinite(value)},
        "parameters": [
            {
                "lhs": row.lhs,
                "op": row.op,
                "rhs": row.rhs,
                "group": row.group,
                "estimate": row.estimate,
                "se": row.se,
                "std_all": row.std_all if np.isfinite(row.std_all) else None,
                "std_se": row.std_se if np.isfinite(row.std_se) else None,
            }
            for row in fit.parameters
        ],
    }
