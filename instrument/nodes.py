"""Reads one YAML file that a stranger may have written, and remembers the line of every value.

Only a small part of YAML is allowed: mappings, lists, whole decimal numbers, `true` and `false`, plain
names, and text in quotes. What other readers of YAML would turn into something else (`no`, `010`, `1:30`,
`.inf`) is refused, so that a file means the same everywhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

MAX_BYTES: Final = 256 * 1024
MAX_NODES: Final = 5_000
MAX_DEPTH: Final = 20

_WHOLE_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_NAME: Final = re.compile(r"-?[A-Za-z][A-Za-z0-9_-]*")
_READ_AS_SOMETHING_ELSE: Final = frozenset("yes no on off y n true false null none nan inf".split())
_Place = tuple[str | int, ...]

# libyaml reads twenty times faster than the pure reader, which the time bound of a hostile file needs.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Name(str):
    """A word written without quotes: fit for an identifier, never for text that people read."""

    __slots__ = ()


@dataclass(frozen=True, order=True)
class Problem:
    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class _Refused(Exception):  # noqa: N818 - it carries a finding out of the recursion, it is not an error of ours
    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Document:
    """Plain data, the line of each place in it, and what is wrong with the file as YAML."""

    file: str
    data: Any = None
    lines: dict[_Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    readable: bool = True

    def line(self, place: _Place) -> int | None:
        """Return the line of the nearest place that exists in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def problem(self, message: str, *place: str | int) -> Problem:
        return Problem(self.file, self.line(place), message)


def read(path: Path, file: str) -> Document:
    """Read `path`, which problems call `file`; never raises for what the file contains."""
    document = Document(file)
    try:
        document.data = _Reader(document).read(_text(path))
    except _Refused as refused:
        document.problems.append(Problem(file, refused.line, str(refused)))
        document.readable = False
    return document


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _Refused(None, f"the file cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise _Refused(None, f"the file is larger than {MAX_BYTES // 1024} KiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Refused(line, "the file is not UTF-8 text") from None


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0
        self._events: Iterator[yaml.Event] = iter(())

    def read(self, text: str) -> Any:
        self._events = yaml.parse(text, Loader=_Loader)
        try:
            next(self._events)
            start = next(self._events)
            if isinstance(start, yaml.StreamEndEvent):
                raise _Refused(1, "the file is empty")
            if start.version or start.tags:
                raise _Refused(1, "YAML directives (%) are not allowed")
            data = self._node(next(self._events), ())
            next(self._events)
            if isinstance(extra := next(self._events), yaml.DocumentStartEvent):
                raise _Refused(_line(extra), "a file holds one document")
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            said = getattr(error, "problem", None) or "a character that YAML does not allow"
            raise _Refused(mark.line + 1 if mark else None, f"this is not YAML: {said}") from None
        return data

    def _node(self, event: Any, place: _Place) -> Any:
        line = _line(event)
        self._document.lines.setdefault(place, line)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Refused(line, f"the file has more than {MAX_NODES} values")
        if len(place) > MAX_DEPTH:
            raise _Refused(line, f"values are nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._refuse(line, f"aliases (*{event.anchor}) are not allowed: write the value out")
        if event.anchor is not None:
            self._refuse(line, f"anchors (&{event.anchor}) are not allowed")
        if event.tag is not None:
            self._refuse(line, f"tags ({event.tag}) are not allowed")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(place)
        return self._scalar(event, line)

    def _sequence(self, place: _Place) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._node(event, (*place, len(values))))
        return values

    def _mapping(self, place: _Place) -> dict[str | int, Any]:
        values: dict[str | int, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _Refused(line, "a key must be a single word or number")
            key = self._node(event, (*place, "?"))
            self._document.lines.pop((*place, "?"), None)
            if key in values:
                self._refuse(line, f"`{key}` is written twice")
            self._document.lines.setdefault((*place, key), line)
            value = self._node(next(self._events), (*place, key))
            values.setdefault(key, value)
        return values

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> str | int | bool:
        written: str = event.value
        if event.style in ("'", '"', "|", ">"):
            return written
        if _WHOLE_NUMBER.fullmatch(written):
            return int(written)
        if written in {"true", "false"}:
            return written == "true"
        if not written:
            self._refuse(line, "a value is missing")
        elif written.lower() in _READ_AS_SOMETHING_ELSE:
            self._refuse(line, f"`{written}` is not read as text everywhere: write it in quotes")
        elif not _NAME.fullmatch(written):
            shown = written if len(written) <= 40 else written[:40] + "…"  # noqa: PLR2004 - a line of a terminal
            self._refuse(line, f"`{shown}` is no plain whole number and no plain name: write text in quotes")
        return Name(written)

    def _refuse(self, line: int, message: str) -> None:
        self._document.problems.append(Problem(self._document.file, line, message))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
