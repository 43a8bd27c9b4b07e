"""Instrument folders: reading one whole, with every problem at once."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from instrument import consistency, lock
from instrument.model import Actions, Context, Evidence, Form, Header, Instrument, Key
from instrument.nodes import Document, Problem, read, shown
from instrument.source import Part, Source
from instrument.wording import advice_of, claims_of, lent, words_of
from instrument.words import ActionsWords, ClaimsWords, ContextWords, FormWords, Words

PPIQ: Final = Path(__file__).parent / "ppiq"
MAX_FILES: Final = 50
MAX_NODES: Final = 25_000  # of all files of a folder together

M = TypeVar("M", bound=BaseModel)


class InstrumentError(ValueError):
    """The folder does not describe an instrument; `problems` has everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(folder: Path | str) -> Instrument:
    """Read the instrument in `folder`; InstrumentError if anything is wrong, or differs from its LOCK."""
    instrument = load_unlocked(folder)
    if problems := lock.problems(instrument):
        raise InstrumentError(tuple(problems))
    return instrument


def load_unlocked(folder: Path | str) -> Instrument:
    """Read the instrument whatever its LOCK says: for the command that writes one."""
    instrument, problems = _read(Path(folder))
    if instrument is None:
        once = dict.fromkeys(problems)
        raise InstrumentError(tuple(sorted(once, key=lambda problem: (problem.file, problem.line or 0))))
    return instrument


@cache
def ppiq() -> Instrument:
    return load(PPIQ)


def _read(folder: Path) -> tuple[Instrument | None, list[Problem]]:
    if not folder.is_dir():
        return None, [Problem(str(folder), None, "there is no such folder")]
    files = tuple(sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.yaml")))
    forms = [name for name in files if name.startswith("forms/")]
    words = [name for name in files if name.startswith("words/")]
    if len(forms) + len(words) > MAX_FILES:
        return None, [Problem(str(folder), None, f"there are more than {MAX_FILES} files of forms and words")]
    reading = _Reading(folder)
    beside = {name: [n for n in words if n.startswith(f"words/{name}.")] for name in consistency.KEPT_NAMES}
    of_forms = [n for n in words if n.split(".")[0].removeprefix("words/") not in beside]
    source = Source(
        files=(*files, *(path.name for path in folder.glob("*.yaml"))),
        header=reading.one("instrument.yaml", Header),
        key=reading.one("key.yaml", Key),
        context=reading.optional("context.yaml", Context),
        actions=reading.optional("actions.yaml", Actions),
        evidence=reading.optional("claims.yaml", Evidence),
        forms=reading.several(forms, Form),
        words=reading.several(of_forms, FormWords),
        context_words=reading.several(beside["context"], ContextWords),
        actions_words=reading.several(beside["actions"], ActionsWords),
        claims_words=reading.several(beside["claims"], ClaimsWords),
    )
    problems = reading.problems + consistency.problems(source)
    return (None if problems else _joined(folder, source)), problems


class _Reading:
    """Reads the files of a folder and keeps what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._nodes = 0
        self.problems: list[Problem] = []

    def several(self, names: list[str], model: type[M]) -> tuple[Part[M], ...]:
        return tuple(part for name in names if (part := self.one(name, model)))

    def optional(self, name: str, model: type[M]) -> Part[M] | None:
        return self.one(name, model) if (self._folder / name).exists() else None

    def one(self, name: str, model: type[M]) -> Part[M] | None:
        if self._nodes > MAX_NODES:
            return None
        document = read(self._folder / name, name)
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
            # What a refused value leads to is not told twice.
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


def _joined(folder: Path, source: Source) -> Instrument:
    assert source.header
    assert source.key
    header, actions, evidence = source.header.model, source.actions, source.evidence
    return Instrument(
        id=header.id,
        title=header.title,
        licence=header.licence,
        language=header.language,
        folder=folder,
        forms=MappingProxyType({part.model.id: part.model for part in source.forms}),
        key=source.key.model,
        context=source.questions,
        words=MappingProxyType({(w.form, w.language): w for w in _words(source, header.language)}),
        advice=MappingProxyType(
            {p.model.language: advice_of(actions.model, p.model) for p in source.actions_words if actions}
        ),
        claims_in=MappingProxyType(
            {p.model.language: claims_of(evidence.model, p.model) for p in source.claims_words if evidence}
        ),
    )


def _words(source: Source, written_in: str) -> Iterator[Words]:
    """Join the words of every form, those first in which the instrument was written."""
    spoken = {part.model.language: part.model for part in source.context_words}
    said = sorted((part.model for part in source.words), key=lambda words: words.language != written_in)
    for part in source.forms:
        form = part.model
        for words in said:
            if words.form == (form.words or form.id):
                own = lent(words, form) if form.words else words
                yield words_of(form, own, source.questions, spoken.get(words.language))
