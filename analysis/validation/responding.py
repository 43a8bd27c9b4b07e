"""Phase 11: response models of every scale, and people whose answers the models do not expect."""

from typing import Final

import numpy as np

from analysis.estimate import Matrix, Unavailable
from analysis.item_response.graded_response import graded_response
from analysis.item_response.item_fit import item_mean_squares
from analysis.item_response.mokken import mokken_scalability
from analysis.item_response.person_fit import person_fit
from analysis.item_response.residuals import q3
from analysis.item_response.response_model import ResponseModel
from analysis.reliability.alpha import cronbach_alpha
from analysis.report.document import Section, Table, Value
from analysis.report.response_sections import Scale, sections_of
from analysis.validation.study import Study
from analysis.validation.verdicts import Check, Phase, counted, judged, phase

TITLE: Final = "Response models and reference data"
UNLIKELY: Final = -1.645
"""The l_z below which one in twenty lies where the model is right and θ known."""
STRATUM: Final = 50
NO_MODEL: Final = Unavailable(reason="did not converge", detail="no scale has a response model")


def responding(study: Study) -> Phase:
    """Phase 11: the graded response model of each scale, its assumptions, and person fit."""
    enough = counted(study.bound("response_n"), study.main.n)
    if enough.verdict != "met":
        return phase(11, TITLE, [enough])
    answers = study.answers
    models = {
        name: graded_response(answers.columns(items), names=items) for name, items in answers.scales.items()
    }
    known = {name: model for name, model in models.items() if isinstance(model, ResponseModel)}
    unlikely = _unlikely(study, known)
    checks = [enough, _scalable(study), _dependent(study, known), *_squares(study, known)]
    bound = study.bound("unlikely")
    share = float(unlikely.mean()) if known else NO_MODEL
    checks.append(judged(bound, share, [f"{int(unlikely.sum())} people, who may have answered without care"]))
    sections: list[Section] = []
    for place, (name, items) in enumerate(answers.scales.items(), start=1):
        scale = Scale(label=study.named(name), names=tuple(items), X=answers.columns(items))
        model = models[name]
        sections += sections_of(scale, lambda X, names, model=model: model, f"scale-{place}")  # noqa: ARG005
    return phase(11, TITLE, checks, [_with_and_without(study, unlikely), *sections, _reference(study)])


def _unlikely(study: Study, models: dict[str, ResponseModel]) -> np.ndarray:
    """Return who answers several scales as no model expects: the mean l_z of the scales times its root."""
    fits = np.array([person_fit(m, study.answers.columns(m.names)).lz for m in models.values()])
    if not len(fits):
        return np.zeros(study.main.n, dtype=bool)
    seen = np.isfinite(fits)
    total = np.where(seen, fits, 0.0).sum(axis=0) / np.sqrt(np.maximum(seen.sum(axis=0), 1))
    return np.asarray(total < UNLIKELY)


def _with_and_without(study: Study, unlikely: np.ndarray) -> Section:
    rows: list[tuple[Value, ...]] = []
    for name, items in study.answers.scales.items():
        X = study.answers.columns(items)
        figures = [cronbach_alpha(each) for each in (X, X[~unlikely])]
        alphas: list[Value] = [a if isinstance(a, Unavailable) else a.value for a in figures]
        rows.append((study.named(name), *alphas, _mean(X), _mean(X[~unlikely])))
    headers = ("scale", "alpha, all", "alpha, without", "mean, all", "mean, without")
    table = Table(title="With and without unlikely answers", headers=headers, rows=tuple(rows))
    return Section(
        id="careless",
        title="People whose answers the models find unlikely",
        reading=(
            f"{int(unlikely.sum())} of {len(unlikely)} people have a pooled l_z below {UNLIKELY}. They may "
            "have answered without care, or read the items otherwise; nobody is left out of any other figure."
        ),
        tables=(table,),
    )


def _mean(X: Matrix) -> Value:
    rows = X[~np.isnan(X).any(axis=1)]
    return float(rows.mean()) if len(rows) else Unavailable(reason="no complete rows")


def _scalable(study: Study) -> Check:
    bound = study.bound("scalability")
    found: dict[str, float] = {}
    for name, items in study.answers.scales.items():
        each = mokken_scalability(study.answers.columns(items), names=items)
        if isinstance(each, Unavailable):
            return judged(bound, each)
        found[study.named(name)] = float(each.scale.value)
    return judged(bound, min(found.values()), [name for name, h in found.items() if not bound.holds(h)])


def _dependent(study: Study, models: dict[str, ResponseModel]) -> Check:
    bound = study.bound("q3")
    found: dict[str, float] = {}
    for model in models.values():
        each = q3(model, study.answers.columns(model.names))
        if not isinstance(each, Unavailable):
            found[" with ".join(each.largest)] = each.largest_above_mean + each.mean
    if not found:
        return judged(bound, NO_MODEL)
    return judged(bound, max(found.values()), [pair for pair, r in found.items() if not bound.holds(r)])


def _squares(study: Study, models: dict[str, ResponseModel]) -> list[Check]:
    low, high = study.bound("infit_low"), study.bound("infit_high")
    found: dict[str, tuple[float, float]] = {}
    for model in models.values():
        each = item_mean_squares(model, study.answers.columns(model.names))
        if not isinstance(each, Unavailable):
            found |= {row.name: (min(row.infit, row.outfit), max(row.infit, row.outfit)) for row in each}
    if not found:
        return [judged(low, NO_MODEL), judged(high, NO_MODEL)]
    return [
        judged(
            low, min(a for a, _ in found.values()), [i for i, (a, _) in found.items() if not low.holds(a)]
        ),
        judged(
            high, max(b for _, b in found.values()), [i for i, (_, b) in found.items() if not high.holds(b)]
        ),
    ]


def _reference(study: Study) -> Section:
    """Return how the scores are spread in this sample: no norms, and nothing of a stratum below 50."""
    rows: list[tuple[Value, ...]] = []
    for name, scored in study.scores.items():
        if study.instrument.key.subscales(study.plan.form)[name].shown:
            values = scored.values[np.isfinite(scored.values)]
            few = Unavailable(reason="too few rows", detail=f"{len(values)} people, not {STRATUM}")
            spread = (
                [float(q) for q in np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])]
                if len(values) >= STRATUM
                else [few] * 5
            )
            rows.append((study.named(name), len(values), *spread))
    table = Table(
        title="Scores in this sample",
        headers=("score", "n", "5 %", "25 %", "median", "75 %", "95 %"),
        rows=tuple(rows),
    )
    return Section(
        id="reference",
        title="Reference sample",
        reading=f"How scores lie among these people ({study.plan.population}). These are no norms.",
        tables=(table,),
    )
