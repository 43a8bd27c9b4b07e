"""What an instrument provides: pages, answers read, a codebook, and a LOCK that refuses changes."""

import json
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from instrument import (
    LEFT_BLANK,
    PPIQ,
    Form,
    InstrumentError,
    allowed,
    codebook,
    digests,
    load,
    page,
    pages,
    ppiq,
    read_answers,
)
from instrument.codebook import PROVENANCE

ROOT = Path(__file__).parents[2]
INSTRUMENTS = ROOT / "tests" / "instruments"


@pytest.fixture(scope="module")
def form() -> Form:
    return ppiq().forms["a"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PPIQ, tmp_path / "ppiq"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "instrument", *arguments]
    return subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)


# Pages


@pytest.mark.parametrize(
    ("per_page", "count", "last"), [(5, 6, 5), (1, 30, 1), (7, 5, 2), (30, 1, 30), (50, 1, 30)]
)
def test_pages_hold_every_item_once_in_order(form: Form, per_page: int, count: int, last: int) -> None:
    assert pages(form, per_page) == count
    shown = [page(form, number, per_page) for number in range(1, count + 1)]
    assert [item for items in shown for item in items] == list(form.items)
    assert len(shown[-1]) == last


@pytest.mark.parametrize("number", [0, -1, 7, 10**9])
def test_a_page_that_is_not_there_is_empty(form: Form, number: int) -> None:
    assert page(form, number, 5) == ()


# Answers as a browser sends them


def test_answers_are_read_and_gaps_are_left_blank(form: Form) -> None:
    items = page(form, 3, 5)
    answers, problems = read_answers(form, {"sd4": "0", "rr2": "4", "id5": "", "ec2": "-77"}, items)
    assert answers == {"sd4": 0, "rr2": 4, "id5": LEFT_BLANK, "ec2": -77, "ag2": LEFT_BLANK}
    assert problems == ()


def test_a_refusal_is_kept_apart_from_a_gap(form: Form) -> None:
    answers, problems = read_answers(form, {"sd4": "-99", "rr2": "-88"}, page(form, 3, 5))
    assert (answers["sd4"], answers["rr2"], problems) == (-99, -88, ())


@pytest.mark.parametrize(
    "sent", ["5", "-1", "٣", "3 ", "+3", "03", "3.0", "-66", "-55", "true", "x" * 10_000, "\x00", "1;drop"]
)
def test_what_was_not_offered_is_a_problem_and_no_answer(form: Form, sent: str) -> None:
    answers, problems = read_answers(form, {"vi4": sent}, page(form, 4, 5))
    assert "vi4" not in answers
    assert [problem.item for problem in problems] == ["vi4"]


def test_does_not_apply_is_a_problem_where_it_is_not_offered(form: Form) -> None:
    assert read_answers(form, {"vi4": "-77"}, page(form, 4, 5))[1]
    assert not read_answers(form, {"ec5": "-77"}, page(form, 4, 5))[1]


def test_an_answer_to_nothing_on_the_page_is_a_problem(form: Form) -> None:
    answers, problems = read_answers(form, {"rr5": "1", "zz": "1"}, page(form, 1, 5))
    assert [problem.item for problem in problems] == ["rr5", "zz"]
    assert not {"rr5", "zz"} & answers.keys()


def test_a_scale_offers_its_own_codes() -> None:
    seven = load(INSTRUMENTS / "seven").forms["seven"]
    assert allowed(seven, seven.by_id["ease_1"]) == (1, 2, 3, 4, 5, 6, 7, -88, -99)
    assert -77 in allowed(seven, seven.by_id["range_4"])


# The codebook


def test_the_codebook_describes_every_column_once(form: Form) -> None:
    columns = codebook(ppiq(), "a", "en")
    kinds = [column.kind for column in columns]
    assert {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)} == {
        "provenance": len(PROVENANCE), "context": len(form.context),
        "raw": 30, "keyed": 30, "score": 7, "answered": 7,
    }  # fmt: skip
    assert len({column.name for column in columns}) == len(columns)
    assert all(column.label for column in columns)
    assert all(len(column.name) <= 32 for column in columns)


def test_the_codebook_labels_codes_as_they_were_shown() -> None:
    columns = {column.name: column for column in codebook(ppiq(), "a", "en")}
    assert columns["raw_ec2"].values[4] == "Completely true"
    assert columns["raw_ec2"].missing == {-77: "Does not apply", -88: "Left blank", -99: "Rather not say"}
    assert -77 not in columns["raw_ec1"].missing
    assert columns["ec4"].values == {4 - code: label for code, label in columns["raw_ec4"].values.items()}
    assert columns["ec1"].values == columns["raw_ec1"].values
    assert columns["role"].missing[-66] == "Withheld"
    assert columns["role"].values["line_manager"] == "My line manager"
    assert columns["ec"].measure == "scale"
    assert columns["ec"].label == "Evaluation and consequences (0 to 100 from at least 4 of 5 answers)"
    assert columns["total"].label == "All six together (mean of all 6 scores)"
    assert columns["total_answered"].kind == "answered"


def test_questionnaires_of_others_load_alike() -> None:
    for name, items, subscales in (("bfi25", 25, 6), ("seven", 11, 3)):
        instrument = load(INSTRUMENTS / name)
        assert len(instrument.forms[name].items) == items
        assert len(instrument.key.subscales(name)) == subscales
        assert instrument.words[name, "en"].sentence(instrument.forms[name].items[0].id)
        assert len(codebook(instrument, name, "en")) == len(PROVENANCE) + 2 * items + 2 * subscales


# Claims and actions


def test_nothing_is_claimed_that_no_study_shows() -> None:
    claims = ppiq().claims
    assert claims is not None
    assert claims.evidence == ()
    assert claims.label == "A summary of answers, not a measurement"
    assert claims.precision == "unknown"
    said = " ".join(claims.may_say).lower()
    assert not any(word in said.replace("unvalidated", "") for word in ("valid", "reliab", "norm", "measur"))


def test_every_facet_has_actions_under_every_heading() -> None:
    shown = {(action.facet, action.heading) for action in ppiq().actions}
    facets = [subscale.id for subscale in ppiq().key.subscales("a").values() if subscale.items]
    assert shown == {(facet, heading) for facet in facets for heading in ("explain", "address", "agree")}
    assert [action.facet for action in ppiq().actions if action.strength == 3] == ["ag"]
    assert "may help" in ppiq().advice["en"].intro
    assert "unsafe" in ppiq().advice["en"].safety


# LOCK


def test_the_lock_holds_what_is_there() -> None:
    lock = json.loads((PPIQ / "LOCK").read_text("utf-8"))
    now = digests(ppiq())
    assert lock["forms"] == now["forms"]
    assert lock["words"] == now["words"]
    assert now["key"].items() <= lock["key"].items()
    assert lock["forms"]["a"]["published"]


def test_check_prints_the_hashes(folder: Path) -> None:
    done = command("check", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == digests(ppiq())


def test_check_prints_every_problem_with_its_line(folder: Path) -> None:
    edit(folder / "key.yaml", "-ec4", "-ec9")
    edit(folder / "forms/a.yaml", "per_page: 5", "per_page: no")
    done = command("check", str(folder))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "forms/a.yaml:6: `no` is not text to every reader of YAML: write it in quotes"
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{id: ec1, cell: EC1, scale: truth}", "{id: ec1, cell: EC1, scale: truth, does_not_apply: true}"),
        ("per_page: 5", "per_page: 6"),
        ("published: true", "published: false"),
        ('window: "The last 3 months', 'window: "The last 6 months'),
    ],
)
def test_a_published_form_may_not_change(old: str, new: str, folder: Path) -> None:
    edit(folder / "forms/a.yaml", old, new)
    for attempt in ("check", "lock"):
        done = command(attempt, str(folder))
        assert done.returncode == 1
        assert done.stderr == "forms/a.yaml: a published form may not change: make a new form instead\n"
    with pytest.raises(InstrumentError):
        load(folder)


def test_a_locked_key_needs_a_new_revision_to_change(folder: Path) -> None:
    edit(folder / "key.yaml", "min_answered: 4", "min_answered: 3")
    done = command("lock", str(folder))
    assert done.returncode == 1
    assert "a changed key needs a new revision" in done.stderr
    edit(folder / "key.yaml", "revision: 4", "revision: 5")
    assert "key.yaml: differs from LOCK" in command("check", str(folder)).stderr
    assert command("lock", str(folder)).returncode == 0
    assert load(folder).key.revision == 5
    edit(folder / "key.yaml", "revision: 5", "revision: 4")
    assert command("check", str(folder)).stderr.startswith("key.yaml: revision 4 is locked")


def test_changed_words_are_seen_and_may_be_locked_anew(folder: Path) -> None:
    edit(folder / "words/a.en.yaml", "I get support", "I find support")
    with pytest.raises(InstrumentError, match=r"words/a.en.yaml: differs from LOCK"):
        load(folder)
    assert command("lock", str(folder)).returncode == 0
    assert load(folder).words["a", "en"].sentence("sd5") == "I find support in our meetings."


def test_the_order_of_a_file_says_nothing_where_it_means_nothing(folder: Path) -> None:
    lines = (folder / "forms/a.yaml").read_text("utf-8").splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("scales"))
    moved = [*lines[head:], *lines[:head]]
    (folder / "forms/a.yaml").write_text("\n".join(moved) + "\n", "utf-8")
    assert load(folder).forms["a"].hash == ppiq().forms["a"].hash


def test_every_file_of_the_questionnaire_is_shipped_when_installed() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shipped = settings["tool"]["setuptools"]["package-data"]["*"]
    files = [
        file
        for file in (ROOT / "instrument").rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"}
    ]
    assert len(files) > 30
    assert [file.name for file in files if not any(fnmatch(file.name, kind) for kind in shipped)] == []


def test_reading_the_questionnaire_again_costs_nothing() -> None:
    assert ppiq() is ppiq()
