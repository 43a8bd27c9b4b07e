"""Cells of CSV files that no spreadsheet reads as a formula."""

import re
from typing import Final

Cell = int | float | str | None

# Wherever a cell may begin in a spreadsheet: some separate cells by semicolons or tabs.
_OPENS_A_FORMULA: Final = re.compile("(?:^|(?<=[;\t\r\n]))(?= *[-=+@\t\r\n\0＝＋－＠])")  # noqa: RUF001


def cell(value: Cell) -> str:
    """Return the text of a cell; one that a spreadsheet would run gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _OPENS_A_FORMULA.sub("'", value)
    return str(value) if isinstance(value, int) else f"{value:.12g}"
