"""Reads one YAML file that a stranger may have written, and remembers the line of every value.

Only a small part of YAML is allowed: mappings, lists, whole decimal numbers, `true` and `false`, plain
names, and text in quotes. What other readers of YAML would turn into something else (`no`, `010`, `1:30`,
`.inf`) is refused, so that a file means the same everywhere.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

MAX_BYTES: Final = 256 * 1024
MAX_NODES: Final = 5_000
MAX_DEPTH: Final = 20

_WHOLE_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_NAME: Final = re.compile(r"-?[A-Za-z][A-Za-z0-9_-]*")
_READ_DIFFERENTLY: Final = frozenset(["yes", "no", "on", "off", "y", "n", "true", "false", "null", "none"])
_QUOTED: Final = frozenset("'\"|>")
_Place = tuple[str | int, ...]

# libyaml reads twenty times faster than the Python reader; the time limit for hostile files needs that.
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Name(str):
    """A word written without quotes: used for identifiers, never for text that people read."""

    __slots__ = ()


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file of an instrument, and on which line where one is known."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class _Unreadable(Exception):
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
    nodes: int = 0
    readable: bool = True

    def problem(self, message: str, *place: str | int) -> Problem:
        """Return a problem at `place`, or at the nearest place around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(self.file, self.lines.get(place), message)


def read(path: Path, file: str) -> Document:
    """Read `path`, which problems call `file`; never raises for what the file contains."""
    return _read(file, lambda: _content(path))


def read_text(text: str, file: str) -> Document:
    """Read what stands in a file, as `read` does."""
    return _read(file, lambda: _decoded(text.encode()))


def _read(file: str, content: Callable[[], str]) -> Document:
    document = Document(file)
    try:
        document.data = _Reader(document).read(content())
    except _Unreadable as refused:
        document.problems.append(Problem(file, refused.line, str(refused)))
        document.readable = False
    return document


def is_name(written: str) -> bool:
    """Tell whether a word may stand without quotes."""
    return bool(_NAME.fullmatch(written)) and written.lower() not in _READ_DIFFERENTLY


def shown(value: object, length: int = 40) -> str:
    """Shorten what a stranger wrote to one line, with control characters of a terminal made visible."""
    written = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in str(value))
    return written if len(written) <= length else f"{written[:length]}…"


def _content(path: Path) -> str:
    if not path.is_file():  # reading a pipe would wait without end
        raise _Unreadable(None, "there is no such file")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _Unreadable(None, f"the file cannot be read: {error.strerror}") from None
    return _decoded(content)


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _Unreadable(None, f"the file is larger than {MAX_BYTES // 1024} KiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Unreadable(line, "the file is not UTF-8 text") from None


class _Reader:
    """Builds plain data from the parser's events, and stops where a limit is exceeded."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._events: Iterator[yaml.Event] = iter(())

    def read(self, text: str) -> Any:
        self._events = yaml.parse(text, Loader=_Loader)
        try:
            return self._whole()
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else None
            start = error.context_mark
            since = f", {error.context} that starts on line {start.line + 1}" if start else ""
            raise _Unreadable(line, f"this is not YAML: {error.problem}{since}") from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise _Unreadable(line, "the file has a character that YAML does not allow") from None

    def _whole(self) -> Any:
        next(self._events)
        start = next(self._events)
        if not isinstance(start, yaml.DocumentStartEvent):
            raise _Unreadable(1, "the file is empty")
        if start.version or start.tags:
            raise _Unreadable(1, "YAML directives (%) are not allowed")
        data = self._node(next(self._events), ())
        next(self._events)
        if isinstance(extra := next(self._events), yaml.DocumentStartEvent):
            raise _Unreadable(_line(extra), "a file holds one document")
        return data

    def _node(self, event: yaml.Event, place: _Place) -> Any:
        line = _line(event)
        self._document.lines.setdefault(place, line)
        self._count(line)
        if len(place) > MAX_DEPTH:
            raise _Unreadable(line, f"values are nested more than {MAX_DEPTH} deep")
        self._bare(event, line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(place)
        return self._scalar(event, line) if isinstance(event, yaml.ScalarEvent) else None

    def _sequence(self, place: _Place) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._node(event, (*place, len(values))))
        return values

    def _mapping(self, place: _Place) -> dict[str | int, Any]:
        values: dict[str | int, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            self._count(line)
            self._bare(event, line)
            key = self._scalar(event, line) if isinstance(event, yaml.ScalarEvent) else None
            if key is None or isinstance(key, bool):
                raise _Unreadable(line, "a key must be a name, a number or text in quotes")
            if key in values:
                self._refuse(line, f"`{shown(key)}` is written twice")
            self._document.lines.setdefault((*place, key), line)
            value = self._node(next(self._events), (*place, key))
            values.setdefault(key, value)
        return values

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> str | int | bool:
        written: str = event.value
        if event.style in _QUOTED:
            return written
        if _WHOLE_NUMBER.fullmatch(written):
            return int(written)
        if written in {"true", "false"}:
            return written == "true"
        if not written:
            self._refuse(line, "a value is missing")
        elif written.lower() in _READ_DIFFERENTLY:
            self._refuse(line, f"`{written}` is not text to every reader of YAML: write it in quotes")
        elif not _NAME.fullmatch(written):
            self._refuse(
                line, f"`{shown(written)}` is neither a whole number nor a name: write text in quotes"
            )
        return Name(written)

    def _count(self, line: int) -> None:
        self._document.nodes += 1
        if self._document.nodes > MAX_NODES:
            raise _Unreadable(line, f"the file has more than {MAX_NODES} values")

    def _bare(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(line, f"aliases (*{shown(event.anchor)}) are not allowed: write the value out")
            return
        if event.anchor is not None:
            self._refuse(line, f"anchors (&{shown(event.anchor)}) are not allowed")
        if event.tag is not None:
            self._refuse(line, f"tags ({shown(event.tag)}) are not allowed")

    def _refuse(self, line: int, message: str) -> None:
        self._document.problems.append(Problem(self._document.file, line, message))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
