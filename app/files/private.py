"""Files and folders for their owner alone, whatever was there before."""

import contextlib
import os
from pathlib import Path
from typing import Final

FILE: Final = 0o600
FOLDER: Final = 0o700
OTHERS: Final = 0o077
"""What anybody but the owner may do."""


def keep_private(path: Path) -> None:
    """Take every right from others, where this user may; `counterpoise doctor` tells where it may not."""
    with contextlib.suppress(PermissionError, FileNotFoundError):
        path.chmod(FOLDER if path.is_dir() else FILE)


def open_private(path: str, flags: int) -> int:
    """Open a file as an `opener` of `open` does, for its owner alone."""
    descriptor = os.open(path, flags, FILE)
    with contextlib.suppress(PermissionError):
        os.fchmod(descriptor, FILE)
    return descriptor


def write_private(path: Path, content: bytes) -> None:
    with open(path, "wb", opener=open_private) as file:
        file.write(content)


def private_folder(path: Path) -> None:
    """Make a folder, and those above it, where there is none; one that was there is left as it is."""
    for each in (*reversed(path.parents), path):
        if not each.is_dir():
            each.mkdir(mode=FOLDER)


def is_private(path: Path) -> bool:
    return not path.stat().st_mode & OTHERS
