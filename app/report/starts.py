"""Where a discussion of a report could begin: a few topics, each with one action, by one rule.

The rule is a function of published figures alone, so everybody with the same figures is shown the same, and
what is shown tells nothing that the figures do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from analysis.disclosure.base_table import Scheme
from analysis.disclosure.change import goes_beyond
from analysis.disclosure.release import Change, Figure, Node, Untold
from app.figures.wording import STRENGTH, format_change, format_figure, how_precise, how_sure
from app.report.compared import BEYOND, WITHIN
from app.templating import Page
from instrument import Action

MOST: Final = 3
RULE: Final = (
    "These are the topics with the largest figures, three at the most, each with the action of the strongest "
    "evidence. Of equal ones the earlier in the list is taken. Nothing but published figures decides it; a "
    "few points more or less say little, so choose otherwise if you know better."
)


@dataclass(frozen=True)
class Advice:
    action: str
    dots: str
    strength: str
    evidence: str


@dataclass(frozen=True)
class Start:
    """A topic to begin with: what was asked and said of it, and what could be tried."""

    title: str
    said: str
    asked: tuple[str, ...]
    action: Advice | None
    since: str = ""
    """What it was in the collection before, where evidence lets that be said."""


@dataclass(frozen=True, kw_only=True)
class DiscussionPage(Page):
    """A page to discuss from: what was asked, what was said, what could be tried, who does what by when."""

    template: ClassVar[str] = "report/discussion.html"
    stage: str
    title: str
    study: str
    people: str
    reading: str
    safety: str | None
    rule: str
    starts: tuple[Start, ...]
    report: str
    """The address of the report that it is from."""
    slides: str
    may_compare: bool


@dataclass(frozen=True, kw_only=True)
class Slides(DiscussionPage):
    template: ClassVar[str] = "report/slides.html"


def starts(scheme: Scheme, node: Node, actions: Sequence[Action]) -> tuple[Start, ...]:
    """Return the topics with the largest published figures, each with the action of the best evidence.

    Parameters
    ----------
    scheme
        The facets, in the order in which ties are broken.
    node
        What is published of a unit, or of everybody.
    actions
        What could be tried, in the order in which ties are broken.

    Returns
    -------
    tuple of Start
        At most three; none where the questionnaire has no actions.
    """
    if not actions:
        return ()
    facets = {facet.id: facet for facet in scheme.facets}
    told = [each for each in node.facets if isinstance(each.figure, Figure) and each.id in facets]
    ordered = sorted(told, key=lambda each: -each.figure.value)  # type: ignore[union-attr]  # told has figures alone
    return tuple(
        Start(
            facets[each.id].title,
            _said(each.figure, each.error),  # type: ignore[arg-type]
            tuple(item.sentence for item in facets[each.id].items),
            _best(each.id, actions),
            _since(node, each.id),
        )
        for each in ordered[:MOST]
    )


def advice_of(action: Action) -> Advice:
    """Return an action with its mark of evidence."""
    return Advice(action.action, *STRENGTH[action.strength], action.evidence)


def _said(figure: Figure, error: float | None) -> str:
    sure = how_sure(figure)
    precise = f", error of measurement {how_precise(error)}" if error is not None else ""
    return f"{format_figure(figure)} of 100".capitalize() + (f", {sure}" if sure else "") + precise


def _since(node: Node, facet: str) -> str:
    if not isinstance(node.change, Change):
        return ""
    before, less = (
        next(each for each in lines if each.id == facet) for lines in (node.change.before, node.change.lines)
    )
    if isinstance(before.figure, Untold):
        return ""
    told = BEYOND if goes_beyond(less) else WITHIN
    return (
        f"In collection {node.change.ordinal} it was {format_figure(before.figure)}: "
        f"{format_change(less.figure)}, {told}"
    )


def _best(facet: str, actions: Sequence[Action]) -> Advice | None:
    of_facet = [each for each in actions if each.facet == facet]
    return advice_of(max(of_facet, key=lambda each: each.strength)) if of_facet else None
