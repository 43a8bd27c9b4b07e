"""What other systems' definitions share with a spreadsheet form: items with the answers they offer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final

from instrument.codes import KINDS
from instrument.exchange.plain_ids import plain_ids
from instrument.exchange.spreadsheet_form import Sheets

Spoken = tuple[tuple[str, str], ...]
"""A sentence in each language: the language, and the words."""
_TAG: Final = re.compile(r"<[^>]*>")
_LETTERED: Final = re.compile(r"[A-Za-z]{1,3}0*(\d{1,3})", re.ASCII)
_KIND_OF: Final = {code: kind for kind, code in KINDS.items()}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An answer that is offered: its code as the system writes it, and its words."""

    code: str
    text: Spoken


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with one answer of several in their order."""

    name: str
    text: Spoken
    choices: tuple[Choice, ...]


def sheets_from(name: str, title: Mapping[str, str], questions: Sequence[Question]) -> Sheets:
    """Return the sheets of a form whose items are these questions; equal choices are one scale.

    Codes that are no numbers become those of their letters (A1, A2), or of their places from 1. Codes of this
    project for no answer (-99) keep that meaning.
    """
    languages = [*dict.fromkeys(each for question in questions for each, _ in question.text)] or ["en"]
    ids = plain_ids([question.name for question in questions])
    scales: dict[tuple[Choice, ...], str] = {}
    for question in questions:
        scales.setdefault(question.choices, "answers" if not scales else f"answers_{len(scales) + 1}")
    first = languages[0]
    head = {
        "id": plain_ids([name])[name],
        "title": title.get(first) or name,
        "licence": "Not said yet",
        "language": first,
        "published": "no",
    }
    return {
        "questionnaire": [[*head], [*head.values()]],
        "words": [["language", "title"], *([each, title.get(each) or head["title"]] for each in languages)],
        "items": [
            ["item", "scale", *(f"text_{each}" for each in languages)],
            *(
                [ids[q.name], scales[q.choices], *(plain(dict(q.text).get(each, "")) for each in languages)]
                for q in questions
            ),
        ],
        "answers": [
            ["scale", "code", "kind", *(f"text_{each}" for each in languages)],
            *(row for choices, scale in scales.items() for row in _rows(scale, choices, languages)),
        ],
        "subscales": [["subscale", "items"]],
    }


def plain(text: str) -> str:
    """Return a text without its markup."""
    return " ".join(unescape(_TAG.sub(" ", text)).split())


def _rows(scale: str, choices: Sequence[Choice], languages: Sequence[str]) -> list[list[str]]:
    codes = [_code(choice.code) for choice in choices]
    answers = [code for code in codes if code not in _KIND_OF]
    if any(code is None for code in codes):
        codes = [*range(1, len(choices) + 1)]
    elif len(set(answers)) < len(answers):
        codes = [code if code in _KIND_OF else place for place, code in enumerate(codes, start=1)]
    return [
        [
            scale,
            str(code),
            _KIND_OF.get(code, "") if code is not None else "",
            *(plain(dict(choice.text).get(each, "")) for each in languages),
        ]
        for choice, code in zip(choices, codes, strict=True)
    ]


def _code(written: str) -> int | None:
    text = written.strip()
    lettered = _LETTERED.fullmatch(text)
    if lettered:
        return int(lettered[1])
    return int(text) if re.fullmatch(r"[+-]?\d{1,4}", text, re.ASCII) else None
