"""Whether evidence lets a report say how precise its figures are, lay units side by side and show a change.

All three need the last stage: precision and invariance, after content and structure. Which evidence counts is
decided by what a wave offered and its study declared, never by who answered: a report that says more or less
because somebody answered in Welsh would tell that somebody did. What the report then says tells a little more
than its figures do: analysis.disclosure.basis has it.
"""

from typing import Any, Final

from sqlalchemy import Connection, Row, select

from analysis.disclosure.basis import Basis, Lacking
from app.evidence.standing import CONFIRMED, ERROR, EVIDENCE, holding, lapsed
from instrument import Instrument

LAST: Final = "precision"


def basis_of(db: Connection, instrument: Instrument, wave: Row[Any]) -> Basis | Lacking:
    """Return the evidence about a wave as it was asked, or why there is none.

    Parameters
    ----------
    db
        The database.
    instrument
        The questionnaire, as it was asked.
    wave
        A wave with the form and the population of its study.
    """
    if wave.imported:
        return "origin"
    found = [
        row
        for language, words in wave.words_hashes.items()
        for row in holding(db, instrument, wave.form, language)
        if row.stage == LAST and row.words_hash == words
    ]
    alike = [row for row in found if _plain(row.population) == _plain(wave.population or "")]
    if not found:
        return "evidence"
    if not alike:
        return "population"
    if {row.language for row in alike} != {*wave.words_hashes}:
        return "language"
    precise = [row for row in alike if any(name.startswith(ERROR) for name in row.figures)]
    if {row.language for row in precise} != {*wave.words_hashes}:
        return "error"
    return Basis(
        seals=tuple(sorted(row.seal for row in precise)),
        population=precise[0].population,
        errors=_errors(precise),
    )


def stands(db: Connection, instrument: Instrument | None, basis: Basis) -> bool:
    """Whether all of the evidence that held at the close holds today."""
    of = select(EVIDENCE).where(EVIDENCE.c.seal.in_(basis.seals), EVIDENCE.c.state == CONFIRMED)
    return sum(not lapsed(row, instrument) for row in db.execute(of)) == len(basis.seals)


def _errors(several: list[Row[Any]]) -> dict[str, float]:
    """Return the largest error of each score that all of the evidence knows."""
    known = [
        {name.removeprefix(ERROR): value for name, value in row.figures.items() if name.startswith(ERROR)}
        for row in several
    ]
    return {
        name: max(each[name] for each in known) for name in known[0] if all(name in each for each in known)
    }


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()
