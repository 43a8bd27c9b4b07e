"""Exports of SIMULATED responses: time of each format beside pandas' writers, and memory of the whole way.

    python -m tests.bench.exports [--responses 10000,100000,1000000] [--memory 1000000]

Of each number a closed wave is laid into a database. CSV is written beside pandas' `to_csv` of the same
table, .sav beside pyreadstat alone, Parquet beside pandas' `to_parquet`, .dta and .xlsx alone. The quickest
of three counts; of a million, and of what has no peer, the only one. Then `counterpoise export` itself takes
the wave of `--memory` responses out as CSV, Parquet and .sav, each in a process of its own. Exits with 1
where CSV or .sav takes more than twice its peer's time, or the command more than 300 MB.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pyreadstat
from sqlalchemy import insert, select

from app import migrate
from app.config import Settings
from app.db import make_engine, read, write
from app.export.formats import FORMATS
from app.export.labelled import as_series, coded
from app.export.microdata import microdata
from app.export.rows import Microdata
from app.operations import demo
from app.runtime import Service, check_secret, make_service
from app.tables import Response, table
from instrument import ppiq
from tests.lib.cohorts import another_study, close, take_part

RESPONSE = table(Response)
SECRET = bytes(range(32))
PEOPLE = 60
"""Who took part through the service; the others have their context and language."""
AT_MOST = {"csv": 2.0, "sav": 2.0}
"""How many times its peer's time a format may take."""
XLSX_ROWS = 100_000
"""Of more rows a spreadsheet takes minutes."""
STREAMED = ("csv", "parquet", "sav")
MEGABYTES = 300
AT_ONCE = 20_000
RESIDENT = """import os, sys
child = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
_, status, used = os.wait4(child, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))"""
"""Runs a command, and prints how many kilobytes it held at the most.

A process is counted with the memory of the one that started it, so that one has to be small."""


def service_of(folder: Path) -> Service:
    database = f"sqlite:///{folder / 'counterpoise.sqlite'}"
    engine = make_engine(database)
    migrate.upgrade(engine)
    engine.dispose()
    (folder / "secret").write_text(SECRET.hex())
    service = make_service(Settings(database_url=database, secret=SECRET, secure=False))
    check_secret(service)
    return service


def closed_wave(service: Service, responses: int) -> str:
    """A closed wave with so many responses, of which the service itself took the first."""
    people = [
        answers
        for _, answers in zip(range(PEOPLE), (a for _, a in demo.people(ppiq(), form_id="a")), strict=False)
    ]
    wave = another_study(service, "big", leaving="rows")
    take_part(service, wave, "only", people)
    close(service, wave)
    with read(service.engine) as db:
        like = [dict(row._mapping) for row in db.execute(select(RESPONSE).where(RESPONSE.c.wave == wave))]
    rng = np.random.default_rng(1)
    for first in range(PEOPLE, responses, AT_ONCE):
        with write(service.engine) as db:
            db.execute(insert(RESPONSE), [*others(like, rng, min(AT_ONCE, responses - first))])
    return wave


def others(like: list[dict[str, Any]], rng: np.random.Generator, count: int) -> Iterator[dict[str, Any]]:
    items = [item.id for item in ppiq().forms["a"].items]
    drawn = rng.integers(0, 5, (count, len(items)))
    drawn[rng.random(drawn.shape) < 0.03] = -88
    for row, of in zip(drawn.tolist(), rng.integers(0, len(like), count), strict=True):
        answers = {**like[of]["answers"], **dict(zip(items, row, strict=True))}
        yield {**like[of], "id": uuid4(), "receipt_hmac": uuid4().bytes, "answers": answers}


def peers(data: Microdata) -> dict[str, tuple[str, Callable[[Path], object]]]:
    """What other libraries write of the same table, which they have in their own shape already."""
    plain = pd.DataFrame(
        {column.name: pd.Series([*cells]) for column, cells in zip(data.columns, data.cells, strict=True)}
    )
    columns = coded(data)
    numbers = [each for each in columns if not each.is_text]
    frame = pd.DataFrame({each.column.name: as_series(each) for each in columns})
    labels = {each.column.name: {**each.values, **each.column.missing} for each in numbers}
    return {
        "csv": ("pandas", lambda path: plain.to_csv(path, index=False)),
        "parquet": ("pandas", plain.to_parquet),
        "sav": (
            "pyreadstat",
            lambda path: pyreadstat.write_sav(
                frame,
                path,
                column_labels={each.column.name: each.column.label[:80] for each in columns},
                variable_value_labels={name: each for name, each in labels.items() if each},
                missing_ranges={
                    each.column.name: [*each.column.missing] for each in numbers if each.column.missing
                },
            ),
        ),
    }


def seconds(write_to: Callable[[Path], object], path: Path, times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        write_to(path)
        taken.append(time.perf_counter() - begun)
        path.unlink()
    return min(taken)


def into(path: Path, blocks: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(blocks)


def formats(data: Microdata, folder: Path) -> Iterator[bool]:
    """Print how long each format takes, and tell whether it may."""
    times, others_ = (1 if data.count > 100_000 else 3), peers(data)
    for name in ("csv", "sav", "parquet", "dta", "xlsx"):
        if name == "xlsx" and data.count > XLSX_ROWS:
            print(f"{data.count:>9,} xlsx     not timed")
            continue
        path, often = folder / f"export.{name}", times if name in others_ else 1
        ours = seconds(lambda path, name=name: into(path, FORMATS[name].blocks(data)), path, often)
        line = f"{data.count:>9,} {name:8} {ours:8.2f} s"
        if name not in others_:
            print(line, flush=True)
            continue
        tool, peer = others_[name]
        theirs = seconds(peer, path, times)
        most = f", at most {AT_MOST[name]:g}" if name in AT_MOST else ""
        print(f"{line}   {tool:10} {theirs:8.2f} s   ratio {ours / theirs:.2f}{most}", flush=True)
        yield ours <= AT_MOST.get(name, float("inf")) * theirs


def command(folder: Path, wave: str, name: str) -> bool:
    """Print what `counterpoise export` takes in a process of its own, and tell whether it may."""
    out = folder / f"out-{name}"
    begun = time.perf_counter()
    asked = ("export", wave, "--format", name, "--out", str(out), "--dir", str(folder))
    run = subprocess.run(
        [sys.executable, "-c", RESIDENT, "-m", "app", *asked], capture_output=True, text=True, check=True
    )
    taken, megabytes = time.perf_counter() - begun, int(run.stdout.splitlines()[-1]) / 1024
    size = sum(file.stat().st_size for file in out.iterdir()) / 1e6
    print(
        f"export --format {name:8} {taken:7.1f} s {megabytes:6.0f} MB resident, at most {MEGABYTES}; "
        f"{size:.0f} MB written",
        flush=True,
    )
    return megabytes <= MEGABYTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", default="10000,100000,1000000")
    parser.add_argument("--memory", type=int, default=1_000_000)
    asked = parser.parse_args()
    sizes = {int(each) for each in asked.responses.split(",") if each}
    met = []
    for size in sorted({*sizes, asked.memory} - {0}):
        with TemporaryDirectory() as made:
            folder = Path(made)
            service = service_of(folder)
            wave = closed_wave(service, size)
            if size in sizes:
                with read(service.engine) as db:
                    begun = time.perf_counter()
                    data = microdata(service, db, wave)
                print(f"{size:>9,} read     {time.perf_counter() - begun:8.2f} s", flush=True)
                met += formats(data, folder)
                del data
            service.engine.dispose()
            if size == asked.memory:
                met += [command(folder, wave, name) for name in STREAMED]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
