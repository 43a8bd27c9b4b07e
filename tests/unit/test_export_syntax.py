"""The scripts for Stata and SPSS, read command by command and run by a few lines of Python.

`make formats` runs those for R and SPSS in R and PSPP. There is no Stata to run its own, so here each command
has to be a known one, and what all do to the CSV is what the codebook says and the scoring key computes.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

import pytest

from analysis.files.shortening import shortened
from app.export.formats import FORMATS
from app.export.labelled import STATA_LABEL, STATA_LETTERS, Coded, coded
from app.export.rows import Microdata
from tests.unit.test_export_files import HOSTILE, made

Rows = list[dict[str, Any]]
STATA = {
    "read": r'(version 14|import delimited using "\.\./data/[\w-]+\.csv",\s+delimiters\(","\) varnames\(1\) '
    r'case\(preserve\) encoding\("utf-8"\) bindquote\(strict\)\s+asdouble '
    r"stringcols\((?P<text>[\d ]+)\) clear)",
    "rename": r"rename (?P<name>\w+) words_of",
    "empty": r"generate int (?P<name>\w+) = \.",
    "number": r"replace (?P<name>\w+) = (?P<code>-?\d+) if words_of == `\"(?P<said>.*)\"'",
    "order": r"(order \w+, before\(words_of\)|drop words_of)",
    "label": r"label variable (?P<name>\w+) `\"(?P<said>.*)\"'",
    "value": r"label define (?P<name>\w+) (?P<code>-?\d+|\.[a-e]) `\"(?P<said>.*)\"', modify",
    "values": r"label values (?P<name>\w+) (?P=name)",
    "decode": r"mvdecode (?P<name>\w+), mv\((?P<codes>.+)\)",
    "compute": r"generate (double )?(?P<name>re_\w+) = (?P<figure>.+?)( if (?P<where>.+))?",
    "assert": r"assert (?P<figure>.+?)( if (?P<where>.+))?",
}
SPSS = {
    "read": r"GET DATA /TYPE=TXT /FILE='\.\./data/[\w-]+\.csv' /ENCODING='UTF8' .*/VARIABLES= (?P<types>.*)",
    "label": r"VARIABLE LABELS (?P<name>\w+) (?P<said>'.*')",
    "value": r"VALUE LABELS (?P<name>\w+) (?P<pairs>.+)",
    "missing": r"MISSING VALUES (?P<name>\w+) \((?P<codes>.+)\)",
    "level": r"VARIABLE LEVEL (?P<name>\w+) \((?P<level>NOMINAL|ORDINAL|SCALE)\)",
    "compute": r"COMPUTE (?P<name>\w+) = (?P<figure>.+)",
    "where": r"IF \((?P<where>.+)\) (?P<name>\w+) = (?P<figure>.+)",
    "shown": r"(FREQUENCIES VARIABLES= [\w ]+|EXECUTE)",
}
HOW = pytest.mark.parametrize("labels", [(), [*HOSTILE.values()]], ids=["as they are", "hostile"])


def known(commands: Sequence[str], kinds: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Each command by its kind, with its parts; one of no kind is a fault."""
    found = []
    for command in commands:
        fits = [(kind, match) for kind, form in kinds.items() if (match := re.fullmatch(form, command))]
        assert fits, command
        found.append((fits[0][0], fits[0][1].groupdict()))
    return found


def rows_of(data: Microdata) -> Rows:
    """The CSV as a program reads it that takes every cell for a number that can be one."""
    rows = csv.DictReader(io.StringIO(FORMATS["csv"].make(data).decode(), newline=""))
    text = {each.column.name for each in coded(data) if each.is_text or is_words(each)}
    return [
        {name: cell if name in text else float(cell or "nan") for name, cell in row.items()} for row in rows
    ]


def is_words(each: Coded) -> bool:
    return any(isinstance(code, str) for code in each.column.values)


def missing(value: Any) -> bool:
    return isinstance(value, str) or isnan(value)


def total(least: int, *values: float) -> float:
    there = [each for each in values if not missing(each)]
    return sum(there) if len(there) >= least else nan


def mean(least: int, *values: float) -> float:
    there = [each for each in values if not missing(each)]
    return sum(there) / len(there) if len(there) >= least else nan


FUNCTIONS = {
    "F_missing": missing,
    "F_present": lambda value: not missing(value),
    "F_cond": lambda where, one, other: one if where else other,
    "F_abs": abs,
    "F_total": total,
    "F_mean": mean,
    "F_valid": lambda *values: sum(not missing(each) for each in values),
    "F_nan": nan,
}
"""What the two programs compute with, under names that no column has."""


def computed(figure: str, row: Mapping[str, Any]) -> Any:
    numbers = {name: nan if isinstance(cell, str) else cell for name, cell in row.items()}
    return eval(figure, {"__builtins__": {}}, {**numbers, **FUNCTIONS})


def same_scores(data: Microdata, rows: Rows) -> None:
    for name in [column.name for column in data.columns if column.kind == "score"]:
        held = [nan if cell is None else cell for cell in data.column(name)]
        assert [row[f"re_{name}"] for row in rows] == pytest.approx(held, nan_ok=True), name


@HOW
def test_every_command_for_stata_does_what_the_codebook_and_the_key_say(  # noqa: PLR0912 - a kind each
    labels: Sequence[str],
) -> None:
    data = made(60, labels=labels)
    script = FORMATS["do"].make(data).decode()
    lines = [line for line in script.split("\n") if line and not line.startswith("*")]
    commands = "\n".join(lines).replace(" ///\n", " ").split("\n")
    rows, text, words = rows_of(data), set[str](), defaultdict[str, dict[str, str]](dict)
    said, attached = dict[str, str](), set[str]()
    for kind, part in known(commands, STATA):
        name = part.get("name", "")
        match kind:
            case "read":
                text |= {data.columns[int(place) - 1].name for place in (part["text"] or "").split()}
            case "rename":
                for row in rows:
                    row["words_of"] = row[name]
            case "empty":
                for row in rows:
                    row[name] = nan
            case "number":
                for row in rows:
                    row[name] = float(part["code"]) if row["words_of"] == plain(part["said"]) else row[name]
            case "label":
                said[name] = plain(part["said"])
            case "value":
                words[name][part["code"]] = plain(part["said"])
            case "values":
                attached.add(name)
            case "decode":
                letters = dict(pair.split("=") for pair in part["codes"].split(" \\ "))
                for row in rows:
                    row[name] = letters.get(f"{row[name]:g}", row[name])
            case "compute" | "assert":
                figure, where = (stata(part[each] or "True") for each in ("figure", "where"))
                for row in rows:
                    result = computed(figure, row) if computed(where, row) else nan
                    assert kind == "compute" or result, part
                    row[name] = result
    assert said == {each.name: shortened(each.label, STATA_LABEL, bytes_=False) for each in data.columns}
    for each in coded(data):
        name, letters = each.column.name, {code: f".{letter}" for code, letter in STATA_LETTERS.items()}
        meant = {str(code): label for code, label in each.values.items()}
        assert words.get(name, {}) == meant | {letters[c]: label for c, label in each.column.missing.items()}
        assert (name in attached) == bool(words.get(name))
        assert (name in text) == (each.is_text or is_words(each))
        if not each.is_text:
            held = [nan if cell is None else letters.get(cell, cell) for cell in each.cells]
            for row, cell in zip(rows, held, strict=True):
                assert row[name] == (cell if isinstance(cell, str) else pytest.approx(cell, nan_ok=True)), (
                    name
                )
    same_scores(data, rows)


def plain(said: str) -> str:
    """A text between compound quotes, in which nothing may be left that Stata takes for a macro."""
    assert not re.search(r"(?<!\\)[$`]", said.replace("\\\\", "")), said
    return re.sub(r"\\([\\$`])", r"\1", said)


def stata(figure: str) -> str:
    named = re.sub(r"(?<![\w!])(missing|cond|abs)\(", r"F_\1(", figure)
    return named.replace("!missing(", "F_present(").replace(" & ", " and ")


@HOW
def test_every_command_for_spss_does_what_the_codebook_and_the_key_say(labels: Sequence[str]) -> None:
    data = made(60, labels=labels)
    script = FORMATS["sps"].make(data).decode("utf-8-sig")
    lines = [line for line in script.split("\r\n") if line and not line.startswith("*")]
    commands = re.split(r"\.\n(?=[A-Z])", "\n".join(lines).removesuffix("."))
    rows, said, levels = rows_of(data), dict[str, str](), dict[str, str]()
    words, left_out = defaultdict[str, dict[str, str]](dict), defaultdict[str, set[str]](set)
    types: dict[str, str] = {}
    for kind, part in known([" ".join(each.split("\n")) for each in spaced(commands)], SPSS):
        name = part.get("name", "")
        match kind:
            case "read":
                types = dict(re.findall(r"(\w+) ([AF][\d.]+)", part["types"]))
            case "label":
                said[name] = quoted(part["said"])[0]
            case "value":
                pairs = iter(re.findall(r"-?\d+(?= ')|'(?:[^']|'')*'(?: \+ '(?:[^']|'')*')*", part["pairs"]))
                words[name] = {
                    quoted(code)[0]: quoted(label)[0] for code, label in zip(pairs, pairs, strict=True)
                }
            case "missing":
                left_out[name] = {quoted(code)[0] for code in part["codes"].split(", ")}
                for row in rows:
                    given = row[name] if isinstance(row[name], str) else f"{row[name]:g}"
                    row[name] = nan if given in left_out[name] else row[name]
            case "level":
                levels[name] = part["level"].lower()
            case "compute" | "where":
                figure, where = spss(part["figure"]), spss(part.get("where") or "True")
                for row in rows:
                    if computed(where, row):
                        row[name] = computed(figure, row)
    assert [*types] == [column.name for column in data.columns]
    assert levels == {column.name: column.measure for column in data.columns}
    for each in coded(data):
        column = each.column
        assert said[column.name] == shortened(column.label, 256)
        codes = {str(code): label for code, label in (*column.values.items(), *column.missing.items())}
        assert words.get(column.name, {}) == codes
        assert left_out.get(column.name, set()) == {str(code) for code in column.missing}
        assert types[column.name].startswith("A") == (each.is_text or is_words(each))
        if column.kind == "score":
            assert {row[f"differs_{column.name}"] for row in rows} == {0.0}
    same_scores(data, rows)


def spaced(commands: Sequence[str]) -> list[str]:
    return [re.sub(r"\n\s*", "\n", each) for each in commands]


def quoted(text: str) -> list[str]:
    """Texts in quotes, whose pieces are joined; what has none stands as it is."""
    pieces = re.findall(r"'((?:[^']|'')*)'", text)
    return ["".join(pieces).replace("''", "'")] if pieces else [text]


def spss(figure: str) -> str:
    replaced = re.sub(r"(MEAN|SUM)\.(\d+)\(", lambda m: f"{m[1]}({m[2]}, ", figure)
    replaced = re.sub(r"\bSUM\((?!\d+, )", "SUM(1, ", replaced)
    names = {"NVALID": "F_valid", "MEAN": "F_mean", "SUM": "F_total", "MISSING": "F_missing", "ABS": "F_abs"}
    for theirs, ours in {**names, "<>": "!=", "$SYSMIS": "F_nan"}.items():
        replaced = replaced.replace(theirs, ours)
    return replaced


def test_a_label_cannot_end_its_quotation_in_the_script_for_stata() -> None:
    data = made(40, labels=["a\"', modify /*", "it's \"so\"'"])
    script = FORMATS["do"].make(data).decode()
    quoted = re.findall(r"`\"(.*)\"'(?:, modify)?$", script, re.MULTILINE)
    assert any("modify /*" in each for each in quoted)
    assert not any("\"'" in each for each in quoted)
