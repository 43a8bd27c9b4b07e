"""The coefficients of a scale, in one table: a new one is a function and a line, for every format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from analysis.estimate import Estimate, Matrix, Unavailable
from analysis.moments import Moments
from analysis.reliability.alpha import cronbach_alpha, standardised_alpha
from analysis.reliability.composite import (
    average_variance_extracted,
    composite_reliability,
    maximal_reliability,
)
from analysis.reliability.lower_bounds import greatest_lower_bound
from analysis.reliability.omega import mcdonald_omega
from analysis.reliability.ordinal import categorical_omega, ordinal_alpha
from analysis.report.answers import ScaleAnswers
from analysis.report.document import Table, Value, missing_figures, value_of

Figure = Estimate | Unavailable
Shown = Literal["scale", "lambdas", "bounds", "ordinal"]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of a scale: its name in a table, the function that computes it, and where it is shown.

    `shown` is "scale" for the table with intervals that each scale and the total have, or the name of a table
    that sets the scales side by side: "lambdas", "bounds" or "ordinal".
    """

    label: str
    compute: Callable[[ScaleAnswers], Figure]
    shown: Shown = "scale"


def _of(found: Moments | Unavailable, coefficient: Callable[[Moments], Figure]) -> Figure:
    """Return the coefficient of these moments, or the reason why there are none."""
    return found if isinstance(found, Unavailable) else coefficient(found)


def _omega(scale: ScaleAnswers) -> Figure:
    return _of(scale.moments, lambda found: mcdonald_omega(found, names=scale.items))


def _guttman(number: int) -> Callable[[ScaleAnswers], Figure]:
    return lambda scale: scale.lambdas[f"lambda{number}"]


def _highest_split(scale: ScaleAnswers) -> Figure:
    return scale.halves if isinstance(scale.halves, Unavailable) else scale.halves.highest


def _mean_split(scale: ScaleAnswers) -> Figure:
    return scale.halves if isinstance(scale.halves, Unavailable) else scale.halves.mean


def _of_one_factor(coefficient: Callable[[Matrix, Matrix], float]) -> Callable[[ScaleAnswers], Figure]:
    """Return the function of a scale that gives a coefficient of its one-factor model."""

    def compute(scale: ScaleAnswers) -> Figure:
        fit = scale.one_factor
        if isinstance(fit, Unavailable):
            return fit
        return Estimate(
            value=coefficient(fit.loadings, fit.uniquenesses),
            n=scale.n,
            k=scale.k,
            method="one-factor model by maximum likelihood, complete rows",
        )

    return compute


# Tables, JSON and pages show these coefficients, in this order.
COEFFICIENTS: Final[dict[str, Coefficient]] = {
    "alpha": Coefficient("Alpha", lambda scale: _of(scale.moments, cronbach_alpha)),
    "alpha_bootstrap": Coefficient("Alpha, bootstrap interval", lambda scale: scale.resampled[0]),
    "alpha_pairwise": Coefficient("Alpha, pairwise", lambda scale: _of(scale.pairwise, cronbach_alpha)),
    "alpha_standardised": Coefficient(
        "Alpha, standardised", lambda scale: _of(scale.moments, standardised_alpha)
    ),
    "omega": Coefficient("Omega total", _omega),
    "omega_bootstrap": Coefficient("Omega total, bootstrap interval", lambda scale: scale.resampled[1]),
    "lambda1": Coefficient("lambda 1", _guttman(1), "lambdas"),
    "lambda2": Coefficient("lambda 2", _guttman(2), "lambdas"),
    "lambda3": Coefficient("lambda 3", _guttman(3), "lambdas"),
    "lambda4": Coefficient("lambda 4", _guttman(4), "lambdas"),
    "lambda5": Coefficient("lambda 5", _guttman(5), "lambdas"),
    "lambda6": Coefficient("lambda 6", _guttman(6), "lambdas"),
    "split_half_highest": Coefficient("highest split-half", _highest_split, "bounds"),
    "split_half_mean": Coefficient("mean split-half", _mean_split, "bounds"),
    "greatest_lower_bound": Coefficient(
        "greatest lower bound", lambda scale: _of(scale.moments, greatest_lower_bound), "bounds"
    ),
    "composite": Coefficient("composite reliability", _of_one_factor(composite_reliability), "bounds"),
    "variance_extracted": Coefficient(
        "variance extracted", _of_one_factor(average_variance_extracted), "bounds"
    ),
    "maximal": Coefficient("maximal reliability", _of_one_factor(maximal_reliability), "bounds"),
    "categorical_omega": Coefficient(
        "categorical omega", lambda scale: categorical_omega(scale.data, names=scale.items), "ordinal"
    ),
    "ordinal_alpha": Coefficient(
        "ordinal alpha", lambda scale: ordinal_alpha(scale.data, names=scale.items), "ordinal"
    ),
}

HEADLINES: Final = ("alpha", "omega")  # of all scales, at the head of a report


def shown_in(place: Shown) -> dict[str, Coefficient]:
    """Return the coefficients that are shown in a place, by their names."""
    return {name: each for name, each in COEFFICIENTS.items() if each.shown == place}


def computed(scale: ScaleAnswers) -> dict[str, Figure]:
    """Return the coefficients of a scale's own table, by their names."""
    return {name: each.compute(scale) for name, each in shown_in("scale").items()}


def with_intervals(title: str, figures: Mapping[str, Figure]) -> Table:
    """Return a scale's own coefficients as a table, one a row, each with its interval."""
    headers = ("coefficient", "value", "low", "high", "n")
    rows = (with_limits(COEFFICIENTS[name].label, figure) for name, figure in figures.items())
    return Table(title=title, headers=headers, rows=tuple(rows))


def side_by_side(title: str, place: Shown, scales: Mapping[str, ScaleAnswers]) -> Table:
    """Return the coefficients of a place as a table: a row for each scale, by label, a column for each."""
    shown = shown_in(place)
    return Table(
        title=title,
        headers=("scale", *(each.label for each in shown.values()), "n"),
        rows=tuple(
            (label, *(value_of(each.compute(scale)) for each in shown.values()), scale.n)
            for label, scale in scales.items()
        ),
    )


def with_limits(name: str, figure: Figure) -> tuple[Value, ...]:
    """Return a row of a table of figures: name, value, the ends of the interval, n."""
    if isinstance(figure, Unavailable):
        return missing_figures(name, figure, 4)
    return (name, figure.value, *figure.limits, figure.n)
