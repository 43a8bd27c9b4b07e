"""Work for engines that waits, so that a worker can be killed while it counts."""

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
