"""The real server, in a process of its own, that can be killed and started again on the same port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final
from urllib.error import URLError
from urllib.request import urlopen

from tests.conftest import SECRET
from tests.lib.ports import free_port

ROOT: Final = Path(__file__).parents[2]
PATIENCE_SECONDS: Final = 300


class Server:
    """`counterpoise serve` as an operator starts it; its output goes to `log`.

    A `fault`, in Python, is put in before it starts. With several workers it would be put into none of them.
    """

    def __init__(
        self,
        url: str,
        log: IO[bytes],
        environment: Mapping[str, str] | None = None,
        fault: str = "",
        workers: int = 1,
    ) -> None:
        assert workers == 1 or not fault
        self.port: int = free_port()
        self._log, self._fault, self._workers = log, fault, workers
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COUNTERPOISE_")},
            "COUNTERPOISE_DATABASE_URL": url,
            "COUNTERPOISE_SECRET": SECRET.hex(),
            "COUNTERPOISE_INSECURE_COOKIES": "1",
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int:
        """What the server ends with by itself."""
        assert self._process is not None
        return self._process.wait(PATIENCE_SECONDS)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def memory(self) -> int:
        """Bytes that the server holds in memory."""
        each = (self.pid, *self.workers)
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in each)
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def workers(self) -> list[int]:
        """The numbers of the processes that it has started to answer; one that answers by itself has none."""
        pid = self.pid
        children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return [each for each in children if b"spawn_main" in _command_of(each)]

    def start(self) -> None:
        program = ["-c", f"{self._fault}\nfrom app.cli import app\napp()"] if self._fault else ["-m", "app"]
        more = ["--workers", str(self._workers)] if self._workers > 1 else []
        command = [sys.executable, *program, "serve", "--port", str(self.port), *more]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdout=self._log, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.runs():
            try:
                with urlopen(f"{self.address}/ready") as answer:
                    assert answer.status == 200
                    return
            except (URLError, ConnectionError):
                time.sleep(0.05)
        self.kill()
        raise AssertionError("the server is not ready")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE_SECONDS)


def _command_of(process: int) -> bytes:
    """The command of a process; nothing for one that has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def logged(log: Path) -> list[str]:
    """Return the lines of a server's log but the one that says that this machine is slow, which it may be."""
    return [line for line in log.read_text().splitlines() if "the disk or the machine is slow" not in line]


@contextmanager
def served(url: str, log: Path, fault: str = "", workers: int = 1, **environment: str) -> Iterator[Server]:
    with log.open("ab") as file:
        server = Server(url, file, environment, fault, workers)
        server.start()
        try:
            yield server
        finally:
            server.stop()
