"""`python -m analysis validate|rehearse`: the dossier of a validation study, and a rehearsal of one."""

import argparse
import shlex
from pathlib import Path
from typing import Final

from analysis.commands.options import Add, Page, Progress, add_command

PARTS: Final = "FILE or main=FILE, and exploratory=, retest=, after=, panel= and interviews=FILE"


def add_validate(add: Add) -> None:
    """Add the command `validate`."""
    command = add(
        "validate",
        help="the dossier of a validation study, answering a plan",
        description=(
            "Answer a plan phase by phase: each bound met, not met, without enough data, or not asked; every "
            "line of a reviewer's checklist; hashes, seeds, versions, and what departed from the plan."
        ),
        epilog="example: python -m analysis validate main.csv retest=retest.csv --plan PLAN.yaml "
        "--instrument instrument/ppiq --out DOSSIER",
    )
    command.add_argument("data", metavar="DATA", nargs="+", help=PARTS)
    command.add_argument(
        "--plan", metavar="PLAN.yaml", type=Path, required=True, help="what was decided before"
    )
    command.add_argument(
        "--record", metavar="RECORD.yaml", type=Path, help="what was done, and what departed"
    )
    command.add_argument(
        "--flow",
        metavar="FLOW.yaml",
        type=Path,
        help="the flow of people, as an export has it; takes a record",
    )
    command.add_argument(
        "--instrument", metavar="FOLDER", type=Path, required=True, help="the questionnaire's folder"
    )
    command.add_argument(
        "--out", metavar="DOSSIER", dest="folder", type=Path, required=True, help="a new folder"
    )
    add_command(command, _validate)
    command.set_defaults(out=None)


def add_rehearse(add: Add) -> None:
    """Add the command `rehearse`."""
    command = add(
        "rehearse",
        help="SIMULATED files of a whole validation study, with faults planted if asked for",
        description=(
            "Write the tables, PLAN.yaml and RECORD.yaml of a study on SIMULATED answers of a known truth, "
            "to try `validate` before anybody has answered."
        ),
        epilog="faults: misfit, dif, careless, retest. Example: python -m analysis rehearse --instrument "
        "instrument/ppiq --form a --plant dif --out REHEARSAL",
    )
    command.add_argument(
        "--instrument", metavar="FOLDER", type=Path, required=True, help="the questionnaire's folder"
    )
    command.add_argument("--form", metavar="ID", required=True, help="the form that is answered")
    command.add_argument("--people", metavar="N", type=int, default=3000, help="default: 3000")
    command.add_argument("--plant", metavar="FAULT", action="append", default=[], help="may be given again")
    command.add_argument("--seed", metavar="N", type=int, default=20270501, help="default: 20270501")
    command.add_argument(
        "--out", metavar="REHEARSAL", dest="folder", type=Path, required=True, help="a folder"
    )
    add_command(command, _rehearse)
    command.set_defaults(out=None)


def _validate(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.validation.dossier import dossier
    from analysis.validation.plan import read_plan
    from analysis.validation.record import read_record
    from analysis.validation.study import open_study
    from analysis.validation.writing import write_dossier
    from instrument import load

    parts = _parts(asked.data)
    instrument = load(asked.instrument)
    plan = read_plan(asked.plan, instrument)
    if asked.flow and not asked.record:
        raise ValueError("--flow goes with the record of the study: give --record too")
    recorded = read_record(asked.record, plan.plan.plan, asked.flow) if asked.record else None
    study = open_study(plan, instrument, parts, recorded, say)
    found = dossier(study, _command(asked))
    say("writing", 15, 16)
    written = write_dossier(found, asked.folder, asked.plan, asked.record, asked.flow)
    verdicts = "\n".join(
        f"{each.number:>2}. {each.title}: {each.verdict}. {each.why}" for each in found.phases
    )
    said = "\n".join(
        [found.title, *found.labels, "", verdicts, "", f"Stage: {found.stage}. Seal: {found.seal}"]
    )
    return f"{said}\nWritten: {', '.join(str(each) for each in written)}\n"


def _parts(data: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for each in data:
        part, equals, file = each.partition("=")
        name, path = (part, file) if equals else ("main", each)
        if path.endswith(".counts"):
            raise ValueError(
                f"{path} holds the counts of a site, and the phases of a plan need rows. `python -m analysis "
                "pool` computes what the counts of several sites can bear, and names what needs rows"
            )
        if name in found:
            raise ValueError(f"{name} is given twice: one table for each part ({PARTS})")
        found[name] = Path(path)
    return found


def _command(asked: argparse.Namespace) -> str:
    parts = ["python", "-m", "analysis", "validate", *asked.data, "--plan", str(asked.plan)]
    if asked.record:
        parts += ["--record", str(asked.record)]
    if asked.flow:
        parts += ["--flow", str(asked.flow)]
    return shlex.join([*parts, "--instrument", str(asked.instrument), "--out", str(asked.folder)])


def _rehearse(asked: argparse.Namespace, say: Progress) -> Page:  # noqa: ARG001 - as every command
    from analysis.validation.rehearsal import rehearse
    from instrument import load

    written = rehearse(
        load(asked.instrument),
        asked.form,
        asked.folder,
        n=asked.people,
        faults=asked.plant,
        seed=asked.seed,
    )
    return f"SIMULATED: {', '.join(str(each) for each in written)}\n"
