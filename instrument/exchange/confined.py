"""Read a stranger's spreadsheet in a process of its own, which has little of anything and no secret."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Final

from instrument.catalog import InstrumentError, of_texts
from instrument.exchange.hosted import hosted_files
from instrument.exchange.sheet_files import MOST_BYTES, sheets_of_xlsx
from instrument.exchange.spreadsheet_form import SHEETS
from instrument.model import Instrument
from instrument.nodes import Problem

NAME: Final = "the file"
CPU_SECONDS: Final = 20
MEMORY_BYTES: Final = 2**29
OPEN_FILES: Final = 64
WALL_SECONDS: Final = 120.0
MOST_TOLD: Final = 4 * 2**20
MOST_PROBLEMS: Final = 200
ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Brought:
    """What a spreadsheet holds: the text of each file, or what is wrong with it."""

    files: dict[str, str]
    problems: tuple[Problem, ...]


def read_upload(content: bytes) -> Brought:
    """Read a spreadsheet form that a host has sent; never raises for what it contains."""
    if not content:
        return _refused("there is no file: choose a spreadsheet and send it again")
    if len(content) > MOST_BYTES:
        return _refused(f"it is larger than {MOST_BYTES >> 20} MB: take out pictures and other sheets")
    try:
        told = json.loads(_in_a_process(content))
        return Brought(told["files"], tuple(Problem(place, None, said) for place, said in told["problems"]))
    except ValueError:
        return _refused(
            "it takes more to read than a questionnaire can: copy its cells into a new spreadsheet"
        )


def instrument_of_files(files: dict[str, str]) -> Instrument:
    """Return the instrument that such files are; InstrumentError where they are none, or more."""
    instrument = of_texts(files)
    known = {
        *("instrument.yaml", "key.yaml"),
        *(f"forms/{form}.yaml" for form in instrument.forms),
        *(f"words/{form}.{language}.yaml" for form, language in instrument.words),
    }
    if others := files.keys() - known:
        said = "no file of a questionnaire that a host brings has this name"
        raise InstrumentError(tuple(Problem(name, None, said) for name in sorted(others)))
    return instrument


def _refused(message: str) -> Brought:
    return Brought({}, (Problem(NAME, None, message),))


def _in_a_process(content: bytes) -> bytes:
    """Return what the other process says; nothing where it was ended."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-B", "-m", "instrument.exchange.confined"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**kept, "OPENBLAS_NUM_THREADS": "1"},
    ) as process:
        assert process.stdin
        assert process.stdout
        end = Timer(WALL_SECONDS, process.kill)
        end.start()
        try:
            process.stdin.write(content)
            process.stdin.close()
            return process.stdout.read(MOST_TOLD)
        except BrokenPipeError:
            return b""
        finally:
            end.cancel()
            process.kill()


def _confine() -> None:
    import resource  # noqa: PLC0415 - there is none on Windows, which serves nobody

    for limit, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(limit, (most, most))
    os.nice(10)  # people who answer come first


def main() -> None:
    import openpyxl  # noqa: F401, PLC0415 - loaded while there is still room

    _confine()
    files: dict[str, str] = {}
    problems: tuple[Problem, ...] = ()
    try:
        found = sheets_of_xlsx(sys.stdin.buffer.read(MOST_BYTES + 1), Path(NAME), SHEETS)
        files, problems = hosted_files(found)
        if files:
            instrument_of_files(files)
    except InstrumentError as error:
        files, problems = {}, error.problems
    told = [[problem.file, problem.message] for problem in problems[:MOST_PROBLEMS]]
    sys.stdout.write(json.dumps({"files": files, "problems": told}))


if __name__ == "__main__":
    main()
