"""What tests of engines share: work that waits, so that a worker can be killed, and one report by each."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 60.0


def waiting(work: Callable[[Any], Any], folder: Path, task: tuple[Any, Any]) -> Any:
    """Count a part; all but the first leave the worker's number in a folder and wait for a file `go`."""
    part, _ = task
    if part.first:
        (folder / f"{os.getpid()}.pid").touch()
        until = time.monotonic() + PATIENCE
        while not (folder / "go").exists():
            if time.monotonic() > until:
                raise TimeoutError("nobody said go")
            time.sleep(0.02)
    return work(task)


def report_of(folder: Path) -> list[str]:
    """The command for a report of a folder, whoever counts it."""
    which = ["--items", "a,b,c,d", "--reverse", "b", "--codes", "1-4", "--missing", "9"]
    return ["report", str(folder), *which]
