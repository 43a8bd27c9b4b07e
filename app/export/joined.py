"""One table of two linked waves: a row for each person who is in both.

It tells nothing that the exports of the two waves do not tell together, by the same pair_id: what is known of
people beside their answers is left out, which a linked wave withholds anyway.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from app.export.rows import PAIR_ID, Cells, DoesNotFit, Microdata
from instrument import Column

OF_BOTH: Final = frozenset({PAIR_ID, "simulated", "form_hash", "key_revision", "code_version"})
"""What is the same of a person, or of everybody, in both waves."""
ANSWERED: Final = frozenset({"raw", "keyed", "score", "answered"})


def joined(earlier: Microdata, later: Microdata) -> Microdata:
    """Join the rows that share an id; the columns of answers are called as they are, and 1 and 2.

    Raises
    ------
    DoesNotFit
        If no row is linked.
    """
    places = [_places(each) for each in (earlier, later)]
    ids = [each for each in places[0] if each in places[1]]
    if not ids:
        raise DoesNotFit(f"no row of {earlier.wave!r} is linked with one of {later.wave!r}")
    columns: list[Column] = []
    cells: list[Cells] = []
    for ordinal, data in enumerate((earlier, later), start=1):
        order = np.array([places[ordinal - 1][each] for each in ids])
        for column, held in zip(data.columns, data.cells, strict=True):
            if column.name in OF_BOTH and ordinal == 1:
                columns.append(column)
                cells.append(held[order])
            elif column.kind in ANSWERED:
                said = f"{data.wave}: {column.label}"
                columns.append(replace(column, name=f"{column.name}_{ordinal}", label=said))
                cells.append(held[order])
    return replace(
        earlier,
        wave=f"{earlier.wave}_{later.wave}",
        columns=tuple(columns),
        cells=tuple(cells),
        n=len(ids) // 5 * 5,
    )


def _places(data: Microdata) -> dict[str, int]:
    """Where the row of each linked person is."""
    if PAIR_ID not in [column.name for column in data.columns]:
        return {}
    return {str(each): place for place, each in enumerate(data.column(PAIR_ID)) if each is not None}
