"""Damage to database files: flipped bits, zeroed pages and files copied alone, which must be noticed.

    python -m tests.attack.damaged_files --times 40 --seed 1

On SQLite a closed wave is damaged, each time in another place: a bit of a stored answer is flipped, or a page
is overwritten with zeros. The doctor must find it, name the cure and end without a traceback. And the files
of a running service are copied, alone and together: a file alone must be refused, a whole copy accepted.

The controls break the detection on purpose: without the digest most flipped answers go unnoticed, without the
mark every file that was copied alone is accepted as whole.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from random import Random
from unittest.mock import patch

from sqlalchemy import make_url, text

from app import migrate, studies
from app.closing import maintenance
from app.closing.cleaning import scrub
from app.config import Settings
from app.db import make_engine, outside, write
from app.errors import ConfigurationError
from app.operations import doctor, whole
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from tests.lib.attack_runs import last_line, tell
from tests.lib.respondents import answer, make_due, sheet

SECRET = bytes(range(32))
STUDY, WAVE = "damaged", "damaged-1"
PEOPLE = 40
PAGE = 4096
CONTROLS = ("no-digest", "no-mark")


@dataclass(frozen=True)
class Outcome:
    unnoticed_flips: int
    unnoticed_pages: int
    tracebacks: int
    of: int
    taken_alone: int
    refused_wrongly: int
    copies: int

    def __str__(self) -> str:
        return (
            f"unnoticed: {self.unnoticed_flips} of {self.of} flipped answers, {self.unnoticed_pages} of "
            f"{self.of} zeroed pages; tracebacks {self.tracebacks}; taken as whole: {self.taken_alone} of "
            f"{self.copies} copied alone; refused {self.refused_wrongly} that are whole"
        )

    @property
    def won(self) -> bool:
        return bool(
            self.unnoticed_flips
            or self.unnoticed_pages
            or self.tracebacks
            or self.taken_alone
            or self.refused_wrongly
        )


def attack(folder: Path, times: int, seed: int, control: str = "") -> Outcome:
    """Damage `times` bits and pages, and copy as often; the folder is empty."""
    chance = Random(seed)
    with broken(control):
        sound = folder / "sound.sqlite"
        service = _service(sound)
        migrate.upgrade(service.engine)
        check_secret(service)
        _closed(service, chance)
        scrub(service)
        service.engine.dispose()
        assert noticed(sound) is False
        flips = [noticed(_damaged(sound, folder, flip_an_answer, chance)) for _ in range(times)]
        pages = [noticed(_damaged(sound, folder, zero_a_page, chance)) for _ in range(times)]
        alone, wrongly = copies(sound, folder, times)
    every = [*flips, *pages]
    return Outcome(
        flips.count(False), pages.count(False), every.count(None), times, alone, wrongly, times
    )  # fmt: skip


def _service(path: Path) -> Service:
    told = {"origin": "https://counterpoise.example", "proxies": (ip_network("127.0.0.1"),)}
    return make_service(Settings(database_url=f"sqlite:///{path}", secret=SECRET, **told))


def _closed(service: Service, chance: Random) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id=STUDY, title="Damaged", simulated=True)
        studies.add_unit(db, STUDY, "only", "Only")
        waves.make_wave(service, db, STUDY)
        waves.open_wave(service, db, WAVE)
        codes = waves.issue_codes(service, db, WAVE, "only", PEOPLE)
    for code in codes:
        answer(service, code, sheet(service, WAVE, chance))
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)


def _damaged(sound: Path, folder: Path, harm: Callable[[bytearray, Random], None], chance: Random) -> Path:
    content = bytearray(sound.read_bytes())
    harm(content, chance)
    path = folder / "harmed.sqlite"
    for each in folder.glob("harmed*"):
        each.unlink()
    path.write_bytes(content)
    return path


def flip_an_answer(content: bytearray, chance: Random) -> None:
    """Flip the lowest bit of a digit that is an answer: 2 becomes 3, and the row stays well formed."""
    places, at = [], content.find(b'"sd5":')
    while at >= 0:
        place = content.find(b": ", at) + 2
        if chr(content[place]).isdigit():
            places.append(place)
        at = content.find(b'"sd5":', at + 1)
    content[chance.choice(places)] ^= 1


def zero_a_page(content: bytearray, chance: Random) -> None:
    """Overwrite with zeros one of the pages that hold anything."""
    used = [at for at in range(0, len(content), PAGE) if any(content[at : at + PAGE])]
    at = chance.choice(used)
    content[at : at + PAGE] = bytes(PAGE)


NO_DAMAGE = ("ledger", "backups")
"""What the doctor finds wanting of these files in any case."""


def noticed(path: Path) -> bool | None:
    """Whether the doctor finds anything, with a cure; None for a traceback."""
    service = _service(path)
    try:
        found = [each for each in doctor.examine(service) if not each.ok and each.name not in NO_DAMAGE]
    except Exception:  # noqa: BLE001 - it is what is counted
        return None
    finally:
        service.engine.dispose()
    return bool(found) and all(each.mend for each in found)


def copies(sound: Path, folder: Path, times: int) -> tuple[int, int]:
    """Copy while served: count files alone that are accepted, and whole copies that are refused."""
    alone = wrongly = 0
    for number in range(times):
        home = folder / f"home{number}"
        home.mkdir()
        path = home / "served.sqlite"
        shutil.copy(sound, path)
        child = os.fork()
        if not child:
            _serve_until_killed(path)
        _wait_for(home / "ready", child)
        copied = home / "alone" / path.name
        copied.parent.mkdir()
        shutil.copy(path, copied)
        together = shutil.copytree(home, folder / f"together{number}")
        made = home / "made.sqlite"
        engine = make_engine(f"sqlite:///{path}")
        with outside(engine) as db:
            db.execute(text(f"VACUUM INTO '{made}'"))
        engine.dispose()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        alone += _taken(copied)
        wrongly += sum(not _taken(each) for each in (path, together / path.name, made, path))
        wrongly += not _taken_after_a_stop(path)
    return alone, wrongly


def _serve_until_killed(path: Path) -> None:
    service = _service(path)
    with whole.serving_marked(service):
        with write(service.engine) as db:
            db.execute(text("INSERT INTO setting (name, value) VALUES ('saved last', '1')"))
        (path.parent / "ready").touch()
        signal.pause()
    os._exit(0)


def _wait_for(path: Path, child: int) -> None:
    """Wait until the child has made a file; a child that ends before has failed."""
    while not path.exists():
        ended, status = os.waitpid(child, os.WNOHANG)
        assert not ended, f"the process ended with {os.waitstatus_to_exitcode(status)}"
        os.sched_yield()


def _taken(path: Path) -> bool:
    service = _service(path)
    try:
        whole.check_whole(service)
    except ConfigurationError:
        return False
    finally:
        service.engine.dispose()
    return True


def _taken_after_a_stop(path: Path) -> bool:
    """Check that after an orderly stop a file may be copied alone."""
    service = _service(path)
    with whole.serving_marked(service):
        pass
    service.engine.dispose()
    copied = path.with_name("stopped.sqlite")
    shutil.copy(str(make_url(service.settings.database_url).database), copied)
    return _taken(copied)


@contextmanager
def broken(control: str) -> Iterator[None]:
    if control == "no-digest":
        with patch.object(doctor, "changed", lambda *_: []):
            yield
    elif control == "no-mark":
        with patch.object(whole, "_mark", lambda _: None):
            yield
    else:
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Damage and copy the files of a database.")
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    failed = False
    for control in ("", *CONTROLS):
        with tempfile.TemporaryDirectory() as folder:
            times = max(5, asked.times // 8) if control else asked.times
            outcome = attack(Path(folder), times, asked.seed, control)
        failed |= outcome.won is bool(not control)
        tell(f"{control or 'as it is':9} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
