"""Dossiers for tests of the registry: SIMULATED answers from which every mark was taken.

They stand for answers of people, of which there are none; no test quotes a figure of them.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.__main__ import main
from analysis.simulated_mark import marked
from analysis.validation.dossier import seal_of
from analysis.validation.rehearsal import rehearse
from app.db import write
from app.evidence import registry
from app.runtime import Service
from app.staff.signed import Signed
from instrument import PPIQ, ppiq
from tests.lib.staff_accounts import PASSWORD

ADA, BEA = Signed(name="ada", password=PASSWORD), Signed(name="bea", password=PASSWORD)
"""Two operators."""
PARTS = ("main", "panel", "interviews")


def tables(folder: Path) -> dict[str, Path]:
    return {part: folder / f"{part}.csv" for part in PARTS}


def make_dossier(folder: Path, *, change: Callable[[str], str] = str, keep_mark: bool = False) -> Path:
    """Make a dossier of the stage `content` under `folder`, from a plan that `change` may alter."""
    rehearse(ppiq(), "a", folder, n=60)
    for part in PARTS:
        _unmark(folder / f"{part}.csv", keep_mark=keep_mark)
    plan = (folder / "PLAN.yaml").read_text("utf-8").replace("seed:", "phases: [0, 2, 3]\nseed:")
    (folder / "PLAN.yaml").write_text(change(plan), "utf-8")
    out = folder / "DOSSIER"
    given = [f"{part}={path}" for part, path in tables(folder).items()]
    asked = ["--plan", str(folder / "PLAN.yaml"), "--instrument", str(PPIQ), "--out", str(out)]
    assert main(["validate", *given, *asked]) == 0
    return out


def edit(dossier: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a dossier says and make its seal and its checksums fit again, as a forger would."""
    file = dossier / "dossier.json"
    tree = json.loads(file.read_text("utf-8"))
    change(tree)
    tree["seal"] = seal_of(tree)
    file.write_text(json.dumps(tree), "utf-8")
    sum_up(dossier)


def sum_up(dossier: Path) -> None:
    names = [path.name for path in dossier.iterdir() if path.name != "SHA256SUMS"]
    sums = [f"{hashlib.sha256((dossier / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (dossier / "SHA256SUMS").write_text("".join(sums), "utf-8")


def _unmark(file: Path, *, keep_mark: bool) -> None:
    with file.open(encoding="utf-8") as stream:
        rows: list[dict[str, str]] = list(csv.DictReader(stream))
    if not keep_mark and file.name == "main.csv":
        rows = [_changed(row, place) for place, row in enumerate(rows)]
    with file.open("w", encoding="utf-8", newline="") as stream:
        names = [name for name in rows[0] if name != "simulated"]
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _changed(row: Mapping[str, str], place: int) -> dict[str, str]:
    """Change one answer of most rows until it has the mark no more, so that about a quarter keeps it."""
    items = [item.id for item in ppiq().forms["a"].items]
    new = dict(row)
    for item in items:
        answers = np.array([[float(new[each]) for each in items]])
        if place % 4 == 0 or not marked(answers, range(5))[0]:
            return new
        new[item] = str((max(int(new[item]), 0) + 1) % 5)
    return new


def add_dossier(service: Service, folder: Path, by: Signed = ADA, **given: Path) -> str:
    """Add the dossier of a folder to the registry, and return its seal."""
    with write(service.engine) as db:
        registry.add(service, db, folder / "DOSSIER", {**tables(folder), **given}, by=by)
    return str(json.loads((folder / "DOSSIER" / "dossier.json").read_text("utf-8"))["seal"])


def confirm_dossier(service: Service, seal: str, by: Signed = BEA) -> None:
    with write(service.engine) as db:
        registry.confirm(service, db, seal[:16], by)
