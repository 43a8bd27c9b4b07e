"""Reads the folder of an instrument whole, and reports every problem in it at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from instrument import consistency, lock
from instrument.model import Actions, Context, Evidence, Form, Header, Instrument, Key
from instrument.nodes import Document, Problem, read, read_text
from instrument.reading import Reading
from instrument.source import Source
from instrument.translations import Record, Remarks
from instrument.wording import advice_of, claims_of, lent, words_of
from instrument.words import ActionsWords, ClaimsWords, ContextWords, FormWords, Words

PPIQ: Final = Path(__file__).parent / "ppiq"
MAX_FILES: Final = 100


class InstrumentError(ValueError):
    """The folder does not describe an instrument; `problems` has everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(folder: Path | str) -> Instrument:
    """Read the instrument in a folder.

    Parameters
    ----------
    folder : its path

    Returns
    -------
    Instrument
        The whole questionnaire: forms, key, words.

    Raises
    ------
    InstrumentError
        Anything is wrong with a file, or differs from LOCK; its `problems` has everything at once.
    """
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
    """Read the questionnaire that comes with the package, once.

    Returns
    -------
    Instrument
        The same object at every call.
    """
    return load(PPIQ)


def _read(folder: Path) -> tuple[Instrument | None, list[Problem]]:
    if not folder.is_dir():
        return None, [Problem(str(folder), None, "there is no such folder")]
    files = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.yaml"))
    files += [path.name for path in folder.glob("*.yaml")]
    return read_documents(files, lambda name: read(folder / name, name), folder)


def of_texts(files: Mapping[str, str]) -> Instrument:
    """Return the instrument that the texts of some files are, by their names; InstrumentError where none."""
    instrument, problems = read_documents([*files], lambda name: read_text(files[name], name), Path())
    if instrument is None:
        raise InstrumentError(tuple(problems))
    return instrument


def read_documents(
    files: Sequence[str], document_of: Callable[[str], Document], folder: Path
) -> tuple[Instrument | None, list[Problem]]:
    """Read an instrument from documents named like the files of a folder, wherever they come from."""
    forms = [name for name in files if name.startswith("forms/")]
    words = [name for name in files if name.startswith("words/")]
    if len(forms) + len(words) > MAX_FILES:
        return None, [Problem(str(folder), None, f"there are more than {MAX_FILES} files of forms and words")]
    records = [name for name in files if name.startswith("history/") and name.endswith(".record.yaml")]
    notes = [name for each in records if (name := each.replace(".record.yaml", ".yaml")) in files]
    reading = Reading(files, document_of)
    beside = {name: [n for n in words if n.startswith(f"words/{name}.")] for name in consistency.KEPT_NAMES}
    of_forms = [n for n in words if n.split(".")[0].removeprefix("words/") not in beside]
    source = Source(
        files=tuple(files),
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
        records=reading.several(records, Record),
        remarks=reading.several(notes, Remarks),
    )
    problems = reading.problems + consistency.problems(source)
    return (None if problems else _joined(folder, source)), problems


def _joined(folder: Path, source: Source) -> Instrument:
    assert source.header
    assert source.key
    header, actions, evidence = source.header.model, source.actions, source.evidence
    return Instrument(
        id=header.id,
        title=header.title,
        licence=header.licence,
        language=header.language,
        private=header.private,
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
    """Join the words of every form; the language in which the instrument was written comes first."""
    spoken = {part.model.language: part.model for part in source.context_words}
    said = sorted((part.model for part in source.words), key=lambda words: words.language != written_in)
    for part in source.forms:
        form = part.model
        for words in said:
            if words.form == (form.words or form.id):
                own = lent(words, form) if form.words else words
                yield words_of(form, own, source.questions, spoken.get(words.language))
