"""Sections on reliability: bounds, ordinal coefficients, the total, and the added value of subscales."""

from typing import Final

from analysis.estimate import Unavailable
from analysis.reliability.composite import added_value, heterotrait_monotrait
from analysis.reliability.omega_hierarchical import Hierarchy, omega_hierarchical
from analysis.report.answers import Answers, ScaleAnswers
from analysis.report.coefficients import computed, side_by_side, with_intervals
from analysis.report.document import Section, Table, Value, missing_figures, value_of

TOGETHER: Final = "all items together"
NOTHING_SHARED: Final = Unavailable(reason="not defined", detail="there is no communality to share")


def bounds(answers: Answers) -> Section:
    """Show lower bounds and other figures of the one-factor model beside alpha and omega."""
    scales = _with_total(answers)
    return Section(
        id="bounds",
        title="Other coefficients of the same rows",
        reading=(
            "Each lambda is a lower bound to the reliability of the sum; lambda 3 is alpha. Lambda 4 and the "
            "greatest lower bound capitalise on chance in small samples. Composite reliability, variance "
            "extracted and maximal reliability are those of the one-factor model by maximum likelihood."
        ),
        tables=(
            side_by_side("Guttman's lambdas", "lambdas", scales),
            side_by_side(
                "Split halves, the greatest lower bound, and the one-factor model", "bounds", scales
            ),
        ),
    )


def _with_total(answers: Answers) -> dict[str, ScaleAnswers]:
    """Return, by its label, each scale that shares no item, and all items where there are several scales."""
    scales = {answers.label(name): answers.scale(items) for name, items in answers.scales.items()}
    return {**scales, TOGETHER: answers.total} if len(scales) > 1 else scales


def ordinal(answers: Answers) -> Section:
    """Show the coefficients for ordered categories."""
    return Section(
        id="ordinal",
        title="Coefficients of ordered answers",
        reading=(
            "Categorical omega (Green and Yang) is about the sum of the answers as they are added up. "
            "Ordinal alpha is about normal variables behind the answers, which nobody scores, and is "
            "usually the larger for that."
        ),
        tables=(
            side_by_side(
                "From polychoric correlations of the complete rows", "ordinal", _with_total(answers)
            ),
        ),
    )


def total(answers: Answers) -> Section:
    """Show the items of all scales as one: alpha, omega, and the share of a general factor."""
    title = "The total of all scales"
    if len(answers.scales) < 2:  # noqa: PLR2004 - one scale is its own total
        return Section(id="total", title=title, reading="There is one scale alone.")
    names, scale = answers.scored, answers.total
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
            f"The {len(names)} items of all scales as one sum, over {scale.n} complete rows. Omega "
            "hierarchical is the share of the total that one general factor makes, by a Schmid-Leiman "
            f"solution with as many group factors as there are scales ({len(answers.scales)}), pair by pair "
            f"over every answer. Omega total supposes one factor, and says little of items that have several."
            f"{notes}"
        ),
        tables=(
            with_intervals("Reliability of the total", computed(scale)),
            _hierarchy(hierarchy),
            *_schmid_leiman(hierarchy),
        ),
    )


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
    """Show the loadings behind the shares, and the omegas of each group factor's own items."""
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
            float(general**2 / h2) if h2 > 0 else NOTHING_SHARED,
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
    common, unique = first.communalities.sum(), first.uniquenesses.sum()
    share = float(variances[0] / common) if common > 0 else NOTHING_SHARED
    rows.append(("variance", *map(float, variances), float(common), float(unique), share))
    place = dict(zip(first.names, solution.membership, strict=True))
    return (
        Table(
            title="Schmid-Leiman loadings on a general factor and on what is left of the group factors",
            headers=("item", "general", *groups, "communality", "uniqueness", "general's share of it"),
            rows=tuple(rows),
        ),
        Table(
            title="Loadings of the group factors on the general one",
            headers=("factor", "loading"),
            rows=tuple(zip(groups, map(float, solution.second_order), strict=True)),
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
    """Show whether each subscale adds value to the total, and how distinct any two of them are."""
    title = "Whether the subscales say more than their total"
    if len(answers.scales) < 2:  # noqa: PLR2004 - one scale is its own total
        return Section(id="subscales", title=title, reading="There is one scale alone.")
    columns = list(answers.scored)
    places = {name: [columns.index(item) for item in items] for name, items in answers.scales.items()}
    scale = answers.total
    basis = scale.data if isinstance(scale.moments, Unavailable) else scale.moments
    values, ratios = added_value(basis, places), heterotrait_monotrait(basis, places)
    added = [
        missing_figures(answers.label(name), v, 3)
        if isinstance(v, Unavailable)
        else (answers.label(name), v.subscale, v.total, "yes" if v.adds_value else "no")
        for name, v in values.items()
    ]
    pairs = [(f"{answers.label(a)}, {answers.label(b)}", value_of(ratio)) for (a, b), ratio in ratios.items()]
    return Section(
        id="subscales",
        title=title,
        reading=(
            f"Over {scale.n} rows with every answer. A subscale's own score is worth showing "
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
