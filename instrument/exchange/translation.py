"""Words beside those they are translated from: split into sentences, and joined again."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from instrument.catalog import InstrumentError
from instrument.model import Header
from instrument.nodes import Problem, is_name, read, shown
from instrument.reading import Reading
from instrument.spelling import remark_of, spelled
from instrument.translations import (
    BARE,
    Remark,
    Remarks,
    Sentences,
    is_by_role,
    parts,
    record_file,
    sentences,
    sentences_hash,
)
from instrument.values import Model
from instrument.words import ActionsWords, ClaimsWords, ContextWords, FormWords

BESIDE: Final[Mapping[str, type[Model]]] = MappingProxyType(
    {"context": ContextWords, "actions": ActionsWords, "claims": ClaimsWords}
)


@dataclass(frozen=True)
class Original:
    """Words as they were written, before any translation."""

    folder: Path
    name: str
    language: str
    tree: dict[str, Any]
    sentences: Sentences

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the other person that any of these words distinguish, in their order."""
        return tuple({role: None for by_role in self.sentences.values() for role in by_role if role})

    def file(self, language: str) -> Path:
        return self.folder / "words" / f"{self.name}.{language}.yaml"

    def remarks_file(self, language: str) -> Path:
        return self.folder / "history" / f"{self.name}.{language}.yaml"


def original(folder: Path, name: str) -> Original:
    """Read what is called `name` in the language that the instrument was written in."""
    if not is_name(name):
        raise InstrumentError((Problem("words", None, f"there are none called `{shown(name)}`"),))
    reading = Reading.of_folder(folder)
    header = reading.one("instrument.yaml", Header)
    language = header.model.language if header else "en"
    part = reading.one(f"words/{name}.{language}.yaml", BESIDE.get(name, FormWords))
    if part is None or reading.problems:
        raise InstrumentError(tuple(reading.problems))
    tree = part.document.data
    return Original(folder, name, language, tree, sentences(tree))


def translated(original: Original, language: str) -> Sentences:
    """Read what there is in another language, complete or not."""
    file = original.file(language)
    if not file.exists():
        return {}
    document = read(file, f"words/{file.name}")
    if document.problems or not isinstance(document.data, dict):
        raise InstrumentError(tuple(document.problems) or (document.problem("names with values are wanted"),))
    return sentences(document.data)


def joined(original: Original, language: str, texts: Sentences) -> str:
    """Write the file of words in another language, in the order of the original."""
    file = original.file(language)
    before = file.read_text("utf-8") if file.exists() else ""
    known = read(file, file.name).data if before else {}
    names = {
        **original.tree,
        "direction": direction_of(each for by_role in texts.values() for each in by_role.values()),
        "status": "draft",
    }
    names |= {name: known[name] for name in ("direction", "status") if name in (known or {})}
    names |= {"language": language}
    tree = {
        name: names[name] if name in BARE else _with(texts, original.roles, part, str(name))
        for name, part in original.tree.items()
    }
    return spelled(tree, BARE, remark_of(before))


def _with(texts: Sentences, roles: tuple[str, ...], tree: Any, *place: str) -> Any:
    if isinstance(tree, str) or is_by_role(tree):
        by_role = texts[".".join(place)]
        if "" in by_role or (is_by_role(tree) and len(set(by_role.values())) == 1):
            return next(iter(by_role.values()))  # one sentence for everybody
        return {role: by_role[role] for role in roles}
    made = {name: _with(texts, roles, part, *place, str(name)) for name, part in parts(tree)}
    return list(made.values()) if isinstance(tree, list) else made


def direction_of(texts: Iterable[str]) -> Literal["ltr", "rtl"]:
    """Return the direction in which texts run, by the letters that most of them have."""
    letters = Counter(unicodedata.bidirectional(letter) for text in texts for letter in text)
    return "rtl" if letters["R"] + letters["AL"] > letters["L"] else "ltr"


def remarks(original: Original, language: str) -> Mapping[str, Remark]:
    """Read the translators' notes on sentences, by key and role."""
    file = original.remarks_file(language)
    if not file.exists():
        return MappingProxyType({})
    reading = Reading.of_folder(original.folder)
    part = reading.one(f"history/{file.name}", Remarks)
    if part is None or reading.problems:
        raise InstrumentError(tuple(reading.problems))
    return part.model.remarks


def spelled_remarks(original: Original, language: str, said: Mapping[str, Remark]) -> str:
    """Return the file of a translator's notes, below the remark that it has already."""
    file = original.remarks_file(language)
    before = file.read_text("utf-8") if file.exists() else ""
    listed = {place: {k: v for k, v in remark.model_dump().items() if v} for place, remark in said.items()}
    return spelled({"language": language, "remarks": listed}, BARE, remark_of(before))


_STEPS: Final = """\
# The steps that these words have gone through: docs/translating.md. A letter stands for each person; who is
# who stays with you. Take the # away from a step once it has been done, and put in what was so.
"""
_TO_DO: Final = """\
# forward:
#   - {translator: A, mother_tongue: LANGUAGE, day: "YEAR-MONTH-DAY"}
#   - {translator: B, mother_tongue: LANGUAGE, day: "YEAR-MONTH-DAY"}
# reconciliation: {by: [A, B], day: "YEAR-MONTH-DAY", differences: 0, settled: "How they were settled."}
# back:
#   - {translator: C, mother_tongue: SOURCE, saw_source: false, day: "YEAR-MONTH-DAY", differences: 0,
#      settled: "How they were settled."}
# interviews:
#   - {people: 5, readings: 0, understood: 0, serious: 0, day: "YEAR-MONTH-DAY"}
#   - {people: 5, readings: 0, understood: 0, serious: 0, day: "YEAR-MONTH-DAY"}
"""


def new_record(original: Original, language: str) -> Path:
    """Write a record to fill in of the words there are in a language; return its file.

    Raises
    ------
    InstrumentError
        There are no such words, or they have a record already.
    """
    words, file = original.file(language), original.folder / record_file(original.name, language)
    if not words.exists():
        raise InstrumentError((Problem(f"words/{words.name}", None, "there is no such file"),))
    if file.exists():
        said = "is there already: add the steps to it"
        raise InstrumentError((Problem(file.relative_to(original.folder).as_posix(), None, said),))
    document = read(words, f"words/{words.name}")
    if document.problems:
        raise InstrumentError(tuple(document.problems))
    head = f'form: {original.name}\nlanguage: {language}\nwords: "{sentences_hash(document.data)}"\n'
    to_do = _TO_DO.replace("LANGUAGE", language).replace("SOURCE", original.language)
    file.parent.mkdir(exist_ok=True)
    file.write_text(_STEPS + head + to_do, "utf-8")
    return file
