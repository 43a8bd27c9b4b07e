"""Database, log, secret, exports and slips are for their owner alone, whatever was there before."""

import stat
from pathlib import Path

import pytest

from app import migrate
from app.closing import maintenance
from app.config import from_environment, new_secret_file
from app.db import make_engine, sqlite_files, write
from app.export.bundle import write_bundle
from app.files.private import write_private
from app.runtime import Service
from tests.lib.cohorts import close, take_part
from tests.privacy.organisations import of_one_mind


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_database_and_log_are_private_in_a_folder_where_all_was_open(tmp_path: Path) -> None:
    path = tmp_path / "data" / "counterpoise.sqlite"
    path.parent.mkdir(mode=0o755)
    path.touch(mode=0o644)
    engine = make_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    with write(engine):
        found = {each.name: rights(each) for each in sqlite_files(path)}
    assert set(found) == {path.name, f"{path.name}-wal", f"{path.name}-shm"}
    assert set(found.values()) == {0o600}
    engine.dispose()


def test_the_secret_and_its_folder_are_private_whatever_was_there(tmp_path: Path) -> None:
    secret = new_secret_file(tmp_path / "made")
    assert (rights(secret), rights(secret.parent)) == (0o600, 0o700)
    secret.chmod(0o644)
    secret.parent.chmod(0o755)
    from_environment({}, secret.parent)
    assert (rights(secret), rights(secret.parent)) == (0o600, 0o700)


def test_the_lock_of_the_due_tasks_is_private(service: Service, tmp_path: Path) -> None:
    maintenance.run_due_tasks(service)
    assert all(rights(each) == 0o600 for each in tmp_path.glob("*.sqlite-*"))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_exports_are_private_also_in_a_folder_that_others_may_read(
    service: Service, study: str, tmp_path: Path
) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    (tmp_path / "open").mkdir(mode=0o755)
    paths = write_bundle(service, f"{study}-1", tmp_path / "open" / "out")
    assert {rights(each) for each in paths} == {0o600}
    folders = [each for each in (tmp_path / "open").rglob("*") if each.is_dir()]
    assert {rights(each) for each in folders} == {0o700}


def test_a_slip_with_codes_is_private_where_a_file_was_there(tmp_path: Path) -> None:
    path = tmp_path / "slips.pdf"
    path.touch(mode=0o644)
    write_private(path, b"codes")
    assert (rights(path), path.read_bytes()) == (0o600, b"codes")
