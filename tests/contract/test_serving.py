"""What scripts and hosts rely on: the demonstration's links, refusals to start, the composed service."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import httpx2
import psycopg
import pytest
import yaml
from sqlalchemy import make_url, update
from typer.testing import CliRunner, Result

from app.cli import app as cli
from app.config import from_environment
from app.db import write
from app.errors import ConfigurationError
from app.runtime import make_service
from app.studies.study import STUDY
from docs.examples import blocks, lines
from tests.conftest import SECRET
from tests.lib.ports import free_port
from tests.lib.postgres_server import Postgres, running_postgres
from tests.lib.questionnaire_client import respond
from tests.lib.respondents import make_due

ROOT = Path(__file__).parents[2]
OURS = ("COUNTERPOISE_DATABASE_URL", "COUNTERPOISE_SECRET", "COUNTERPOISE_SECRET_FILE", "COUNTERPOISE_DIR")
QUIET = {name: value for name, value in os.environ.items() if name not in OURS}


def counterpoise(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "app", *words]
    return subprocess.run(
        command, cwd=ROOT, env={**QUIET, **environment}, capture_output=True, text=True, check=False
    )


@contextmanager
def running(*words: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "app", *words]
    with subprocess.Popen(
        command, cwd=ROOT, env={**QUIET, **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


class Here(Protocol):
    def __call__(self, *words: str, **environment: str) -> Result: ...


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """The command in this process, for what ends at once."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    return lambda *words, **environment: CliRunner().invoke(cli, words, env=environment)


def wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{address}/ready", timeout=60).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service was not ready within a minute")


@pytest.fixture
def migrated(tmp_path: Path, here: Here) -> Path:
    folder = tmp_path / "not there yet"
    assert here("migrate", "--new-secret", "--dir", str(folder)).exit_code == 0
    return folder


def test_the_demonstration_prints_one_line_of_json_and_its_links_lead_somewhere(
    tmp_path: Path, unused_port: int
) -> None:
    with running("demo", "--dir", str(tmp_path), "--port", str(unused_port), "--json") as demo:
        links = json.loads(demo.stdout.readline())
        with httpx2.Client(base_url=links["respondent"], timeout=60) as client:
            assert len(respond(client, links["code"]).replace("-", "")) == 12
            for role in ("researcher", "trainer"):
                assert "SIMULATED" in client.get(links[role]).text
            assert client.get("/report/waves/demo-1/units/north").status_code == 200
            assert client.get("/export/waves/demo-1/responses.csv").status_code == 403
            assert client.get("/report/waves/demo-rows-1/units/north").status_code == 404
            assert len(client.get("/export/waves/demo-rows-1/responses.csv").text.splitlines()) == 241
        made = counterpoise("codes", links["wave"], "--count", "3", "--json", "--dir", str(tmp_path))
        assert len(set(json.loads(made.stdout))) == 3
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_it_does_not_start_without_a_secret(migrated: Path, here: Here) -> None:
    (migrated / "secret").unlink()
    ended = here("serve", "--dir", str(migrated))
    assert ended.exit_code == 2
    assert "there is no secret" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_lost_its_secret_gains_no_other(migrated: Path, here: Here) -> None:
    """A new one would look as if it mended something, and open nothing."""
    kept = (migrated / "secret").read_bytes()
    (migrated / "secret").unlink()
    for words in (["serve"], ["migrate", "--new-secret"], ["demo"]):
        ended = here(*words, "--dir", str(migrated))
        assert ended.exit_code == 2
        assert "put that back" in " ".join(ended.stderr.split())
        assert not (migrated / "secret").exists()
    (migrated / "secret").write_bytes(kept)
    assert here("migrate", "--new-secret", "--dir", str(migrated)).exit_code == 0
    assert (migrated / "secret").read_bytes() == kept


def test_a_port_that_is_taken_is_told_with_what_to_do(migrated: Path, here: Here) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "demo"):
            ended = here(command, "--dir", str(migrated), "--port", port)
            assert ended.exit_code == 2
            assert f"cannot listen on port {port}" in ended.stderr
            assert "name another port by --port" in ended.stderr


def test_a_second_process_does_not_serve_the_same_file(migrated: Path, here: Here, unused_port: int) -> None:
    with running("serve", "--dir", str(migrated), "--port", str(unused_port)) as first:
        wait_until_ready(f"http://127.0.0.1:{unused_port}")
        port = str(free_port())
        second = here("serve", "--dir", str(migrated), "--port", port)
        assert second.exit_code == 2
        assert "another process serves this database" in second.stderr
        first.terminate()
        first.wait(30)
    third = here("doctor", "--dir", str(migrated))
    assert "copied alone" not in third.stdout


def test_a_wave_that_closed_is_told_although_another_could_not(migrated: Path, here: Here) -> None:
    folder = ("--dir", str(migrated))
    for study in ("one", "other"):
        here("study", "make", study, study.title(), "--simulated", *folder)
        here("study", "unit", study, "south", "South", *folder)
        here("wave", "make", study, *folder)
        assert here("wave", "open", f"{study}-1", *folder).exit_code == 0
    service = make_service(from_environment({}, migrated))
    make_due(service, "one-1")
    with write(service.engine) as db:
        db.execute(update(STUDY).where(STUDY.c.id == "one").values(instrument="gone"))
    service.engine.dispose()
    ended = here("wave", "close", "other-1", "--now", *folder)
    assert (ended.exit_code, ended.stdout) == (2, "other-1 is closed\n")
    assert "collection 'one-1' asked a form 'a2' of 'gone'" in ended.stderr
    again = here("wave", "close", "one-1", "--now", *folder)
    assert (again.exit_code, again.stdout) == (2, "")


def test_it_does_not_start_without_a_questionnaire_that_a_study_asks(migrated: Path, here: Here) -> None:
    design = ("seven", "A study", "--instrument", "seven", "--form", "seven", "--simulated")
    made = here(
        "study",
        "make",
        *design,
        "--dir",
        str(migrated),
        COUNTERPOISE_INSTRUMENTS=str(ROOT / "tests" / "instruments"),
    )
    assert made.exit_code == 0, made.stderr
    ended = here("serve", "--dir", str(migrated))
    assert ended.exit_code == 2
    assert "form 'seven' of 'seven', which the study 'seven' asks" in ended.stderr
    assert "COUNTERPOISE_INSTRUMENTS" in ended.stderr
    found = here("doctor", "--strict", "--dir", str(migrated))
    assert found.exit_code == 1
    assert "which the study 'seven' asks" in found.stdout


def test_it_does_not_start_with_another_secret(migrated: Path, here: Here) -> None:
    ended = here("serve", "--dir", str(migrated), COUNTERPOISE_SECRET="ab" * 32)
    assert ended.exit_code == 2
    assert "not the one that the database was made with" in ended.stderr


def test_it_does_not_start_on_a_database_of_another_schema(tmp_path: Path, here: Here) -> None:
    ended = here("serve", "--dir", str(tmp_path), COUNTERPOISE_SECRET=SECRET.hex())
    assert ended.exit_code == 2
    assert "counterpoise migrate" in ended.stderr


def test_the_demonstration_refuses_a_database_that_is_not_simulated(migrated: Path, here: Here) -> None:
    assert (
        here(
            "study",
            "make",
            "real",
            "A study",
            "--people",
            "20",
            "--retire-on",
            "2099-12-31",
            "--dir",
            str(migrated),
        ).exit_code
        == 0
    )
    ended = here("demo", "--dir", str(migrated))
    assert ended.exit_code == 2
    assert "holds the study real" in ended.stderr


LEFT_OUT = (
    "COUNTERPOISE_SIGNPOSTS",
    "COUNTERPOISE_LEAVE_TO",
    "COUNTERPOISE_METRICS",
    *(f"COUNTERPOISE_OIDC_{name}" for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET_FILE", "LABEL")),
)


def test_a_password_in_a_file_of_its_own_may_have_any_characters(tmp_path: Path) -> None:
    (file := tmp_path / "password").write_text("p@ss:w/ord %#?&'\"é\n")
    settings = {"COUNTERPOISE_DATABASE_PASSWORD_FILE": str(file), "COUNTERPOISE_SECRET": SECRET.hex()}
    address = "postgresql://counterpoise@db/counterpoise?sslmode=require"
    read = make_url(from_environment({**settings, "COUNTERPOISE_DATABASE_URL": address}).database_url)
    assert (read.password, read.host, read.database) == ("p@ss:w/ord %#?&'\"é", "db", "counterpoise")
    for wrong in ("postgresql://db/counterpoise", "postgresql://a:b@db/counterpoise"):
        with pytest.raises(ConfigurationError, match="names a user and no password"):
            from_environment({**settings, "COUNTERPOISE_DATABASE_URL": wrong})
    file.unlink()
    with pytest.raises(ConfigurationError, match="cannot read"):
        from_environment({**settings, "COUNTERPOISE_DATABASE_URL": address})


def test_no_container_has_a_right_that_it_does_not_need() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name, each in services.items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert all("PASSWORD:" not in str(value) for value in each.get("environment", {}).values()), name
        assert ("cap_add" in each) == (name == "db"), name
        assert all(port.startswith("127.0.0.1:") for port in each.get("ports", ())), name
    assert len(services["app"]["ports"]) == 1
    assert services["proxy"]["user"] == "101:101"
    assert "\nUSER 10001\n" in (ROOT / "Dockerfile").read_text()


def test_the_profile_of_two_is_a_second_one_like_the_first_and_a_proxy_before_both() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert {name for name, each in services.items() if "profiles" in each} == {"second", "proxy"}
    assert services["second"] == {**services["app"], "profiles": ["two"], "ports": []}
    [mounted] = services["proxy"]["volumes"]
    source, target, how = mounted.split(":")
    assert (target, how) == ("/etc/nginx/nginx.conf", "ro")
    settings = (ROOT / source).read_text()
    [port] = re.findall(r"--port (\d+)", services["app"]["command"][-1])
    named = re.findall(r"server (\w+):(\d+);", settings)
    assert named == [("app", port), ("second", port)]
    [published] = services["proxy"]["ports"]
    assert f"listen {published.split(':')[2]};" in settings
    assert set(services["proxy"]["depends_on"]) == {"app", "second"}


def test_every_example_of_a_command_in_a_container_is_one(here: Here) -> None:
    page = (ROOT / "docs" / "operation.md").read_text()
    asked = re.findall(r"^docker compose exec app counterpoise ((?:\w+ ?-?)+)", page, re.MULTILINE)
    assert len(asked) >= 5
    for words in asked:
        command = [each for each in words.split() if not each.startswith("-")][:2]
        known = here(*command[:1], "--help")
        assert known.exit_code == 0, words


IN_A_CONTAINER = re.compile(r"docker compose (?:run --rm|exec(?: -T)?) (app|migrate|db) (.*)")


@pytest.mark.postgres
def test_the_commands_of_the_page_keep_and_put_back_a_composed_service(
    postgres: Postgres, tmp_path: Path
) -> None:
    """As they stand, on this computer in the place of an engine: no container, volume or network is tried."""
    page = (ROOT / "docs" / "operation.md").read_text()
    part = page.partition("## With docker compose\n")[2].partition("\n## ")[0]
    [settings] = [each.code.split() for each in blocks(part) if each.language == "text"]
    given = dict(line.split("=") for line in settings)
    mounted = {f"/srv/{each}": tmp_path / each for each in ("backups", "ledger")}
    for each in mounted.values():
        each.mkdir()
    database = postgres.url("counterpoise").replace("postgres@", "counterpoise@")
    environment = {
        **QUIET,
        "PGHOST": str(postgres.socket),
        "PYTHONPATH": str(ROOT),
        "COUNTERPOISE_DATABASE_URL": database,
        "COUNTERPOISE_SECRET": SECRET.hex(),
    }

    def typed(line: str) -> str:
        for there, here_ in mounted.items():
            line = line.replace(there, str(here_))
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    def empty() -> None:
        typed("dropdb --username postgres --if-exists counterpoise")
        typed("createdb --username postgres --encoding UTF8 --template template0 counterpoise")
        for each in mounted["/srv/ledger"].iterdir():
            each.unlink()

    said: list[str] = []
    typed("createuser --username postgres --superuser counterpoise")
    try:
        empty()
        for line in [line for each in blocks(part) if each.language == "sh" for line in lines(each.code)]:
            if line == "docker compose up --detach db":  # of another computer
                shutil.move(tmp_path / "ledger.copy", tmp_path / "backups")
                empty()
            elif line == "docker compose up --detach":
                typed(f"{sys.executable} -m app migrate")
            elif found := IN_A_CONTAINER.fullmatch(line):
                words = found[2].replace(" --strict", "")  # this server keeps no acknowledged write
                said.append(typed(re.sub("^counterpoise ", f"{sys.executable} -m app ", words)))
                if "backup-key" in words:
                    environment.update(given, COUNTERPOISE_BACKUP_KEY=said[-1].strip())
                    environment["COUNTERPOISE_LEDGER"] = given["COUNTERPOISE_LEDGER"].replace(
                        "/srv/ledger", str(mounted["/srv/ledger"])
                    )
                if words.startswith("cat "):
                    copied = (tmp_path / "ledger.copy").read_bytes()
                    assert copied
                    with pytest.raises(AssertionError):  # an hour later the service does not run
                        typed(words.replace("cat ", "cat not-there-"))
                    assert (tmp_path / "ledger.copy").read_bytes() == copied
            else:
                assert line.startswith(("python3 ", "mkdir ", "ch", "docker compose stop")), line
        assert typed(f"{sys.executable} -m app account list").count("ada") == 1
    finally:
        typed("dropdb --username postgres --if-exists --force counterpoise")
        typed("dropdb --username postgres --if-exists --force before")
        typed("dropuser --username postgres counterpoise")
    assert sum("restored; now:" in each for each in said) == 2
    assert sum("verified: nothing was restored" in each for each in said) == 1
    assert sum("opened again and compared" in each for each in said) == 1


@pytest.mark.postgres
def test_the_composed_service_starts_as_it_stands(postgres: object, tmp_path: Path, unused_port: int) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    secret = tmp_path / "counterpoise.secret"
    secret.write_text(SECRET.hex())
    password = tmp_path / "database.password"
    password.write_text("p@ss:w/ord %#?&'\"\n")
    given = {
        "COUNTERPOISE_DATABASE_URL": postgres.create(),
        "COUNTERPOISE_DATABASE_PASSWORD_FILE": str(password),
        "COUNTERPOISE_SECRET_FILE": str(secret),
        "COUNTERPOISE_ORIGIN": "",
        "COUNTERPOISE_PROXY": "",
        "COUNTERPOISE_BACKUP_KEY": "",
        "COUNTERPOISE_LEDGER": "",
        "COUNTERPOISE_INSTRUMENTS": str(tmp_path / "instruments"),
        **dict.fromkeys(LEFT_OUT, ""),
    }
    assert set(given) == set(services["app"]["environment"]) == set(services["migrate"]["environment"])
    program, *words = services["migrate"]["command"]
    assert program == "counterpoise"
    assert counterpoise(*words, **given).returncode == 0
    *shell, line = services["app"]["command"]
    assert shell == ["sh", "-c"]
    line = line.replace("/srv/log", str(tmp_path)).replace(
        "counterpoise serve", f"{sys.executable} -m app serve"
    )
    assert "--port 8000" in line
    line = line.replace("8000", str(unused_port))  # on this machine another service may have it
    address = f"http://127.0.0.1:{unused_port}"
    with subprocess.Popen([*shell, line], cwd=ROOT, env={**QUIET, **given}) as process:
        try:
            wait_until_ready(address)
            assert httpx2.get(f"{address}/", timeout=60).status_code == 200
        finally:
            process.terminate()
    with pytest.raises(httpx2.TransportError):  # of the shell nothing was left: an engine stops the service
        httpx2.get(f"{address}/", timeout=60)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_no_engine_adds_the_time_to_a_line_of_a_container() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for name, each in composed["services"].items():
        assert each["logging"] == {"driver": "none"}, name
    for name in ("app", "second", "migrate"):
        assert "log:/srv/log" in composed["services"][name]["volumes"], name
    assert "log" in composed["volumes"]
    assert re.search(
        r"install --directory --owner counterpoise --mode 700 .*/srv/log\b", (ROOT / "Dockerfile").read_text()
    )


@pytest.mark.postgres
def test_the_composed_database_logs_what_fails_without_a_time_and_not_that_somebody_saved() -> None:
    program, *settings = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["db"][
        "command"
    ]
    assert program == "postgres"
    as_from_15_on = ("-c", "log_checkpoints=on")
    with running_postgres(more=(*as_from_15_on, *settings)) as cluster:
        with psycopg.connect(f"host={cluster.socket} user=postgres dbname=postgres", autocommit=True) as db:
            db.execute("CREATE TABLE saved (answer int)")
            db.execute("INSERT INTO saved VALUES (4)")
            db.execute("CHECKPOINT")
            with pytest.raises(psycopg.errors.UndefinedTable):
                db.execute("SELECT * FROM mislaid")
        deadline = time.monotonic() + 60

        def written() -> dict[Path, str]:
            return {each: each.read_text() for each in (cluster.data / "log").iterdir()}  # two at midnight

        while "mislaid" not in "".join(written().values()):  # another process writes it
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for file in written():
            assert file.stat().st_mode & 0o777 == 0o600
            assert re.fullmatch(r"postgresql-[A-Z][a-z][a-z]\.log", file.name)
        told = [line for text in written().values() for line in text.splitlines()]
    assert all(re.match(r"\[\d+\] [A-Z]+:  ", line) for line in told), told
    assert not [
        line for line in told if re.search(r"\d\d:\d\d", line) and "system was shut down at" not in line
    ]
    assert not [line for line in told if "checkpoint" in line]
