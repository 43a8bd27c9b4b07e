"""The bounds that a validation programme is held to, each with its source; a plan may name stricter ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

COSMIN: Final = "COSMIN (Prinsen et al. 2018; Terwee et al. 2018; Mokkink et al. 2018)"
OWN: Final = "decided by this project"

Way = Literal["at least", "at most"]


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What a figure must reach or must not exceed; `cosmin` where the rule is COSMIN's own."""

    id: str
    phase: int
    way: Way
    value: float
    words: str
    source: str

    @property
    def cosmin(self) -> bool:
        """Whether the rule is COSMIN's."""
        return self.source.startswith("COSMIN")

    def holds(self, figure: float) -> bool:
        """Whether a figure keeps the bound."""
        return figure >= self.value if self.way == "at least" else figure <= self.value

    def stricter(self, value: float) -> bool:
        """Whether another value is at least as strict."""
        return value >= self.value if self.way == "at least" else value <= self.value

    def __str__(self) -> str:
        return f"{self.way} {self.value:g}"


def _bounds(*rows: tuple[str, int, Way, float, str, str]) -> Mapping[str, Bound]:
    return MappingProxyType(
        {
            name: Bound(id=name, phase=phase, way=way, value=value, words=words, source=source)
            for name, phase, way, value, words, source in rows
        }
    )


THRESHOLDS: Final = _bounds(
    ("elicited", 1, "at least", 7, "people interviewed in each population", OWN),
    ("coders", 1, "at least", 2, "people who coded", OWN),
    ("panel_n", 2, "at least", 9, "members of the panel", "Lynn 1986"),
    ("panel_lived", 2, "at least", 5, "members with lived experience", OWN),
    ("icvi", 2, "at least", 0.78, "I-CVI of every item, of 9 members or more", "Lynn 1986"),
    ("scvi", 2, "at least", 0.90, "S-CVI/Ave", "Polit and Beck 2006"),
    ("interviews_n", 3, "at least", 7, "people interviewed", OWN),
    ("rounds", 3, "at least", 2, "rounds of interviews", OWN),
    ("understood", 3, "at least", 0.85, "share of readings understood as intended, every item", OWN),
    ("serious", 3, "at most", 0, "serious problems in the last round", OWN),
    ("pilot_n", 4, "at least", 50, "people in the pilot", OWN),
    ("missing", 4, "at most", 0.05, "share left unanswered, every item", OWN),
    ("does_not_apply", 4, "at most", 0.10, "share to whom an item does not apply", OWN),
    ("item_rest", 4, "at least", 0.20, "correlation of every item with the rest of its scale", OWN),
    (
        "inter_item",
        4,
        "at least",
        0.15,
        "mean inter-item correlation of every scale",
        OWN,
    ),
    ("inter_item_most", 4, "at most", 0.60, "mean inter-item correlation of every scale", OWN),
    ("floor", 4, "at most", 0.15, "share at the lowest score", OWN),
    ("ceiling", 4, "at most", 0.15, "share at the highest score", OWN),
    ("exploratory_n", 5, "at least", 300, "people in the exploratory sample", OWN),
    ("kmo", 5, "at least", 0.70, "KMO", OWN),
    ("loading", 5, "at least", 0.40, "highest loading of every item", OWN),
    ("cross_loading", 5, "at least", 0.20, "gap to the next loading of every item", OWN),
    ("confirmatory_n", 6, "at least", 500, "people in the confirmatory sample", OWN),
    ("cfi", 6, "at least", 0.95, "CFI of the primary model", OWN),
    ("rmsea", 6, "at most", 0.06, "RMSEA of the primary model", OWN),
    ("srmr", 6, "at most", 0.08, "SRMR of the primary model", OWN),
    ("cosmin_fit", 6, "at least", 1, "CFI or TLI above .95, or RMSEA below .06, or SRMR below .08", COSMIN),
    ("residual", 6, "at most", 0.20, "largest residual correlation", OWN),
    ("consistency_n", 7, "at least", 100, "people for internal consistency", OWN),
    ("alpha", 7, "at least", 0.70, "Cronbach's alpha of every scale", COSMIN),
    ("omega", 7, "at least", 0.70, "categorical omega of every scale", OWN),
    ("redundant", 7, "at most", 0.95, "alpha of every scale, above which items repeat each other", OWN),
    ("retest_n", 8, "at least", 100, "people who did not change", OWN),
    ("icc", 8, "at least", 0.70, "ICC(2,1) of every score", COSMIN),
    ("hypotheses_n", 9, "at least", 200, "people for the hypotheses", OWN),
    ("group_n", 10, "at least", 200, "people in every group", OWN),
    ("steps", 10, "at least", 1, "steps of the ladder within the limits (1 where all are)", "Chen 2007"),
    ("dif", 10, "at most", 0.02, "McFadden's R² that a group adds to any item", COSMIN),
    ("confirmed", 9, "at least", 0.75, "share of the hypotheses that hold", OWN),
    ("response_n", 11, "at least", 500, "people for the graded response model", OWN),
    ("scalability", 11, "at least", 0.30, "H of every scale", COSMIN),
    ("q3", 11, "at most", 0.37, "largest Q3 of any scale", COSMIN),
    ("unlikely", 11, "at most", 0.05, "share of people whose answers the models find unlikely", OWN),
    ("infit_low", 11, "at least", 0.5, "infit and outfit of every item", COSMIN),
    ("infit_high", 11, "at most", 1.5, "infit and outfit of every item", COSMIN),
    ("change_n", 12, "at least", 50, "people before and after", COSMIN),
    ("anchor_r", 12, "at least", 0.50, "correlation of the change with the anchor", OWN),
    ("dyads_n", 13, "at least", 100, "pairs of people", OWN),
)
