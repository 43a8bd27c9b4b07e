"""A file of answers read as the rows of a wave, and everything in it that stands in the way, row by row.

What stands in a cell is never repeated: the report may be passed on, and the file is at hand.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from analysis.files.answer_cells import MISSING_MARKS, folded
from analysis.files.read_table import read_table
from analysis.files.table import TableError
from analysis.report.column_map import mapped
from analysis.report.dataset import NOT_SHOWN, Dataset, DatasetError
from analysis.report.fitted import column_of, fitted_with_unread, offered
from analysis.report.row_checks import again
from app.errors import Refused
from instrument import LEFT_BLANK, RATHER_NOT_SAY, Form, Instrument, allowed

NO_LANGUAGE: Final = "und"
"""What BCP 47 writes for a language that nobody has said."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SHOWN: Final = 12

Answers = dict[str, int | str]
_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a wave asks, and the units that its study has: the id and title of each."""

    wave: str
    study: str
    simulated: bool
    told: bool
    """Whether people were told how many may be alone, in place of a limit: in a research study."""
    instrument: Instrument
    form: Form
    context: tuple[str, ...]
    units: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Person:
    """One row of the file: the unit, the language, and the answers as a wave keeps them."""

    unit: str
    language: str
    answers: Answers


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with the cells of a column in these rows, and what to do."""

    rows: tuple[int, ...]
    column: str
    wrong: str

    def __str__(self) -> str:
        return f"{'row' if len(self.rows) == 1 else 'rows'} {ranges(self.rows)}, {self.column}: {self.wrong}"


def read_people(file: Path, map_file: Path | None, target: Target) -> tuple[list[Person], tuple[str, ...]]:
    """Return the people of a file, with notes on how it was read.

    Raises
    ------
    Refused
        The file cannot be read, or lacks a column, or a cell means nothing: then all such rows are listed.
    """
    try:
        table = read_table(file)
        table = mapped(table, map_file) if map_file else table
        dataset, unread = fitted_with_unread(table, target.instrument, target.form.id)
        faults = [
            Fault(
                rows=each.rows,
                column=each.column,
                wrong=f"no answer to {each.item}; {offered(target.form.scale_of(each.item))}. Correct it in "
                "the file, or say in the map what it stands for, such as 9=-88 where 9 is no answer",
            )
            for each in unread
        ]
        if dataset.simulated and not target.simulated:
            raise Refused(
                f"{file} says that its answers are SIMULATED: they go into a study made with --simulated"
            )
        people = _people(dataset, target, faults)
    except (TableError, DatasetError, OSError) as error:
        raise Refused(str(error)) from error
    if faults:
        listed = "\n".join(f"  {each}" for each in sorted(faults, key=lambda each: each.rows))
        raise Refused(
            f"nothing of {file} was taken into {target.wave}. Rows are counted from 1 below the names:\n"
            f"{listed}"
        )
    if not people:
        raise Refused(f"no row of {file} holds an answer")
    return people, (*table.notes, *_left_out(table.n - len(people)))


def ranges(rows: Sequence[int]) -> str:
    """Write rows in their order, neighbours together.

    Examples
    --------
    >>> ranges([3, 5, 6, 7, 9, 10])
    '3, 5-7, 9-10'
    """
    parts: list[tuple[int, int]] = []
    for row in rows:
        if parts and parts[-1][1] == row - 1:
            parts[-1] = (parts[-1][0], row)
        else:
            parts.append((row, row))
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in parts)


def _left_out(count: int) -> list[str]:
    rows = "1 row" if count == 1 else f"{count} rows"
    return [f"{rows} without one answer left out."] if count else []


def _people(dataset: Dataset, target: Target, faults: list[Fault]) -> list[Person]:
    """The people of the rows that hold an answer; what is wrong with their cells is added to `faults`."""
    units = _units(dataset, target, faults)
    languages = _languages(dataset, faults)
    context = {each: _context(dataset, target, each, faults) for each in target.context}
    if (twice := again(dataset)) is not None:
        column, rows = twice
        above = sorted({*rows.values()})
        wrong = (
            f"this id stands above already, in {'row' if len(above) == 1 else 'rows'} {ranges(above)}, and a "
            "person is one row; keep one, or rename a column of no ids"
        )
        faults.append(Fault(rows=tuple(rows), column=column, wrong=wrong))
    if faults:
        return []
    items = _items(dataset, target.form)
    return [
        Person(
            unit=units[place],
            language=languages[place],
            answers={**{name: cells[place] for name, cells in context.items()}, **items[place]},
        )
        for place in range(dataset.n)
    ]


def _items(dataset: Dataset, form: Form) -> list[Answers]:
    """Codes as the form may keep them: of no answer in another way is left blank, of no question nothing."""
    people: list[Answers] = [{} for _ in range(dataset.n)]
    for item in form.items:
        kept = {*allowed(form, item)}
        for person, code in zip(people, dataset.column(item.id).tolist(), strict=True):
            if code != NOT_SHOWN:
                person[item.id] = int(code) if code in kept else LEFT_BLANK
    return people


def _units(dataset: Dataset, target: Target, faults: list[Fault]) -> list[str]:
    ids = [unit for unit, _ in target.units]
    column = column_of("unit", dataset.table)
    if column is None and len(ids) == 1:
        return ids * dataset.n
    if column is None:
        raise Refused(
            f"{target.study} has {len(ids)} units, and {dataset.table.file} no column unit: give it one, or "
            f"add a line to the map, as unit,COLUMN,A={ids[0]}; B={ids[1]}"
        )
    titles = [folded(title) for _, title in target.units]
    by_title = {title: unit for (unit, _), title in zip(target.units, titles, strict=True)}
    meant = {title: unit for title, unit in by_title.items() if titles.count(title) == 1}
    meant |= {unit: unit for unit in ids}
    wrong = f"no unit of {target.study} ({_few(ids)}); say in the map what stands for which unit"
    return _meant(dataset, column, meant, wrong, faults)


def _languages(dataset: Dataset, faults: list[Fault]) -> list[str]:
    column = column_of("language", dataset.table)
    if column is None:
        return [NO_LANGUAGE] * dataset.n
    said = {cell.strip() for cell in dataset.table.cells(column)}
    meant = {folded(cell): cell for cell in said if _LANGUAGE.fullmatch(cell)}
    meant |= dict.fromkeys(MISSING_MARKS, NO_LANGUAGE)
    wrong = "no tag of a language such as en or cy; say in the map what stands for which"
    return _meant(dataset, column, meant, wrong, faults)


def _context(dataset: Dataset, target: Target, question: str, faults: list[Fault]) -> list[int | str]:
    """The answers to a question about the person: an option by its id or its words, or a kind of none."""
    column = column_of(question, dataset.table)
    if column is None:
        raise Refused(
            f"{target.study} asks {question}, and {dataset.table.file} has no such column: give it one, "
            "empty where nothing is known, or say in the map which it is"
        )
    options = target.instrument.context[question].options
    words = [each for each in target.instrument.words.values() if each.form == target.form.id]
    meant: dict[str, int | str] = {
        folded(spoken.option(question, each)): each for spoken in words for each in options
    }
    meant |= {folded(each): each for each in options} | dict.fromkeys(MISSING_MARKS, LEFT_BLANK)
    for kind, code in (("left_blank", LEFT_BLANK), ("rather_not_say", RATHER_NOT_SAY)):
        meant |= {kind: code, str(code): code}
    wrong = (
        f"no answer to {question} ({_few(options)}), nor left_blank or rather_not_say; say in the map what "
        "it stands for"
    )
    return _meant(dataset, column, meant, wrong, faults)


def _meant(
    dataset: Dataset, column: str, meant: Mapping[str, _Value], wrong: str, faults: list[Fault]
) -> list[_Value]:
    """What each cell of a column stands for, by itself or by the word that the file has for its code."""
    table = dataset.table
    cells = table.cells(column)
    of_codes = {f"{code:g}": folded(word) for code, word in table.words.get(column, {}).items()}
    known = {cell: meant.get(folded(cell), meant.get(of_codes.get(cell, cell))) for cell in set(cells)}
    found = [known[cells[row]] for row in dataset.rows.tolist()]
    unknown = [row + 1 for row, value in zip(dataset.rows.tolist(), found, strict=True) if value is None]
    if unknown:
        faults.append(Fault(rows=tuple(unknown), column=table.aliases.get(column, column), wrong=wrong))
    return [value for value in found if value is not None]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
