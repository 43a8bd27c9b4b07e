"""Scripts for R, SPSS and Stata that read the CSV: labels, kinds of missing, and the scores computed anew.

Each script computes every score from the raw answers by the scoring key and compares it with the column of
the file. It stops at, or counts, rows that differ, so that a reader can check what the key means.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.disclosure.leaving import ORIGIN
from analysis.files.shortening import shortened
from app.export.labelled import (
    SPSS_LABEL,
    STATA_LABEL,
    STATA_LETTERS,
    Coded,
    coded,
)
from app.export.names import data_file
from app.export.rows import Microdata
from instrument import Column, Subscale

LINE: Final = 200
"""Bytes of a text in one line of SPSS syntax, which takes lines of 251."""


@dataclass(frozen=True, kw_only=True)
class ScoredItem:
    """An item of a subscale: its raw column, whether it is reversed, and the ends of its scale."""

    raw: str
    reversed: bool
    foot: int
    top: int


def as_r(data: Microdata) -> bytes:
    """Write a script for R: base R is enough; where haven is installed, columns are its labelled ones."""
    columns = coded(data)
    text = ", ".join(
        f'{each.column.name} = "character"' for each in columns if each.is_text or _is_words(each)
    )
    lines = [*_heading(data, "#"), "", R_FUNCTIONS.rstrip(), "", f'file <- "{_csv(data)}"']
    lines += [
        f"text <- c({text})",
        "answers <- read.csv(file, check.names = FALSE, encoding = 'UTF-8', na.strings = '',",
        "  colClasses = text)",
        "scored <- answers",
        "",
    ]
    for each in columns:
        column = each.column
        values = _r_vector(_codes(column))
        missing = ", ".join(_r_code(code, column.values) for code in column.missing)
        lines.append(
            f"answers${column.name} <- described(answers${column.name}, {_quoted(column.label)}, "
            f"{values or 'NULL'}, {f'c({missing})' if missing else 'NULL'})"
        )
    lines += ["", "# The scores, from the raw answers."]
    for subscale in _shown(data):
        lines += _r_score(data, subscale)
    return _joined(lines, "\n")


R_FUNCTIONS: Final = """
described <- function(x, label, values, missing) {
  if (!is.null(values) && is.character(x)) values <- setNames(as.character(values), names(values))
  if (!is.null(missing) && is.character(x)) missing <- as.character(missing)
  if (!is.null(values) && requireNamespace("haven", quietly = TRUE)) {
    return(haven::labelled_spss(x, labels = values, na_values = missing, label = label))
  }
  attr(x, "label") <- label
  attr(x, "labels") <- values
  attr(x, "na_values") <- missing
  x
}
keyed <- function(items, reversed, foot, top) {
  m <- as.matrix(scored[items])
  m[m < rep(foot, each = nrow(m)) | m > rep(top, each = nrow(m))] <- NA
  turned <- matrix(rep(foot + top, each = nrow(m)), nrow(m)) - m
  m[, reversed] <- turned[, reversed]
  m
}
enough <- function(value, answered, least) ifelse(answered >= least, value, NA)
same <- function(name, again) {
  differ <- which(!(is.na(again) == is.na(scored[[name]]) &
    (is.na(again) | abs(again - scored[[name]]) <= 1e-9 * (1 + abs(again)))))
  if (length(differ)) stop(name, ": ", length(differ), " rows differ from the scores in the file")
  message(name, ": as in the file")
}
"""


def _r_score(data: Microdata, subscale: Subscale) -> Iterator[str]:
    name = subscale.id
    if subscale.of:
        parts = ", ".join(f"again_{part}" for part in subscale.of)
        yield f"parts <- cbind({parts})"
        yield f"n_{name} <- {' + '.join(f'n_{part}' for part in subscale.of)}"
        figure = "rowSums" if subscale.method == "sum" else "rowMeans"
        yield (
            f"again_{name} <- enough(enough({figure}(parts, na.rm = TRUE), rowSums(!is.na(parts)), "
            f"{subscale.min_answered}), n_{name}, {subscale.min_items})"
        )
    else:
        items = scored_items(data, subscale)
        names = ", ".join(f'"{item.raw}"' for item in items)
        turned = ", ".join("TRUE" if item.reversed else "FALSE" for item in items)
        foot, top = (", ".join(str(end) for end in ends) for ends in _ends(items))
        yield f"m <- keyed(c({names}),"
        yield f"  c({turned}), c({foot}), c({top}))"
        yield f"n_{name} <- rowSums(!is.na(m))"
        figure = _R_METHODS[subscale.method](foot, top)
        yield f"again_{name} <- enough({figure}, n_{name}, {subscale.min_answered})"
    yield f'same("{name}", again_{name})' if subscale.shown else f"# {name} is in no column of its own."


_R_METHODS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "pomp": lambda foot, top: (
        f"100 * rowMeans(sweep(sweep(m, 2, c({foot})), 2, c({top}) - c({foot}), '/'), na.rm = TRUE)"
    ),
    "mean": lambda _foot, _top: "rowMeans(m, na.rm = TRUE)",
    "sum": lambda _foot, _top: "rowSums(m, na.rm = TRUE)",
}


def as_sps(data: Microdata) -> bytes:
    """Write syntax for SPSS: UTF-8 with a mark of order, lines of at most 251 bytes, quotes doubled."""
    columns = coded(data)
    lines = [f"{line}." for line in _heading(data, "*")]
    lines += [
        f"GET DATA /TYPE=TXT /FILE='{_csv(data)}' /ENCODING='UTF8'",
        "  /DELIMITERS=',' /QUALIFIER='\"' /ARRANGEMENT=DELIMITED /FIRSTCASE=2 /VARIABLES=",
        *(f"  {each.column.name} {_spss_read(each)}" for each in columns),
        ".",
    ]
    for each in columns:
        label = shortened(each.column.label, SPSS_LABEL)
        lines += _spss_command(f"VARIABLE LABELS {each.column.name}", [_spss_text(label)])
    for each in columns:
        words = _codes(each.column)
        if words:
            text = _is_words(each)
            pairs = [
                f"{_spss_text(str(code)) if text else code} {_spss_text(said)}"
                for code, said in words.items()
            ]
            lines += _spss_command(f"VALUE LABELS {each.column.name}", pairs)
        if each.column.missing:
            codes = [f"'{code}'" if _is_words(each) else str(code) for code in each.column.missing]
            lines.append(f"MISSING VALUES {each.column.name} ({', '.join(codes)}).")
        lines.append(f"VARIABLE LEVEL {each.column.name} ({each.column.measure.upper()}).")
    lines += ["", "* The scores, from the raw answers: re_ is the score, re_n_ its number of answers."]
    for subscale in _shown(data):
        lines += _spss_score(data, subscale)
    lines += [*_spss_compared(data), "EXECUTE."]
    return "\ufeff".encode() + _joined(lines, "\r\n")


def _spss_score(data: Microdata, subscale: Subscale) -> Iterator[str]:
    name = subscale.id
    if subscale.of:
        parts = [f"re_{part}" for part in subscale.of]
        yield from _spss_command(
            f"COMPUTE re_n_{name} = SUM(", [f"re_n_{part}," for part in subscale.of], ")"
        )
        figure = "SUM" if subscale.method == "sum" else "MEAN"
        yield from _spss_command(
            f"COMPUTE re_{name} = {figure}.{subscale.min_answered}(", [f"{part}," for part in parts], ")"
        )
        if subscale.min_items:
            yield f"IF (re_n_{name} < {subscale.min_items}) re_{name} = $SYSMIS."
        return
    items = scored_items(data, subscale)
    figure, times = ("SUM", "") if subscale.method == "sum" else ("MEAN", "")
    times = "100 * " if subscale.method == "pomp" else times
    yield from _spss_command(f"COMPUTE re_n_{name} = NVALID(", [f"{item.raw}," for item in items], ")")
    parts = [f"{_expression(item, subscale.method)}," for item in items]
    yield from _spss_command(f"COMPUTE re_{name} = {times}{figure}.{subscale.min_answered}(", parts, ")")


def _spss_compared(data: Microdata) -> Iterator[str]:
    """Count the rows in which a score differs from the file's; every count should be nought."""
    names = [subscale.id for subscale in _shown(data) if subscale.shown]
    for name in names:
        yield f"COMPUTE differs_{name} = 0."
        yield f"IF (MISSING(re_{name}) <> MISSING({name})) differs_{name} = 1."
        yield f"IF (ABS(re_{name} - {name}) > 1E-7) differs_{name} = 1."
    if names:
        yield from _spss_command("FREQUENCIES VARIABLES=", [f"differs_{name}" for name in names])


def _spss_command(head: str, parts: Sequence[str], tail: str = "") -> list[str]:
    """Return a command over several lines, each part on its own; the last comma of a list goes."""
    *most, last = parts
    said = [line for part in (*most, last.removesuffix(",")) for line in part.split("\n")]
    return [head, *(f"  {line}" for line in said[:-1]), f"  {said[-1]}{tail}."]


def _spss_text(text: str) -> str:
    """Return a quoted text, parted where a line would grow too long."""
    pieces, rest = [], text
    while rest:
        take = len(rest)
        while len(rest[:take].replace("'", "''").encode()) > LINE:
            take -= 1
        pieces.append(rest[:take])
        rest = rest[take:]
    return "\n+ ".join("'" + piece.replace("'", "''") + "'" for piece in pieces) or "''"


def _spss_read(each: Coded) -> str:
    if _is_words(each):
        return "A30"
    if each.is_text:
        return "A255"
    return "F10.2" if each.column.kind == "score" else "F10.0"


def as_do(data: Microdata) -> bytes:
    """Write a do-file for Stata 14 and later: kinds of missing become .a to .e, words become numbers."""
    columns = coded(data)
    lines = [*_heading(data, "*"), "version 14", f'import delimited using "{_csv(data)}", ///']
    text = [str(place) for place, each in enumerate(columns, 1) if _held_as_text(each)]
    lines += [
        '    delimiters(",") varnames(1) case(preserve) encoding("utf-8") bindquote(strict) ///',
        f"    asdouble stringcols({' '.join(text)}) clear",
    ]
    for each in columns:
        lines += _stata_column(each)
    lines += ["", "* The scores, from the raw answers: re_ is the score, re_n_ its number of answers."]
    for subscale in _shown(data):
        lines += _stata_score(data, subscale)
    return _joined(lines, "\n")


def _stata_column(each: Coded) -> Iterator[str]:
    name = each.column.name
    if _is_words(each):
        codes = dict(zip(each.column.values, each.values, strict=True)) | {
            str(code): code for code in each.column.missing
        }
        yield f"rename {name} words_of"
        yield f"generate int {name} = ."
        for word, code in codes.items():
            yield f"replace {name} = {code} if words_of == {_stata_text(str(word))}"
        yield f"order {name}, before(words_of)"
        yield "drop words_of"
    label = shortened(each.column.label, STATA_LABEL, bytes_=False)
    yield f"label variable {name} {_stata_text(label)}"
    if each.values or each.column.missing:
        marks = [(f".{STATA_LETTERS[code]}", said) for code, said in each.column.missing.items()]
        plain = [(str(code), said) for code, said in each.values.items()]
        for mark, said in (*plain, *marks):
            yield f"label define {name} {mark} {_stata_text(said)}, modify"
        yield f"label values {name} {name}"
    if each.column.missing:
        decoded = " \\ ".join(f"{code}=.{STATA_LETTERS[code]}" for code in each.column.missing)
        yield f"mvdecode {name}, mv({decoded})"


def _stata_score(data: Microdata, subscale: Subscale) -> Iterator[str]:
    name = subscale.id
    if subscale.of:
        count = " + ".join(f"!missing(re_{part})" for part in subscale.of)
        total = " + ".join(f"cond(missing(re_{part}), 0, re_{part})" for part in subscale.of)
        yield f"generate re_n_{name} = {' + '.join(f're_n_{part}' for part in subscale.of)}"
        over = "" if subscale.method == "sum" else f" / ({count})"
        yield f"generate double re_{name} = ({total}){over} ///"
        yield f"    if {count} >= {subscale.min_answered} & re_n_{name} >= {subscale.min_items}"
    else:
        items = scored_items(data, subscale)
        over = "" if subscale.method == "sum" else f" / re_n_{name}"
        times = "100 * " if subscale.method == "pomp" else ""
        yield f"generate re_n_{name} = {' + '.join(f'!missing({item.raw})' for item in items)}"
        yield f"generate double re_{name} = {times}( ///"
        for place, item in enumerate(items):
            plus = "+ " if place else ""
            yield f"    {plus}cond(missing({item.raw}), 0, {_expression(item, subscale.method)}) ///"
        yield f"    ){over} if re_n_{name} >= {subscale.min_answered}"
    if subscale.shown:
        yield f"assert missing(re_{name}) == missing({name})"
        yield f"assert abs(re_{name} - {name}) < 1e-7 if !missing({name})"


def _stata_text(text: str) -> str:
    """Return a quoted text in which nothing is taken for a macro, and nothing ends the quotation."""
    escaped = text.replace("\\", "\\\\").replace("$", "\\$").replace("`", "\\`").replace("\"'", "\" '")
    return f'`"{escaped}"\''


def scored_items(data: Microdata, subscale: Subscale) -> tuple[ScoredItem, ...]:
    """The items of a subscale, each with the ends of its scale."""
    return tuple(
        ScoredItem(
            raw=f"raw_{item.id}",
            reversed=item.reversed,
            foot=data.form.scale_of(item.id).foot,
            top=data.form.scale_of(item.id).top,
        )
        for item in subscale.items
    )


def _shown(data: Microdata) -> list[Subscale]:
    """Return the subscales, those first that others are made of."""
    subscales = data.instrument.key.subscales(data.form.id).values()
    return sorted(subscales, key=lambda subscale: bool(subscale.of))


def _expression(item: ScoredItem, method: str) -> str:
    """Return what an answer counts: its keyed code or, for POMP, its share of the way up the scale."""
    if method == "pomp":
        way = f"{item.top} - {item.raw}" if item.reversed else f"{item.raw} - {item.foot}"
        return f"({way}) / {item.top - item.foot}"
    return f"{item.foot + item.top} - {item.raw}" if item.reversed else item.raw


def _ends(items: Sequence[ScoredItem]) -> tuple[list[int], list[int]]:
    return [item.foot for item in items], [item.top for item in items]


def _is_words(each: Coded) -> bool:
    return any(isinstance(code, str) for code in each.column.values)


def _held_as_text(each: Coded) -> bool:
    return each.is_text or _is_words(each)


def _heading(data: Microdata, mark: str) -> list[str]:
    title = " ".join(data.title.split()).replace("/*", "/ *")  # opens a comment of many lines in Stata
    said = [
        f"{mark} {title}, {data.wave}",
        f"{mark} Labels, kinds of missing and scores of {_csv(data)}",
        f"{mark} Start this in the folder that it lies in, from where it finds that file",
    ]
    said += [f"{mark} {ORIGIN}"] if data.imported else []
    return [f"{mark} SIMULATED: these answers were made up by a program", *said] if data.simulated else said


def _csv(data: Microdata) -> str:
    """Return the path of the CSV as seen from the folder of the scripts."""
    return f"../{data_file(data)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _codes(column: Column) -> dict[int | str, str]:
    """Every code that the CSV may hold in a column, with its words."""
    return dict((*column.values.items(), *column.missing.items()))


def _r_code(code: int | str, values: Iterable[int | str]) -> str:
    return _quoted(str(code)) if any(isinstance(each, str) for each in values) else str(code)


def _r_vector(words: Mapping[int | str, str]) -> str:
    """Return a vector of codes named by their words."""
    pairs = ", ".join(f"{_quoted(said)} = {_r_code(code, words)}" for code, said in words.items())
    return f"c({pairs})" if pairs else ""


def _joined(lines: Sequence[str], end: str) -> bytes:
    return (end.join(lines) + end).encode()
