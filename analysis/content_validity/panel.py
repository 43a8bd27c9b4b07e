"""What a panel's sheets say of each item and of each part: votes, indices, and what the rule asks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.content_validity.indices import (
    LEAST_SORTED,
    ScaleContentValidity,
    asked_share,
    content_validity_ratio,
    critical_votes,
    item_content_validity,
    modified_kappa,
    reaches,
    scale_content_validity,
)
from analysis.content_validity.reading import Judgement, Rater
from analysis.content_validity.sheet import RELEVANT_FROM, Sheet, Statement
from analysis.estimate import Estimate, Unavailable

Figure = Estimate | Unavailable
ENOUGH_LIVED: Final = 5
"""People with lived experience from whom an index of their own is asked."""


@dataclass(frozen=True, kw_only=True)
class ItemVotes:
    """The indices of one item; `elsewhere` is the part that most others sorted it to, if any did."""

    statement: Statement
    relevance: Figure
    kappa: Figure
    lived: Figure
    clarity: Figure
    ratio: Figure
    essential: int
    needed: int | Unavailable
    sorted: Figure
    elsewhere: str | None
    by_role: Mapping[str, Figure]
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The raters, the items, and the indices of the whole and its parts, of all and of those who live it."""

    raters: tuple[Rater, ...]
    items: tuple[ItemVotes, ...]
    scales: Mapping[str, tuple[ScaleContentValidity, ScaleContentValidity]]

    @property
    def lived(self) -> tuple[Rater, ...]:
        """The raters who have been in the position of the people who will answer."""
        return tuple(each for each in self.raters if each.background.get("lived") == "yes")


WHOLE: Final = "whole"


def panel(sheet: Sheet, raters: Sequence[Rater]) -> Panel:
    """Return the indices of every item and part from a panel's sheets."""
    lived = [each for each in raters if each.background.get("lived") == "yes"]
    parts = {WHOLE: [each.item for each in sheet.statements]}
    parts |= {
        facet: [each.item for each in sheet.statements if each.facet == facet] for facet in sheet.facets
    }
    return Panel(
        raters=tuple(raters),
        items=tuple(_item(sheet, each, raters, lived) for each in sheet.by_facet),
        scales={
            part: (_scale(raters, items), _lived_scale(lived, items))
            for part, items in parts.items()
            if items
        },
    )


def _item(sheet: Sheet, statement: Statement, raters: Sequence[Rater], lived: Sequence[Rater]) -> ItemVotes:
    said = [each.judgements[statement.item] for each in raters]
    relevance = _shared([each.relevance for each in said])
    of_lived = [each.judgements[statement.item].relevance for each in lived]
    lived_share = _shared(of_lived) if _count(of_lived) >= ENOUGH_LIVED else _few_lived(_count(of_lived))
    clarity = _shared([each.clarity for each in said])
    needs = [each.need for each in said if each.need is not None]
    essential = needs.count("essential")
    sorted_, elsewhere = _sorted(statement, said)
    return ItemVotes(
        statement=statement,
        relevance=relevance,
        kappa=_kappa([each.relevance for each in said]),
        lived=lived_share,
        clarity=clarity,
        ratio=content_validity_ratio(essential, len(needs)),
        essential=essential,
        needed=critical_votes(len(needs)),
        sorted=sorted_,
        elsewhere=elsewhere,
        by_role=_by_role(statement, raters),
        reasons=tuple(
            reason
            for reason in (
                _short_of("relevance", relevance),
                _short_of("relevance to people with lived experience", lived_share),
                _short_of("clarity", clarity),
                _sorted_elsewhere(sheet, sorted_, elsewhere),
            )
            if reason
        ),
    )


def _shared(degrees: Sequence[int | None]) -> Figure:
    given = [each for each in degrees if each is not None]
    return item_content_validity(sum(each >= RELEVANT_FROM for each in given), len(given))


def _kappa(degrees: Sequence[int | None]) -> Figure:
    given = [each for each in degrees if each is not None]
    return modified_kappa(sum(each >= RELEVANT_FROM for each in given), len(given))


def _count(degrees: Sequence[int | None]) -> int:
    return sum(each is not None for each in degrees)


def _few_lived(n: int) -> Unavailable:
    return Unavailable(
        reason="too few rows", detail=f"{n} raters with lived experience of at least {ENOUGH_LIVED}"
    )


def _sorted(statement: Statement, said: Sequence[Judgement]) -> tuple[Figure, str | None]:
    if statement.facet is None:
        return Unavailable(reason="not defined", detail="the sentence belongs to no part"), None
    places = [each.sorted for each in said if each.sorted is not None]
    others = Counter(place for place in places if place != statement.facet)
    most = max(others.items(), key=lambda each: (each[1], each[0]))[0] if others else None
    return item_content_validity(places.count(statement.facet), len(places)), most


def _by_role(statement: Statement, raters: Sequence[Rater]) -> dict[str, Figure]:
    roles = dict.fromkeys(each.background.get("role", "not said") for each in raters)
    return {
        role: _shared(
            [
                each.judgements[statement.item].relevance
                for each in raters
                if each.background.get("role", "not said") == role
            ]
        )
        for role in sorted(roles)
    }


def _short_of(what: str, figure: Figure) -> str | None:
    if isinstance(figure, Unavailable):
        return None
    asked = asked_share(figure.n)
    if isinstance(asked, Unavailable) or reaches(figure.value, asked):
        return None
    return f"{what} {figure.value:.2f} of {figure.n}, asked is {asked:.2f}"


def _sorted_elsewhere(sheet: Sheet, figure: Figure, elsewhere: str | None) -> str | None:
    if isinstance(figure, Unavailable) or reaches(figure.value, LEAST_SORTED):
        return None
    place = sheet.facets[elsewhere].title if elsewhere and elsewhere in sheet.facets else "no part"
    return f"sorted to its part by {figure.value:.2f}, asked is {LEAST_SORTED:.2f}; others: {place}"


def _scale(raters: Sequence[Rater], items: Sequence[str]) -> ScaleContentValidity:
    votes = [
        [
            np.nan if degree is None else float(degree >= RELEVANT_FROM)
            for degree in (each.judgements[item].relevance for item in items)
        ]
        for each in raters
    ]
    return scale_content_validity(np.array(votes).reshape(len(raters), len(items)))


def _lived_scale(lived: Sequence[Rater], items: Sequence[str]) -> ScaleContentValidity:
    if len(lived) < ENOUGH_LIVED:
        why = _few_lived(len(lived))
        return ScaleContentValidity(average=why, universal=why)
    return _scale(lived, items)
