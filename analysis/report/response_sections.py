"""The sections of a report on a response model: its estimates, fit, items, precision and people."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.estimate import Listing, Matrix, Unavailable
from analysis.graphics.response_curves import category_probabilities, person_item_map, precision
from analysis.item_response.andersen_test import andersen_test
from analysis.item_response.category_curves import point_derivatives
from analysis.item_response.information import information, marginal_reliability
from analysis.item_response.item_fit import ItemFit, item_mean_squares, s_x2
from analysis.item_response.limited_information import LimitedFit, limited_fit
from analysis.item_response.person_fit import person_fit, person_separation
from analysis.item_response.rasch import RaschModel
from analysis.item_response.residuals import LocalDependence, q3
from analysis.item_response.response_model import ItemCurves, ResponseModel
from analysis.item_response.scoring import Method, empirical_reliability, person_scores
from analysis.item_response.sum_scores import sum_scores
from analysis.report.document import Section, Table, Value

Model = ResponseModel | RaschModel
Fit = Callable[..., ResponseModel | RaschModel | Unavailable]

UNLIKELY: Final = -1.645  # limit of lz star: 5 % of people are below it if all answer by the model
PAIRS: Final = 10
NO_STEP: Final = "none"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Items that are modelled together: n x k answers, NaN for missing."""

    label: str
    names: tuple[str, ...]
    X: Matrix


def sections_of(scale: Scale, fit: Fit, place: str) -> list[Section]:
    """Return the sections on one scale; `place` keeps their ids apart from those of other scales."""
    found = fit(scale.X, names=scale.names)
    if isinstance(found, Unavailable):
        return [Section(id=place, title=scale.label, reading=f"There is no model because {found.why}.")]
    return [
        _estimates(scale, found, place),
        _fit(scale, found, place),
        _items(scale, found, place),
        _precision(scale, found, place),
        _people(scale, found, place),
    ]


def _estimates(scale: Scale, model: Model, place: str) -> Section:
    between = {
        "cumulative": "half of the people answer there or above",
        "adjacent": "it and the one below are as likely",
    }[model.family]
    spread = "" if _free(model) else " All slopes are 1."
    if isinstance(model, ResponseModel) and model.sd_se is not None:
        spread += f" The standard deviation of θ is {model.sd:.3f} (standard error {model.sd_se:.3f})."
    return Section(
        id=f"{place}-estimates",
        title=f"{scale.label}: {model.model}",
        reading=(
            f"n = {model.n} people with an answer, {model.k} items. A threshold b is the θ at which a "
            f"category begins: {between}.{spread}"
        ),
        tables=(_parameters(model), _thresholds(model), _curves(model)),
    )


def _free(model: Model) -> bool:
    return isinstance(model, ResponseModel) and model.free_slopes


def _parameters(model: Model) -> Table:
    steps = range(1, model.thresholds.shape[1] + 1)
    headers = ("item", *(("slope", "se") if _free(model) else ()), *(f"se b{c}" for c in steps))
    rows = []
    for j, name in enumerate(model.names):
        own: tuple[Value, ...] = ()
        if isinstance(model, ResponseModel) and model.free_slopes:
            own = (float(model.slopes[j]), float(model.slopes_se[j]))
        rows.append((name, *own, *_steps(model.thresholds_se[j])))
    return Table(title="Slopes, and standard errors", headers=headers, rows=tuple(rows))


def _thresholds(model: Model) -> Table:
    return Table(
        title="Thresholds",
        headers=("item", *(f"b{c + 1}" for c in range(model.thresholds.shape[1]))),
        rows=tuple((name, *_steps(model.thresholds[j])) for j, name in enumerate(model.names)),
    )


def _steps(values: Matrix) -> tuple[Value, ...]:
    """Return one figure for each threshold, a word where the item has fewer categories."""
    return tuple(NO_STEP if np.isnan(value) else float(value) for value in values)


def _curves(model: ItemCurves) -> Table:
    """Return the probability of each answer along θ, as a drawing with its own table."""
    end = np.ceil(4 * (model.sd or 1.0))
    theta = np.linspace(-end, end, int(16 * end) + 1)
    P = point_derivatives(model.family, model.slopes, model.intercepts, theta).probability
    drawn = category_probabilities(
        model.names,
        theta.tolist(),
        [P[j, :size].tolist() for j, size in enumerate(model.sizes)],
        [[f"{answer:g}" for answer in answers] for answers in model.categories],
        reading="Each curve bears its answer where that is most likely.",
    )
    return Table(
        title="How likely each answer is along θ", headers=drawn.headers, rows=drawn.rows, figure=drawn
    )


def _fit(scale: Scale, model: Model, place: str) -> Section:
    rows: list[tuple[Value, ...]] = [
        ("log-likelihood", model.log_likelihood),
        ("parameters", model.parameters),
        ("distance from the maximum, in standard errors", model.distance),
    ]
    if isinstance(model, RaschModel):
        compared = andersen_test(scale.X, split="mean", steps="own")
        reading = "The likelihood is that of the answers given their sums, which has one maximum."
        if isinstance(compared, Unavailable):
            rows.append(("Andersen's test, low against high sums", compared))
        else:
            rows += [
                ("Andersen's test, low against high sums", compared.chi2),
                ("its degrees of freedom", compared.df),
                ("its p", compared.p),
                ("items compared", len(compared.items)),
            ]
    else:
        reading = (
            "M2 and C2 compare single items and pairs of items with the model. Where p is small the model is "
            "not exactly so; RMSEA2 says by how much it is off for each degree of freedom."
        )
        rows += [
            ("largest score left", model.gradient),
            ("difference of two searches in log-likelihood", model.second_start),
            ("AIC", model.aic),
            ("BIC", model.bic),
        ]
        rows += _limited(limited_fit(model, scale.X))
    return Section(
        id=f"{place}-fit",
        title=f"{scale.label}: how well the model fits",
        reading=reading,
        tables=(Table(title="Fit of the model", headers=("figure", "value"), rows=tuple(rows)),),
    )


def _limited(found: LimitedFit | Unavailable) -> list[tuple[Value, ...]]:
    if isinstance(found, Unavailable):
        return [("M2 or C2", found)]
    none = Unavailable(reason="not defined", detail="nobody chose a category of an item")
    return [
        (found.statistic, found.chi2),
        ("its degrees of freedom", found.df),
        ("its p", found.p),
        ("RMSEA2", found.rmsea),
        ("RMSEA2, from (90 %)", found.rmsea_low),
        ("RMSEA2, to (90 %)", found.rmsea_high),
        ("CFI", none if found.cfi is None else found.cfi),
        ("TLI", none if found.tli is None else found.tli),
        ("SRMSR", found.srmsr),
    ]


def _items(scale: Scale, model: Model, place: str) -> Section:
    squares = item_mean_squares(model, scale.X)
    rows = []
    for j, (name, of_sums) in enumerate(zip(model.names, _sum_fit(scale, model), strict=True)):
        of_people: tuple[Value, ...] = (
            (squares, squares) if isinstance(squares, Unavailable) else (squares[j].infit, squares[j].outfit)
        )
        rows.append((name, *of_sums, *of_people))
    method: Method = "wle" if model.sd is None else "eap"
    missing = (
        " Sums are of the people with every answer, fewer than the model was fitted to, so that the p of "
        "S-X² are on the small side."
        if np.isnan(scale.X).any() and isinstance(model, ResponseModel)
        else ""
    )
    return Section(
        id=f"{place}-items",
        title=f"{scale.label}: whether items behave as the model says",
        reading=(
            "S-X² compares each item's answers with the model among people of the same sum. Infit and outfit "
            "are mean squares of residuals, about 1 where answers come as modelled, more where they are "
            "noisier. Q3 is the correlation of two items' residuals; what matters is how far it is above the "
            f"mean of all pairs.{missing}"
        ),
        tables=(
            Table(
                title="Fit of the items",
                headers=("item", "S-X²", "df", "p", "infit", "outfit"),
                rows=tuple(rows),
            ),
            *_dependence(q3(model, scale.X, method=method)),
        ),
    )


def _sum_fit(scale: Scale, model: Model) -> list[tuple[Value, ...]]:
    """Return S-X², its degrees of freedom and p for each item."""
    found: Listing[ItemFit] | Unavailable = (
        Unavailable(reason="not defined", detail="the model leaves the distribution of θ open")
        if isinstance(model, RaschModel)
        else s_x2(model, scale.X)
    )
    if isinstance(found, Unavailable):
        return [(found, found, found)] * model.k
    none = Unavailable(reason="not defined", detail="no degrees of freedom are left")
    return [(item.chi2, item.df, none if item.p is None else item.p) for item in found]


def _dependence(found: LocalDependence | Unavailable) -> tuple[Table, ...]:
    if isinstance(found, Unavailable):
        return (Table(title="Q3", headers=("pairs", "Q3"), rows=(("all", found),)),)
    first, second = np.triu_indices(len(found.q3), 1)
    values = found.q3[first, second]
    order = np.argsort(-values, kind="stable")[:PAIRS]
    rows = tuple(
        (found.names[first[p]], found.names[second[p]], float(values[p]), float(values[p] - found.mean))
        for p in order
    )
    return (
        Table(
            title=f"The pairs of items whose residuals correlate most; the mean of all is {found.mean:.3f}",
            headers=("item", "and item", "Q3", "above the mean"),
            rows=rows,
        ),
    )


def _precision(scale: Scale, model: Model, place: str) -> Section:
    found = information(model)
    columns = (found.theta, found.test, found.se, found.expected, found.conditional_se)
    along = Table(
        title="Precision along θ",
        headers=("θ", "information", "se of θ", "expected sum", "se of the sum"),
        rows=tuple(tuple(float(v) for v in row) for row in zip(*columns, strict=True)),
        figure=precision(
            *(column.tolist() for column in columns),
            reading="The items tell people apart best where the upper curve is high.",
        ),
    )
    return Section(
        id=f"{place}-precision",
        title=f"{scale.label}: how precise answers are",
        reading=(
            "Information is the inverse of the squared standard error of θ. The standard error of the sum is "
            "that of the answers' sum among people of the same θ: precision is not the same everywhere."
        ),
        tables=(along, *(_sums(model, scale) if isinstance(model, ResponseModel) else ())),
    )


def _sums(model: ResponseModel, scale: Scale) -> tuple[Table, ...]:
    found = sum_scores(model)
    reliability: list[tuple[Value, ...]] = [
        (
            "of θ by its posterior mean, over these people",
            empirical_reliability(person_scores(model, scale.X)),
        ),
        ("of θ, mean over the population by the model", marginal_reliability(model)),
    ]
    if isinstance(found, Unavailable):
        reliability.append(("of the sum", found))
        return (Table(title="Reliability", headers=("figure", "value"), rows=tuple(reliability)),)
    reliability += [
        ("of the sum, by the model", found.reliability),
        ("of θ given the sum", found.reliability_eap),
    ]
    columns = (found.value, found.probability, found.eap, found.posterior_sd, found.posterior_se)
    return (
        Table(title="Reliability", headers=("figure", "value"), rows=tuple(reliability)),
        Table(
            title="What a sum says of θ",
            headers=("sum", "share expected", "θ", "sd of θ", "se of the sum"),
            rows=tuple(tuple(float(v) for v in row) for row in zip(*columns, strict=True)),
        ),
    )


def _people(scale: Scale, model: Model, place: str) -> Section:
    scores = person_scores(model, scale.X, method="wle")
    apart = person_separation(scores)
    fits = person_fit(model, scale.X)
    known = fits.lz_star[np.isfinite(fits.lz_star)]
    unlikely = int((known < UNLIKELY).sum())
    rows: list[tuple[Value, ...]] = (
        [("separation", apart)]
        if isinstance(apart, Unavailable)
        else [
            ("people with a score", apart.n),
            ("reliability of separation", apart.reliability),
            ("separation", apart.separation),
            ("strata", apart.strata),
        ]
    )
    rows += [("people whose fit is known", int(known.size)), (f"of them with lz* below {UNLIKELY}", unlikely)]
    finite = scores.theta[np.isfinite(scores.theta)]
    drawn = person_item_map(
        finite.tolist(),
        model.names,
        [[float(b) for b in item if not np.isnan(b)] for item in model.thresholds],
        reading="Dots are where the categories of an item begin; bars are how many people stand there.",
    )
    return Section(
        id=f"{place}-people",
        title=f"{scale.label}: people beside items",
        reading=(
            "θ of people by weighted likelihood. lz* says how likely a person's answers are at their θ; were "
            "all to answer by the model, one in twenty would be below the limit. A low value asks for a "
            "second look and leaves nobody out."
        ),
        tables=(
            Table(title="How far people are apart", headers=("figure", "value"), rows=tuple(rows)),
            Table(title="People and items", headers=drawn.headers, rows=drawn.rows, figure=drawn),
        ),
    )
