"""What a report says on the strength of evidence: how precise it is, units side by side, a change.

All of it is made of the figures that the report publishes anyway. Units stand in the order of their names: an
order by figures would be a ranking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from analysis.disclosure.basis import Basis, Lacking
from analysis.disclosure.change import FEWEST, goes_beyond
from analysis.disclosure.release import Change, FacetLine, Figure, NoChange, Node, Report, Untold
from app.figures.plot import Line, line
from app.figures.wording import format_change, format_figure, how_precise, how_sure
from app.languages import english_day

STANDARD_ERRORS: Final = 1.96
LEAST_UNITS: Final = 2
LACKING: Final[Mapping[Lacking, str]] = {
    "evidence": "When this collection closed, the register held no evidence that would allow it, and "
    "evidence that comes later changes nothing in this report.",
    "population": "When this collection closed, the register held such evidence, but not of the people of "
    "this study: evidence of one population says nothing of another.",
    "language": "When this collection closed, the register held such evidence, but not in every language in "
    "which people could answer.",
    "origin": "These answers came in as a file. What was shown to those people is not known here, so no "
    "evidence counts for them.",
    "error": "When this collection closed, the register held such evidence, but without the errors of "
    "measurement: it was added before they were part of it, and has to be added again.",
    "not recorded": "This report was made before such evidence was looked for, and evidence that comes later "
    "changes nothing in it.",
    "lapsed": "The evidence that allowed it when the collection closed was withdrawn, or the questionnaire "
    "has changed since.",
}
NO_CHANGE: Final[Mapping[str, str]] = {
    "first": "No change is shown: this is the first collection of the study.",
    "not closed": "No change is shown: the collection before had not closed when this one did.",
    "no report": "No change is shown: the report of the collection before is not there any more, or cannot "
    "be read.",
    "other words": "No change is shown: the collection before asked something else, or in other words, or "
    "was scored by another key, or its answers came from a file.",
    "other units": "No change is shown: the collection before showed nothing of just these units.",
    "too few people": f"No change can be told: it takes {FEWEST} people in both collections.",
}
TOO_FEW_UNITS: Final = (
    f"No units are laid side by side: it takes {LEAST_UNITS} of them with {FEWEST} people or more each."
)
BEYOND: Final = "more than chance and error make by themselves"
WITHIN: Final = "no change can be told"
OF_FEW: Final = f"fewer than {FEWEST} answered"


@dataclass(frozen=True)
class BesideRow:
    unit: str
    text: str
    how_sure: str
    error: str


@dataclass(frozen=True)
class Beside:
    """A facet, or a total, of several units."""

    title: str
    lines: tuple[Line, ...]
    rows: tuple[BesideRow, ...]


@dataclass(frozen=True)
class ChangeRow:
    label: str
    before: str
    now: str
    change: str
    how_sure: str
    error: str
    told: str


@dataclass(frozen=True)
class Changed:
    ordinal: int
    closed_on: str
    said: str
    """Of which figures a change can be told."""
    lines: tuple[Line, ...]
    rows: tuple[ChangeRow, ...]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What evidence adds to a page; where it adds nothing of a kind, the reason in a sentence."""

    precision: str
    beside: tuple[Beside, ...]
    no_beside: str
    left_out: str
    """Which units are not laid beside the others, and why."""
    changed: Changed | None
    no_change: str


def compared(report: Report, node: Node, below: Sequence[Node]) -> Compared | None:
    """Return what evidence adds to the page of a part; `below` are the parts right below it, by name."""
    basis = report.about.basis
    if basis is None:
        return None
    titles = report.scheme.titles()
    enough = [each for each in below if each.n >= FEWEST]
    laid = len(enough) >= LEAST_UNITS
    changed = _changed(node, node.change, titles) if isinstance(node.change, Change) else None
    return Compared(
        precision=precision(basis, [each.id for each in (*node.facets, *node.totals)]),
        beside=_beside(enough, titles) if laid else (),
        no_beside=TOO_FEW_UNITS if below and not laid else "",
        left_out=_left_out([each.title for each in below if each.n < FEWEST]) if laid else "",
        changed=changed,
        no_change=NO_CHANGE[node.change.reason] if isinstance(node.change, NoChange) else "",
    )


def precision(basis: Basis, scores: Sequence[str]) -> str:
    """Say how far error moves one person's figures, and what change is within it.

    A figure lies within ±1.96 SEM of the one without error. Two answers of an unchanged person each have an
    error, so they differ by up to √2 times as much.
    """
    known = [basis.errors[each] for each in scores if each in basis.errors]
    if not known:
        return ""
    moves = _range([STANDARD_ERRORS * each for each in known])
    within = _range([STANDARD_ERRORS * 2**0.5 * each for each in known])
    return (
        f"Of one person, a figure lies within ± {moves} points of what it would be without error, 95 times "
        "in 100 (1.96 standard errors of measurement). Two answers of a person in whom nothing has changed "
        f"differ by fewer than {within} points (√2 times as much), so a smaller change than this, the "
        "smallest that can be detected, is within error. Of several people together, error moves a figure by "
        "what stands beside it as its error of measurement."
    )


def _range(several: Sequence[float]) -> str:
    low, high = f"{min(several):.1f}", f"{max(several):.1f}"
    return low if low == high else f"{low} to {high}"


def _beside(nodes: Sequence[Node], titles: Mapping[str, str]) -> tuple[Beside, ...]:
    several = [[(node.title, each) for each in (*node.facets, *node.totals)] for node in nodes]
    return tuple(
        Beside(
            titles[of_all[0][1].id],
            tuple(
                Line(label=unit, text=OF_FEW) if each.of_few else line(unit, each.figure)
                for unit, each in of_all
            ),
            tuple(_beside_row(unit, each) for unit, each in of_all),
        )
        for of_all in zip(*several, strict=True)
    )


def _beside_row(unit: str, of: FacetLine) -> BesideRow:
    if of.of_few:
        return BesideRow(unit, OF_FEW, "", "")
    return BesideRow(unit, format_figure(of.figure), how_sure(of.figure), how_precise(of.error))


def _left_out(units: Sequence[str]) -> str:
    return f"Not beside them, with fewer than {FEWEST} people: {'; '.join(units)}." if units else ""


def _changed(node: Node, change: Change, titles: Mapping[str, str]) -> Changed:
    totals = {each.id for each in node.totals}
    both = list(zip((*node.facets, *node.totals), change.before, change.lines, strict=True))
    told = [titles[less.id] for less in change.lines if goes_beyond(less)]
    return Changed(
        change.ordinal,
        english_day(date.fromisoformat(change.closed_on)),
        f"A change can be told of: {'; '.join(told)}." if told else "Of no figure a change can be told.",
        tuple(
            _way(titles[now.id], now.figure, before.figure, is_total=now.id in totals)
            for now, before, _ in both
        ),
        tuple(_row(titles[now.id], now, before, less) for now, before, less in both),
    )


def _way(label: str, now: Figure | Untold, before: Figure | Untold, *, is_total: bool) -> Line:
    """Return a row with an open dot for then and a filled one for now, where both are exact."""
    made = line(label, now, is_total=is_total)
    if isinstance(now, Untold) or isinstance(before, Untold):
        return Line(label=label, text="cannot be shown", is_total=is_total)
    if (now.bound, before.bound) != ("exact", "exact"):
        return replace(made, reach=None, dot=None, arrow=None, text="see the table")
    return replace(made, reach=None, before=f"{before.value:g}%", text=f"{before.value:.1f}, now {made.text}")


def _row(label: str, now: FacetLine, before: FacetLine, less: FacetLine) -> ChangeRow:
    return ChangeRow(
        label,
        format_figure(before.figure),
        format_figure(now.figure),
        format_change(less.figure),
        how_sure(less.figure),
        how_precise(less.error),
        BEYOND if goes_beyond(less) else WITHIN,
    )
