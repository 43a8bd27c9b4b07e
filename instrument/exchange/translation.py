"""Words beside those they are translated from: split into sentences, and joined again."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from instrument.catalog import InstrumentError
from instrument.model import Header
from instrument.nodes import Problem, is_name, read, shown
from instrument.reading import Reading
from instrument.spelling import remark_of, spelled
from instrument.values import Frozen, Language, Model
from instrument.words import NOT_SAID, ActionsWords, ClaimsWords, ContextWords, FormWords

BARE: Final = frozenset(["form", "language", "direction", "status", "stage"])  # names, never translated
BESIDE: Final[Mapping[str, type[Model]]] = MappingProxyType(
    {"context": ContextWords, "actions": ActionsWords, "claims": ClaimsWords}
)

Sentences = dict[str, dict[str, str]]
"""Key -> role of the other person -> text; a sentence for everybody has the role ``""``."""


class Remark(Model):
    """A translator's note on a sentence: how it reads when translated back, and why it is worded so."""

    back_translation: str = ""
    comment: str = ""


class _Remarks(Model):
    language: Language
    remarks: Frozen[str, Remark]


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


def sentences(tree: dict[Any, Any]) -> Sentences:
    """Return the sentences of a file of words by key and role."""
    found: Sentences = {}
    for key, role, text in _leaves({name: part for name, part in tree.items() if name not in BARE}):
        found.setdefault(key, {})[role] = text
    return found


def _leaves(tree: Any, *place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(tree, str):
        yield ".".join(place), "", tree
    elif _is_by_role(tree):
        yield from ((".".join(place), str(role), str(text)) for role, text in tree.items())
    else:
        for name, part in _parts(tree):
            yield from _leaves(part, *place, str(name))


def _is_by_role(tree: Any) -> bool:
    return isinstance(tree, dict) and NOT_SAID in tree


def _parts(tree: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from enumerate(tree, 1)


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
    if isinstance(tree, str) or _is_by_role(tree):
        by_role = texts[".".join(place)]
        if "" in by_role or (_is_by_role(tree) and len(set(by_role.values())) == 1):
            return next(iter(by_role.values()))  # one sentence for everybody
        return {role: by_role[role] for role in roles}
    made = {name: _with(texts, roles, part, *place, str(name)) for name, part in _parts(tree)}
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
    part = reading.one(f"history/{file.name}", _Remarks)
    if part is None or reading.problems:
        raise InstrumentError(tuple(reading.problems))
    return part.model.remarks


def spelled_remarks(original: Original, language: str, said: Mapping[str, Remark]) -> str:
    """Return the file of a translator's notes, below the remark that it has already."""
    file = original.remarks_file(language)
    before = file.read_text("utf-8") if file.exists() else ""
    listed = {place: {k: v for k, v in remark.model_dump().items() if v} for place, remark in said.items()}
    return spelled({"language": language, "remarks": listed}, BARE, remark_of(before))
