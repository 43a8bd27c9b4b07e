"""A fresh Debian with PostgreSQL and nginx, in which docs/debian.md is typed as it stands.

    python -m tests.debian

As root, with debootstrap. The machine is a folder with processes, mounts and a network of its own, and goes
at the end. Since systemd does not run in one, a line that calls it starts the command of the unit by hand: as
its user, with its settings, on a system that is read-only but for what it names. Prints a line for each step,
and exits with 1 at the first that fails, or where no machine can be made: then it says NOT RUN, and why.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import yaml

from docs.examples import blocks, lines
from tests.conftest import SECRET
from tests.debian.machine import ROOT, SECONDS, Failed, Machine, begun, debian, run_by_hand, source, unfit
from tests.debian.mistakes import MISTAKES

PAGE: Final = ROOT / "docs" / "debian.md"
STORED: Final = ROOT / "tests" / "migrations" / "stored"
CONTAINED: Final = """
mount -t tmpfs tmpfs /tmp
for each in {writable}; do mount --bind "$each" "$each"; done
mount -o remount,bind,ro /
cd /srv
in_it() {{
  exec setpriv --reuid={user} --regid={user} --clear-groups --bounding-set=-all --inh-caps=-all \
    --no-new-privs env -i PATH=/opt/counterpoise/bin:/usr/bin:/bin {settings} "$@"
}}
(in_it counterpoise migrate)
(in_it {serve}) &
trap "kill $!" EXIT
tries=0
until (in_it {healthy}) 2>/dev/null; do tries=$((tries + 1)); [ $tries -lt 60 ]; sleep 1; done
(in_it touch /opt/written) 2>/dev/null && exit 1
(in_it test -f /srv/log/log)
(in_it counterpoise doctor)
(in_it counterpoise backup --out /srv/backups/contained.age)
(in_it counterpoise audit verify)
"""
"""What an engine does with the service `app`, and the commands that docs/operation.md gives there."""


def sections() -> dict[str, list[str]]:
    """The lines of the page by their heading."""
    found: dict[str, list[str]] = {}
    for part in PAGE.read_text().split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        found[heading] = [line.strip() for block in blocks(text) for line in lines(block.code)]
    return found


def expect(said: str, *words: str) -> None:
    missing = [word for word in words if word not in said]
    if missing:
        raise Failed(f"{missing} is not in\n{said}")


def a_study(there: Machine) -> list[str]:
    """A study with a collection that is open; return its codes."""
    last_day = f"{datetime.now(UTC) + timedelta(days=300):%Y-%m-%d}"
    for line in (
        f"study make spring Spring --people 120 --ask role --ask length --retire-on {last_day}",
        "study describe --example > /tmp/spring.yaml",
        "study describe spring /tmp/spring.yaml",
        "study unit spring north North",
        "wave make spring",
        "wave open spring-1 --confirm units --confirm people",
    ):
        there.typed(f"counterpoise {line}")
    return there.typed("counterpoise codes spring-1 --count 20 --unit north").split()


def responses(there: Machine, database: str) -> int:
    asked = f"runuser -u postgres -- psql -At {database} -c 'SELECT count(*) FROM response'"
    return int(there.typed(asked))


class Drill:
    """The steps, in their order; each leaves what the next one needs."""

    def __init__(self, there: Machine) -> None:
        self.there = there
        self.page = sections()
        self.codes: list[str] = []

    def type_out(self, heading: str) -> list[str]:
        """Type the lines of a part of the page; return what each has printed."""
        return [self.there.typed(line) for line in self.page.pop(heading)]

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "programs and wheel", lambda: self._typed("Programs")
        yield "PostgreSQL: role, database, grants, log", lambda: self._typed("The database")
        yield "settings, secret, first account", self._set_up
        yield "served behind nginx, by https", self._served
        yield "ledger, doctor --strict, backup", self._backed_up
        yield "a backup put back in another place", self._put_back
        yield "the end of the drill", lambda: self._typed("End the drill")
        yield "upgrade", self._upgraded
        yield "every line of the page was typed", self._all_typed
        yield "another secret", self._rotated
        yield "schema 0004 with data, PostgreSQL", self._old_postgres
        yield "schema 0004 with data, SQLite", self._old_sqlite
        yield "a second process, PostgreSQL", self._second_postgres
        yield "a second process, SQLite", self._second_sqlite
        yield "the composed service: user 10001, read-only, no capability", self._contained
        yield "what is set wrong says what to do", self._wrong

    def _typed(self, heading: str) -> str:
        return f"{len(self.type_out(heading))} lines"

    def _set_up(self) -> str:
        *_, operator = self.type_out("Settings, secret and the first account")
        self.password = operator.split()[0]
        self.codes = a_study(self.there)
        return f"a study with {len(self.codes)} codes"

    def _served(self) -> str:
        self.type_out("Start, behind https")
        receipts = {self.there.answered(self.codes.pop()) for _ in range(3)}
        told = self.there.signed_in("ada", self.password)
        expect(told, "303")
        log = (self.there.folder / "var/log/counterpoise/log").read_text()
        for each in (self.there.folder / "var/log/nginx").iterdir():
            log += each.read_text()
        if log.strip():
            raise Failed(f"a log says\n{log}")
        return f"{len(receipts)} answered, the operator came in, the logs are empty"

    def _backed_up(self) -> str:
        began = time.monotonic()
        expect("".join(self.type_out("Ledger and backups")), "opened again and compared")
        self.there.answered(self.codes.pop())
        return f"in {time.monotonic() - began:.0f} s"

    def _put_back(self) -> str:
        began = time.monotonic()
        said = "".join(self.type_out("Put a backup back in another place"))
        took = time.monotonic() - began
        expect(said, "spring", "the chain holds")
        then, since = responses(self.there, "restored"), responses(self.there, "counterpoise")
        if (then, since) != (3, 4):
            raise Failed(f"{then} of 3 answers came back, {since} of 4 are there")
        return f"{then} answers, all commands of the drill in {took:.0f} s"

    def _upgraded(self) -> str:
        self.type_out("Upgrade")
        self.there.answered(self.codes.pop())
        return "the open collection went on"

    def _all_typed(self) -> str:
        if self.page:
            raise Failed(f"not typed: {', '.join(self.page)}")
        return PAGE.name

    def _rotated(self) -> str:
        typed = self.there.typed
        typed("counterpoise wave close spring-1 --now")
        typed("counterpoise secret rotate secret.new")
        typed("counterpoise backup --out rotation.age")
        typed("systemctl stop counterpoise")
        typed("counterpoise secret rotate secret.new --yes")
        typed("mv /var/lib/counterpoise/secret.new /var/lib/counterpoise/secret")
        typed("counterpoise audit verify")
        typed("counterpoise backup --out after.age")
        typed("systemctl start counterpoise")
        expect(typed("counterpoise doctor --strict"), "the one that was used before")
        return "serves under the new one"

    def _old_secret(self) -> None:
        folder = "/var/lib/counterpoise/old"
        self.there.typed(f"install -d -m 700 -o counterpoise -g counterpoise {folder}")
        self.there.typed(f"echo {SECRET.hex()} > {folder}/secret")
        self.there.typed(f"chmod 600 {folder}/secret")
        self.there.typed(f"chown -R counterpoise:counterpoise {folder}")
        self.there.settings = {
            "COUNTERPOISE_DIR": folder,
            "COUNTERPOISE_LEDGER": "",
            "COUNTERPOISE_INSECURE_COOKIES": "1",
        }

    def _old(self) -> str:
        """Upgrade what stands in the folder of the old secret, as the page on upgrades says, and answer."""
        typed = self.there.typed
        codes = json.loads((STORED / "codes-0004.json").read_text())
        kind = "sqlite" if "sqlite" in self.there.settings["COUNTERPOISE_DATABASE_URL"] else "postgres"
        typed(f"counterpoise backup --out before-{kind}.age")
        expect(typed("counterpoise migrate"), "0004 -> ")
        typed("counterpoise wave run-due-tasks")
        typed("counterpoise doctor")
        expect(typed("counterpoise report autumn-1"), "SIMULATED")
        with run_by_hand(self.there, "counterpoise serve --port 8004"):
            self.there.answered(codes[kind][1], port=8004)
        typed("counterpoise wave close winter-1 --now")
        expect(typed("counterpoise report winter-1"), "All six together")
        typed("counterpoise audit verify")
        return "backed up, migrated, answered, closed, reported"

    def _old_postgres(self) -> str:
        typed = self.there.typed
        typed("runuser -u postgres -- createdb --owner counterpoise --encoding UTF8 --template template0 old")
        typed("runuser -u counterpoise -- psql -q old < tests/migrations/stored/postgres-0004.sql")
        self._old_secret()
        self.there.settings["COUNTERPOISE_DATABASE_URL"] = (
            "postgresql://counterpoise@/old?host=/run/postgresql"
        )
        return self._old()

    def _old_sqlite(self) -> str:
        file = "/var/lib/counterpoise/old/counterpoise.sqlite"
        self.there.typed(
            f"python3 -c \"import sqlite3; sqlite3.connect('{file}').executescript(open("
            "'tests/migrations/stored/sqlite-0004.sql').read())\""
        )
        self._old_secret()
        self.there.settings["COUNTERPOISE_DATABASE_URL"] = f"sqlite:///{file}"
        return self._old()

    def _second_postgres(self) -> str:
        self.there.settings = {"COUNTERPOISE_INSECURE_COOKIES": "1"}
        typed = self.there.typed
        typed("counterpoise wave make spring")
        typed("counterpoise wave open spring-2 --confirm units --confirm people")
        codes = typed("counterpoise codes spring-2 --count 2 --unit north").split()
        with run_by_hand(self.there, "counterpoise serve --port 8001"):
            self.there.answered(codes[0], port=8001)
            self.there.answered(codes[1])
        return "both take answers"

    def _second_sqlite(self) -> str:
        self.there.settings = {
            "COUNTERPOISE_DIR": "/var/lib/counterpoise/old",
            "COUNTERPOISE_DATABASE_URL": "sqlite:////var/lib/counterpoise/old/counterpoise.sqlite",
            "COUNTERPOISE_LEDGER": "",
        }
        with run_by_hand(self.there, "counterpoise serve --port 8001"):
            deadline = time.monotonic() + 60
            while (
                self.there.tried("exec 3<>/dev/tcp/127.0.0.1/8001").returncode and time.monotonic() < deadline
            ):
                time.sleep(0.2)
            second = self.there.tried("counterpoise serve --port 8002")
        if second.returncode != 2:
            raise Failed(f"it ended with {second.returncode}: {second.stderr}")
        expect(second.stderr, "another process serves this database")
        return "the second says so and ends"

    def _contained(self) -> str:
        """The services of docker-compose.yml in the place of the unit, as their image has them run."""
        typed = self.there.typed
        self.there.settings = {}
        typed("systemctl stop counterpoise")
        typed("echo 127.0.0.1 db >> /etc/hosts")
        typed("runuser -u postgres -- psql -q -c \"ALTER ROLE counterpoise PASSWORD 'p@ss:w/ord %#?&'\"")
        typed("install -d /run/secrets /srv/instruments /srv/log /srv/backups")
        typed("echo 'p@ss:w/ord %#?&' > /run/secrets/database")
        typed("cp /var/lib/counterpoise/secret /run/secrets/counterpoise")
        typed("chown -R 10001 /run/secrets/* /srv/instruments /srv/ledger /srv/log /srv/backups")
        typed("chmod 400 /run/secrets/*")
        composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["app"]
        given = {name: re.sub(r"\$\{.*\}", "", value) for name, value in composed["environment"].items()}
        for name in ("BACKUP_KEY", "LEDGER"):
            value = typed(f"sed -n s/^COUNTERPOISE_{name}=//p /etc/counterpoise/settings").strip()
            given[f"COUNTERPOISE_{name}"] = value
        image = (ROOT / "Dockerfile").read_text()
        [of_image] = re.findall(r"^ENV (.*)$", image, re.MULTILINE)
        script = CONTAINED.format(
            writable=" ".join(each.partition(":")[2] for each in composed["volumes"]),
            user=re.findall(r"^USER (\d+)$", image, re.MULTILINE)[0],
            settings=" ".join([*of_image.split(), *(f"{name}='{value}'" for name, value in given.items())]),
            serve=shlex.join(composed["command"]),
            healthy=shlex.join(composed["healthcheck"]["test"][1:]),
        )
        there = self.there.inside("unshare", "--mount", "sh", "-ec", script)
        done = subprocess.run(there, capture_output=True, text=True, check=False, timeout=SECONDS)
        if done.returncode:
            raise Failed(f"{done.stdout}{done.stderr}")
        typed("chown -R counterpoise:counterpoise /srv/ledger")
        typed("systemctl start counterpoise")
        expect(done.stdout, "opened again and compared", "the chain holds")
        return "migrated, served, healthy, doctor, backup"

    def _wrong(self) -> str:
        self.there.settings = {}
        for each in MISTAKES:
            self.there.typed(each.before)
            told = self.there.tried(each.line)
            self.there.typed(each.after)
            if not told.returncode or "Traceback" in told.stderr:
                raise Failed(f"{each.line}: ended with {told.returncode}\n{told.stderr}")
            expect(" ".join((told.stdout + told.stderr).split()), each.says)
        return f"{len(MISTAKES)} mistakes"


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    if why := unfit():
        sys.stdout.write(f"debian: NOT RUN: {why}\n")
        sys.exit(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the machine ends, too
    try:
        with tempfile.TemporaryDirectory(prefix="debian-") as place:
            debian(folder := Path(place) / "root")
            source(folder)
            with begun(folder) as there:
                for title, step in Drill(there).steps():
                    taken(title, step)
    except Failed as error:
        sys.stdout.write(f"FAILED  {error}\n")
        sys.exit(1)


def taken(title: str, step: Callable[[], str]) -> None:
    """Take a step, and print a line for it."""
    began = time.monotonic()
    try:
        told = step()
    except Failed as error:
        raise Failed(f"{title}: {error}") from None
    sys.stdout.write(f"ok      {title}: {told} ({time.monotonic() - began:.0f} s)\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
