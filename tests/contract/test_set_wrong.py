"""What whoever runs the service sets wrong, or otherwise than we do: it works, or says what to do."""

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from pyrage.x25519 import Identity
from typer.testing import CliRunner, Result

from app.cli import app as cli
from tests.lib.postgres_server import Postgres

OURS = ("DATABASE_URL", "DATABASE_PASSWORD_FILE", "SECRET", "SECRET_FILE", "DIR", "LEDGER", "BACKUP_KEY")
NOBODY = 65534


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OURS:
        monkeypatch.delenv(f"COUNTERPOISE_{name}", raising=False)


def typed(line: str, folder: Path, **environment: str) -> Result:
    return CliRunner().invoke(cli, [*line.split(), "--dir", str(folder)], env=environment)


def refused(line: str, folder: Path, **environment: str) -> str:
    ended = typed(line, folder, **environment)
    assert ended.exit_code == 2, ended.output
    assert "Traceback" not in ended.output
    return " ".join(ended.stderr.split())


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user may enter; into pytest's own nobody may, whatever a test sets."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def made(place: Path) -> Path:
    assert typed("migrate --new-secret", place / "data").exit_code == 0
    return place / "data"


@contextmanager
def another_user() -> Iterator[None]:
    """As a user to whom nothing of the service belongs."""
    before = os.geteuid()
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@contextmanager
def as_root() -> Iterator[None]:
    """As whoever runs the tests, within `another_user`."""
    before = os.geteuid()
    os.seteuid(os.getuid())
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def keeping(made: Path, place: Path) -> Iterator[dict[str, str]]:
    """The settings of a service that keeps a ledger; what is typed from here on is typed by its own user."""
    if os.geteuid() == 0 and not _others_can_read_the_code():
        pytest.skip("root may write every ledger, and no other user can read this code to run it")
    (elsewhere := place / "mounted" / "elsewhere").mkdir(parents=True)
    settings = {
        "COUNTERPOISE_LEDGER": str(elsewhere / "ledger"),
        "COUNTERPOISE_BACKUP_KEY": str(Identity.generate().to_public()),
    }
    assert typed("migrate --new-ledger", made, **settings).exit_code == 0
    assert typed("study make spring Spring --simulated", made).exit_code == 0
    assert typed("study unit spring north North", made).exit_code == 0
    assert typed("wave make spring", made).exit_code == 0
    assert typed("doctor", made, **settings).exit_code == 0  # so that all modules are loaded
    import_module("app.operations.serve")
    if os.geteuid() != 0:
        yield settings
        return
    for each in (made, *made.iterdir(), elsewhere, elsewhere.parent):
        os.chown(each, NOBODY, NOBODY)
    with another_user():
        yield settings


def _others_can_read_the_code() -> bool:
    above = (parent for each in (__file__, sys.prefix) for parent in Path(each).parents)
    return all(each.stat().st_mode & stat.S_IXOTH for each in above)


@pytest.mark.parametrize("rights", [0o444, 0o000])
def test_a_ledger_that_cannot_be_written_starts_nothing(
    made: Path, keeping: dict[str, str], rights: int
) -> None:
    file = Path(keeping["COUNTERPOISE_LEDGER"])
    with as_root():
        file.chmod(rights)
    found = typed("doctor", made, **keeping).stdout
    assert re.search(rf"MEND  ledger +{file} cannot be written \(Permission denied\)", found)
    assert "as a file of the user of the service" in found
    for line in ("serve", "wave open spring-1"):
        said = refused(line, made, **keeping)
        assert f"the ledger {file} cannot be written (Permission denied)" in said
        assert "belong to the user of the service" in said


def test_a_ledger_in_a_folder_of_another_user_ends_no_examination(
    made: Path, keeping: dict[str, str]
) -> None:
    file = Path(keeping["COUNTERPOISE_LEDGER"])
    mounted = file.parents[1]
    with as_root():
        os.chown(mounted, os.geteuid(), os.getegid())
        mounted.chmod(0)
    try:
        found = typed("doctor", made, **keeping).stdout
        assert re.search(rf"MEND  ledger +{file} cannot be written \(Permission denied\)", found)
        assert re.search(r"MEND  access: disk +.*Permission denied", found)
        assert re.search(r"MEND  proxy", found), "the other checks are made, too"
        assert "cannot be written (Permission denied)" in refused("serve", made, **keeping)
    finally:
        with as_root():
            mounted.chmod(0o700)


def test_a_file_that_is_no_ledger_is_taken_for_none(made: Path, keeping: dict[str, str]) -> None:
    (letter := made / "letter").write_text("Dear all,\n")
    keeping["COUNTERPOISE_LEDGER"] = str(letter)
    assert f"{letter} is another file than a ledger" in typed("doctor", made, **keeping).stdout
    for line in ("serve", "wave open spring-1"):
        assert f"{letter} is another file than a ledger" in refused(line, made, **keeping)


@pytest.mark.parametrize("address", ["postgres//db", "mysql://a@db/counterpoise", "counterpoise"])
def test_an_address_of_no_database_is_told_with_one_that_is(made: Path, address: str) -> None:
    said = refused("doctor", made, COUNTERPOISE_DATABASE_URL=address)
    assert "COUNTERPOISE_DATABASE_URL must be an address such as postgresql://" in said


@pytest.mark.postgres
def test_what_postgresql_says_of_a_connection_is_told(made: Path, postgres: Postgres) -> None:
    said = refused("doctor", made, COUNTERPOISE_DATABASE_URL=postgres.url("nowhere"))
    assert 'database "nowhere" does not exist' in said
    assert "check COUNTERPOISE_DATABASE_URL" in said


@pytest.mark.postgres
def test_a_database_that_cannot_keep_every_word_gets_no_tables(made: Path, postgres: Postgres) -> None:
    """A machine without a language makes one such by itself."""
    with psycopg.connect(f"host={postgres.socket} user=postgres dbname=postgres", autocommit=True) as server:
        server.execute(
            "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    address = {"COUNTERPOISE_DATABASE_URL": postgres.url("ascii")}
    assert "createdb --encoding UTF8 --template template0" in refused("migrate", made, **address)
    found = typed("doctor", made, **address).stdout
    assert "MEND  encoding" in found
    postgres.drop(postgres.url("ascii"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("whose", ["the secret", "the folder", "the database"])
def test_files_of_another_user_are_named(made: Path, whose: str) -> None:
    assert typed("study list", made).exit_code == 0  # so that all modules are loaded
    for folder in made.parents[:3]:
        folder.chmod(0o711)
    for each in (made, *made.iterdir()):
        os.chown(each, NOBODY, NOBODY)
    file = {"the secret": made / "secret", "the database": made / "counterpoise.sqlite"}.get(whose, made)
    os.chown(file, 0, 0)
    with another_user():
        said = refused("study list", made)
    assert str(made) in said
    assert "run the command as the user of the service" in said


@pytest.mark.postgres
def test_a_database_with_a_password_is_backed_up_and_put_back(made: Path, postgres: Postgres) -> None:
    password = "p@ss:w/ord %#?&"
    rules = postgres.data / "pg_hba.conf"
    rules.write_text(f"local all by_password scram-sha-256\n{rules.read_text()}")
    with psycopg.connect(f"host={postgres.socket} user=postgres dbname=postgres", autocommit=True) as server:
        server.execute("SELECT pg_reload_conf()")
        server.execute(f"CREATE ROLE by_password LOGIN PASSWORD '{password}'")
        for name in ("kept", "put_back"):
            server.execute(f"CREATE DATABASE {name} OWNER by_password")
    (made / "password").write_text(password)
    (made / "counterpoise.sqlite").unlink()
    key = CliRunner().invoke(cli, ["backup-key", str(made / "key")]).stdout.strip()
    given = {
        "COUNTERPOISE_DATABASE_URL": f"postgres://by_password@/kept?host={postgres.socket}",
        "COUNTERPOISE_DATABASE_PASSWORD_FILE": str(made / "password"),
        "COUNTERPOISE_BACKUP_KEY": key,
    }
    typed("migrate", made, **given)
    typed("study make spring Spring --simulated", made, **given)
    backed_up = typed(f"backup --out {made / 'spring.age'}", made, **given)
    assert "opened again and compared" in backed_up.stdout, backed_up.stderr
    given["COUNTERPOISE_DATABASE_URL"] = given["COUNTERPOISE_DATABASE_URL"].replace("kept", "put_back")
    put_back = typed(f"restore {made / 'spring.age'} --key {made / 'key'} --incomplete", made, **given)
    assert put_back.exit_code == 0, put_back.stderr
    assert "spring" in typed("study list", made, **given).stdout


def test_a_key_that_can_be_written_nowhere_is_told_with_the_folder(made: Path, tmp_path: Path) -> None:
    for folder, why in (
        (tmp_path / "missing", "No such file or directory"),
        (made / "secret", "Not a directory"),
    ):
        ended = CliRunner().invoke(cli, ["backup-key", str(folder / "key")])
        said = " ".join(ended.stderr.split())
        assert ended.exit_code == 2, said
        assert f"cannot be opened or written ({why}): see that the folder {folder} is there" in said


def test_a_backup_that_is_not_there_is_not_called_damaged(made: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["backup-key", str(tmp_path / "key")]).exit_code == 0
    said = refused(f"restore {tmp_path / 'spring.age'} --key {tmp_path / 'key'}", made)
    assert f"there is no file {tmp_path / 'spring.age'}" in said
