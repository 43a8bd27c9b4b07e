"""The estimators of a factor model: what each minimises, and how standard errors and tests follow."""

from dataclasses import dataclass
from typing import Final, Literal

Estimator = Literal["ML", "MLR", "MLM", "GLS", "ULS", "WLS", "DWLS", "WLSMV", "ULSMV"]
Errors = Literal["expected", "sandwich", "robust"]
Test = Literal["standard", "yuan-bentler", "satorra-bentler", "scaled-shifted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What an estimator does.

    `discrepancy` is "normal" theory, or least squares with a weight: "normal weight" (of the sample
    covariances), "identity", "diagonal" or "full" (inverse of the statistics' asymptotic covariance, or of
    its diagonal). `ordered` says whether it serves ordered items, continuous ones, or both.
    """

    discrepancy: Literal["normal", "normal weight", "identity", "diagonal", "full"]
    errors: Errors
    test: Test
    ordered: frozenset[bool]
    words: str


_ORDERED: Final = frozenset({True})
_CONTINUOUS: Final = frozenset({False})
_BOTH: Final = frozenset({True, False})

RECIPES: Final[dict[Estimator, Recipe]] = {
    "ML": Recipe(
        discrepancy="normal",
        errors="expected",
        test="standard",
        ordered=_CONTINUOUS,
        words="maximum likelihood",
    ),
    "MLR": Recipe(
        discrepancy="normal",
        errors="sandwich",
        test="yuan-bentler",
        ordered=_CONTINUOUS,
        words="maximum likelihood with robust (sandwich) errors and the Yuan-Bentler test",
    ),
    "MLM": Recipe(
        discrepancy="normal",
        errors="robust",
        test="satorra-bentler",
        ordered=_CONTINUOUS,
        words="maximum likelihood with robust errors and the Satorra-Bentler test",
    ),
    "GLS": Recipe(
        discrepancy="normal weight",
        errors="expected",
        test="standard",
        ordered=_CONTINUOUS,
        words="generalised least squares",
    ),
    "ULS": Recipe(
        discrepancy="identity",
        errors="expected",
        test="standard",
        ordered=_BOTH,
        words="unweighted least squares",
    ),
    "WLS": Recipe(
        discrepancy="full",
        errors="expected",
        test="standard",
        ordered=_BOTH,
        words="weighted least squares",
    ),
    "DWLS": Recipe(
        discrepancy="diagonal",
        errors="expected",
        test="standard",
        ordered=_ORDERED,
        words="diagonally weighted least squares",
    ),
    "WLSMV": Recipe(
        discrepancy="diagonal",
        errors="robust",
        test="scaled-shifted",
        ordered=_ORDERED,
        words="diagonally weighted least squares with robust errors and the scaled and shifted test",
    ),
    "ULSMV": Recipe(
        discrepancy="identity",
        errors="robust",
        test="scaled-shifted",
        ordered=_ORDERED,
        words="unweighted least squares with robust errors and the scaled and shifted test",
    ),
}
