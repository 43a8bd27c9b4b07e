"""Drafts a questionnaire's folder from a table: codes, words, scales by prefix, and a map of columns."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analysis.estimate import Unavailable
from analysis.files.answer_cells import folded
from analysis.files.table import Table
from analysis.moments import moments
from analysis.reliability.alpha import against_the_rest
from analysis.report.dataset import Dataset, DatasetError
from instrument import DOES_NOT_APPLY, LEFT_BLANK, MISSING_LABELS, RATHER_NOT_SAY
from instrument.exchange.plain_ids import plain_ids
from instrument.exchange.spreadsheet_form import NOT_SAID_YET

NO_ANSWER: Final = {
    "left_blank": LEFT_BLANK,
    "rather_not_say": RATHER_NOT_SAY,
    "does_not_apply": DOES_NOT_APPLY,
}
"""The kinds of no answer that a draft has: the third where the file labels its code, of those items."""
_LAST_NUMBER: Final = re.compile(r"_?\d+$")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The files of a folder with their first lines, and which column and codes each item has in the file."""

    files: Mapping[str, Mapping[Any, Any]]
    remarks: Mapping[str, str]
    columns: Sequence[tuple[str, str, str]]


def drafted(
    dataset: Dataset, name: str, *, words: Mapping[str, float] | None = None, marks: Sequence[str] = ()
) -> Draft:
    """Return the draft of a questionnaire from items asked for by name.

    Parameters
    ----------
    dataset
        Answers to items by name.
    name
        The id of the questionnaire.
    words
        The codes by their words, where they are known.
    marks
        Codes and texts that mean no answer; the map says them.

    Raises
    ------
    DatasetError
        The codes are no whole numbers, or a mark cannot stand in a map.
    """
    columns = [item.id for item in dataset.form.items]
    codes = dataset.form.scale_of(columns[0]).codes
    if any(not isinstance(code, int) for code in codes):
        raise DatasetError("a questionnaire has whole numbers for codes; say which there are with --codes")
    if wrong := next((mark for mark in marks if re.search("[;|=]", mark)), None):
        raise DatasetError(f"a map cannot say that `{wrong}` is no answer; empty these cells in the file")
    ids = plain_ids(columns)
    turned = {ids[item] for item in dataset.instrument.key.reversed_items(dataset.form.id)}
    scales, lettered = by_prefix([*ids.values()]), _lettered(dataset.table, columns, marks)
    apply_or_not = {ids[c] for c in columns if DOES_NOT_APPLY in dataset.table.words.get(c, {})}
    unanswered = [f"{mark}={LEFT_BLANK}" for mark in marks]
    kinds = {kind: code for kind, code in NO_ANSWER.items() if apply_or_not or code != DOES_NOT_APPLY}
    return Draft(
        files={
            "instrument.yaml": {
                "id": name,
                "title": _text(name.replace("_", " ").capitalize()),
                "licence": NOT_SAID_YET,
                "language": "en",
            },
            f"forms/{name}.yaml": {
                "form": name,
                "published": False,
                "about": NOT_SAID_YET,
                "window": NOT_SAID_YET,
                "per_page": 5,
                "scales": {
                    "answers": {
                        "codes": [*codes],
                        "missing": kinds,
                    }
                },
                "items": [
                    {
                        "id": item,
                        "scale": "answers",
                        **({"does_not_apply": True} if item in apply_or_not else {}),
                    }
                    for item in ids.values()
                ],
            },
            f"words/{name}.en.yaml": {
                "form": name,
                "language": "en",
                "direction": "ltr",
                "status": "draft",
                "title": _text(name.replace("_", " ").capitalize()),
                "stem": "How far do you agree?",
                "items": {ids[c]: _text(dataset.table.labels.get(c, c)) for c in columns},
                "scales": {"answers": _labels(dataset.table, columns, codes, words or {})},
                "missing": {kind: _said(dataset.table, columns, code) for kind, code in kinds.items()},
                "facets": {scale: _text(scale.replace("_", " ").capitalize()) for scale in scales},
            },
            "key.yaml": {
                "revision": 1,
                "forms": {
                    name: {
                        "subscales": {
                            scale: {
                                "items": [f"-{item}" if item in turned else item for item in items],
                                "method": "mean",
                                "min_answered": len(items),
                            }
                            for scale, items in scales.items()
                        }
                    }
                },
            },
        },
        remarks={
            f"forms/{name}.yaml": f"Drafted from {dataset.table.file.name}. Say whom it is about, and when.",
            f"words/{name}.en.yaml": "Check every sentence: these are the labels or names of the columns.",
            "key.yaml": _keying(dataset, ids, scales),
        },
        columns=tuple((ids[c], c, _together([*lettered[c], *unanswered])) for c in columns),
    )


def by_prefix(items: Sequence[str]) -> dict[str, list[str]]:
    """Return items by what stands before their number; all in one scale where a prefix has but one item.

    Examples
    --------
    >>> by_prefix(["ease_1", "ease_2", "talk_1", "talk_2"])
    {'ease': ['ease_1', 'ease_2'], 'talk': ['talk_1', 'talk_2']}
    >>> by_prefix(["heard", "free"])
    {'score': ['heard', 'free']}
    """
    found: dict[str, list[str]] = {}
    for item in items:
        found.setdefault(_LAST_NUMBER.sub("", item), []).append(item)
    taken = {name for prefix in found for name in (prefix, f"{prefix}_answered")} & {*items}
    if taken or any(len(each) < 2 for each in found.values()):  # noqa: PLR2004 - a scale has two items
        return {"score" if "score" not in items else "total_score": [*items]}
    return found


def _labels(
    table: Table, columns: Sequence[str], codes: Sequence[int], words: Mapping[str, float]
) -> dict[int, str]:
    known = {code: word for word, code in words.items()}
    for column in columns:
        ordered = enumerate(table.ordered.get(column, ()), start=1)
        known = {**{float(code): word for code, word in ordered}, **table.words.get(column, {}), **known}
        for cell in {*table.cells(column)} if table.columns[column].dtype.kind != "f" else ():
            code = re.search(r"-?\d+", cell)
            word = re.sub(r"[^\w\s,'’-]|\d+", "", cell).strip(" -=:,")
            if code and len(word) > 1 and not known.get(float(code[0])):
                known[float(code[0])] = word
    return {code: _text(known.get(float(code)) or str(code)) for code in codes}


def _said(table: Table, columns: Sequence[str], code: int) -> str:
    """Return what a file calls a kind of no answer or, where it says nothing of it, what we do."""
    said = [table.words[column].get(code) for column in columns if column in table.words]
    return _text(next(filter(None, said), MISSING_LABELS[code]))


def _lettered(table: Table, columns: Sequence[str], marks: Sequence[str]) -> dict[str, list[str]]:
    """Return the codes of columns like A1, as a map writes them, from all columns with these letters."""
    none = frozenset(folded(mark) for mark in marks)
    letters = {column: table.lettered(column, marks=none) for column in columns}
    cells: dict[str, set[str]] = {}
    for column, begin in letters.items():
        if begin:
            given = {cell.strip() for cell in table.cells(column)}
            cells.setdefault(begin, set()).update(
                cell for cell in given if cell.startswith(begin) and folded(cell) not in none
            )
    said = {
        begin: [f"{cell}={int(cell[len(begin) :])}" for cell in sorted(found)]
        for begin, found in cells.items()
    }
    return {column: said.get(begin, []) for column, begin in letters.items()}


def _together(pairs: Sequence[str]) -> str:
    """Return what stands for what as a map writes it: by semicolons where a word holds a blank."""
    return ("; " if any(" " in pair for pair in pairs) else " ").join(pairs)


def _keying(dataset: Dataset, ids: Mapping[str, str], scales: Mapping[str, Sequence[str]]) -> str:
    """Name the items that correlate negatively with the rest of their scale as it is now keyed."""
    column_of = {item: column for column, item in ids.items()}
    against: list[str] = []
    for items in scales.values():
        found = moments(dataset.keyed([column_of[item] for item in items]), names=items)
        if not isinstance(found, Unavailable):
            against += [items[place] for place in against_the_rest(found.covariance)]
    said = "`-` before an item turns it round. A score needs `min_answered` answers."
    if against:
        said += f"\nAgainst the rest in {dataset.table.file.name}: {', '.join(against)}. Read their wording."
    return said


def _text(said: str) -> str:
    """Return a text as instruments have it: one line, single blanks, at most 1,000 letters."""
    plain = "".join(letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", said))
    return " ".join(plain.split())[:1000].strip() or NOT_SAID_YET
