"""Columns chosen by a line of words: names, quoted names, ranges and beginnings of names."""

import re
from collections.abc import Sequence
from typing import Final

from analysis.files.table import Table, TableError

_TOKEN: Final = re.compile(r"""\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^,]*))\s*(?:,|$)""")
_NUMBERED: Final = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_PARTS: Final = re.compile(r"[/:.\-]")  # between a group and its question, as ODK and Kobo write them


def chosen_columns(said: str, table: Table) -> tuple[str, ...]:
    """Return the columns that a line of words names, each once, in its order.

    Parameters
    ----------
    said
        Names separated by commas; a name that holds a comma stands in quotes. `q1-q8` are the columns
        numbered from 1 to 8 or, where the two names differ in more than a number, all from one to the other
        in the order of the file; `q*` are all that begin so. A name finds its column whatever the case and
        the group before it (`group/q1`).
    table
        The table.

    Raises
    ------
    TableError
        No column has the name, more than one has, or one is named twice.
    """
    names = [*table.columns, *table.unusable]
    chosen: list[str] = []
    for token, quoted in _tokens(said):
        chosen += [column_named(token, table)] if quoted else _columns(token, names, table)
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    if twice:
        raise TableError(f"{', '.join(twice)} is named more than once; name each column once")
    if not chosen:
        raise TableError("no column is named; give names parted by commas, as in q1,q2 or q1-q8")
    for name in chosen:
        table.column(name)
    return tuple(chosen)


def column_named(said: str, table: Table) -> str:
    """Return the column of this name, as the file spells it; TableError where there is none, or several."""
    found = columns_named(said, table)
    if len(found) > 1:
        raise TableError(f"{said} may be {' or '.join(found)}; give the whole name")
    if not found:
        table.column(said)
    return found[0]


def columns_named(said: str, table: Table) -> list[str]:
    """Return the columns that a name may mean, those that cannot be used among them."""
    return _found(said, [*table.columns, *table.unusable])


def _found(said: str, names: Sequence[str]) -> list[str]:
    """Return the columns that a name may mean: exactly, in other case, or within a group."""
    if said in names:
        return [said]
    folded = " ".join(said.split()).casefold()
    alike = [name for name in names if name.casefold() == folded]
    return alike or [name for name in names if _PARTS.split(name)[-1].casefold() == folded]


def _tokens(said: str) -> list[tuple[str, bool]]:
    """Return the names of a line, and whether each stood in quotes."""
    tokens, place = [], 0
    while place < len(said):
        match = _TOKEN.match(said, place)
        if match is None or match.end() == place:
            raise TableError(
                f"{said[place:]!r} cannot be read as names; close the quote, part them by commas"
            )
        double, single, bare = match.groups()
        if bare is None:
            tokens.append(
                (double.replace('""', '"') if double is not None else single.replace("''", "'"), True)
            )
        elif bare.strip():
            tokens.append((bare.strip(), False))
        place = match.end()
    return tokens


def _columns(token: str, names: Sequence[str], table: Table) -> list[str]:
    if token in names:
        return [token]
    if token.endswith("*"):
        begin = token[:-1].casefold()
        found = [name for name in names if name.casefold().startswith(begin)]
        if not found:
            raise TableError(f"{table.file} has no column that begins with {token[:-1]}")
        return found
    for place in (match.start() for match in re.finditer("[-:–]", token)):
        first, last = token[:place].strip(), token[place + 1 :].strip()
        numbered = _range(first, last)
        if numbered:
            return [column_named(name, table) for name in numbered]
        ends = [_found(end, names) for end in (first, last)]
        if all(len(end) == 1 for end in ends):
            low, high = (names.index(end[0]) for end in ends)
            return list(names[min(low, high) : max(low, high) + 1])
    return [column_named(token, table)]


def _range(first: str, last: str) -> list[str]:
    """Return the names from one to the other where they differ in one number alone; none otherwise."""
    low, high = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if low is None or high is None:
        return []
    # q1-8 is short for q1-q8.
    begins = high[1] in {low[1], ""}
    if not begins or low[3] != high[3] or int(low[2]) > int(high[2]):
        return []
    width = len(low[2]) if low[2].startswith("0") else 0
    return [f"{low[1]}{place:0{width}d}{low[3]}" for place in range(int(low[2]), int(high[2]) + 1)]
