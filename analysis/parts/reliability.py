"""How consistently scores rank people: bounds, ordinal coefficients, the total, and what subscales add."""

from typing import Final

from analysis.bounds import greatest_lower_bound, guttman_lambda, split_half
from analysis.composite import (
    added_value,
    average_variance_extracted,
    composite_reliability,
    heterotrait_monotrait,
    maximal_reliability,
)
from analysis.estimate import Estimate, Matrix, Unavailable
from analysis.hierarchy import Hierarchy, omega_hierarchical
from analysis.moments import moments
from analysis.omega import alpha_and_omega, mcdonald_omega
from analysis.onefactor import one_factor
from analysis.ordinal import categorical_omega, ordinal_alpha
from analysis.reliability import cronbach_alpha, standardised_alpha
from analysis.section import Answers, Section, Table, Value, missing_figures, value_of

RESAMPLES: Final = 2000
TOGETHER: Final = "all items together"
LAMBDAS: Final = tuple(f"lambda{number}" for number in range(1, 7))
LAMBDA_HEADERS: Final = ("scale", *(name.replace("lambda", "lambda ") for name in LAMBDAS))
OTHER_HEADERS: Final = (
    "scale",
    "highest split-half",
    "mean split-half",
    "greatest lower bound",
    "composite reliability",
    "variance extracted",
    "maximal reliability",
)


def bounds(answers: Answers) -> Section:
    """Set lower bounds and the one-factor model's other figures beside alpha and omega."""
    parts = _with_total(answers)
    return Section(
        id="bounds",
        title="Other coefficients of the same rows",
        reading=(
            "Each lambda is a lower bound to the reliability of the sum; lambda 3 is alpha. Lambda 4 and the "
            "greatest lower bound capitalise on chance in small samples. Composite reliability, variance "
            "extracted and maximal reliability are those of the one-factor model by maximum likelihood."
        ),
        tables=(
            Table(
                title="Guttman's lambdas",
                headers=LAMBDA_HEADERS,
                rows=tuple(_lambdas(name, X) for name, X in parts.items()),
            ),
            Table(
                title="Split halves, the greatest lower bound, and the one-factor model",
                headers=OTHER_HEADERS,
                rows=tuple(
                    _others(name, X, items)
                    for (name, X), items in zip(
                        parts.items(), [*answers.scales.values(), list(answers.scored)], strict=False
                    )
                ),
            ),
        ),
    )


def _with_total(answers: Answers) -> dict[str, Matrix]:
    """Return the keyed items of each scale that stands alone, and of all of them where they are several."""
    parts = {answers.label(name): answers.columns(items) for name, items in answers.scales.items()}
    return {**parts, TOGETHER: answers.total} if len(parts) > 1 else parts


def _lambdas(name: str, X: Matrix) -> tuple[Value, ...]:
    found = moments(X)
    if isinstance(found, Unavailable):
        return missing_figures(name, found, LAMBDA_HEADERS)
    lambdas = guttman_lambda(found)
    return (name, *(value_of(lambdas[each]) for each in LAMBDAS))


def _others(name: str, X: Matrix, items: list[str]) -> tuple[Value, ...]:
    found = moments(X)
    if isinstance(found, Unavailable):
        return missing_figures(name, found, OTHER_HEADERS)
    halves = split_half(found)
    fit = one_factor(found.covariance, names=items)
    by_model = tuple(
        fit if isinstance(fit, Unavailable) else each(fit.loadings, fit.uniquenesses)
        for each in (composite_reliability, average_variance_extracted, maximal_reliability)
    )
    ends = (halves, halves) if isinstance(halves, Unavailable) else (halves.highest.value, halves.mean.value)
    return (name, *ends, value_of(greatest_lower_bound(found)), *by_model)


def ordinal(answers: Answers) -> Section:
    """Give the coefficients that know the answers for ordered categories."""
    rows = []
    for name, X in _with_total(answers).items():
        alpha, omega = ordinal_alpha(X), categorical_omega(X)
        n = next((each.n for each in (omega, alpha) if isinstance(each, Estimate)), None)
        rows.append((name, value_of(omega), value_of(alpha), n))
    return Section(
        id="ordinal",
        title="Coefficients of ordered answers",
        reading=(
            "Categorical omega (Green and Yang) is about the sum of the answers as they are added up. "
            "Ordinal alpha is about normal variables behind the answers, which nobody scores, and is "
            "usually the larger for that."
        ),
        tables=(
            Table(
                title="From polychoric correlations of the complete rows",
                headers=("scale", "categorical omega", "ordinal alpha", "n"),
                rows=tuple(rows),
            ),
        ),
    )


def total(answers: Answers) -> Section:
    """Judge the items of all scales as one: alpha, omega, and how much of the total is one thing."""
    title = "The total of all scales"
    if len(answers.scales) < 2:  # noqa: PLR2004 - one scale is its own total
        return Section(id="total", title=title, reading="There is one scale alone.")
    X, names = answers.total, answers.scored
    found = moments(X)
    basis = X if isinstance(found, Unavailable) else found
    resampled = alpha_and_omega(basis, resamples=RESAMPLES, names=names)
    coefficients = {
        "alpha": cronbach_alpha(basis),
        "alpha, bootstrap interval": resampled[0],
        "alpha, standardised": standardised_alpha(basis),
        "omega total": mcdonald_omega(basis, names=names),
        "omega total, bootstrap interval": resampled[1],
    }
    hierarchy = omega_hierarchical(
        answers.counts.take([answers.items.index(i) for i in names]), len(answers.scales)
    )
    notes = (
        ""
        if isinstance(hierarchy, Unavailable)
        else "".join(f" {note[0].upper()}{note[1:]}." for note in hierarchy.solution.notes)
    )
    return Section(
        id="total",
        title=title,
        reading=(
            f"The {len(names)} items of all scales as one sum, over {len(X)} complete rows. Omega "
            "hierarchical is the share of the total that one general factor makes, by a Schmid-Leiman "
            f"solution with as many group factors as there are scales ({len(answers.scales)}), pair by pair "
            f"over every answer. Omega total supposes one factor, and says little of items that have several."
            f"{notes}"
        ),
        tables=(
            Table(
                title="Reliability of the total",
                headers=("coefficient", "value", "low", "high", "n"),
                rows=tuple(coefficient(name, figure) for name, figure in coefficients.items()),
            ),
            _hierarchy(hierarchy),
            *_schmid_leiman(hierarchy),
        ),
    )


def coefficient(words: str, figure: Estimate | Unavailable) -> tuple[Value, ...]:
    """Return a row of a table of coefficients with their intervals."""
    if isinstance(figure, Unavailable):
        return (words, figure, None, None, None)
    return (words, figure.value, figure.low, figure.high, figure.n)


def _hierarchy(found: Hierarchy | Unavailable) -> Table:
    words = {
        "omega_h": "omega hierarchical",
        "omega_total": "omega total, of standardised items",
        "omega_limit": "omega hierarchical over omega total",
        "ecv": "explained common variance (ECV)",
        "puc": "uncontaminated correlations (PUC)",
    }
    rows = [
        (said, found if isinstance(found, Unavailable) else getattr(found, name))
        for name, said in words.items()
    ]
    return Table(title="How much of the total is one thing", headers=("figure", "value"), rows=tuple(rows))


def _schmid_leiman(found: Hierarchy | Unavailable) -> tuple[Table, ...]:
    """Return the loadings behind the shares, and what each group factor makes of its own items' sum."""
    if isinstance(found, Unavailable):
        return ()
    solution, first = found.solution, found.solution.first_order
    groups = [f"F{j + 1}" for j in range(first.n_factors)]
    rows: list[tuple[Value, ...]] = [
        (
            name,
            float(general),
            *map(float, own),
            float(h2),
            float(u2),
            float(general**2 / h2) if h2 > 0 else None,
        )
        for name, general, own, h2, u2 in zip(
            first.names,
            solution.general,
            solution.groups,
            first.communalities,
            first.uniquenesses,
            strict=True,
        )
    ]
    variances = (solution.general**2).sum(), *(solution.groups**2).sum(axis=0)
    rows.append(("variance", *map(float, variances), None, None, None))
    rows.append(("loading on the general one", None, *map(float, solution.second_order), *[None] * 3))
    place = dict(zip(first.names, solution.membership, strict=True))
    return (
        Table(
            title="Schmid-Leiman loadings on a general factor and on what is left of the group factors",
            headers=("item", "general", *groups, "communality", "uniqueness", "general's share of it"),
            rows=tuple(rows),
        ),
        Table(
            title="The items of each group factor as a scale: shares of the variance of their sum",
            headers=("factor", "items that load most on it", "all factors", "general", "its own"),
            rows=tuple(
                (groups[place[each.items[0]]], ", ".join(each.items), each.total, each.general, each.group)
                for each in found.groups
            ),
        ),
    )


def subscales(answers: Answers) -> Section:
    """Judge whether each subscale says more than their total, and how far apart any two of them are."""
    title = "Whether the subscales say more than their total"
    if len(answers.scales) < 2:  # noqa: PLR2004 - one scale is its own total
        return Section(id="subscales", title=title, reading="There is one scale alone.")
    columns = list(answers.scored)
    places = {name: [columns.index(item) for item in items] for name, items in answers.scales.items()}
    found = moments(answers.total)
    basis = answers.total if isinstance(found, Unavailable) else found
    values, ratios = added_value(basis, places), heterotrait_monotrait(basis, places)
    added = [
        (answers.label(name), v, v, None)
        if isinstance(v, Unavailable)
        else (answers.label(name), v.subscale, v.total, "yes" if v.adds_value else "no")
        for name, v in values.items()
    ]
    pairs = [(f"{answers.label(a)}, {answers.label(b)}", value_of(ratio)) for (a, b), ratio in ratios.items()]
    return Section(
        id="subscales",
        title=title,
        reading=(
            f"Over {len(answers.total)} rows with every answer. A subscale's own score is worth showing "
            "where it tells its true score better than the total does (Haberman). A heterotrait-monotrait "
            "ratio near one says that two scales are hard to tell apart."
        ),
        tables=(
            Table(
                title="Reduction of error in a subscale's true score (PRMSE)",
                headers=("scale", "from its own score", "from the total", "adds value"),
                rows=tuple(added),
            ),
            Table(title="Heterotrait-monotrait ratios", headers=("scales", "ratio"), rows=tuple(pairs)),
        ),
    )
