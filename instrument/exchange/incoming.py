"""What every reader of another tool's file needs: cleaning texts and names, and noting what is missing."""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import TypeAdapter, ValidationError

from instrument.catalog import InstrumentError
from instrument.codes import KINDS, Kind
from instrument.exchange.key_lines import subscale_of
from instrument.exchange.questionnaire import ANSWERED, Option, Page, Question, Questionnaire
from instrument.exchange.translation import direction_of
from instrument.model import Subscale
from instrument.nodes import Problem, shown
from instrument.values import MAX_ITEMS, Identifier, Language, Text

MAX_BYTES: Final = 1024 * 1024
LINE: Final = re.compile(r"(before|after|about)_?[0-9]+")
"""The names under which our own files carry lines around the questions."""

_KIND_BY_CODE: Final[Mapping[int, Kind]] = MappingProxyType({code: kind for kind, code in KINDS.items()})
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_TAG: Final = re.compile(r"</?[A-Za-z!][^<>]*>")
_LICENCE: Final = re.compile(r"Licence: (.+)\.")
_WORDS: Final = re.compile(r"Words in ([A-Za-z-]+)[,:].*")
_TEXT: Final = TypeAdapter[str](Text)
_IDENTIFIER: Final = TypeAdapter[str](Identifier)
_LANGUAGE: Final = TypeAdapter[str](Language)
Read = tuple[Questionnaire, tuple[str, ...]]
"""What was read, and remarks on what the file lacks or what was left aside."""

_SHOWN: Final = 8  # names in a remark


def content(file: Path) -> bytes:
    """Return the bytes of a file; InstrumentError where there is none, or it is too large."""
    if not file.is_file():
        raise InstrumentError((Problem(str(file), None, "there is no such file"),))
    with file.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InstrumentError((Problem(file.name, None, f"the file is larger than {MAX_BYTES // 1024} KiB"),))
    return data


class Incoming:
    """Gathers what a file holds, what is wrong with it, and what was left aside."""

    def __init__(self, file: str) -> None:
        self.file = " ".join(file.split())
        self.problems: list[Problem] = []
        self.remarks: list[str] = []
        self.lines: dict[str, list[str]] = {"before": [], "after": [], "about": []}
        self.pages: list[tuple[str, list[Question]]] = []
        self.scores: list[Subscale] = []
        self.facets: dict[str, str] = {}
        self._unread: list[str] = []  # names of calculations
        self._renamed: dict[str, str] = {}
        self._aside: dict[str, list[str]] = {}
        self._seen: dict[str, int | None] = {}

    def refuse(self, line: int | None, message: str) -> None:
        self.problems.append(Problem(self.file, line, message))

    def stop(self, message: str, line: int | None = None) -> InstrumentError:
        return InstrumentError((*self.problems, Problem(self.file, line, message)))

    def decoded(self, data: bytes) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self.stop("this is not UTF-8 text: save it as UTF-8", line) from None

    def text(self, written: str, line: int, what: str) -> str:
        """Return a text as one line without markup; one that cannot be shown is refused at its place."""
        raw = html.unescape(_TAG.sub(" ", written))
        clean = unicodedata.normalize("NFC", " ".join(raw.split()))
        try:
            return _TEXT.validate_python(clean)
        except ValidationError as error:
            said = error.errors()[0]["msg"].removeprefix("Value error, ")
            self.refuse(line, f"{what}: {said if clean else 'there is no text'}")
            return shown(clean)

    def identifier(self, written: str, line: int | None, what: str, first: str = "q") -> str:
        """Return a name as an identifier: small letters, and `_` for whatever is neither letter nor digit."""
        name = re.sub(r"[^a-z0-9]+", "_", written.lower()).strip("_")
        name = name if name[:1].isalpha() else f"{first}{name}"
        if name != written:
            self._renamed[written] = name
        try:
            return _IDENTIFIER.validate_python(name)
        except ValidationError as error:
            said = error.errors()[0]["msg"].removeprefix("Value error, ")
            self.refuse(line, f"{what} `{shown(written)}`: {said}: give it another name")
            return name

    def language(self, written: str | None, asked: str | None) -> str:
        """Return the language that was asked for, or else the one that the file states."""
        spoken = [found[1] for line in self.lines["about"] if (found := _WORDS.fullmatch(line))]
        written = written or next(iter(spoken), None)
        if asked is None and not written:
            raise self.stop("the file does not say its language: give it, as --language en")
        try:
            return _LANGUAGE.validate_python(asked or written)
        except ValidationError as error:
            raise self.stop(error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    def aside(self, why: str, name: str) -> None:
        self._aside.setdefault(why, []).append(shown(name))

    def page(self, heading: str = "") -> None:
        self.pages.append((heading, []))

    def question(
        self,
        name: str,
        line: int,
        text: str,
        options: Sequence[Option],
        *,
        scale: str = "",
        help_: str = "",
    ) -> None:
        """Add a question, an item where every code is a whole number."""
        id_ = self.identifier(name, line, "question")
        if id_ in self._seen:
            self.refuse(line, f"`{shown(name)}` is the name of the question on line {self._seen[id_]} too")
        self._seen.setdefault(id_, line)
        are_numbers = all(_NUMBER.fullmatch(option.code) for option in options)
        if are_numbers:
            options = [Option(code=str(int(o.code)), label=o.label, no_answer=o.no_answer) for o in options]
        else:
            options = [
                Option(code=self.identifier(o.code, line, f"answer to `{name}`", "o"), label=o.label)
                for o in options
            ]
        made = Question(id=id_, text=text, scale=scale, options=tuple(options), help=help_)
        codes = [option.code for option in options]
        if len(codes) > len(set(codes)):
            self.refuse(line, f"`{shown(name)}` offers two answers of one code")
        if len(codes) - len(made.no_answers) < 2:  # noqa: PLR2004 - a choice takes two
            self.refuse(line, f"`{shown(name)}` offers fewer than two answers")
        if not self.pages:
            self.page()
        self.pages[-1][1].append(made)

    def score(self, written: str, label: str, name: str) -> None:
        """Add a score whose line of the key says how it is made; a formula without that line is not read."""
        subscale = subscale_of(written)
        if subscale is None:
            self._unread.append(name)
            return
        self.scores.append(subscale)
        self.facets[subscale.id] = label

    def finished(self, *, title: str, language: str) -> Read:
        """Return what was read, or raise everything that is wrong with the file."""
        pages = tuple(Page(heading=heading, questions=tuple(own)) for heading, own in self.pages if own)
        items = [question.id for page in pages for question in page.questions if question.is_item]
        if not items and not self.problems:
            self.refuse(None, "there is no question whose answers have whole numbers as codes")
        if len(items) > MAX_ITEMS:
            self.refuse(None, f"there are more than {MAX_ITEMS} items")
        if self.problems:
            raise InstrumentError(tuple(self.problems))
        licences = [found[1] for line in self.lines["about"] if (found := _LICENCE.fullmatch(line))]
        read = Questionnaire(
            id=Path(self.file).stem,
            source=self.file,
            title=title,
            language=language,
            pages=pages,
            direction=direction_of(question.text for page in pages for question in page.questions),
            licence=licences[0] if licences else "",
            about=tuple(self.lines["about"]),
            before=tuple(self.lines["before"]),
            after=tuple(self.lines["after"]),
            scores=tuple(self._known_scores(set(items))),
            facets=self.facets,
        )
        return read, tuple(self._said())

    def _known_scores(self, items: set[str]) -> Iterator[Subscale]:
        known = {score.id for score in self.scores}
        counts = {name for id_ in known for name in (f"{id_}{ANSWERED}", f"n{id_}")}
        for name in self._unread:
            if name not in counts:
                self.aside("calculations that do not say their key as our files do", name)
        for score in self.scores:
            if {item.id for item in score.items} <= items and set(score.of) <= known:
                yield score
            else:
                self.aside("scores of items that are not in the file", score.id)

    def _said(self) -> Iterator[str]:
        yield from self.remarks
        for why, several in self._aside.items():
            yield f"left aside, {why}: {_listed(several)}"
        if self._renamed:
            yield f"written otherwise: {_listed([f'{shown(a)} as {b}' for a, b in self._renamed.items()])}"


def kind_of(code: str, stated: str = "") -> Kind | None:
    """Return the kind of no answer that a code stands for: as stated or, for our own codes, as we define."""
    if stated in KINDS:
        return next(kind for kind in KINDS if kind == stated)
    return _KIND_BY_CODE.get(int(code)) if _NUMBER.fullmatch(code) else None


def with_translations(read: Read, others: Iterable[tuple[str, Callable[[], Read]]]) -> Read:
    """Add the other languages of a file, given by name and reader, each whole or not at all."""
    first, remarks = read
    translations: dict[str, Questionnaire] = {}
    for name, reader in others:
        try:
            other, _ = reader()
        except InstrumentError as error:
            remarks += (f"left aside, words in {shown(name)}: {error.problems[0]}",)
            continue
        if other.structure != first.structure:
            remarks += (f"left aside, words in {shown(name)}: they are not whole",)
        elif other.language in {first.language, *translations}:
            remarks += (f"left aside, words in {shown(name)}: there are others in `{other.language}`",)
        else:
            translations[other.language] = other
    return replace(first, translations=tuple(translations.values())), remarks


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
