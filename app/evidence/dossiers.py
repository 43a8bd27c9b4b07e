"""A dossier that asks to be evidence: everything in it is compared, and computed again from its tables."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.validation.dossier import DESK, dossier, seal_of
from analysis.validation.plan import PlanError, read_plan
from analysis.validation.record import read_record
from analysis.validation.study import Progress, open_study
from app.errors import Refused
from app.evidence.standing import ERROR
from instrument import Instrument

CHECKSUMS: Final = "SHA256SUMS"
ADDRESS: Final = re.compile(r"https://[^\s/]+\.[^\s]+")
LARGEST: Final = 64 * 1024 * 1024
AGAIN: Final = "make the dossier again from the unchanged tables with `python -m analysis validate`"


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What a dossier says of itself, once it was found to be so."""

    seal: str
    stage: str
    of: Mapping[str, Any]
    plan: Mapping[str, Any]
    n: int
    figures: Mapping[str, float]
    """What was found at each bound, by the bound; and the error of each score, by `ERROR` and the score."""


def examine(
    folder: Path,
    data: Mapping[str, Path],
    instruments: Mapping[str, Instrument],
    progress: Progress | None = None,
) -> Offered:
    """Return what a dossier holds; Refused where anything in it is not what it was made from.

    Parameters
    ----------
    folder
        The dossier.
    data
        The tables that it was made from, by their part.
    instruments
        The questionnaires that are installed.
    progress
        Called while the dossier is computed again.

    Raises
    ------
    Refused
        A file was changed, a table is missing or another one, the questionnaire is another, the answers are
        SIMULATED, or the verdicts do not follow from the tables.
    """
    tree = _read(folder)
    _check_files(folder)
    _check_seal(tree)
    _refuse_simulated(tree["simulated"])
    instrument = _same_questionnaire(tree["of"], instruments)
    _check_stated(tree["plan"])
    _same_tables(tree["tables"], data)
    _again(folder, tree, instrument, data, progress)
    if tree["stage"] == DESK:
        raise Refused("this dossier reaches no stage: nothing more may be said than before")
    met = [phase for phase in tree["phases"].values() if phase["verdict"] == "met"]
    return Offered(
        seal=tree["seal"],
        stage=tree["stage"],
        of=tree["of"],
        plan=tree["plan"],
        n=tree["n"],
        figures={
            bound["id"]: float(bound["found"])
            for phase in met
            for bound in phase["bounds"]
            if isinstance(bound["found"], int | float)
        }
        | {f"{ERROR}{name}": error for phase in met for name, error in phase.get("errors", {}).items()},
    )


def _read(folder: Path) -> dict[str, Any]:
    file = folder / "dossier.json"
    if not file.is_file() or file.stat().st_size > LARGEST:
        raise Refused(f"{folder} holds no dossier.json; name the folder that `validate` wrote")
    try:
        tree = json.loads(file.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError):
        raise Refused(f"{file} cannot be read as JSON; {AGAIN}") from None
    wanted = {"dossier", "simulated", "stage", "of", "plan", "tables", "n", "phases", "seal", "record"}
    if not isinstance(tree, dict) or not wanted <= tree.keys() or tree["dossier"] != 1:
        raise Refused(f"{file} is no dossier of this version; {AGAIN}")
    return tree


def _check_files(folder: Path) -> None:
    file = folder / CHECKSUMS
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    named = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in ("dossier.json", "PLAN.yaml"):
        path = folder / name
        if not path.is_file() or named.get(name) != hashlib.sha256(path.read_bytes()).hexdigest():
            raise Refused(f"{name} is not the file that {CHECKSUMS} names: it was changed; {AGAIN}")


def _check_seal(tree: dict[str, Any]) -> None:
    if seal_of(tree) != tree["seal"]:
        raise Refused(f"the seal does not fit what the dossier says: it was changed; {AGAIN}")


def _refuse_simulated(simulated: object) -> None:
    if simulated is not False:
        raise Refused("the answers are SIMULATED: they are no evidence, whatever they show")


def _same_questionnaire(of: Mapping[str, Any], instruments: Mapping[str, Instrument]) -> Instrument:
    instrument = instruments.get(of.get("instrument", ""))
    if instrument is None:
        raise Refused(f"the questionnaire {of.get('instrument')!r} is not installed here")
    form = instrument.forms.get(of["form"])
    if form is None:
        raise Refused(f"{instrument.title} has no form {of['form']!r}")
    if form.hash != of["form_hash"]:
        raise Refused(f"form {form.id} is another one here: its hash is {form.hash[:16]}")
    words = instrument.words.get((form.id, of["language"]))
    if words is None:
        raise Refused(f"form {form.id} has no words in {of['language']!r}")
    if words.hash != of["words_hash"]:
        raise Refused(f"the words of form {form.id} in {of['language']} are others here")
    if (instrument.key.revision, instrument.key.hash) != (of["key_revision"], of["key_hash"]):
        raise Refused(f"the key is another one here: revision {instrument.key.revision}")
    return instrument


def _check_stated(plan: Mapping[str, Any]) -> None:
    if not plan.get("ethics"):
        raise Refused("the plan names no ethics reference (`ethics`)")
    if not plan.get("preregistration") or not ADDRESS.fullmatch(str(plan["preregistration"])):
        raise Refused("the plan names no address of a preregistration (`preregistration`, with https://)")
    if not plan.get("responsible"):
        raise Refused("the plan names no responsible person (`responsible`)")


def _same_tables(tables: Mapping[str, str], data: Mapping[str, Path]) -> None:
    if lacking := sorted({*tables} - {*data}):
        raise Refused(f"give the tables too, as {', '.join(f'{each}=FILE' for each in lacking)}")
    if further := sorted({*data} - {*tables}):
        raise Refused(f"the dossier was not made from a table {further[0]}")
    for part, digest in tables.items():
        path = data[part]
        if not path.is_file():
            raise Refused(f"there is no file {path}")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise Refused(f"{path.name} is not the table {part} from which the dossier was made")


def _again(
    folder: Path,
    tree: Mapping[str, Any],
    instrument: Instrument,
    data: Mapping[str, Path],
    progress: Progress | None,
) -> None:
    """Compute the dossier again: the seal alone says only that nobody edited it carelessly."""
    try:
        plan = read_plan(folder / "PLAN.yaml", instrument)
        record = folder / "RECORD.yaml"
        flow = folder / "FLOW.yaml"
        counted = flow if flow.is_file() else None
        recorded = read_record(record, plan.plan.plan, counted) if tree["record"] else None
        study = open_study(plan, instrument, data, recorded, progress)
        _refuse_simulated(bool(study.simulated))
        found = json.loads(json.dumps(dossier(study, "").tree, default=str))
    except (PlanError, OSError, ValueError) as error:
        raise Refused(f"the dossier cannot be made again: {error}") from None
    for part in ("of", "plan", "tables", "n", "record", "stage"):
        if found[part] != tree[part]:
            raise Refused(f"made again from its tables, the dossier says otherwise of `{part}`; {AGAIN}")
    if _verdicts(found) != _verdicts(tree):
        raise Refused(f"made again from its tables, the dossier has other verdicts; {AGAIN}")


def _verdicts(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return verdicts with figures to three digits, which no processor changes."""
    return {
        number: (
            phase["verdict"],
            [(b["id"], b["verdict"], _rounded(b["found"])) for b in phase["bounds"]],
            {name: _rounded(error) for name, error in phase.get("errors", {}).items()},
        )
        for number, phase in tree["phases"].items()
    }


def _rounded(found: object) -> object:
    return round(found, 3) if isinstance(found, float) else found if isinstance(found, int | str) else None
