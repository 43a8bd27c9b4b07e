"""A server whose disk and clock can be made to fail, by a library in C that is loaded before its own."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("failing.c")
COMPILE: Final = ("gcc", "-O2", "-shared", "-fPIC")
NO_LIMIT: Final = -1
_SIZE: Final = 4096
_ROOM, _SYNCS, _LATE = 0, 8, 16
"""Where they stand in the page that tests and server share."""


@dataclass
class Disk:
    """The folder of a database, what a power cut leaves of it, and what the tests say to the server."""

    folder: Path
    kept: Path
    page: mmap.mmap
    environment: dict[str, str]

    def _read(self, at: int) -> int:
        return int(struct.unpack_from("q", self.page, at)[0])

    @property
    def syncs(self) -> int:
        """Files that the server has synchronised."""
        return self._read(_SYNCS)

    @property
    def room(self) -> int:
        """Bytes that may still be written."""
        return self._read(_ROOM)

    @room.setter
    def room(self, value: int) -> None:
        struct.pack_into("q", self.page, _ROOM, value)

    def ahead(self, seconds: float) -> None:
        """Put the server's clock ahead of the true one, or behind it where `seconds` is below 0."""
        struct.pack_into("q", self.page, _LATE, int(seconds * 1e9))

    def is_safe(self) -> None:
        """Let everything that is there now survive a power cut, as what other processes have written."""
        shutil.rmtree(self.kept)
        self.kept.mkdir()
        files = [each for each in self.folder.iterdir() if each.is_file()]
        for each in files:
            shutil.copy(each, self.kept / str(each.stat().st_ino))
        names = "".join(f"{each.stat().st_ino} {each.name}\n" for each in files)
        (self.kept / "names").write_text(names)

    def power_cut(self) -> None:
        """Leave in the folder what was synchronised, and nothing else."""
        survives = {
            name: self.kept / number
            for number, _, name in (
                line.partition(" ") for line in (self.kept / "names").read_text().splitlines()
            )
        }
        contents = {name: file.read_bytes() if file.exists() else b"" for name, file in survives.items()}
        for each in self.folder.iterdir():
            if each.is_file():
                each.unlink()
        for name, content in contents.items():
            (self.folder / name).write_bytes(content)
            (self.folder / name).chmod(0o600)


@contextmanager
def failing_disk(place: Path, folder: Path) -> Iterator[Disk]:
    """Give a disk for `folder`; `place` is for the library, the shared page and what survives."""
    library, shared, kept = place / "failing.so", place / "page", place / "kept"
    subprocess.run([*COMPILE, "-o", str(library), str(SOURCE), "-ldl", "-lpthread"], check=True)
    shared.write_bytes(struct.pack("3q", NO_LIMIT, 0, 0).ljust(_SIZE, b"\0"))
    kept.mkdir()
    with shared.open("r+b") as file, mmap.mmap(file.fileno(), _SIZE) as page:
        environment = {
            "LD_PRELOAD": str(library),
            "FAULT_FOLDER": str(folder.resolve()),
            "FAULT_KEPT": str(kept),
            "FAULT_PAGE": str(shared),
        }
        yield Disk(folder, kept, page, environment)
