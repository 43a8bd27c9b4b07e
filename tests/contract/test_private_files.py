"""Database, log, secret, exports and slips are readable by their owner alone, whatever was there before."""

import stat
import subprocess
import sys
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

ROOT = Path(__file__).parents[2]


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


READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77
"$2" -c 'import sys; from pathlib import Path; from app.config import from_environment
print(from_environment({"COUNTERPOISE_SECRET_FILE": sys.argv[1]}).secret.hex())' "$1/secret"
"""


def test_a_secret_on_a_disk_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    """So a container is given it."""
    secret = new_secret_file(tmp_path / "made")
    command = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(secret.parent), sys.executable]
    read = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if read.returncode == 77 or "unshare failed" in read.stderr:
        pytest.skip("no mount can be made here")
    assert read.stdout == secret.read_text(), read.stderr


def test_the_lock_of_the_due_tasks_is_private(service: Service, tmp_path: Path) -> None:
    maintenance.run_due_tasks(service)
    assert all(rights(each) == 0o600 for each in tmp_path.glob("*.sqlite-*"))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("leaving", ["rows"])
def test_exports_are_private_also_in_a_folder_where_all_was_open(
    service: Service, study: str, tmp_path: Path
) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    made, there = tmp_path / "made", tmp_path / "there"
    write_bundle(service, f"{study}-1", made)
    assert rights(made) == 0o700
    there.mkdir(mode=0o777)
    assert {rights(each) for each in write_bundle(service, f"{study}-1", there)} == {0o600}


def test_a_slip_with_codes_is_private_where_a_file_was_there(tmp_path: Path) -> None:
    path = tmp_path / "slips.pdf"
    path.touch(mode=0o644)
    write_private(path, b"codes")
    assert (rights(path), path.read_bytes()) == (0o600, b"codes")


def test_whoever_has_the_old_file_open_reads_nothing_of_the_new_one(tmp_path: Path) -> None:
    """Taking rights away does not close a file that somebody else opened while they could."""
    path = tmp_path / "slips.pdf"
    path.write_bytes(b"the last codes")
    with path.open("rb") as theirs:
        write_private(path, b"codes")
        assert theirs.read() == b"the last codes"


def test_a_link_that_somebody_laid_takes_no_codes_elsewhere(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.pdf"
    theirs.write_bytes(b"")
    (tmp_path / "slips.pdf").symlink_to(theirs)
    write_private(tmp_path / "slips.pdf", b"codes")
    assert (theirs.read_bytes(), (tmp_path / "slips.pdf").read_bytes()) == (b"", b"codes")
    assert [*sorted(each.name for each in tmp_path.iterdir())] == ["slips.pdf", "theirs.pdf"]
