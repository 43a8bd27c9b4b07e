"""Which sections a report has after its scales: an entry is a function of the answers."""

from collections.abc import Callable
from typing import Final

from analysis.report.document import Answers, Section
from analysis.report.sections.reliability import bounds, ordinal, subscales, total
from analysis.report.sections.responses import careless, distributions, missing
from analysis.report.sections.structure import correlations, dimensions, factorability, factors, scalability

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
