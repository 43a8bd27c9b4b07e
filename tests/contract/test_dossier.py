"""A study rehearsed on SIMULATED answers of a known truth: what is planted is found and named."""

import csv
import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

from analysis.__main__ import main
from analysis.validation.checklist import LINES
from analysis.validation.dossier import seal_of, stage_of
from analysis.validation.groups import fair
from analysis.validation.plan import PlanError, read_plan
from analysis.validation.rehearsal import FAULTS, rehearse
from analysis.validation.relations import hypotheses
from analysis.validation.repeated import responsiveness, retest
from analysis.validation.responding import responding
from analysis.validation.structure import confirmatory
from analysis.validation.study import PARTS, Study, departures, open_study
from analysis.validation.verdicts import Phase
from instrument import PPIQ, ppiq

TABLES = {part: f"{part}.csv" for part in PARTS}


def study_of(folder: Path, *parts: str) -> Study:
    plan = read_plan(folder / "PLAN.yaml", ppiq())
    return open_study(plan, ppiq(), {part: folder / TABLES[part] for part in ("main", *parts)})


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal")
    rehearse(ppiq(), "a", folder, n=600)
    return folder


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {fault: tmp_path_factory.mktemp(fault) for fault in FAULTS}
    for fault, folder in folders.items():
        rehearse(ppiq(), "a", folder, n=600, faults=[fault])
    return folders


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dossier of 60 people, by the command."""
    data, out = tmp_path_factory.mktemp("small"), tmp_path_factory.mktemp("dossier") / "DOSSIER"
    rehearse(ppiq(), "a", data, n=60)
    given = [f"{part}={data / name}" for part, name in TABLES.items()]
    plan, record = str(data / "PLAN.yaml"), str(data / "RECORD.yaml")
    asked = ["validate", *given, "--plan", plan, "--record", record, "--instrument", str(PPIQ)]
    assert main([*asked, "--out", str(out)]) == 0
    return out


def beyond(found: Phase) -> dict[str, str]:
    """Return who or what lies beyond each bound that is not kept."""
    return {check.id: check.named for check in found.checks if check.verdict == "not met"}


# What is planted, and what is not


def test_the_true_structure_is_supported(rehearsed: Path) -> None:
    found = confirmatory(study_of(rehearsed))
    assert (found.verdict, beyond(found)) == ("met", {})


def test_a_planted_misfit_is_found_and_named(faulty: dict[str, Path]) -> None:
    assert "sd5 with vi3" not in beyond(confirmatory(study_of(faulty["dif"]))).get("residual", "")
    named = beyond(confirmatory(study_of(faulty["misfit"])))["residual"]
    assert {*re.split(" with |, ", named)} == {"sd2", "rr3"}


def test_a_planted_unfair_item_is_found_and_named(rehearsed: Path, faulty: dict[str, Path]) -> None:
    assert beyond(fair(study_of(rehearsed))) == {}
    found = beyond(fair(study_of(faulty["dif"])))
    assert found["dif"] == "vi3"
    assert "vi3" in found["steps"]


def test_a_planted_careless_fifth_is_found_and_named(rehearsed: Path, faulty: dict[str, Path]) -> None:
    assert "unlikely" not in beyond(responding(study_of(rehearsed)))
    assert "may have answered without care" in beyond(responding(study_of(faulty["careless"])))["unlikely"]


def test_a_planted_unstable_retest_is_found_and_named(rehearsed: Path, faulty: dict[str, Path]) -> None:
    assert beyond(retest(study_of(rehearsed, "retest"))) == {}
    study = study_of(faulty["retest"], "retest")
    named = beyond(retest(study))["icc"]
    assert [scale for scale in study.scales if study.named(scale) not in named] == []


def test_the_error_of_each_score_is_kept_on_0_to_100(rehearsed: Path, faulty: dict[str, Path]) -> None:
    """It is what evidence of the last stage lets reports say: docs/validation.md."""
    stable, unstable = (retest(study_of(each, "retest")).errors for each in (rehearsed, faulty["retest"]))
    assert stable.keys() == {each.id for each in ppiq().key.subscales("a").values() if each.shown}
    assert all(1 < stable[each] < unstable[each] < 40 for each in stable)


def test_hypotheses_hold_where_they_are_true_and_are_named_where_not(rehearsed: Path) -> None:
    study = study_of(rehearsed)
    assert hypotheses(study).verdict == "met"
    file = rehearsed / "wrong.yaml"
    text = (rehearsed / "PLAN.yaml").read_text("utf-8")
    file.write_text(
        text.replace('expect: "-0.75 to -0.40"', 'expect: "0.40 to 0.75"').replace(
            'expect: "0.50 or more"', 'expect: "-0.50 or less"'
        ),
        "utf-8",
    )
    wrong = hypotheses(replace(study, read=read_plan(file, ppiq())))
    assert beyond(wrong) == {"confirmed": "h1, h3"}


def test_who_improved_has_changed_more(rehearsed: Path) -> None:
    assert responsiveness(study_of(rehearsed, "after")).verdict == "met"


# Sixty people


def test_sixty_people_are_not_enough_and_it_says_how_many_are(small: Path) -> None:
    phases = json.loads((small / "dossier.json").read_text("utf-8"))["phases"]
    lacking = {number: each["why"] for number, each in phases.items() if each["verdict"] == "not enough data"}
    assert {*lacking} == {"5", "6", "7", "8", "9", "10", "11"}
    assert "440 more are needed" in lacking["6"]
    assert "140 more are needed" in lacking["9"]
    assert phases["13"]["verdict"] == "not asked"


def test_every_line_of_the_checklist_stands_in_the_page_the_pdf_and_the_json(small: Path) -> None:
    page = unescape((small / "dossier.html").read_text("utf-8"))
    tree = json.loads((small / "dossier.json").read_text("utf-8"))["checklist"]
    printed = "".join(
        each.extract_text() for each in PdfReader(BytesIO((small / "dossier.pdf").read_bytes())).pages
    )
    flat = re.sub(r"\s+", "", printed)
    assert len(LINES) == 21
    for number, (asked, _, _) in enumerate(LINES, start=1):
        assert f"{number}. {asked}" in page
        assert re.sub(r"\s+", "", f"{number}. {asked}") in flat
        assert tree[str(number)]["said"]
    assert "not built" in tree["19"]["said"]
    for number in (1, 2, 3, 4, 7, 8, 18, 20, 21):
        assert re.search(r"\d", tree[str(number)]["said"])


def test_simulated_stands_over_every_file_and_nothing_may_be_said(small: Path) -> None:
    assert "SIMULATED" in (small / "dossier.html").read_text("utf-8")
    assert "SIMULATED" in (small / "tables.tex").read_text("utf-8")
    assert "SIMULATED" in docx.Document(str(small / "tables.docx")).paragraphs[0].text
    tree = json.loads((small / "dossier.json").read_text("utf-8"))
    assert (tree["simulated"], tree["stage"]) == (True, "desk_only")


def test_a_dossier_carries_its_plan_seal_and_checksums(small: Path) -> None:
    tree = json.loads((small / "dossier.json").read_text("utf-8"))
    assert seal_of(tree) == tree["seal"]
    assert tree["plan"]["sha256"] == hashlib.sha256((small / "PLAN.yaml").read_bytes()).hexdigest()
    for line in (small / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ")
        assert digest == hashlib.sha256((small / name).read_bytes()).hexdigest()
    assert seal_of({**tree, "stage": "structure"}) != tree["seal"]


def test_a_folder_that_holds_something_is_not_written_into(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    rehearse(ppiq(), "a", data, n=60)
    plan = ["--plan", str(data / "PLAN.yaml"), "--instrument", str(PPIQ), "--out", str(small)]
    assert main(["validate", str(data / "main.csv"), *plan]) == 2
    assert "holds files already" in capsys.readouterr().err


# What departs, and what was removed


def test_the_mark_stays_where_the_column_is_taken_out(tmp_path: Path) -> None:
    rehearse(ppiq(), "a", tmp_path, n=60)
    with (tmp_path / "main.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with (tmp_path / "main.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(
            stream, [name for name in rows[0] if name != "simulated"], extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(reversed(rows))
    study = study_of(tmp_path)
    assert study.simulated == ("main",)
    assert "SIMULATED" in study.main.labels[0]


def test_what_departs_from_the_plan_is_told(rehearsed: Path) -> None:
    told = departures(study_of(rehearsed, "panel"))
    assert "Phase 8 was planned, and no table `retest` was given." in told
    assert "Phase 5 was planned with people of its own, and the main sample was used again." in told
    assert not any("`panel`" in each for each in told)


def test_rows_that_the_plan_excludes_are_counted(rehearsed: Path) -> None:
    file = rehearsed / "excluding.yaml"
    rule = 'exclusions:\n  - {column: agreement, values: ["no"], why: "for the test"}\n'
    file.write_text((rehearsed / "PLAN.yaml").read_text("utf-8") + rule, "utf-8")
    study = open_study(read_plan(file, ppiq()), ppiq(), {"main": rehearsed / "main.csv"})
    assert study.main.n + study.excluded["main"][0] == study.given["main"] == 600
    assert set(study.column("agreement")) == {"yes"}


def test_a_part_that_is_not_known_is_refused(rehearsed: Path) -> None:
    plan = read_plan(rehearsed / "PLAN.yaml", ppiq())
    parts = {"main": rehearsed / "main.csv", "others": rehearsed / "main.csv"}
    with pytest.raises(PlanError, match="there is no part 'others'; the parts are main"):
        open_study(plan, ppiq(), parts)


def test_a_stage_needs_the_phases_of_those_before() -> None:
    def met(*numbers: int) -> list[Phase]:
        return [
            Phase(number=n, title="", verdict="met" if n in numbers else "not met", why="") for n in range(15)
        ]

    assert stage_of(met(5, 6, 7, 8, 9, 10)) == "desk_only"
    assert stage_of(met(2, 3)) == "content"
    assert stage_of(met(2, 3, 5, 6, 7)) == "structure"
    assert stage_of(met(*range(15))) == "precision"
