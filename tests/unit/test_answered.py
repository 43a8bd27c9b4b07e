"""How many answered is said in bands, and never that all did."""

import pytest

from app.closing.answered import HIGHEST, TOO_FEW, band


@pytest.mark.parametrize(
    ("answers", "codes", "said"),
    [
        (0, 40, "under 25 %"),
        (9, 40, "under 25 %"),
        (10, 40, "25 to 49 %"),
        (19, 40, "25 to 49 %"),
        (20, 40, "50 to 74 %"),
        (29, 40, "50 to 74 %"),
        (30, 40, HIGHEST),
        (40, 40, HIGHEST),
        (9, 9, TOO_FEW),
        (0, 0, TOO_FEW),
    ],
)
def test_the_bands(answers: int, codes: int, said: str) -> None:
    assert band(answers, codes, 10) == said
