"""Another secret takes the place of one that somebody may have read; receipts go on erasing."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import event, select

from app.audit import audit, events, verify
from app.closing import maintenance
from app.closing.digests import changed
from app.closing.erasure import SETTING, STAFF_TO_REWRITE, erase
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE
from app.config import read_secrets
from app.db import is_sqlite, read, write
from app.errors import ConfigurationError, Refused
from app.operations.backup import write_backup
from app.operations.doctor import examine
from app.operations.rotation import prepare, rotate
from app.operations.whole import serving_marked
from app.runtime import Service, check_secret, make_service
from app.staff.authorise import TOKEN, make_token
from app.studies import waves
from tests.lib import linked_waves
from tests.lib.cohorts import close
from tests.lib.respondents import answer, people, rows, sheet
from tests.lib.staff_accounts import EVERYWHERE, ready, secret_of

WAVE = "demo-1"
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
pytestmark = pytest.mark.usefixtures("study")


def under(service: Service, file: Path) -> Service:
    secret, *earlier = read_secrets(file.read_text(), str(file))
    return make_service(replace(service.settings, secret=secret, earlier=tuple(earlier)))


def turn(service: Service, new: Path) -> list[str]:
    """Make the file and rotate, as the command does without and with --yes."""
    prepare(service, new)
    return rotate(service, new)


def test_all_that_can_be_is_under_the_new_secret_and_receipts_go_on(service: Service, tmp_path: Path) -> None:
    people(service, WAVE, finished=11)
    with write(service.engine) as db:
        code, unused = waves.issue_codes(service, db, WAVE, "south", 2)
        make_token(service, db, "trainer", "demo", 1)
    receipt = answer(service, code, sheet(service, WAVE, Random(1)))
    ready(service, "ada", operator=EVERYWHERE)
    factor = secret_of(service, "ada")
    with pytest.raises(Refused, match="demo-1 takes answers"):
        turn(service, tmp_path / "new")
    close(service, WAVE)
    with read(service.engine) as db:
        head = verify(service.vault, db).head
    told = "\n".join(turn(service, tmp_path / "new"))
    assert "ends: 1 tokens" in told
    assert head in told
    with pytest.raises(ConfigurationError, match="not the one"):
        check_secret(service)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    again = under(service, tmp_path / "new")
    check_secret(again)
    assert rows(again, SETTING, name=STAFF_TO_REWRITE) == []
    # What ran before the rotation writes nothing more under the old secret.
    with pytest.raises(ConfigurationError, match="started again"), write(service.engine) as db:
        audit(service.vault, db, {"action": "study declared"})
    with pytest.raises(ConfigurationError, match="started again"):
        maintenance.run_due_tasks(service)
    with read(again.engine) as db:
        assert verify(service.vault, db).broken_at == 1
        assert verify(again.vault, db).broken_at is None
        assert events(db)[-1].event == {"action": "secret rotated", "head before": head}
        assert changed(again, db) == []
    assert secret_of(again, "ada") == factor
    assert rows(again, TOKEN) == rows(again, CODE) == []
    with write(again.engine) as db:
        assert not erase(again, db, unused.replace("-", ""))
        assert erase(again, db, receipt)
    with read(again.engine) as db:
        assert changed(again, db) == []
    service.engine.dispose()
    turn(again, tmp_path / "newer")  # a second time: the first secret is still known
    assert len(read_secrets((tmp_path / "newer").read_text(), "newer")) == 3
    again.engine.dispose()


@on_sqlite
def test_a_file_without_the_secrets_before_is_refused(service: Service, tmp_path: Path) -> None:
    close(service, WAVE)
    turn(service, tmp_path / "new")
    new, old = (tmp_path / "new").read_text().splitlines()
    for lines in ([new], [new, old, old], [new, bytes(32).hex()]):
        (tmp_path / "cut").write_text("\n".join(lines))
        cut = under(service, tmp_path / "cut")
        with pytest.raises(ConfigurationError, match="every earlier secret on a line below"):
            check_secret(cut)
        assert [each.ok for each in examine(cut) if each.name == "secret"] == [False]


@on_sqlite
def test_what_runs_on_under_the_old_secret_is_neither_served_nor_backed_up(
    service: Service, tmp_path: Path
) -> None:
    close(service, WAVE)
    turn(service, tmp_path / "new")
    keeping = replace(service.settings, backup_key=str(Identity.generate().to_public()))
    with pytest.raises(ConfigurationError, match="started again"):
        write_backup(replace(service, settings=keeping), tmp_path / "after.age")
    with pytest.raises(ConfigurationError, match="started again"), serving_marked(service):
        pass


@on_sqlite
def test_nothing_is_rotated_to_a_secret_that_is_not_kept(service: Service, tmp_path: Path) -> None:
    close(service, WAVE)
    with pytest.raises(ConfigurationError, match="without --yes the command makes it"):
        rotate(service, tmp_path / "new")
    check_secret(service)
    prepare(service, tmp_path / "new")
    made = (tmp_path / "new").read_text()
    prepare(service, tmp_path / "new")
    assert (tmp_path / "new").read_text() == made


@on_sqlite
def test_where_the_files_cannot_be_rewritten_it_is_said_and_done_later(
    service: Service, tmp_path: Path
) -> None:
    close(service, WAVE)

    def no_room(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement == "VACUUM":
            raise OSError

    event.listen(service.engine, "before_cursor_execute", no_room)
    told = turn(service, tmp_path / "new")
    event.remove(service.engine, "before_cursor_execute", no_room)
    assert "ends: " in told[0]
    assert "may remain in the files: rewriting failed (OSError)" in told[-1]
    other = make_service(service.settings)
    with read(other.engine) as db:
        db.execute(select(SETTING.c.name)).all()
        assert "may remain in the files: somebody reads" in rotate(service, tmp_path / "new")[-1]
    other.engine.dispose()
    assert "remain" not in "".join(rotate(service, tmp_path / "new"))


@on_sqlite
def test_a_pair_that_waits_is_linked_after_it(service: Service, tmp_path: Path) -> None:
    close(service, WAVE)
    people = [linked_waves.own(number) for number in range(12)]
    linked_waves.take_part(linked_waves.declared(service), linked_waves.EARLIER, people)
    linked_waves.close(service, linked_waves.EARLIER)
    turn(service, tmp_path / "new")
    again = under(service, tmp_path / "new")
    linked_waves.open_later(again)
    linked_waves.take_part(again, linked_waves.LATER, people)
    linked_waves.close(again, linked_waves.LATER)
    linked = [
        {row.pair_id for row in rows(again, RESPONSE, wave=wave)}
        for wave in (linked_waves.EARLIER, linked_waves.LATER)
    ]
    assert linked[0] == linked[1]
    assert len(linked[0]) == 12
    again.engine.dispose()


@on_sqlite
def test_codes_in_peoples_hands_keep_it_waiting(service: Service, tmp_path: Path) -> None:
    close(service, WAVE)
    with write(service.engine) as db:
        prepared = waves.make_wave(service, db, "demo")
        waves.issue_codes(service, db, prepared, "south", 3)
    with pytest.raises(Refused, match=f"codes of {prepared} are in people's hands"):
        turn(service, tmp_path / "new")


@on_sqlite
def test_killed_on_its_way_it_goes_on_with_the_same_file(service: Service, tmp_path: Path) -> None:
    close(service, WAVE)
    with read(service.engine) as db:
        head = verify(service.vault, db).head

    def cut_off(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("DELETE FROM token"):
            raise KeyboardInterrupt

    prepare(service, tmp_path / "new")
    event.listen(service.engine, "before_cursor_execute", cut_off)
    with pytest.raises(KeyboardInterrupt):
        rotate(service, tmp_path / "new")
    event.remove(service.engine, "before_cursor_execute", cut_off)
    made = (tmp_path / "new").read_text()
    check_secret(service)
    with read(service.engine) as db:
        assert verify(service.vault, db).head == head
    assert len(rotate(service, tmp_path / "new")) > 1
    assert (tmp_path / "new").read_text() == made
    check_secret(under(service, tmp_path / "new"))
    assert "already" in rotate(service, tmp_path / "new")[0]
    (tmp_path / "of-another").write_text(f"{bytes(32).hex()}\n{bytes(32).hex()}\n")
    with pytest.raises(ConfigurationError, match="follows another secret"):
        rotate(service, tmp_path / "of-another")


def test_a_service_that_still_runs_is_to_be_stopped_first(service: Service, tmp_path: Path) -> None:
    close(service, WAVE)
    other = make_service(service.settings)
    if is_sqlite(service.engine):
        with serving_marked(other), pytest.raises(ConfigurationError, match="another process"):
            turn(service, tmp_path / "new")
    else:
        with read(other.engine), pytest.raises(ConfigurationError, match="another process"):
            turn(service, tmp_path / "new")
    other.engine.dispose()
    assert len(turn(service, tmp_path / "new")) > 1
