"""A research study: rows and never a report, under an approval that a second person has confirmed."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import studies
from app.audit import events
from app.cli import app as cli
from app.closing.snapshots import SNAPSHOT
from app.db import read, write
from app.errors import Refused
from app.export.microdata import microdata
from app.export.rows import UNWITHHELD_NOTE, WITHHELD_NOTE, note
from app.questionnaire.path import survey_path_of, survey_paths
from app.runtime import Service
from app.staff import accounts
from app.studies import Design, release, waves
from app.studies.information import describe, example
from app.studies.paired_waves import pair_waves
from app.studies.study import STUDY
from tests.conftest import SECRET
from tests.lib.cohorts import close, take_part
from tests.lib.questionnaire_client import Screen, enter
from tests.lib.staff_accounts import PASSWORD, ready, sign_in

FAR = date(2099, 12, 31)
TRIAL = Design(
    id="trial",
    title="Trial",
    kind="research",
    form="a2",
    leaving="rows unwithheld",
    context=("role", "length", "profession", "setting"),
    people=100,
    retire_on=FAR,
)


def declare(service: Service, design: Design = TRIAL) -> str:
    with write(service.engine) as db:
        studies.declare_study(service, db, design)
        studies.declare_unit(service, db, design.id, "all", "Everybody")
        describe(service, db, studies.the_study(db, design.id), example())
        return waves.make_wave(service, db, design.id)


def approve(service: Service, study: str = "trial") -> None:
    with write(service.engine) as db:
        release.ask_release(service, db, study, "REC 26/0001 of 1 May 2026", "hana")
        release.confirm_release(service, db, study, "ines")


def open_it(service: Service, wave: str) -> None:
    with write(service.engine) as db:
        waves.open_wave(service, db, wave, confirmed=waves.CONFIRMATIONS)


# ---- the kind ----


@pytest.mark.parametrize(
    ("kind", "leaving", "why"),
    [
        ("research", "reports", "never a report"),
        ("cohort", "rows unwithheld", "only a research study"),
        ("trial", "rows", "is one of cohort, research"),
    ],
)
def test_what_a_kind_does_not_give_out_is_refused(
    service: Service, kind: str, leaving: str, why: str
) -> None:
    with pytest.raises(Refused, match=why), write(service.engine) as db:
        studies.declare_study(service, db, replace(TRIAL, kind=kind, leaving=leaving))


def test_the_kind_never_changes(service: Service) -> None:
    with write(service.engine) as db:
        studies.declare_study(service, db, TRIAL)
    for design in (replace(TRIAL, kind="cohort", leaving="rows"),):
        with pytest.raises(Refused, match="was decided when it was made"), write(service.engine) as db:
            studies.change_design(service, db, design)
    with write(service.engine) as db:
        studies.copy_study(service, db, "trial", Design(id="again", title="Again", retire_on=FAR))
        assert studies.the_study(db, "again").kind == "research"
        assert studies.the_study(db, "again").ethics is None


def test_a_study_is_a_cohort_study_unless_it_says_otherwise(service: Service, study: str) -> None:
    with read(service.engine) as db:
        assert studies.the_study(db, study).kind == "cohort"


def test_a_cohort_study_keeps_its_limit_and_a_research_study_tells_instead(service: Service) -> None:
    with pytest.raises(Refused, match="more than 10% is refused"), write(service.engine) as db:
        studies.declare_study(service, db, replace(TRIAL, kind="cohort", leaving="rows"))
    wave = declare(service)
    approve(service)
    open_it(service, wave)
    with read(service.engine) as db:
        survey = survey_path_of(service, db, wave)
    assert survey.research is not None
    assert survey.research.alone == 94  # of 100 people, in 1,575 combinations: 100 (1 - 1/1575)^99


def test_in_clusters_more_people_may_be_alone(service: Service) -> None:
    wave = declare(service, replace(TRIAL, context=("role",), clusters=True))
    with read(service.engine) as db:
        survey = survey_path_of(service, db, wave)
    assert survey.research is not None
    assert survey.research.alone == 37  # of 100 people, in 20 clusters by role
    assert "among those whose codes were made together" in survey.consent("en").markup


# ---- the approval ----


def test_it_opens_when_a_second_person_has_confirmed_the_approval(service: Service) -> None:
    wave = declare(service)
    with pytest.raises(Refused, match="a second person confirms it"):
        open_it(service, wave)
    with pytest.raises(Refused, match="nobody has said"), write(service.engine) as db:
        release.confirm_release(service, db, "trial", "ines")
    for ethics in (" ", "x" * 201, "REC\u202e26"):
        with pytest.raises(Refused, match="1 to 200"), write(service.engine) as db:
            release.ask_release(service, db, "trial", ethics, "hana")
    with write(service.engine) as db:
        release.ask_release(service, db, "trial", "REC 26/0001", "hana")
    with pytest.raises(Refused, match="another person"), write(service.engine) as db:
        release.confirm_release(service, db, "trial", "hana")
    with pytest.raises(Refused, match="a second person confirms it"):
        open_it(service, wave)
    with pytest.raises(Refused, match="has changed since you opened"), write(service.engine) as db:
        release.confirm_release(service, db, "trial", "ines", "what stood there before")
    with write(service.engine) as db:
        seen = release.what_is_confirmed(studies.the_study(db, "trial"))
        release.confirm_release(service, db, "trial", "ines", seen)
    open_it(service, wave)
    with pytest.raises(Refused, match="stays as it is"), write(service.engine) as db:
        release.ask_release(service, db, "trial", "REC 26/0002", "hana")
    with read(service.engine) as db:
        said = [each.event for each in events(db) if each.event["action"].startswith("release")]
    assert [each["action"] for each in said] == ["release asked", "release confirmed"]
    assert said[1] == {
        "action": "release confirmed",
        "study": "trial",
        "leaving": "rows unwithheld",
        "ethics": "REC 26/0001",
        "asked by": "hana",
    }


def test_a_changed_design_or_approval_is_confirmed_again(service: Service) -> None:
    with write(service.engine) as db:
        studies.declare_study(service, db, TRIAL)
    approve(service)
    with write(service.engine) as db:
        studies.change_design(service, db, replace(TRIAL, leaving="rows"))
        assert studies.the_study(db, "trial").release_confirmed_by is None
    approve(service)
    with write(service.engine) as db:
        release.ask_release(service, db, "trial", "REC 26/0002", "ines")
        assert studies.the_study(db, "trial").release_confirmed_by is None


def test_waves_are_paired_before_the_first_opens_and_confirmed_again(service: Service) -> None:
    """Linked rows tell more; after an opening nobody could confirm it any more."""
    wave = declare(service)
    approve(service)
    with write(service.engine) as db:
        pair_waves(service, db, waves.make_wave(service, db, "trial"), "trial-3")
    with pytest.raises(Refused, match="a second person confirms it"):
        open_it(service, wave)
    approve(service)
    open_it(service, wave)
    with write(service.engine) as db:
        waves.make_wave(service, db, "trial")
        fourth = waves.make_wave(service, db, "trial")
    with pytest.raises(Refused, match="before the first collection opens"), write(service.engine) as db:
        pair_waves(service, db, fourth, "trial-5")


def test_a_cohort_study_needs_nothing_of_the_kind(service: Service, study: str) -> None:
    with pytest.raises(Refused, match="no research study"), write(service.engine) as db:
        release.ask_release(service, db, study, "REC 26/0001", "hana")


# ---- what people read ----


def test_people_read_the_approval_and_how_many_may_be_alone(service: Service, client: TestClient) -> None:
    hashes = set()
    for name, leaving in (("trial", "rows unwithheld"), ("other", "rows")):
        wave = declare(service, replace(TRIAL, id=name, leaving=leaving))
        approve(service, name)
        open_it(service, wave)
        with write(service.engine) as db:
            [code] = waves.issue_codes(service, db, wave, "all", 1)
        client.cookies.clear()
        enter(client, code)
        page = " ".join("".join(Screen(client.get("/consent").text).words).split())
        assert "This is a research study." in page
        assert "Ethics approval: REC 26/0001 of 1 May 2026." in page
        assert ("up to 94 may be the only one" in page) == (leaving == "rows unwithheld")
        assert ("fewer than five people share" in page) == (leaving == "rows")
        assert ('name="archive"' in client.get("/consent").text) == (leaving == "rows")
        with read(service.engine) as db:
            hashes.add(survey_path_of(service, db, wave).consent("en").hash)
            with_another = replace(survey_paths(service)[wave].research, ethics="REC 26/0002")
            hashes.add(replace(survey_paths(service)[wave], research=with_another).consent("en").hash)
    assert len(hashes) == 4


# ---- what leaves ----

PEOPLE = [{"role": "supervisor", "length": "under_3_months", "n": n} for n in range(29)]
ALONE = {"role": "line_manager", "length": "over_12_months"}


def exported(service: Service, leaving: str) -> Any:
    with write(service.engine) as db:
        studies.make_study(
            db, id="trial", title="Trial", kind="research", form="a2", simulated=True, leaving=leaving
        )
        studies.add_unit(db, "trial", "all", "Everybody")
        wave = waves.make_wave(service, db, "trial")
        waves.open_wave(service, db, wave)
    people = [{name: each for name, each in person.items() if name != "n"} for person in PEOPLE]
    take_part(service, wave, "all", [*people, ALONE], purposes=("study", "archive"))
    close(service, wave)
    with read(service.engine) as db:
        return microdata(service, db, wave)


@pytest.mark.parametrize(("leaving", "is_alone"), [("rows", False), ("rows unwithheld", True)])
def test_what_is_rare_is_withheld_or_shown_as_declared(
    service: Service, leaving: str, *, is_alone: bool
) -> None:
    data = exported(service, leaving)
    assert Counter(data.column("role"))["line_manager"] == is_alone
    assert (UNWITHHELD_NOTE in note(data)) == is_alone
    assert (WITHHELD_NOTE in note(data)) != is_alone


def test_no_wave_gives_out_both_and_no_report_is_made(service: Service) -> None:
    exported(service, "rows")
    with write(service.engine) as db:
        db.execute(update(STUDY).values(leaving="rows unwithheld"))
    with read(service.engine) as db:
        assert Counter(microdata(service, db, "trial-1").column("role"))["line_manager"] == 0
        [kept] = db.execute(select(SNAPSHOT.c.report)).scalars()
    assert kept["nodes"] == []


# ---- pages and commands ----


def test_two_hosts_bring_it_to_its_opening(service: Service, client: TestClient) -> None:
    for name in ("hana", "ines"):
        ready(service, name, host="*")
    sign_in(service, client, "hana")
    design = {
        "form": "ppiq/a2",
        "id": "trial",
        "title": "Trial",
        "kind": "research",
        "people": "100",
        "k": "10",
        "leaving": "rows unwithheld",
        "retire_on": "2099-12-31",
        **dict.fromkeys(("ask_role", "ask_setting", "ask_profession", "ask_length"), "yes"),
    }
    looked = client.post("/host/studies", data={**design, "look": "yes"}).text
    assert "may be the only one" in looked
    assert "Refused." not in looked
    assert "Refused." in client.post("/host/studies", data={**design, "kind": "cohort", "look": "yes"}).text
    assert client.post("/host/studies", data={**design, "make": "yes"}).status_code == 303
    page = client.get("/host/studies/trial").text
    assert "Research study" in page
    assert client.post("/host/studies/trial/release/confirm", data={"sure": "yes"}).status_code == 422
    assert client.post("/host/studies/trial/release", data={"ethics": "REC 26/0001"}).status_code == 303
    assert client.post("/host/studies/trial/release/confirm", data={"sure": "yes"}).status_code == 422
    client.cookies.clear()
    sign_in(service, client, "ines")
    assert client.post("/host/studies/trial/release/confirm", data={"sure": "yes"}).status_code == 404
    with write(service.engine) as db:
        accounts.give(service, db, "ines", "host", "trial")
    at, page = "/host/studies/trial/release/confirm", client.get("/host/studies/trial").text
    seen = {"seen": page.partition('name="seen" value="')[2].partition('"')[0]}
    assert client.post(at, data=seen).status_code == 422
    assert client.post(at, data={"sure": "yes"}).status_code == 422, "what they saw is not said"
    assert client.post(at, data={**seen, "sure": "yes"}).status_code == 303
    assert "said by hana and confirmed by ines" in client.get("/host/studies/trial").text
    assert client.post("/host/studies/trial/design", data={**design, "kind": "cohort"}).status_code == 303
    with read(service.engine) as db:
        assert studies.the_study(db, "trial").kind == "research"


def test_the_commands_make_and_approve_it(
    service: Service, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(SECRET.hex())
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setenv("COUNTERPOISE_DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("COUNTERPOISE_SECRET_FILE", str(tmp_path / "secret"))
    make = ["study", "make", "trial", "Trial", "--people", "100", "--retire-on", "2099-12-31"]
    runner = CliRunner()
    made = runner.invoke(cli, [*make, "--kind", "research", "--leaving", "rows unwithheld"])
    assert made.exit_code == 0, made.output
    ready(service, "hana", host="trial")
    ready(service, "olga", operator="*")
    ready(service, "rosa", researcher="trial")
    approve_ = ["study", "approve", "trial"]
    tries = (
        (["--by", "rosa", "--ethics", "REC 1"], PASSWORD, "neither a host"),
        (["--by", "hana", "--ethics", "REC 1"], "a wrong one", "not the password"),
        (["--by", "hana", "--ethics", "REC 1"], PASSWORD, "said: it opens"),
        (["--by", "hana"], PASSWORD, "another person"),
        (["--by", "olga"], PASSWORD, "confirmed"),
    )
    for arguments, password, said in tries:
        assert said in runner.invoke(cli, [*approve_, *arguments], input=f"{password}\n").output
