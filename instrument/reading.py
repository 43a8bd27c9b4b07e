"""Reads the files of a folder into models, and says in plain words what is wrong with each."""

from collections.abc import Callable, Collection
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from instrument.nodes import Document, Problem, read, shown
from instrument.source import Part

MAX_NODES: Final = 25_000  # of all files of a folder together

M = TypeVar("M", bound=BaseModel)


class Reading:
    """Reads documents into models and keeps what is wrong with them.

    `files` are the names there are, and `document_of` reads one of them.
    """

    def __init__(self, files: Collection[str], document_of: Callable[[str], Document]) -> None:
        self._files = files
        self._document_of = document_of
        self._nodes = 0
        self.problems: list[Problem] = []

    @classmethod
    def of_folder(cls, folder: Path) -> "Reading":
        files = [path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml")]
        return cls(files, lambda name: read(folder / name, name))

    def several(self, names: list[str], model: type[M]) -> tuple[Part[M], ...]:
        return tuple(part for name in names if (part := self.one(name, model)))

    def optional(self, name: str, model: type[M]) -> Part[M] | None:
        return self.one(name, model) if name in self._files else None

    def one(self, name: str, model: type[M]) -> Part[M] | None:
        if self._nodes > MAX_NODES:
            return None
        document = self._document_of(name)
        self.problems += document.problems
        self._nodes += document.nodes
        if self._nodes > MAX_NODES:
            self.problems.append(
                Problem(name, None, f"with this file there are more than {MAX_NODES} values")
            )
        if not document.readable:
            return None
        try:
            return Part(document, model.model_validate(document.data))
        except ValidationError as error:
            # A refused value causes further errors, which are not reported.
            told = {problem.line for problem in document.problems}
            found = (_plain(document, dict(e)) for e in error.errors(include_url=False, include_input=False))
            self.problems += [problem for problem in found if problem.line not in told]
            return None


_PLAIN: Final = MappingProxyType(
    {
        "missing": "`{name}` is missing",
        "extra_forbidden": "`{name}` is not known here",
        "model_type": "names with values are wanted here",
        "mapping_type": "names with values are wanted here",
        "tuple_type": "a list is wanted here",
        "string_type": "text is wanted here",
        "string_too_short": "the text is empty",
        "string_too_long": "the text is longer than {max_length} characters",
        "too_short": "at least {min_length} are wanted here",
        "too_long": "there are more than {max_length}",
        "int_type": "a whole number is wanted here",
        "bool_type": "true or false is wanted here",
        "literal_error": "this should be {expected}",
        "greater_than_equal": "this should be {ge} or more",
        "less_than_equal": "this should be {le} or less",
        "value_error": "{error}",
    }
)


def _plain(document: Document, error: dict[str, Any]) -> Problem:
    place = error["loc"]
    said = _PLAIN.get(error["type"], error["msg"])
    name = shown(place[-1]) if place else ""
    return document.problem(said.format(name=name, **error.get("ctx", {})), *place)
