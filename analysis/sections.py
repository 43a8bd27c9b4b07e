"""Which sections a report has after its scales: an entry is a function of the answers."""

from collections.abc import Callable
from typing import Final

from analysis.parts.answers import careless, distributions, missing
from analysis.parts.reliability import bounds, ordinal, subscales, total
from analysis.parts.structure import correlations, dimensions, factorability, factors, scalability
from analysis.section import Answers, Section

# Every format shows whatever stands here, in this order.
SECTIONS: Final[dict[str, Callable[[Answers], Section]]] = {
    "distributions": distributions,
    "missing": missing,
    "bounds": bounds,
    "ordinal": ordinal,
    "total": total,
    "subscales": subscales,
    "correlations": correlations,
    "factorability": factorability,
    "dimensions": dimensions,
    "factors": factors,
    "scalability": scalability,
    "careless": careless,
}

# Those that take no longer than a page may.
QUICK: Final = ("distributions", "missing", "bounds", "subscales", "scalability")
