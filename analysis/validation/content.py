"""Phases 2 and 3: what a panel and people in interviews say of the items."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from analysis.content_validity.indices import (
    content_validity_ratio,
    critical_votes,
    item_content_validity,
    modified_kappa,
    reaches,
)
from analysis.estimate import Estimate, Unavailable
from analysis.files.table import Table as FileTable
from analysis.files.table import TableError
from analysis.report.document import Section, Table, Value, value_of
from analysis.report.fitted import column_of
from analysis.validation.interview_guide import KINDS
from analysis.validation.study import Study
from analysis.validation.verdicts import Check, Phase, counted, judged, phase, stated

YES: Final = frozenset({"yes", "1", "true", "1.0"})
NO_RATERS: Final = Unavailable(reason="too few rows", detail="no rater with lived experience")


RELEVANT: Final = 3
"""The least of the ratings 1 to 4 that calls an item relevant."""
Votes = tuple[int, int]
"""How many call an item relevant, of how many."""


def panel(study: Study) -> Phase:
    """Phase 2: whether a panel, a part of it with lived experience, finds the items relevant."""
    title = "Expert and lived-experience panel"
    table = study.tables.get("panel")
    if table is None:
        return phase(2, title, [stated("panel", "ratings of the items", None, "give them as panel=FILE")])
    rows = _rows(table, ("item", "rater", "relevance", "essential", "lived"), study)
    everyone, lived = _votes(rows, lived=False), _votes(rows, lived=True)
    raters = {row["rater"] for row in rows}
    with_life = {row["rater"] for row in rows if row["lived"] in YES}
    checks = [
        counted(study.bound("panel_n"), len(raters)),
        counted(study.bound("panel_lived"), len(with_life)),
        *_of_items(study, everyone, "all members"),
        *_of_items(study, lived, "members with lived experience"),
    ]
    if everyone:
        checks.append(judged(study.bound("scvi"), _average(everyone)))
    return phase(2, title, checks, [_ratings(rows, everyone, lived)])


def _of_items(study: Study, found: Mapping[str, Votes], whose: str) -> list[Check]:
    bound = study.bound("icvi")
    if not found:
        return [judged(bound, NO_RATERS)]
    shares = {item: _share(votes) for item, votes in found.items()}
    lacking = next((share for share in shares.values() if isinstance(share, Unavailable)), None)
    if lacking is not None:
        return [judged(bound, lacking)]
    known = {item: share.value for item, share in shares.items() if isinstance(share, Estimate)}
    beyond = [f"{item} ({whose})" for item, share in known.items() if not reaches(share, bound.value)]
    check = judged(bound, min(known.values()), beyond)
    return [check if beyond else replace(check, verdict="met")]  # 7 of 9 reaches 0.78


def _share(votes: Votes) -> Estimate | Unavailable:
    return item_content_validity(*votes)


def _average(found: Mapping[str, Votes]) -> float:
    """Return S-CVI/Ave, the mean of the items' shares."""
    return sum(relevant / n for relevant, n in found.values()) / len(found)


def _votes(rows: Sequence[Mapping[str, str]], *, lived: bool) -> dict[str, Votes]:
    ratings: dict[str, list[int]] = {}
    for row in rows:
        if row["relevance"] and (not lived or row["lived"] in YES):
            ratings.setdefault(row["item"], []).append(_rating(row["relevance"]))
    return {item: (sum(rating >= RELEVANT for rating in each), len(each)) for item, each in ratings.items()}


def _rating(said: str) -> int:
    number = said.removesuffix(".0")
    if number not in {"1", "2", "3", "4"}:
        raise TableError(f"relevance is rated 1, 2, 3 or 4, and the panel's table says {said!r}")
    return int(number)


def _ratings(
    rows: Sequence[Mapping[str, str]], everyone: Mapping[str, Votes], lived: Mapping[str, Votes]
) -> Section:
    table: list[tuple[Value, ...]] = []
    for item, votes in everyone.items():
        essential = [row["essential"] in YES for row in rows if row["item"] == item and row["essential"]]
        own: Value = value_of(_share(lived[item])) if item in lived else NO_RATERS
        table.append(
            (
                item,
                votes[1],
                value_of(_share(votes)),
                value_of(modified_kappa(*votes)),
                own,
                *_essential(sum(essential), len(essential)),
            )
        )
    universal = sum(relevant == n for relevant, n in everyone.values()) / len(everyone) if everyone else 0.0
    reading = (
        f"S-CVI/Ave {_average(everyone):.3f}, S-CVI/UA {universal:.3f}. Kappa is the modified one of Polit, "
        "Beck and Owen (2007); the votes that CVR needs are exact (Ayre and Scally 2014), not Lawshe's table."
        if everyone
        else "Nobody rated an item."
    )
    headers = ("item", "raters", "I-CVI", "kappa", "I-CVI, lived experience", "CVR", "votes", "votes needed")
    return Section(
        id="panel",
        title="What the panel says of the items",
        reading=reading,
        tables=(Table(title="Content validity", headers=headers, rows=tuple(table)),),
    )


def _essential(votes: int, n: int) -> tuple[Value, Value, Value]:
    if not n:
        nobody = Unavailable(reason="too few rows", detail="nobody said whether it is essential")
        return nobody, nobody, nobody
    needed = critical_votes(n)
    return value_of(content_validity_ratio(votes, n)), votes, needed


def interviews(study: Study) -> Phase:
    """Phase 3: whether items are understood as they are meant."""
    title = "Cognitive interviews"
    table = study.tables.get("interviews")
    if table is None:
        return phase(
            3, title, [stated("interviews", "the log of interviews", None, "give it as interviews=FILE")]
        )
    names = ("item", "person", "round", "understood", "serious")
    coded = column_of("problem", table) is not None
    asked = _rows(table, (*names, "problem") if coded else names, study)
    rows = [row for row in asked if row["person"]]  # a log has a line for each item, read or not
    items = dict.fromkeys(row["item"] for row in rows)
    last = max((row["round"] for row in rows), default="")
    share = {
        item: sum(row["understood"] in YES for row in of) / len(of)
        for item in items
        if (of := [row for row in rows if row["item"] == item])
    }
    bound = study.bound("understood")
    serious = [row["item"] for row in rows if row["round"] == last and row["serious"] in YES]
    checks = [
        counted(study.bound("interviews_n"), len({row["person"] for row in rows})),
        counted(study.bound("rounds"), len({row["round"] for row in rows})),
        judged(
            bound,
            min(share.values(), default=0.0),
            [item for item, each in share.items() if not bound.holds(each)],
        ),
        judged(study.bound("serious"), len(serious), sorted({*serious})),
    ]
    listed = tuple(
        (
            item,
            len([row for row in rows if row["item"] == item]),
            share[item],
            sum(row["serious"] in YES for row in rows if row["item"] == item),
        )
        for item in items
    )
    section = Section(
        id="interviews",
        title="What people understood",
        reading="A reading is one person's reading of one item.",
        tables=(
            Table(
                title="Readings of each item",
                headers=("item", "readings", "understood as intended", "serious problems"),
                rows=listed,
            ),
            *([_problems(rows, table.file)] if coded else []),
        ),
    )
    return phase(3, title, checks, [section])


def _problems(rows: Sequence[Mapping[str, str]], file: Path) -> Table:
    """Count the problems with each item by their kind, as the log of the interview guide codes them."""
    kinds = tuple(kind for kind, _ in KINDS)
    if unknown := sorted({row["problem"] for row in rows} - {*kinds, ""}):
        cure = f"write {', '.join(kinds)}, or leave the cell empty"
        raise TableError(f"{file.name}: `{unknown[0]}` is no kind of problem; {cure}")
    return Table(
        title="Problems with each item",
        headers=("item", *kinds),
        rows=tuple(
            (item, *(sum((row["item"], row["problem"]) == (item, kind) for row in rows) for kind in kinds))
            for item in dict.fromkeys(row["item"] for row in rows)
        ),
    )


def _rows(table: FileTable, names: Sequence[str], study: Study) -> list[dict[str, str]]:
    columns: dict[str, list[str]] = {}
    for name in names:
        column = column_of(name, table)
        if column is None:
            raise TableError(f"{table.file} has no column {name}; it needs {', '.join(names)}")
        columns[name] = [(cell or "").strip().lower() for cell in table.text(column)]
    form = study.instrument.forms[study.plan.form]
    unknown = {item for item in columns["item"] if item} - {*form.by_id}
    if unknown:
        raise TableError(f"{table.file}: form {form.id} has no item {min(unknown)}")
    return [
        row
        for values in zip(*columns.values(), strict=True)
        if (row := dict(zip(columns, values, strict=True)))["item"]
    ]
