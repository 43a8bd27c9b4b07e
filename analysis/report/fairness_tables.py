"""Fairness of items and scores of groups as tables, a drawing, and JSON."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, Final

import numpy as np

from analysis.estimate import Estimate, Unavailable
from analysis.graphics.charts import Figure, intervals
from analysis.group_comparison.known_groups import KnownGroups
from analysis.inference.significance import SignificanceTest
from analysis.invariance.differential_item_functioning import SMALLEST_GROUP, ItemFairness, ItemsFairness
from analysis.invariance.likelihood_ratio import ItemDifferences
from analysis.invariance.nested_logits import EFFECTS, NestedLogits
from analysis.report.document import Section, Table, Value, missing_figures

MATCHED: Final = {
    "total": "the sum of {} of the items, and of the one in question",
    "rest": "the sum of {} of the items, without the one in question",
    "theta": "the position under a graded response model of {} of the items, and of the one in question",
}


def compared(name: str, title: str, found: ItemsFairness | Unavailable) -> Section:
    """Return the section of a scale's items in two groups."""
    if isinstance(found, Unavailable):
        return Section(id=name, title=title, reading=f"Items are not compared because {found.why}.")
    return Section(
        id=name,
        title=title,
        reading=_reading(found),
        tables=(_differences(found), _tests(found), _within(found), _scale_effect(found)),
    )


def _reading(found: ItemsFairness) -> str:
    first, second = found.groups
    who = f"{found.n[0]} people of {first} and {found.n[1]} of {second}."
    if min(found.n) < SMALLEST_GROUP:
        return f"{who} A group is smaller than {SMALLEST_GROUP}: effects are shown, and no verdict is given."
    matched = f"Matched by {MATCHED[found.matching].format(len(found.anchors))}."
    if not found.flagged:
        return f"{who} No item was found to be answered differently by people who stand alike. {matched}"
    settled = "" if found.settled else " The search for items that match people did not come to rest."
    return (
        f"{who} Answered differently by people who stand alike: {', '.join(found.flagged)} "
        f"({len(found.flagged)} of {len(found.items)}). {matched}{settled}"
    )


def _differences(found: ItemsFairness) -> Table:
    first, second = found.groups
    headers = ("item", "difference", "low", "high", "of either sign", "log odds", "low", "high", "verdict")
    rows = tuple(
        (
            item.name,
            *_ends(item.difference),
            _of(item, lambda fit: fit.mean_difference(absolute=True)),
            *_ends(item.log_odds),
            item.verdict or "no verdict",
        )
        for item in found.items
    )
    return Table(
        title=f"Expected answers of {second} less those of {first} who stand alike",
        headers=headers,
        rows=rows,
        figure=_drawn(found),
    )


def _drawn(found: ItemsFairness) -> Figure | None:
    """Draw the expected differences of the items that have one."""
    known = {i.name: i.difference for i in found.items if isinstance(i.difference, Estimate)}
    if not known:
        return None
    farthest = max(abs(end) for e in known.values() for end in (e.low or 0.0, e.high or 0.0))
    edge = max(ceil(farthest * 2) / 2, 0.5)
    first, second = found.groups
    return intervals(
        [*known],
        [e.value for e in known.values()],
        [e.low for e in known.values()],
        [e.high for e in known.values()],
        axis=(-edge, edge),
        title=f"Fairness of items: {second} beside {first}",
        reading=(
            "The dot is how much higher (to the right) or lower the second group is expected to answer than "
            "people of the first who stand alike, in points of the answer; the line is its 95 % interval. In "
            "the middle there is no difference."
        ),
        ends=(f"{second} answers lower", f"{second} answers higher"),
        write=lambda value: f"{value:.2f}".replace("0.", ".", 1).replace("-", "\u2212"),
    )


def _tests(found: ItemsFairness) -> Table:
    headers = (
        "item",
        "chi-square",
        "p",
        "p (Holm)",
        "p, shifted",
        "p, other slope",
        "McFadden change",
        "low",
        "high",
        "Nagelkerke change",
    )
    rows = tuple(
        (
            item.name,
            _of(item, lambda fit: fit.chi_square("total").statistic),
            _of(item, lambda fit: fit.chi_square("total").p),
            item.logits if isinstance(item.logits, Unavailable) else item.p_holm,
            _of(item, lambda fit: fit.chi_square("uniform").p),
            _of(item, lambda fit: fit.chi_square("nonuniform").p),
            *_ends(item.r2_change),
            _of(item, lambda fit: fit.nagelkerke(2) - fit.nagelkerke(0)),
        )
        for item in found.items
    )
    return Table(title="Cumulative logit models: any difference, and its kinds", headers=headers, rows=rows)


def _within(found: ItemsFairness) -> Table:
    headers = ("item", "generalised", "p", "Mantel", "p", "mean difference", "low", "high", "scores")
    rows: list[tuple[Value, ...]] = []
    for item in found.items:
        inside = item.mantel_haenszel
        if isinstance(inside, Unavailable):
            rows.append(missing_figures(item.name, inside, len(headers) - 1))
            continue
        tests = [cell for test in (inside.generalised, inside.mantel) for cell in _test(test)]
        rows.append((item.name, *tests, *_ends(inside.difference), inside.strata))
    return Table(title="Within equal sums: Mantel-Haenszel", headers=headers, rows=tuple(rows))


def _scale_effect(found: ItemsFairness) -> Table:
    rows = (("sum of the items", *_ends(found.difference), found.sd),)
    return Table(
        title="What the items that differ do to the score",
        headers=("score", "difference", "low", "high", "sd of the score"),
        rows=rows,
    )


def in_a_model(name: str, title: str, found: ItemDifferences | Unavailable) -> Section:
    """Return the section of a scale's items in a graded response model of two groups."""
    if isinstance(found, Unavailable):
        return Section(id=name, title=title, reading=f"Items are not tested because {found.why}.")
    first, second = found.groups
    let = ", ".join(found.differing)
    said = f"Let differ while the others are tested: {let}." if let else "No item was found to differ."
    headers = ("item", "chi-square", "df", "p", "p (Holm)", "difference", "of either sign")
    rows: list[tuple[Value, ...]] = []
    for item in found.items:
        if isinstance(item.test, Unavailable):
            rows.append(missing_figures(item.name, item.test, len(headers) - 1))
            continue
        effects = (item.difference, item.absolute_difference)
        test = (item.test.statistic, item.test.df or 0, item.test.p)
        rows.append((item.name, *test, item.p_holm, *effects))
    return Section(
        id=name,
        title=title,
        reading=(
            f"{found.n[0]} people of {first} and {found.n[1]} of {second}, whose position has mean "
            f"{found.mean:.2f} and standard deviation {found.sd:.2f} where it is 0 and 1 in {first}. Each "
            f"item is tested by the likelihood ratio of a curve for each group to one for both. {said} With "
            f"fewer than {SMALLEST_GROUP} people in a group the test finds little."
        ),
        tables=(Table(title="Likelihood ratio of one curve and two", headers=headers, rows=tuple(rows)),),
    )


def scored(name: str, label: str, found: KnownGroups | Unavailable) -> Section:
    """Return the section of a scale's scores in all groups."""
    title = f"{label}: scores of the groups"
    if isinstance(found, Unavailable):
        said = f"Scores are not compared because {found.why}."
        return Section(id=name, title=title, reading=said)
    sizes = Table(
        title="Means of the items",
        headers=("group", "n", "mean", "sd"),
        rows=tuple((g.label, g.n, g.mean, g.sd) for g in found.groups),
    )
    effects = ("Hedges' g", "low", "high", "Cliff's delta", "low", "high")
    pairs = Table(
        title="Second less first",
        headers=("second", "first", "difference", "low", "high", "p (Holm)", *effects),
        rows=tuple(
            (
                p.second,
                p.first,
                *_turned(p.difference),
                p.welch if isinstance(p.welch, Unavailable) else p.p_holm,
                *_turned(p.hedges_g),
                *_turned(p.cliffs_delta),
            )
            for p in found.pairs
        ),
    )
    whole = Table(
        title="All groups at once",
        headers=("test", "statistic", "p"),
        rows=(
            ("analysis of variance", *_test(found.anova)),
            ("Welch", *_test(found.welch)),
            ("Kruskal-Wallis", *_test(found.kruskal_wallis)),
        ),
    )
    shares = Table(
        title="Share of the variance that lies between the groups",
        headers=("figure", "value", "low", "high"),
        rows=(
            ("omega squared", *_ends(found.omega_squared)),
            ("eta squared", *_ends(found.eta_squared)),
        ),
    )
    return Section(
        id=name,
        title=title,
        reading="A difference of scores is one of standing only as far as the items are fair.",
        tables=(sizes, pairs, whole, shares),
    )


def _of(item: ItemFairness, figure: Callable[[NestedLogits], float]) -> Value:
    return item.logits if isinstance(item.logits, Unavailable) else figure(item.logits)


def _ends(figure: Estimate | Unavailable) -> tuple[Value, Value, Value]:
    return (figure, figure, figure) if isinstance(figure, Unavailable) else (figure.value, *figure.limits)


def _turned(figure: Estimate | Unavailable) -> tuple[Value, Value, Value]:
    """Return a difference the other way round, as those of the items are."""
    if isinstance(figure, Unavailable):
        return figure, figure, figure
    if figure.low is None or figure.high is None:
        return -figure.value, *figure.limits
    return -figure.value, -figure.high, -figure.low


def _test(test: SignificanceTest | Unavailable) -> tuple[Value, Value]:
    return (test, test) if isinstance(test, Unavailable) else (test.statistic, test.p)


def fairness_json(found: ItemsFairness | Unavailable) -> Any:
    """Return the comparison of two groups as JSON holds it."""
    if isinstance(found, Unavailable):
        return {"unavailable": found.why}
    return {
        "groups": dict(zip(found.groups, found.n, strict=True)),
        "anchors": found.anchors,
        "settled": found.settled,
        "difference": plain(found.difference),
        "sd": found.sd,
        "items": {item.name: _item_json(item) for item in found.items},
    }


def _item_json(item: ItemFairness) -> Any:
    fit = item.logits
    if isinstance(fit, Unavailable):
        return {"unavailable": fit.why, "mantel_haenszel": plain(item.mantel_haenszel)}
    return {
        "tests": {effect: plain(fit.chi_square(effect)) for effect in EFFECTS},
        "p_holm": item.p_holm,
        "log_likelihoods": [fit.null, *(model.log_likelihood for model in fit.models)],
        "mcfadden": [fit.mcfadden(m) for m in range(3)],
        "nagelkerke": [fit.nagelkerke(m) for m in range(3)],
        "mcfadden_change": plain(item.r2_change),
        "log_odds": plain(item.log_odds),
        "difference": plain(item.difference),
        "difference_of_either_sign": fit.mean_difference(absolute=True),
        "mantel_haenszel": plain(item.mantel_haenszel),
        "verdict": item.verdict,
    }


def plain(found: Any) -> Any:
    """Return results as JSON has them: reasons for what is unavailable, null for a number that is none."""
    if isinstance(found, Unavailable):
        return {"unavailable": found.why}
    if hasattr(found, "__dataclass_fields__"):
        return {name: plain(getattr(found, name)) for name in found.__dataclass_fields__}
    if isinstance(found, Mapping):
        return {name: plain(value) for name, value in found.items()}
    if isinstance(found, tuple | list):
        return [plain(value) for value in found]
    return None if isinstance(found, float) and not np.isfinite(found) else found
