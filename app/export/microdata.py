"""The answers of a closed wave as rows for research: shuffled, under fresh random ids, by the codebook.

Purposes and the consent that was agreed to are left out: they say of few people that they were careful, and
of nobody anything that research needs. The rows of the archive are those of people who agreed to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from secrets import SystemRandom
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, select

from app.closing.snapshots import as_it_was_asked
from app.csv_cells import Cell
from app.errors import Refused
from app.export.linked import ARCHIVE, Pairing, pairing, same_for_all
from app.export.rows import FEWEST, PAIR_ID, ROW_ID, Microdata
from app.export.withhold import Value, withhold, withhold_last
from app.runtime import Service
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.tables import CLOSED, Response, table
from instrument import LEFT_BLANK, Column, Form, Instrument, allowed, codebook, keyed, score

UNIT: Final = "unit"
PROVENANCE_THAT_TELLS: Final = ("language", "words_hash", "layout")
RESPONSE: Final = table(Response)


class TooFew(Refused):
    """There are not enough rows to give any away."""


def microdata(
    service: Service, db: Connection, wave: str, *, with_unit: bool = False, archive: bool = False
) -> Microdata:
    """Read a closed wave; refused where there are too few rows to give away."""
    about = _closed(db, wave)
    instrument = as_it_was_asked(service, about)
    form = instrument.forms[about.form]
    kept = list(db.execute(select(RESPONSE).where(RESPONSE.c.wave == wave)))
    _enough(wave, kept)
    asked = [each for each in form.context if about.context is None or each in about.context]
    pair = pairing(db, wave, archive=archive)
    known = _known(instrument, form, asked, kept, with_unit=with_unit)
    known = _rarer_withheld(known, with_unit=with_unit) if pair is None else same_for_all(known)
    if archive:
        chosen = [place for place, row in enumerate(kept) if ARCHIVE in row.purposes]
        kept = [kept[place] for place in chosen]
        _enough(wave, kept)
        known = [known[place] for place in chosen]
        known = _rarer_withheld(known, with_unit=with_unit) if pair is None else known
    columns = tuple(_columns(instrument, form, asked, wave, pair, with_unit=with_unit))
    provenance = _provenance(about, instrument)
    ids = pair.ids if pair else frozenset()
    rows = list(
        _rows(columns, known, kept, instrument=instrument, form=form, provenance=provenance, pair_ids=ids)
    )
    SystemRandom().shuffle(rows)
    return Microdata(
        wave=wave,
        title=about.title,
        simulated=about.simulated,
        instrument=instrument,
        form=form,
        columns=columns,
        rows=tuple(rows),
        linked=pair.note if pair else "",
    )


def _columns(
    instrument: Instrument,
    form: Form,
    asked: Sequence[str],
    wave: str,
    pair: Pairing | None,
    *,
    with_unit: bool,
) -> Iterator[Column]:
    left_out = {*form.context} - {*asked} | (set() if with_unit else {UNIT})
    for column in codebook(instrument, form.id, "en"):
        if column.name not in left_out:
            yield column
        if column.name == ROW_ID and pair and pair.linked:
            yield pair.column(wave)


def _rows(
    columns: Sequence[Column],
    known: Sequence[Mapping[str, Cell]],
    kept: Sequence[Row[Any]],
    *,
    instrument: Instrument,
    form: Form,
    provenance: Mapping[str, Cell],
    pair_ids: frozenset[UUID],
) -> Iterator[tuple[Cell, ...]]:
    ids = SystemRandom().sample(range(10**9, 10**10), len(kept))
    turned = _turned(instrument, form)
    for row_id, context, given in zip(ids, known, kept, strict=True):
        cells = {
            ROW_ID: row_id,
            PAIR_ID: str(given.pair_id) if given.pair_id in pair_ids else None,
            **provenance,
            **context,
            **_answers(form, given.answers, turned),
            **_scores(instrument, form, given.answers),
        }
        yield tuple(cells.get(column.name) for column in columns)


def _closed(db: Connection, wave: str) -> Row[Any]:
    asked = select(WAVE, STUDY.c.title, STUDY.c.instrument, STUDY.c.form, STUDY.c.simulated, STUDY.c.context)
    found = db.execute(asked.join(STUDY, STUDY.c.id == WAVE.c.study).where(WAVE.c.id == wave)).first()
    if found is None or found.state != CLOSED:
        raise Refused(f"{wave!r} is no closed collection; answers leave the service only after the close")
    return found


def _enough(wave: str, rows: Sequence[object]) -> None:
    if len(rows) < FEWEST:
        raise TooFew(f"{wave!r} has fewer than {FEWEST} such rows; fewer are given to nobody")


def _known(
    instrument: Instrument, form: Form, asked: Sequence[str], kept: Sequence[Row[Any]], *, with_unit: bool
) -> list[dict[str, Value]]:
    """What is known of each person beside their answers to the items, from what is withheld last."""
    asked = sorted(asked, key=lambda name: (name != form.role, len(instrument.context[name].options)))
    known: list[dict[str, Value]] = [
        {
            **{name: getattr(row, name) for name in PROVENANCE_THAT_TELLS},
            **{name: row.answers.get(name, LEFT_BLANK) for name in asked},
            **({UNIT: row.unit} if with_unit else {}),
        }
        for row in kept
    ]
    return known


def _rarer_withheld(known: Sequence[Mapping[str, Value]], *, with_unit: bool) -> list[dict[str, Value]]:
    """Withhold from the last column to the first, the unit only when all else is settled.

    So an export with units shows no more of the rest than one without: the two can be joined by the answers.
    """
    names = list(known[0])
    rows = [tuple(each.values()) for each in known]
    if with_unit:
        rest = withhold([row[:-1] for row in rows])
        rows = withhold_last([(*first, row[-1]) for first, row in zip(rest, rows, strict=True)])
    else:
        rows = withhold(rows)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _provenance(about: Row[Any], instrument: Instrument) -> dict[str, Cell]:
    return {
        "simulated": int(about.simulated),
        "wave": about.id,
        "form_hash": about.form_hash,
        "key_revision": instrument.key.revision,
        "code_version": version("counterpoise"),
    }


def _turned(instrument: Instrument, form: Form) -> dict[tuple[str, int], Cell]:
    """Every answer that can be stored, as it is scored."""
    return {
        (item.id, code): None if (value := keyed(instrument, form.id, item.id, code)) is None else int(value)
        for item in form.items
        for code in (*allowed(form, item), LEFT_BLANK)
    }


def _answers(
    form: Form, answers: Mapping[str, int], turned: Mapping[tuple[str, int], Cell]
) -> dict[str, Cell]:
    given = {item.id: answers[item.id] for item in form.items if item.id in answers}
    raw: dict[str, Cell] = {f"raw_{name}": code for name, code in given.items()}
    return raw | {name: turned[name, code] for name, code in given.items()}


def _scores(instrument: Instrument, form: Form, answers: Mapping[str, int]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for name, figure in score(instrument, form.id, answers).items():
        cells[name] = figure.value
        cells[f"{name}_answered"] = figure.answered
    return cells
