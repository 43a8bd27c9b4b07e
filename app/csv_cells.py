"""Cells of CSV files that no spreadsheet takes for a formula."""

import re
from typing import Final

Cell = int | float | str | None

# Where a cell begins in any spreadsheet: elsewhere a semicolon or a tab may part the cells.
_OPENS_A_FORMULA: Final = re.compile("(?:^|(?<=[;\t\r\n]))(?= *[-=+@\t\r\n\0＝＋－＠])")  # noqa: RUF001


def cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _OPENS_A_FORMULA.sub("'", value)
    return str(value) if isinstance(value, int) else f"{value:.12g}"
