"""`python -m instrument check FOLDER` and `python -m instrument lock FOLDER`."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from instrument.catalog import PPIQ, InstrumentError, load, load_unlocked
from instrument.lock import digests, write
from instrument.nodes import Problem


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m instrument", description="Questionnaires as data.")
    parser.add_argument(
        "command",
        choices=("check", "lock"),
        help="check: print every problem, or the hashes; lock: write LOCK",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=PPIQ, help="the PPIQ if left out")
    asked = parser.parse_args(arguments)
    try:
        instrument = (load_unlocked if asked.command == "lock" else load)(asked.folder)
    except InstrumentError as error:
        return _refused(error.problems)
    if asked.command == "lock" and (problems := write(instrument)):
        return _refused(problems)
    sys.stdout.write(json.dumps(digests(instrument), indent=2) + "\n")
    return 0


def _refused(problems: Iterable[Problem]) -> int:
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1


if __name__ == "__main__":
    sys.exit(main())
