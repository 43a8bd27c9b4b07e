"""Answers to items chosen by name: any columns of any file, without a questionnaire's folder."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from analysis.estimate import Matrix
from analysis.files.answer_cells import folded, number
from analysis.files.item_names import chosen_columns
from analysis.files.read_table import read_table
from analysis.files.table import Table, TableError
from analysis.report.dataset import Dataset
from analysis.report.fitted import is_simulated
from analysis.report.row_checks import checked, far_codes, refuse_correlations
from instrument import LEFT_BLANK, MISSING_LABELS, named_items

MOST_CODES: Final = 101
_RANGE: Final = re.compile(r"\s*(-?\d+)\s*[-:–]\s*(-?\d+)\s*")
_CODED: Final = re.compile(r"(-?\d+)\s*=\s*(\S.*)")
_NOTHING: Final = re.compile(r'\s*(?:"([^"]*)"|\'([^\']*)\'|([^,]*))\s*(?:,|$)')


@dataclass(frozen=True, kw_only=True)
class Named:
    """What was asked for on the command line, each field as it was typed there.

    `items` and `reverse` are names of columns; `codes` a range (1-5), numbers, or words, counted from 1 or
    with their codes (0=Never); `missing` codes and texts that mean no answer; `method` and `min_answered` are
    those of the score.
    """

    items: str
    reverse: str = ""
    codes: str = ""
    missing: str = ""
    method: Literal["pomp", "mean", "sum"] = "mean"
    min_answered: int | None = None


def read_named(file: Path, named: Named) -> Dataset:
    """Read the named columns of a file as a questionnaire of one scale.

    Raises
    ------
    TableError
        A column is not there, or a cell is no answer; the message names the row.
    DatasetError
        The rows are those of a correlation matrix.
    """
    return of_table(read_table(file), named)


def of_table(table: Table, named: Named) -> Dataset:
    """Take the named columns of a table as a questionnaire of one scale."""
    names = chosen_columns(named.items, table)
    turned = _turned(named.reverse, names, table)
    _refuse_too_many(named, len(names))
    words, allowed = _codes(named.codes)
    if not allowed:
        table = _with_one_order(table, names)
    X = _answers(table, names, named.missing, words, allowed)
    refuse_correlations(X, str(table.file))
    codes, told = (allowed, "") if allowed else _codes_of(table, names, X)
    instrument = named_items(
        f"{len(names)} items of {table.file.name}",
        names,
        codes,
        reversed_items=turned,
        method=named.method,
        min_answered=named.min_answered or int((~np.isnan(X)).any(axis=0).sum()),
    )
    dataset = Dataset(
        instrument=instrument,
        form=instrument.forms["items"],
        codes=np.where(np.isnan(X), LEFT_BLANK, X),
        simulated=is_simulated(table),
        table=table,
        rows=np.arange(table.n),
        own=_own(named, turned, codes, told),
        notes=(*table.notes, *_lettered(table, names)),
    )
    found = checked(dataset)
    far = [] if allowed else far_codes(X)
    return replace(found, notes=(*found.notes, *map(far_note, far)))


def far_note(code: float) -> str:
    """Say of a code that it may be no answer."""
    return (
        f"{code:g} stands far from the other codes and is counted as an answer; if it is none, say so with "
        f"--missing {code:g}."
    )


def _refuse_too_many(named: Named, k: int) -> None:
    """Raise TableError where a score would need more answers than there are, or a sum fewer."""
    least = named.min_answered
    if least is not None and least > k:
        raise TableError(f"--min-answered is {least}, and there are {k} items")
    if least is not None and least < k and named.method == "sum":
        raise TableError(f"a sum needs every answer: leave out --min-answered, or give {k}; or take the mean")


def _own(named: Named, turned: Sequence[str], codes: Sequence[float], told: str) -> str:
    none = ", ".join([*(str(code) for code in sorted(MISSING_LABELS, reverse=True) if code not in codes)])
    missing = f"{none} and {named.missing}" if named.missing else none
    around = f"Turned round: {', '.join(turned)}{told}." if turned else "Nothing is turned round."
    return f"Columns as they stand in the file. {around} {missing} are no answers."


def _turned(said: str, names: Sequence[str], table: Table) -> tuple[str, ...]:
    turned = chosen_columns(said, table) if said else ()
    others = [name for name in turned if name not in names]
    if others:
        raise TableError(f"--reverse names {', '.join(others)}, which --items does not; name it there too")
    return turned


def _codes(said: str) -> tuple[dict[str, float] | None, tuple[float, ...]]:
    """Return codes by their words, and the codes there can be; neither where nothing was said."""
    if not said.strip():
        return None, ()
    span = _RANGE.fullmatch(said)
    if span:
        low, high = int(span[1]), int(span[2])
        if not 1 <= high - low < MOST_CODES:
            raise TableError(f"--codes {said}: give the lowest code first, and at most {MOST_CODES} codes")
        return None, tuple(float(code) for code in range(low, high + 1))
    each_said = listed(said)
    by_word = words_of_codes(said)
    words = {folded(word): code for word, code in by_word.items()}
    codes = {*words.values()} if by_word else {code for one in each_said if (code := number(one)) is not None}
    if not 2 <= len(each_said) == len(codes) == len(words or codes):  # noqa: PLR2004 - a scale has two
        raise TableError(f"--codes {said}: name two codes or more, each once, the lowest first")
    return words or None, tuple(sorted(codes))


def words_of_codes(said: str) -> dict[str, float]:
    """Return the codes that are said by words, by these words; none where they are numbers, or not said.

    Examples
    --------
    >>> words_of_codes("Never, Often"), words_of_codes("0=Never, 1=Often"), words_of_codes("1,2")
    ({'Never': 1.0, 'Often': 2.0}, {'Never': 0.0, 'Often': 1.0}, {})
    """
    each_said = listed(said)
    coded = [match for each in each_said if (match := _CODED.fullmatch(each))]
    if coded and len(coded) == len(each_said):
        return {match[2]: float(match[1]) for match in coded}
    if _RANGE.fullmatch(said) or all(number(each) is not None for each in each_said):
        return {}
    return {word: float(place) for place, word in enumerate(each_said, start=1)}


def listed(said: str) -> list[str]:
    """Return what commas part on the command line, in quotes where one of them holds a comma."""
    found = [
        next((part for part in match.groups() if part is not None), "") for match in _NOTHING.finditer(said)
    ]
    return [part.strip() for part in found if part.strip()]


def _with_one_order(table: Table, names: Sequence[str]) -> Table:
    """Return a table whose ordered categories have the same order, and so the same codes, in all items."""
    orders = {name: [folded(each) for each in table.ordered[name]] for name in names if name in table.ordered}
    if not orders:
        return table
    longest = max(orders, key=lambda name: len(orders[name]))
    whole = orders[longest]
    for name, order in orders.items():
        places = [whole.index(each) if each in whole else -1 for each in order]
        if -1 in places or places != sorted(places):
            raise TableError(
                f"{table.file}: the ordered categories of {name} do not fit those of the other items; give "
                "all items the same categories, or say them with --codes"
            )
    return replace(table, ordered={**table.ordered, **dict.fromkeys(orders, table.ordered[longest])})


def _answers(
    table: Table,
    names: Sequence[str],
    missing: str,
    words: Mapping[str, float] | None,
    allowed: Sequence[float],
) -> Matrix:
    said = listed(missing)
    numbers = [code for each in said if (code := number(each)) is not None]
    none = [code for code in MISSING_LABELS if code not in allowed]
    X = table.matrix(
        names, missing=(*numbers, *none, *(each for each in said if number(each) is None)), words=words
    )
    wrong = np.argwhere(~np.isnan(X) & ~np.isin(X, allowed)) if allowed else np.empty((0, 2), np.intp)
    if len(wrong):
        row, item = wrong[0]
        raise TableError(
            f"{table.file}, row {row + 1}, {names[item]}: {X[row, item]:g} is none of the codes "
            f"{min(allowed):g} to {max(allowed):g}; correct it, or say that it is no answer with --missing"
        )
    return X


def _codes_of(table: Table, names: Sequence[str], X: Matrix) -> tuple[tuple[float, ...], str]:
    """Return the codes of the items: of value labels where they cover all answers, else as they occur."""
    values = np.unique(X[~np.isnan(X)])
    labelled = sorted({float(code) for name in names for code in _answer_codes(table, name)})
    if len(labelled) > 1 and np.isin(values, labelled).all():
        return tuple(labelled), ""
    if not values.size:
        return (0.0, 1.0), ""
    low, high = float(values[0]), float(values[-1])
    told = f" within {low:g} to {high:g}, the lowest and the highest answer there is"
    if (values == np.round(values)).all() and high - low < MOST_CODES:
        return tuple(float(code) for code in range(int(low), int(high) + 1)), told
    return tuple(values.tolist()), told


def _answer_codes(table: Table, name: str) -> list[float]:
    """Return the codes of a column's value labels, without those that are no answers."""
    ranges = table.missing.get(name, ())
    codes = [*table.words.get(name, {}), *range(1, 1 + len(table.ordered.get(name, ())))]
    return [
        float(code)
        for code in codes
        if code not in MISSING_LABELS and not any(low <= code <= high for low, high in ranges)
    ]


def _lettered(table: Table, names: Sequence[str]) -> list[str]:
    letters = sorted({letters for name in names if (letters := table.lettered(name))})
    return [f"{each}1, {each}2 and so on are read as 1, 2 and so on." for each in letters]
