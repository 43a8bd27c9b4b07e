"""What evidence lets a report say beside its figures: how precise they are, and that they may be compared.

The evidence is that of the registry when the wave closes, kept with the base table. It changes no figure.
What is said on its strength is computed from what the report publishes anyway, but for two things of each
part: a number of people in fives, of the facet that the fewest answered, which its errors of measurement
tell, and which facets fewer than 20 answered where the part has more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Lacking = Literal["evidence", "population", "language", "origin", "error", "lapsed", "not recorded"]
"""Why there is none: no evidence of the last stage; it is of another population than the study declares, or
not of every language that was offered; the answers came from a file; it was added before errors of
measurement were part of it; it held at the close and no longer does; the report is from before any was looked
for.
"""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The evidence about a form, in every language in which it was offered, as it held at the close."""

    seals: tuple[str, ...]
    """Of the dossiers."""
    population: str
    errors: Mapping[str, float]
    """The standard error of measurement of one person's score, from 0 to 100, by the score's id."""
