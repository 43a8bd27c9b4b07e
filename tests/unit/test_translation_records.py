"""A translation is a draft until its record tells what it went through; each gap has its line and cure."""

import shutil
from pathlib import Path

import pytest

from instrument import PPIQ, InstrumentError, load
from instrument.__main__ import main
from instrument.nodes import read
from instrument.translations import STEPS, sentences_hash

RECORD = "history/a2.cy.record.yaml"
FORWARD = """\
forward:
  - {translator: A, mother_tongue: cy, day: "2027-01-10"}
  - {translator: B, mother_tongue: en, day: "2027-01-12"}
"""
RECONCILIATION = """\
reconciliation: {by: [A, B], day: "2027-01-20", differences: 12, settled: "By what a student would say."}
"""
BACK = """\
back:
  - {translator: C, mother_tongue: en, saw_source: false, day: "2027-02-01", differences: 3, settled: "Talk"}
"""
INTERVIEWS = """\
interviews:
  - {people: 6, readings: 180, understood: 150, serious: 2, day: "2027-03-01"}
  - {people: 5, readings: 150, understood: 140, serious: 0, day: "2027-03-20"}
"""
TOLD = {"forward": FORWARD, "reconciliation": RECONCILIATION, "back": BACK, "interviews": INTERVIEWS}
WHOLE = "".join(TOLD.values())


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PPIQ, tmp_path / "ppiq"))


def set_status(folder: Path, name: str, status: str) -> None:
    file = folder / "words" / name
    file.write_text(file.read_text("utf-8").replace("status: draft", f"status: {status}"), "utf-8")


def tell(folder: Path, steps: str) -> None:
    words = sentences_hash(read(folder / "words/a2.cy.yaml", "words").data)
    (folder / RECORD).write_text(f'form: a2\nlanguage: cy\nwords: "{words}"\n{steps}', "utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InstrumentError) as refused:
        load(folder)
    return str(refused.value).splitlines()


@pytest.mark.parametrize("status", [status for status in STEPS if status != "draft"])
@pytest.mark.parametrize("name", ["a2.cy", "context.es", "actions.ar", "claims.cy"])
def test_no_status_stands_without_its_record(folder: Path, name: str, status: str) -> None:
    set_status(folder, f"{name}.yaml", status)
    [said] = problems_of(folder)
    assert said.startswith(f"words/{name}.yaml:")
    assert f"status `{status}` needs history/{name}.record.yaml with forward, reconciliation" in said
    assert said.endswith("or write `status: draft`")


@pytest.mark.parametrize("status", STEPS)
def test_each_status_needs_its_steps_and_no_more(folder: Path, status: str) -> None:
    set_status(folder, "a2.cy.yaml", status)
    needed = STEPS[status]  # type: ignore[index]
    tell(folder, "".join(TOLD[step] for step in needed))
    assert load(folder).words["a2", "cy"].status == status
    for lacking in needed:
        tell(folder, "".join(TOLD[step] for step in needed if step != lacking))
        assert [each for each in problems_of(folder) if f"needs `{lacking}`, which is not told" in each]


def test_the_original_needs_no_record_of_its_translation(folder: Path) -> None:
    set_status(folder, "a2.en.yaml", "reviewed")
    assert load(folder).words["a2", "en"].status == "reviewed"


def test_a_status_ends_when_a_sentence_changes_and_begins_anew(folder: Path) -> None:
    set_status(folder, "a2.cy.yaml", "tested")
    tell(folder, WHOLE)
    words = folder / "words/a2.cy.yaml"
    words.write_text(words.read_text("utf-8").replace("Holiadur am weithio", "Holiadur ynghylch gweithio"))
    now = sentences_hash(read(words, "words").data)
    (folder / "LOCK").unlink()
    [said] = problems_of(folder)
    assert said.startswith(f"{RECORD}:3: status `tested` is of other sentences than words/a2.cy.yaml has now")
    assert f'write `words: "{now}"`, or write `status: draft`' in said


@pytest.mark.parametrize(
    ("was", "becomes", "line", "says"),
    [
        ("mother_tongue: cy", "mother_tongue: de", 5, "nobody here has `cy` as mother tongue"),
        ("translator: A", "translator: Anna", 5, "`Anna` is no letter for a person: write A, B or C2"),
        ('"2027-01-12"', '"12.1.2027"', 6, "`12.1.2027` is no day: write it in quotes"),
        ("saw_source: false", "saw_source: true", 9, "may not have seen the source: ask another person"),
        ("translator: C", "translator: B", 9, "`B` has translated or reviewed before: ask another person"),
        ("people: 5", "people: 4", 12, "4 people are too few for a round: ask 5"),
        ("understood: 150", "understood: 190", 11, "does not add up: `understood` is at most `readings`"),
        ("serious: 0", "serious: 1", 12, "a serious problem was left after the last round"),
        ("understood: 140", "understood: 127", 12, "fewer than 85 of 100 readings of the last round"),
        ('"2027-02-01"', '"2027-01-02"', 9, "2027-01-02 is before a step that comes first (2027-01-20)"),
        (INTERVIEWS.splitlines()[2], "", 10, "there is one round of interviews: 2 are needed"),
        ("differences: 3, ", "", 9, "`differences` is missing"),
        ("back:\n", "backwards:\n", 8, "`backwards` is not known here"),
        ("language: cy", "language: es", 1, f"should be {RECORD.replace('.cy.', '.es.')}"),
    ],
)
def test_a_record_that_does_not_hold_is_refused_with_line_and_cure(
    folder: Path, was: str, becomes: str, line: int, says: str
) -> None:
    set_status(folder, "a2.cy.yaml", "tested")
    tell(folder, WHOLE)
    file = folder / RECORD
    text = file.read_text("utf-8")
    assert was in text
    file.write_text(text.replace(was, becomes, 1), "utf-8")
    assert [each for each in problems_of(folder) if each.startswith(f"{RECORD}:{line}:") and says in each]


def test_one_person_alone_reviews_nothing(folder: Path) -> None:
    set_status(folder, "a2.cy.yaml", "reviewed")
    tell(folder, "".join([*FORWARD.splitlines(keepends=True)[:2], RECONCILIATION.replace("[A, B]", "[A]")]))
    assert [each for each in problems_of(folder) if "one person alone has translated and reviewed" in each]


def test_every_sentence_has_to_be_translated_back(folder: Path) -> None:
    set_status(folder, "a2.cy.yaml", "back-translated")
    tell(folder, FORWARD + RECONCILIATION + BACK)
    notes = folder / "history/a2.cy.yaml"
    text = notes.read_text("utf-8")
    notes.write_text(text.replace("  title:\n    back_translation", "  title:\n    comment"), "utf-8")
    [said] = problems_of(folder)
    assert said.startswith(
        f"{RECORD}:8: 1 sentences have no back-translation, such as `title`: bring them in"
    )


def test_a_record_of_no_translation_is_refused(folder: Path) -> None:
    tell(folder, "")
    (folder / RECORD).rename(folder / "history/zz.cy.record.yaml")
    text = (folder / "history/zz.cy.record.yaml").read_text("utf-8")
    (folder / "history/zz.cy.record.yaml").write_text(text.replace("form: a2", "form: zz"), "utf-8")
    [said] = problems_of(folder)
    assert "there is no translation words/zz.cy.yaml: take this file away" in said


def test_a_record_is_begun_by_a_command_and_filled_in(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["translate", "record", str(folder), "--form", "a2", "--language", "cy"]
    assert main(asked) == 0
    file = folder / RECORD
    assert capsys.readouterr().out.strip() == str(file)
    assert load(folder).words["a2", "cy"].status == "draft"
    steps = file.read_text("utf-8").replace("# ", "").partition("\nform:")
    filled = f"form:{steps[2]}"
    for was, is_ in _FILLED.items():
        filled = filled.replace(was, is_)
    file.write_text(filled, "utf-8")
    set_status(folder, "a2.cy.yaml", "tested")
    assert load(folder).words["a2", "cy"].status == "tested"
    assert main(asked) == 1
    assert "is there already: add the steps to it" in capsys.readouterr().err
    assert main([*asked[:-1], "de"]) == 1
    assert capsys.readouterr().err == "words/a2.de.yaml: there is no such file\n"


_FILLED = {"YEAR-MONTH-DAY": "2027-01-10", "readings: 0, understood: 0": "readings: 150, understood: 140"}
