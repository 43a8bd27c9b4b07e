"""The dossier of a study: every phase, every line of the checklist, what may be said, how it was made."""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import scipy

from analysis.estimate import Unavailable
from analysis.report.document import Document, Section, Table, Value, sections_json
from analysis.validation.checklist import Line, checklist, lines
from analysis.validation.phases import answered
from analysis.validation.study import Study, departures
from analysis.validation.verdicts import Phase

STAGES: Final[tuple[tuple[str, tuple[int, ...]], ...]] = (
    ("content", (2, 3)),
    ("structure", (5, 6, 7)),
    ("precision", (8, 9, 10)),
)
"""What phases a stage of the evidence needs, each stage those of the one before as well."""
DESK: Final = "desk_only"
NEVER: Final = "SIMULATED answers are no evidence, whatever they show."


@dataclass(frozen=True, kw_only=True)
class Dossier(Document):
    """A document with its phases and lines; `seal` is the hash of everything in it."""

    phases: tuple[Phase, ...]
    lines: tuple[Line, ...]
    stage: str
    seal: str


def dossier(study: Study, command: str) -> Dossier:
    """Answer a plan from the evidence of a study.

    Parameters
    ----------
    study
        The plan and the files.
    command
        The command that asked for it, word for word.

    Returns
    -------
    Dossier
        The same for the same files, plan and versions, but for the command.
    """
    phases = answered(study)
    by_number = {each.number: each for each in phases}
    found = lines(study, by_number)
    stage = DESK if study.simulated else stage_of(phases)
    away = departures(study)
    sections = (
        _overview(phases),
        _claims(study, stage, phases),
        checklist(found),
        _departed(away),
        *_sample(study),
        *(part for each in phases for part in _of(each)),
        _made(study, command),
    )
    tree = {
        **_identity(study, stage),
        "departures": away,
        "phases": {str(each.number): _phase_tree(each) for each in phases},
        "checklist": {str(line.number): asdict(line) for line in found},
        "sections": sections_json([each for each in sections if each.id != "made"]),
    }
    seal = seal_of(tree)
    return Dossier(
        title=f"{'SIMULATED: ' if study.simulated else ''}Validation dossier of {study.instrument.title}",
        lead=f"{study.plan.title}: what was planned, what was found, and what may be said of it.",
        labels=study.main.labels,
        provenance=(
            f"Form {study.plan.form}, language {study.plan.language}; {study.plan.population}. "
            f"n = {study.main.n} in the main sample. Answers the plan {study.read.sha256}. Seal {seal}."
        ),
        sections=sections,
        how=HOW,
        tree={**tree, "seal": seal, "command": command},
        phases=phases,
        lines=found,
        stage=stage,
        seal=seal,
    )


HOW: Final = (
    "A phase is met where every bound is kept, not met where one is not, and without enough data where a "
    "bound cannot be judged; it then says how much is missing. Bounds are written down in PLAN.yaml or are "
    "the programme's own; those that are COSMIN's carry its name. A bound that is kept says something of "
    "these people, in this language, with these words, and of nobody else."
)


def stage_of(phases: Sequence[Phase]) -> str:
    """Return the last stage of the evidence whose phases, and those before, are all met."""
    met = {each.number for each in phases if each.verdict == "met"}
    reached = DESK
    for stage, needed in STAGES:
        if not {*needed} <= met:
            break
        reached = stage
    return reached


OUTSIDE: Final = frozenset({"seal", "command", "software"})
"""What a dossier says of its making beside its content, which holds the versions itself."""


def seal_of(tree: dict[str, Any]) -> str:
    """Return the hash of a dossier's content."""
    inner = {name: value for name, value in tree.items() if name not in OUTSIDE}
    plain = json.loads(json.dumps(inner, default=_plain))
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, Unavailable):
        return {"unavailable": value.why}
    raise TypeError(f"a dossier holds a {type(value).__name__}, which JSON has no form for")


def _overview(phases: Sequence[Phase]) -> Section:
    rows = tuple((f"{each.number}. {each.title}", each.verdict, each.why) for each in phases)
    counts = {verdict: sum(each.verdict == verdict for each in phases) for verdict in VERDICTS}
    return Section(
        id="phases",
        title="The phases",
        reading=", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + ".",
        tables=(Table(title="Phases 0 to 14", headers=("phase", "verdict", "why"), rows=rows),),
    )


VERDICTS: Final = ("met", "not met", "not enough data", "not asked")


def _claims(study: Study, stage: str, phases: Sequence[Phase]) -> Section:
    by_number = {each.number: each for each in phases}
    rows = tuple(
        (name, ", ".join(map(str, needed)), _lacking([by_number[n] for n in needed]))
        for name, needed in STAGES
    )
    label = study.instrument.claims.label if study.instrument.claims else "A summary of answers"
    said = NEVER if study.simulated else f"Stage of this evidence: {stage}."
    reading = (
        f"{said} A stage opens nothing by itself: a registry of evidence takes it with an ethics "
        "reference, a preregistration, a responsible person and a second account, and for this form, "
        f"edition, language, population and version alone. Until then: {label}."
    )
    table = Table(title="Stages of the evidence", headers=("stage", "phases needed", "lacking"), rows=rows)
    return Section(id="claims", title="What may be said", reading=reading, tables=(table,))


def _lacking(needed: Sequence[Phase]) -> str:
    lacking = [f"{each.number} ({each.verdict})" for each in needed if each.verdict != "met"]
    return ", ".join(lacking) or "nothing"


def _departed(away: Sequence[str]) -> Section:
    rows = tuple((str(place), each) for place, each in enumerate(away, start=1))
    return Section(
        id="departures",
        title="What departed from the plan",
        reading="" if rows else "Nothing that the files or the record show.",
        tables=(Table(title="Departures", headers=("no.", "what"), rows=rows),) if rows else (),
    )


def _sample(study: Study) -> tuple[Section, ...]:
    tables = []
    for column in study.plan.sample:
        cells = study.column(column)
        counts = {cell or "not said": 0 for cell in cells}
        for cell in cells:
            counts[cell or "not said"] += 1
        rows = tuple((name, count, f"{count / len(cells):.1%}") for name, count in sorted(counts.items()))
        tables.append(Table(title=column, headers=(column, "people", "share"), rows=rows))
    if not tables:
        return ()
    return (Section(id="sample", title="The sample", reading="", tables=tuple(tables)),)


def _of(found: Phase) -> list[Section]:
    """Return a phase's verdicts as a section, and its own sections with ids that say whose they are."""
    rows: tuple[tuple[Value, ...], ...] = tuple(check.row for check in found.checks)
    headers = ("what", "found", "asked", "verdict", "who or what", "source")
    bias = f" Risk of bias: {' '.join(found.bias)}" if found.bias else ""
    head = Section(
        id=f"phase-{found.number}",
        title=f"Phase {found.number}. {found.title}: {found.verdict}",
        reading=f"{found.why}{bias}",
        tables=(Table(title="Bounds", headers=headers, rows=rows),) if rows else (),
    )
    return [head, *(replace(each, id=f"phase-{found.number}-{each.id}") for each in found.sections)]


def _made(study: Study, command: str) -> Section:
    rows: list[tuple[Value, ...]] = [
        ("command", command),
        ("plan", f"{study.read.file.name}, sha256 {study.read.sha256}"),
        *(
            (f"table {part}", f"{study.files[part].name}, sha256 {study.sha256[part]}")
            for part in study.files
        ),
        ("form", study.main.form.hash),
        ("key", f"revision {study.instrument.key.revision}, {study.instrument.key.hash}"),
        ("seed", study.plan.seed),
        *versions().items(),
    ]
    if study.recorded:
        rows.insert(2, ("record", f"sha256 {study.recorded.sha256}"))
    table = Table(title="What made these figures", headers=("what", "which"), rows=tuple(rows))
    return Section(id="made", title="How this was made", reading="", tables=(table,))


def versions() -> dict[str, str]:
    """Return the versions behind the figures."""
    return {
        "counterpoise": version("counterpoise"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


def _identity(study: Study, stage: str) -> dict[str, Any]:
    """Return what a dossier is about: everything that a registry compares."""
    words = study.instrument.words[study.plan.form, study.plan.language]
    return {
        "dossier": 1,
        "simulated": bool(study.simulated),
        "stage": stage,
        "of": {
            "instrument": study.instrument.id,
            "form": study.plan.form,
            "form_hash": study.main.form.hash,
            "edition": study.plan.edition or study.main.form.id,
            "language": study.plan.language,
            "words_hash": words.hash,
            "key_revision": study.instrument.key.revision,
            "key_hash": study.instrument.key.hash,
            "population": study.plan.population,
        },
        "plan": {
            "id": study.plan.plan,
            "sha256": study.read.sha256,
            "preregistration": study.plan.preregistration,
            "ethics": study.plan.ethics,
            "responsible": study.plan.responsible,
            "seed": study.plan.seed,
        },
        "record": study.recorded.sha256 if study.recorded else None,
        "tables": dict(study.sha256),
        "n": study.main.n,
        "versions": versions(),
    }


def _phase_tree(found: Phase) -> dict[str, Any]:
    return {
        "title": found.title,
        "verdict": found.verdict,
        "why": found.why,
        "bias": found.bias,
        "bounds": [asdict(check) for check in found.checks],
        **({"errors": dict(found.errors)} if found.errors else {}),
    }
