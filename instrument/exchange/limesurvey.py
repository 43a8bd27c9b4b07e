"""LimeSurvey's tab-separated structure of a survey (.txt), out and in.

LimeSurvey allows five letters and digits for the code of an answer. We write a letter (A for an answer; N, R,
K or B for the kind of no answer; o for an option of a context question), M where the number is negative, and
the number.
"""

import csv
import html
import io
import re
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from instrument.codes import Kind
from instrument.exchange import preflight
from instrument.exchange.arithmetic import Dialect, answered, figure
from instrument.exchange.incoming import LINE, Incoming, Read, kind_of, with_translations
from instrument.exchange.key_lines import key_line
from instrument.exchange.questionnaire import ANSWERED, Option, Question, Questionnaire
from instrument.model import Subscale
from instrument.nodes import Problem

COLUMNS: Final = (
    "id",
    "related_id",
    "class",
    "type/scale",
    "name",
    "relevance",
    "text",
    "help",
    "language",
    "validation",
    "mandatory",
    "other",
    "default",
    "same_default",
    "hidden",
)
_TEXT_MODE: Final = "X"  # a text without a question
_EQUATION: Final = "*"
_RADIO: Final = "L"
_CHOICES: Final = frozenset("L!O")
_ARRAY: Final = "F"
_LONGEST: Final = 20
_TITLE: Final = 200
_MAX_ROWS: Final = 20_000
_KEPT: Final = frozenset(  # columns and words of its own
    {"id", "token", "seed", "submitdate", "startdate", "datestamp", "lastpage", "startlanguage", "ipaddr"}
    | {"refurl", "sid", "lang", "savedid", "self", "that", "this", "time"}
)
_LETTERS: Final[Mapping[Kind, str]] = MappingProxyType(
    {"do_not_know": "K", "does_not_apply": "N", "rather_not_say": "R", "left_blank": "B"}
)
_KINDS: Final[Mapping[str, Kind]] = MappingProxyType({letter: kind for kind, letter in _LETTERS.items()})
_CODE: Final = re.compile(r"(?P<letter>[AKNRB]|AO|SQ)?(?P<minus>M)?(?P<number>[0-9]{1,4})")
_RULES: Final = (
    preflight.FORMULA,
    preflight.MARKUP,
    (re.compile(r"[{}]").search, "what is in braces would be computed: write it without { and }"),
    (re.compile(r"\\").search, "a backslash hides the quote after it: write it without"),
)
_Row = dict[str, str]


def _plain(name: str) -> str:
    return name.replace("_", "")


def _score(name: str) -> str:
    """Name a score so that it differs from the questions, and from the columns of LimeSurvey itself."""
    return f"n{_plain(name.removesuffix(ANSWERED))}" if name.endswith(ANSWERED) else f"score{_plain(name)}"


def _dialect(asked: Questionnaire) -> Dialect:
    codes = {(q.id, option.code): _code(q, at, option) for q in asked.questions for at, option in _counted(q)}
    return Dialect(
        is_empty=lambda number: f"is_empty({number.replace('.valueNAOK', '.NAOK')})",
        is_code=lambda name, code: f"{_plain(name)}.NAOK == '{codes[name, code]}'",
        number=lambda name: f"{_plain(name)}.valueNAOK",
        score=lambda name: f"{_score(name)}.NAOK",
        divided_by="/",
        added=lambda parts: f"sum({', '.join(parts)})",  # its + joins texts
        is_keyed=True,
    )


def _counted(question: Question) -> Iterator[tuple[int, Option]]:
    return enumerate(question.options, 1)


def _code(question: Question, at: int, option: Option) -> str:
    if not question.is_item:
        return f"o{at}"
    letter = _LETTERS[option.no_answer] if option.no_answer else "A"
    return f"{letter}{option.code.replace('-', 'M')}"


def written(asked: Questionnaire) -> bytes:
    """Write UTF-8 with a byte order mark, as LimeSurvey expects: a row for each group, question, answer."""
    rows = list(_rows(asked))
    preflight.refuse(_refusals(asked, rows))
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, restval="", delimiter="\t", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + table.getvalue().encode()


def _refusals(asked: Questionnaire, rows: list[_Row]) -> Iterator[Problem]:
    yield from preflight.texts(asked, "LimeSurvey", _RULES)
    taken = [(f"question `{row['name']}`", row["name"]) for row in rows if row["class"] == "Q"]
    yield from preflight.names(asked, "LimeSurvey", taken, longest=_LONGEST, reserved=_KEPT)
    if len(asked.title) > _TITLE:
        message = f"the title has {len(asked.title)} letters; LimeSurvey cuts it at {_TITLE}: shorten it"
        yield Problem(asked.source, None, message)


def _rows(asked: Questionnaire) -> Iterator[_Row]:
    for name, text in (
        ("language", asked.language),
        ("anonymized", "Y"),
        ("datestamp", "N"),
        ("ipaddr", "N"),
        ("format", "G"),
        ("assessments", "Y"),
    ):
        yield {"class": "S", "name": name, "text": text}
    yield _own(asked, "SL", name="surveyls_title", text=asked.title)
    number = 0
    for group, heading, members in _groups(asked):
        yield _own(asked, "G", id=str(group), name=f"Page {group}", relevance="1", text=heading)
        for question, answers in members:
            number += 1
            yield {**question, "id": str(number)}
            yield from ({**answer, "id": str(number)} for answer in answers)


def _own(asked: Questionnaire, class_: str, **cells: str) -> _Row:
    return {"class": class_, "language": asked.language, **cells}


def _groups(asked: Questionnaire) -> Iterator[tuple[int, str, list[tuple[_Row, list[_Row]]]]]:
    before, after = _lines(asked, "before", asked.before), _lines(asked, "after", asked.after)
    about = _lines(asked, "about", asked.about)
    pages = [
        (page.heading, [_question(asked, question) for question in page.questions]) for page in asked.pages
    ]
    scores: list[tuple[_Row, list[_Row]]] = [
        (each, []) for score in asked.scores for each in _equations(asked, score)
    ]
    ends = [("", before), *pages, ("", [*scores, *after, *about])]
    for group, (heading, members) in enumerate((each for each in ends if each[1]), 1):
        yield group, heading, members


def _lines(asked: Questionnaire, name: str, lines: tuple[str, ...]) -> list[tuple[_Row, list[_Row]]]:
    return [(_asked(asked, _TEXT_MODE, f"{name}{number}", line), []) for number, line in enumerate(lines, 1)]


def _asked(asked: Questionnaire, type_: str, name: str, text: str, **cells: str) -> _Row:
    return _own(asked, "Q", **{"type/scale": type_, "name": name, "relevance": "1", "text": text, **cells})


def _question(asked: Questionnaire, question: Question) -> tuple[_Row, list[_Row]]:
    row = _asked(
        asked, _RADIO, _plain(question.id), question.text, help=question.help, mandatory="N", other="N"
    )
    answers = [
        _own(
            asked,
            "A",
            **{
                "type/scale": "0",
                "name": _code(question, at, option),
                "relevance": str(asked.weight(question, option) or 0),
                "text": option.label,
            },
        )
        for at, option in _counted(question)
    ]
    return row, answers


def _equations(asked: Questionnaire, score: Subscale) -> Iterator[_Row]:
    dialect = _dialect(asked)
    count, value = answered(asked, score, dialect), figure(asked, score, dialect)
    label = asked.facet(score)
    yield _asked(
        asked,
        _EQUATION,
        _score(f"{score.id}{ANSWERED}"),
        f"{{{count}}}",
        help=f"{label}: number of answers",
        hidden="1",
    )
    yield _asked(
        asked,
        _EQUATION,
        _score(score.id),
        f"{{{value}}}",
        help=f"{label} ({key_line(score, _plain)})",
        hidden="1",
    )


def read(data: bytes, file: str, language: str | None) -> Read:
    """Read the single-choice questions in every language of the survey; the rest is left aside and named."""
    incoming = Incoming(file)
    rows = list(_table(data, incoming))
    stated = [row["text"] for _, row in rows if (row["class"], row["name"]) == ("S", "language")]
    first, *others = dict.fromkeys([*stated, *(row["language"] for _, row in rows if row["language"])]) or [
        ""
    ]
    return with_translations(
        _spoken(rows, incoming, first, language),
        ((other, partial(_spoken, rows, Incoming(file), other, None)) for other in others),
    )


def _spoken(rows: list[tuple[int, _Row]], incoming: Incoming, first: str, language: str | None) -> Read:
    """Read one language of a survey: its rows stand apart from those of others, in the same order."""
    spoken = incoming.language(first, language)
    own = [(at, row) for at, row in rows if row["language"] in {"", first}]
    title = next(
        ((at, row["text"]) for at, row in own if row["name"] == "surveyls_title"), (1, incoming.file)
    )
    taken: list[tuple[int, _Row, list[tuple[int, _Row]]]] = []
    for at, row in own:
        if row["class"] in {"G", "Q"}:
            taken.append((at, row, []))
        elif taken and row["class"] in {"SQ", "A"}:
            taken[-1][2].append((at, row))
    for at, row, below in taken:
        _take(row, at, below, incoming)
    return incoming.finished(title=incoming.text(title[1], title[0], "title"), language=spoken)


def _table(data: bytes, incoming: Incoming) -> Iterator[tuple[int, _Row]]:
    reader = csv.reader(io.StringIO(incoming.decoded(data), newline=""), delimiter="\t", strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not header:
                header = cells
                if lacking := [c for c in ("class", "type/scale", "name", "text") if c not in header]:
                    raise incoming.stop(f"the first line has no column `{lacking[0]}`", 1)
            elif reader.line_num > _MAX_ROWS:
                raise incoming.stop(f"there are more than {_MAX_ROWS} lines")
            else:
                yield reader.line_num, dict.fromkeys(COLUMNS, "") | dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise incoming.stop(f"this is not a table: {error}", reader.line_num) from None


def _take(row: _Row, line: int, below: list[tuple[int, _Row]], incoming: Incoming) -> None:
    name, type_ = row["name"], row["type/scale"]
    is_equation = type_ == _EQUATION and row["class"] == "Q"
    text = "" if is_equation or not row["text"] else incoming.text(row["text"], line, f"text of `{name}`")
    if row["class"] == "G":
        incoming.page(text)
        return
    if row["relevance"] not in {"", "1"}:
        incoming.aside("relevance", name)
    options = [_option(answer, at, name, incoming) for at, answer in below if answer["class"] == "A"]
    if type_ in _CHOICES:
        help_ = row["help"] and incoming.text(row["help"], line, f"help of `{name}`")
        incoming.question(name, line, text, options, help_=help_)
    elif type_ == _ARRAY:
        incoming.page(text)
        for at, part in below:
            if part["class"] == "SQ":
                sentence = incoming.text(part["text"], at, f"text of `{part['name']}`")
                incoming.question(f"{name}_{part['name']}", at, sentence, options)
        incoming.page()
    elif type_ == _TEXT_MODE and (found := LINE.fullmatch(name)):
        incoming.lines[found[1]].append(text)
    elif is_equation:
        label, _, line_ = html.unescape(row["help"]).rpartition(" (")
        incoming.score(line_.removesuffix(")"), label, name)
    else:
        incoming.aside(f"questions of type {type_}", name)


def _option(row: _Row, line: int, question: str, incoming: Incoming) -> Option:
    text = incoming.text(row["text"], line, f"answer `{row['name']}` to `{question}`")
    found = _CODE.fullmatch(row["name"])
    if found is None:
        return Option(code=row["name"], label=text)
    code = f"{'-' if found['minus'] else ''}{int(found['number'])}"
    stated = _KINDS.get(found["letter"] or "")
    return Option(code=code, label=text, no_answer=stated or kind_of(code))
