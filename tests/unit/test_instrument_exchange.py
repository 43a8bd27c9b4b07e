"""Translators' files: a row for every sentence, read back without loss, and hostile files refused."""

import csv
import io
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument import NOT_SAID, PPIQ, InstrumentError, load, ppiq
from instrument.exchange.translation import original
from instrument.exchange.translators import COLUMNS, export_table, import_table
from instrument.nodes import read
from instrument.translations import sentences

ROOT = Path(__file__).parents[2]
LANGUAGES = ("cy", "es", "ar")
NAMES = ("a", "context", "actions", "claims")
ROLES = ("supervisor", "practice_educator", "line_manager", NOT_SAID)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(PPIQ, tmp_path / "ppiq"))
    (copy / "LOCK").unlink()
    return copy


def problems_of(run: Callable[[], object]) -> list[str]:
    with pytest.raises(InstrumentError) as refused:
        run()
    return str(refused.value).splitlines()


def rows_of(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table, newline="")))


def put(file: Path, rows: list[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return file


def exported(folder: Path, file: Path, name: str, language: str) -> list[dict[str, str]]:
    rows = rows_of(export_table(folder, name, language))
    put(file, rows)
    return rows


def row(rows: list[dict[str, str]], key: str, role: str = "") -> dict[str, str]:
    [found] = [each for each in rows if (each["key"], each["role"]) == (key, role)]
    return found


def state(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_comes_back_as_the_same_bytes(language: str, name: str, folder: Path, tmp_path: Path) -> None:
    before = state(folder)
    exported(folder, tmp_path / "table.csv", name, language)
    assert import_table(folder, tmp_path / "table.csv") == folder / f"words/{name}.{language}.yaml"
    assert state(folder) == before


def test_the_command_writes_the_table_and_takes_it_back(folder: Path, tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        run = [sys.executable, "-m", "instrument", "translate", *arguments]
        return subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)

    before, table = state(folder), str(tmp_path / "a.csv")
    out = command("export", str(folder), "--form", "a", "--language", "cy", "--out", table)
    assert (out.returncode, out.stderr) == (0, "")
    assert (
        Path(table)
        .read_bytes()
        .startswith(b"\xef\xbb\xbfkey,role,source,translation,back_translation,comment\r\n")
    )
    back = command("import", table, str(folder))
    assert (back.returncode, back.stderr) == (0, "")
    assert state(folder) == before
    refused = command("export", str(folder), "--form", "z", "--language", "cy", "--out", table)
    assert refused.returncode == 1
    assert refused.stderr == "words/z.en.yaml: there is no such file\n"


def test_a_table_has_a_row_for_every_sentence_of_every_role(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "es")
    assert row(rows, "words")["translation"] == "a.es"
    for role in ROLES:
        assert row(rows, "items.sd4", role)["source"] == ppiq().words["a", "en"].sentence("sd4", role)
        assert row(rows, "items.sd4", role)["translation"] == ppiq().words["a", "es"].sentence("sd4", role)
    assert row(rows, "scales.truth.4")["source"] == "Completely true"
    assert row(rows, "items.rr5")["comment"].startswith("'Las condiciones")


def test_what_a_translator_changes_and_says_is_kept(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "cy")
    row(rows, "items.sd5")["translation"] = 'Rwy\'n cael "cefnogaeth", \\ a mwy.'
    row(rows, "items.sd5")["back_translation"] = "I get support, and more."
    row(rows, "items.sd4", "line_manager")["comment"] = "Check: gwrando, or clywed?"
    import_table(folder, put(tmp_path / "t.csv", rows))
    assert load(folder).words["a", "cy"].sentence("sd5") == 'Rwy\'n cael "cefnogaeth", \\ a mwy.'
    assert load(folder).words["a", "cy"].status == "draft"
    assert rows_of(export_table(folder, "a", "cy")) == rows


def test_a_status_once_reached_is_kept(folder: Path, tmp_path: Path) -> None:
    file = folder / "words/a.ar.yaml"
    reached = file.read_text("utf-8").replace("status: draft", "status: back-translated")
    file.write_text(reached, "utf-8")
    exported(folder, tmp_path / "t.csv", "a", "ar")
    import_table(folder, tmp_path / "t.csv")
    assert file.read_text("utf-8") == reached


def test_remarks_that_are_taken_back_leave_no_file(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "cy")
    assert (folder / "history/a.cy.yaml").exists()
    import_table(folder, put(tmp_path / "t.csv", [{**each, "comment": ""} for each in rows]))
    assert not (folder / "history/a.cy.yaml").exists()


def test_marks_of_direction_can_be_seen_in_the_file(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "ar")
    row(rows, "title")["translation"] = "استبيان\u200f!"
    import_table(folder, put(tmp_path / "t.csv", rows))
    assert 'title: "استبيان\\u200f!"' in (folder / "words/a.ar.yaml").read_text("utf-8")
    assert load(folder).words["a", "ar"].title == "استبيان\u200f!"


def test_a_sentence_for_everybody_may_become_one_for_each_role(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "ar")
    at = rows.index(row(rows, "items.sd5"))
    several = [
        {**rows[at], "role": role, "translation": f"{rows[at]['translation'][:-1]} {n}."}
        for n, role in enumerate(ROLES)
    ]
    rows[at : at + 1] = several
    import_table(folder, put(tmp_path / "t.csv", rows))
    assert load(folder).words["a", "ar"].sentence("sd5", "line_manager").endswith("2.")
    assert rows_of(export_table(folder, "a", "ar")) == rows
    del rows[at + 1]
    said = problems_of(lambda: import_table(folder, put(tmp_path / "t.csv", rows)))
    assert said == ["t.csv: `items.sd5 practice_educator` has no row"]


def test_equal_sentences_for_all_roles_are_kept_as_one(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "cy")
    for role in ROLES:
        row(rows, "items.sd4", role)["translation"] = "Yr un frawddeg."
    import_table(folder, put(tmp_path / "t.csv", rows))
    assert '  sd4: "Yr un frawddeg."\n' in (folder / "words/a.cy.yaml").read_text("utf-8")
    assert rows_of(export_table(folder, "a", "cy")) == rows


def test_a_new_language_begins_as_an_empty_table_and_ends_as_words(folder: Path, tmp_path: Path) -> None:
    for name in NAMES:
        rows = exported(folder, tmp_path / "t.csv", name, "he")
        assert {each["translation"] for each in rows[1:]} == {""}
        said = problems_of(lambda: import_table(folder, tmp_path / "t.csv"))
        assert len(said) == len(rows) - 1
        for number, each in enumerate(rows[1:]):
            each["translation"] = f"שלום {number}"
        import_table(folder, put(tmp_path / "t.csv", rows))
    words = load(folder).words["a", "he"]
    assert (words.direction, words.status) == ("rtl", "draft")
    assert load(folder).words["s", "he"].sentence("vi5").startswith("שלום")


def test_sentences_that_have_changed_since_are_named(folder: Path, tmp_path: Path) -> None:
    exported(folder, tmp_path / "t.csv", "a", "cy")
    english = folder / "words/a.en.yaml"
    text = english.read_text("utf-8").replace(
        "I get support in our meetings.", "I find support in our meetings."
    )
    listens = "My line manager listens to me when I have a different opinion."
    english.write_text(text.replace(listens, "My line manager hears me differ."), "utf-8")
    before = state(folder)
    said = problems_of(lambda: import_table(folder, tmp_path / "t.csv"))
    assert [problem.split(": ", 1)[1] for problem in said] == [
        "the source of `items.sd4 line_manager` has changed; it is now: My line manager hears me differ.",
        "the source of `items.sd5` has changed; it is now: I find support in our meetings.",
    ]
    assert all(re.match(r"t\.csv:\d+: ", problem) for problem in said)
    assert state(folder) == before


Spoil = Callable[[list[dict[str, str]]], object]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda rows: row(rows, "title").update(translation=""), "`title` has no translation"),
        (lambda rows: row(rows, "title").update(translation="a\nb"), "a control character or a line break"),
        (lambda rows: row(rows, "title").update(translation="a\x07b"), "a control character"),
        (lambda rows: row(rows, "title").update(translation="a\u202eb"), "a control character"),
        (lambda rows: row(rows, "title").update(translation="a\u2028b"), "a control character"),
        (lambda rows: row(rows, "title").update(translation="a  b"), "a space too many"),
        (lambda rows: row(rows, "title").update(comment="x" * 1001), "at most 1000 characters"),
        (lambda rows: row(rows, "title").update(key="titel"), "`titel` is not asked (any more)"),
        (lambda rows: row(rows, "title").update(role="boss"), "`title` has no role `boss`"),
        (lambda rows: row(rows, "items.sd4", "line_manager").update(role=""), "a sentence for each role"),
        (lambda rows: rows.remove(row(rows, "title")), "`title` has no row"),
        (lambda rows: rows.append(row(rows, "title")), "`title` has a row already, on line 3"),
        (
            lambda rows: rows.append({**row(rows, "title"), "role": NOT_SAID}),
            "rows for roles and one for everybody",
        ),
        (lambda rows: row(rows, "words").update(translation="a.en"), "the language that is translated from"),
        (lambda rows: row(rows, "words").update(translation="../a.cy"), "the second line should say `words`"),
        (lambda rows: row(rows, "words").update(translation="a.welsh"), "`welsh` is no language"),
        (
            lambda rows: row(rows, "words").update(translation="z.cy"),
            "words/z.en.yaml: there is no such file",
        ),
        (lambda rows: rows.pop(0), "the second line should say `words`"),
        (lambda rows: rows.extend(rows[1:] * 50), "there are more than 5000 rows"),
    ],
)
def test_a_table_with_a_fault_is_refused_whole(spoil: Spoil, says: str, folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "cy")
    spoil(rows)
    before = state(folder)
    said = problems_of(lambda: import_table(folder, put(tmp_path / "t.csv", rows)))
    assert [problem for problem in said if says in problem], said[:5]
    assert state(folder) == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the second line should say"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"key;role;source\r\n", "the first line should be: key,role,source"),
        (b"key,role,source,translation,back_translation,comment\r\na,b\r\n", "there are 2 cells here, not 6"),
        (b'key,role,source,translation,back_translation,comment\r\n"a"b,,,,,\r\n', "this is not a table"),
        (
            b'key,role,source,translation,back_translation,comment\r\n"' + b"x" * 200_000,
            "this is not a table",
        ),
        (b"key,role,source,translation,back_translation,comment\r\n" + b"," * 2**20, "larger than 1024 KiB"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, says: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    before = state(folder)
    [problem] = problems_of(lambda: import_table(folder, tmp_path / "t.csv"))
    assert says in problem
    assert state(folder) == before


def test_a_table_that_is_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    assert problems_of(lambda: import_table(folder, tmp_path / "t.csv")) == ["t.csv: there is no such file"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a.en", "", "a/b"])
def test_a_name_that_is_a_path_is_refused(name: str, folder: Path) -> None:
    [problem] = problems_of(lambda: export_table(folder, name, "cy"))
    assert "there are none called" in problem


def test_no_cell_is_a_formula_to_a_spreadsheet(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "cy")
    for text in ("=1+1", "+44", "-x", "@x", "'=1+1", "''-x", "'tis"):
        row(rows, "title")["translation"] = text if text == "'tis" else f"'{text}"
        import_table(folder, put(tmp_path / "t.csv", rows))
        assert load(folder).words["a", "cy"].title == text
        table = rows_of(export_table(folder, "a", "cy"))
        assert table == rows
        assert not [cell for each in table for cell in each.values() if cell[:1] in {"=", "+", "-", "@"}]


def test_a_spreadsheet_that_takes_letters_apart_does_no_harm(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "t.csv", "a", "es")
    before = state(folder)
    apart = [{column: unicodedata.normalize("NFD", text) for column, text in each.items()} for each in rows]
    import_table(folder, put(tmp_path / "t.csv", apart))
    assert state(folder) == before


LETTERS = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" \u200d\u200f"), min_size=1, max_size=40
)
SAYINGS = LETTERS.map(lambda text: unicodedata.normalize("NFC", " ".join(text.split()))).filter(
    lambda text: text == text.strip() != ""
)


@given(said=st.lists(SAYINGS, min_size=1, max_size=6), data=st.data())
def test_whatever_is_said_comes_back_as_it_was(
    said: list[str], data: st.DataObject, tmp_path_factory
) -> None:
    folder = tmp_path_factory.mktemp("said")
    for part in ("instrument.yaml", "words/claims.en.yaml"):
        (folder / part).parent.mkdir(exist_ok=True)
        shutil.copy(PPIQ / part, folder / part)
    (folder / "history").mkdir()
    rows = exported(folder, folder / "t.csv", "claims", "cy")
    for each in rows[1:]:
        each["translation"] = guarded(data.draw(st.sampled_from(said)))
        each["comment"] = guarded(data.draw(st.sampled_from(["", *said])))
    import_table(folder, put(folder / "t.csv", rows))
    once = state(folder / "words"), state(folder / "history")
    assert rows_of(export_table(folder, "claims", "cy")) == rows
    exported(folder, folder / "t.csv", "claims", "cy")
    import_table(folder, folder / "t.csv")
    assert (state(folder / "words"), state(folder / "history")) == once
    own = original(folder, "claims")
    written = sentences(read(own.file("cy"), "claims.cy.yaml").data)
    assert [by_role[""] for by_role in written.values()] == [plain(each["translation"]) for each in rows[1:]]


def guarded(text: str) -> str:
    return f"'{text}" if re.match(r"'*[=+\-@]", text) else text


def plain(text: str) -> str:
    return text[1:] if re.match(r"'+[=+\-@]", text) else text
