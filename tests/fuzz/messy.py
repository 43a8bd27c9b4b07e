"""Messy files made from one clean table by the faults that other systems' files have: `make fuzz`.

Each file gets a few faults at random. The result must be the clean figure; where a fault removes information,
the clean figure or a refusal that names the place. A wrong figure, another error, or a refusal of a file that
can be read is a failure.
"""

import argparse
import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyreadstat
from openpyxl import Workbook

from analysis import cronbach_alpha
from analysis.files.table import TableError
from analysis.report.dataset import DatasetError
from analysis.report.named_answers import Named, read_named

N, K = 40, 5
ITEMS = [f"q{place}" for place in range(1, K + 1)]
WORDS = ["Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree"]
PLACES = ("row ", "header", "column", "Windows-1252", "UTF-16", "items")
READ_AT_LEAST = 0.8


def clean_table(rng):
    """Answers from 1 to 5, a few empty, each code given to each item."""
    X = np.clip(np.round(3 + rng.normal(size=(N, 1)) + rng.normal(size=(N, K))), 1, 5)
    X[rng.random(X.shape) < 0.03] = np.nan
    X[-5:] = np.arange(1, 6)[:, None]
    return X


@dataclass
class Messy:
    """A file being made: cells as text, how they will be written, and which options it needs."""

    rng: np.random.Generator
    header: list[str]
    rows: list[list[str]]
    items: list[int]
    """Places of the items among the columns."""
    delimiter: str = ","
    encoding: str = "utf-8"
    quoting: int = csv.QUOTE_MINIMAL
    line: str = "\n"
    above: str = ""
    ending: str = ".csv"
    missing: list[str] = field(default_factory=list)
    codes: str = ""
    lost: bool = False
    heading: bool = False
    faults: list[str] = field(default_factory=list)
    raw: Callable[[str], str] = str

    def cell(self):
        """A place of an item that was answered."""
        while True:
            row, item = int(self.rng.integers(len(self.rows))), int(self.rng.choice(self.items))
            if self.rows[row][item]:
                return row, item

    def empty(self):
        """A place of an item that was not answered, None where there is none."""
        found = [(r, i) for r, row in enumerate(self.rows) for i in self.items if not row[i]]
        return found[int(self.rng.integers(len(found)))] if found else None

    def insert(self, names, cells, at=None):
        """Put columns of other things among the items."""
        at = int(self.rng.integers(len(self.header) + 1)) if at is None else at
        self.header[at:at] = names
        for place, row in enumerate(self.rows):
            row[at:at] = cells(place)
        self.items = [place + len(names) * (place >= at) for place in self.items]

    def each_answer(self, change):
        for row in self.rows:
            for item in self.items:
                if row[item] in set("12345"):
                    row[item] = change(row[item])


def _comment(file):
    said = ["fine", 'so, "so"', "a; b\tc", "two\nlines", "naïve café", "=1+1", "3.5", "", "|"]
    file.insert(["Why, in your words; please"], lambda place: [said[place % len(said)]])


def _doubled(file):
    file.insert(["when", "when"], lambda place: ["2026-01-01", str(place)])


def _nameless(file):
    file.insert(["", ""], lambda _: ["", ""], at=len(file.header))


def _ids(file):
    file.insert(["person"], lambda place: [str(1098765432109876543 + place)])


def _leading_zeros(file):
    file.insert(["record_id"], lambda place: [f"{place:05}"])


def _late_word(file):
    file.insert(["minutes"], lambda place: ["12" if place < N - 1 else "unknown"])


def _long_cell(file):
    file.insert(["signature"], lambda place: ["A" * 200_000 if place == 3 else ""])


def _other_letters(file):
    file.insert(["Größe"], lambda _: ["Fuß"])
    file.encoding = str(file.rng.choice(["cp1252", "utf-16", "utf-16-le", "utf-8-sig"]))


def _marks_everywhere(file):
    marks = [".", " ", "N/A", "n/a", "#N/A", "#NULL!", "NA", "nan"]
    for row in file.rows:
        for item in file.items:
            if not row[item]:
                row[item] = str(file.rng.choice(marks))


def _mark_said(file):
    mark = str(file.rng.choice(["-", "?", "99", "-9", "rather, not", "None"]))
    if place := file.empty():
        file.rows[place[0]][place[1]] = mark
    file.missing.append(f'"{mark}"')


def _empty_rows(file):
    for _ in range(int(file.rng.integers(1, 9))):
        file.rows.insert(int(file.rng.integers(len(file.rows) + 1)), [""] * len(file.header))


def _blanks(file):
    file.each_answer(lambda cell: f" {cell}\u00a0")
    file.encoding = "utf-8" if file.encoding == "utf-8" else file.encoding


def _points(file):
    file.each_answer(lambda cell: f"{cell}.0")


def _commas(file):
    file.delimiter = str(file.rng.choice([";", "\t"]))
    file.each_answer(lambda cell: f"{cell},0")


def _code_and_word(file):
    shape = str(file.rng.choice(["{0} - {1}", "{0} = {1}", "{1} ({0})", "{0}. {1}", "{0} {1}", "({0}) {1}"]))
    file.each_answer(lambda cell: shape.format(cell, WORDS[int(cell) - 1]))


def _ends_in_words(file):
    ends = {"1": "1 Strongly disagree", "5": "5 Strongly agree"}
    file.each_answer(lambda cell: ends.get(cell, cell))


def _words(file):
    file.codes = ",".join(WORDS)
    change = str if file.rng.random() < 0.5 else str.upper
    file.each_answer(lambda cell: change(WORDS[int(cell) - 1]))


def _lettered(file):
    letters = str(file.rng.choice(["A", "AO0", "a"]))
    file.each_answer(lambda cell: f"{letters}{cell}")


def _delimiter(file):
    file.delimiter = str(file.rng.choice([";", "\t", "|"]))
    if file.delimiter == "\t" and file.rng.random() < 0.5:
        file.ending = str(file.rng.choice([".tsv", ".txt"]))


def _all_quoted(file):
    file.quoting = csv.QUOTE_ALL


def _windows_lines(file):
    file.line = "\r\n"


def _mark_first(file):
    if file.encoding == "utf-8":
        file.encoding = "utf-8-sig"


def _said_delimiter(file):
    file.above = f"sep={file.delimiter}"


def _blank_lines(file):
    file.raw = lambda content: content + file.line * 3


def _heading_rows(file):
    texts = [f"Text of\n{name}, as asked" for name in file.header]
    ids = [json.dumps({"ImportId": f"QID{place}"}) for place in range(len(file.header))]
    file.rows[0:0] = [texts, ids]
    file.heading = True


def _case_of_names(file):
    for item in file.items:
        file.header[item] = f" {file.header[item].upper()} "


def _in_groups(file):
    for item in file.items:
        file.header[item] = f"team/{file.header[item]}"


def _spreadsheet(file):
    file.ending = ".xlsx"


def _parquet(file):
    file.ending = str(file.rng.choice([".parquet", ".feather"]))


def _statistical(file):
    file.ending = str(file.rng.choice([".sav", ".dta"]))


def _off_the_scale(file):
    row, item = file.cell()
    file.rows[row][item] = str(file.rng.choice(["0", "6", "3.5", "often", "1-2"]))
    file.codes, file.lost = file.codes or "1-5", True


def _line_above(file):
    file.above, file.lost = "# exported 2026", True


def _cut_off(file):
    file.lost = True
    file.raw = lambda content: content.rstrip("\r\n").rsplit(file.delimiter, 2)[0]


def _unclosed(file):
    file.insert(["note"], lambda place: ['"' if place == 7 else "fine"], at=len(file.header))
    file.lost = True
    file.raw = lambda content: content.replace('""""', '"never closed')


def _stray_quotes(file):
    first, second = sorted(file.rng.choice(N, 2, replace=False))
    file.insert(
        ["note"],
        lambda place: ["@open" if place == first else "@close" if place == second else "fine"],
        at=len(file.header),
    )
    file.lost = True
    file.raw = lambda content: content.replace("@open", '"never').replace("@close", 'closed"')


# Faults that write the same answers in another way, and faults that remove something; of most groups one.
BESIDE = (_comment, _doubled, _nameless, _ids, _leading_zeros, _late_word, _long_cell, _other_letters)
CELLS = (_points, _commas, _code_and_word, _ends_in_words, _words, _lettered, _blanks)
NONE = (_marks_everywhere, _mark_said)
NAMES = (_case_of_names, _in_groups)
FORM = (_delimiter, _all_quoted, _windows_lines, _mark_first)
TEXT_ALONE = (_said_delimiter, _blank_lines, _heading_rows)
KINDS = (_spreadsheet, _parquet, _statistical)
LOST = (_off_the_scale, _line_above, _cut_off, _unclosed, _stray_quotes)


def messy(seed):
    """A clean table, and the file made from it by a few faults."""
    rng = np.random.default_rng(seed)
    X = clean_table(rng)
    rows = [["" if cell != cell else f"{cell:g}" for cell in row] for row in X]  # noqa: PLR0124 - NaN
    file = Messy(rng=rng, header=[*ITEMS], rows=rows, items=[*range(K)])
    kind = KINDS[rng.integers(len(KINDS))] if rng.random() < 0.25 else None
    lost = LOST[rng.integers(len(LOST))] if kind is None and rng.random() < 0.2 else None
    chosen = [BESIDE[place] for place in rng.choice(len(BESIDE), rng.integers(0, 4), replace=False)]
    if kind is _parquet or kind is _statistical:
        chosen = [each for each in chosen if each not in {_doubled, _nameless}]
    groups = (CELLS, NONE, NAMES) if kind else (CELLS, NONE, NAMES, FORM)
    if kind is _statistical:
        groups = (CELLS, NONE)
    chosen += [group[rng.integers(len(group))] for group in groups if rng.random() < 0.5]
    chosen += [_empty_rows] if rng.random() < 0.25 else []
    if kind is None and lost is None and rng.random() < 0.3:
        chosen.append(TEXT_ALONE[rng.integers(len(TEXT_ALONE))])
    if lost is _off_the_scale:
        chosen = [each for each in chosen if each not in CELLS]
    for fault in (*chosen, *(each for each in (kind, lost) if each)):
        fault(file)
        file.faults.append(fault.__name__.strip("_"))
    return X, file


def write(file, folder):
    """Write the file in its kind."""
    path = folder / f"answers{file.ending}"
    if file.ending == ".xlsx":
        book = Workbook()
        for row in (file.header, *file.rows):
            book.active.append([cell[:32_000] for cell in row])
        for cells in book.active.iter_rows():
            for cell in cells:
                cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type
        book.save(path)
    elif file.ending in {".csv", ".tsv", ".txt"}:
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=file.delimiter, quoting=file.quoting, lineterminator=file.line)
        writer.writerow(file.header)
        writer.writerows(file.rows)
        content = file.raw(stream.getvalue())
        content = f"{file.above}{file.line}{content}" if file.above else content
        path.write_bytes(content.encode(file.encoding, "replace"))
    else:
        frame = pd.DataFrame(file.rows, columns=file.header).astype(object)
        writers = {
            ".parquet": lambda: frame.to_parquet(path),
            ".feather": lambda: frame.to_feather(path),
            ".sav": lambda: pyreadstat.write_sav(_named(frame), str(path)),
            ".dta": lambda: pyreadstat.write_dta(_named(frame).map(lambda cell: cell[:2000]), str(path)),
        }
        writers[file.ending]()
    return path


def _named(frame):
    names = [name if name.isidentifier() else f"v{place}" for place, name in enumerate(frame.columns)]
    return frame.set_axis(names, axis=1)


def outcome(seed, folder):
    """How the file of a seed was taken: read, refused (with the place, and something lost), or a failure."""
    X, file = messy(seed)
    path = write(file, folder)
    named = Named(items="q1-q5", codes=file.codes, missing=",".join(file.missing))
    try:
        found = cronbach_alpha(
            read_named(path, named).keyed([item.id for item in read_named(path, named).items])
        )
    except (TableError, DatasetError) as error:
        said = str(error)
        if not file.lost:
            return "refused what can be read", f"{file.faults}: {said}"
        return (
            ("refused", "")
            if any(place in said for place in PLACES)
            else ("no place", f"{file.faults}: {said}")
        )
    finally:
        path.unlink()
    expected = cronbach_alpha(X)
    if abs(found.value - expected.value) > 1e-9 or found.n != expected.n:
        return (
            "wrong figure",
            f"{file.faults}: {found.value} over {found.n}, not {expected.value} over {expected.n}",
        )
    return "read", ""


def run(files, first=0):
    """Try files from a seed on; how many came out how, and what was wrong."""
    counts, wrong = Counter(), []
    with TemporaryDirectory() as folder:
        for seed in range(first, first + files):
            found, why = outcome(seed, Path(folder))
            counts[found] += 1
            if found not in {"read", "refused"}:
                wrong.append(f"seed {seed}: {found}: {why}")
    return counts, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first file")
    asked = parser.parse_args()
    counts, wrong = run(asked.files, asked.first)
    print(dict(counts))
    print("\n".join(wrong[:20]))
    return 1 if wrong or counts["read"] < READ_AT_LEAST * asked.files else 0


if __name__ == "__main__":
    sys.exit(main())
