"""Files and folders that only their owner may read, whatever was there before."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

FILE: Final = 0o600
FOLDER: Final = 0o700
OTHERS: Final = 0o077
"""The rights of everybody but the owner."""


def keep_private(path: Path) -> None:
    """Remove all rights of others, where this user may and the disk can be written; else `doctor` tells."""
    with contextlib.suppress(OSError):
        path.chmod(FOLDER if path.is_dir() else FILE)


def open_private(path: str, flags: int) -> int:
    """Open a file as an `opener` of `open` does, for its owner alone."""
    descriptor = os.open(path, flags, FILE)
    with contextlib.suppress(PermissionError):
        os.fchmod(descriptor, FILE)
    return descriptor


def write_private(path: Path, content: bytes) -> None:
    """Write a new file in place of the old one, which others may have open or have laid as a link.

    It is on the disk, name and all, before this returns, so that a power cut leaves the old one or the new.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:  # a terminal or a pipe, which stores nothing
            stream.write(content)
        return
    made = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with open(made, "xb", opener=open_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
        synchronise(path.parent)
    finally:
        made.unlink(missing_ok=True)


def synchronise(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def private_folder(path: Path) -> None:
    """Make a folder, and missing folders above it; one that exists is left as it is."""
    for each in (*reversed(path.parents), path):
        if not each.is_dir():
            each.mkdir(mode=FOLDER)


def is_private(path: Path) -> bool:
    """Whether nobody but the owner has a right on a file or folder."""
    return not path.stat().st_mode & OTHERS
