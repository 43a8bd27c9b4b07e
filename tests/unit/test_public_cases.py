"""Public bug reports on reading other systems' files and on figures, each tried on made-up answers.

A case is named by its report. Alpha is computed here by its formula, independently of the package.
"""

import csv
import io
import json
from dataclasses import dataclass

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from analysis import cronbach_alpha, factor_analysis, kmo, parallel_analysis, polychoric
from analysis.__main__ import main
from analysis.files.read_table import read_table
from analysis.files.table import TableError

ITEMS = ["q1", "q2", "q3"]
SCALE = {1: "Strongly disagree", 2: "Disagree", 3: "Neither", 4: "Agree", 5: "Strongly agree"}


def answers(n=30, k=3, seed=20):
    """Answers from 1 to 5 that correlate."""
    rng = np.random.default_rng(seed)
    X = np.round(3 + rng.normal(size=(n, 1)) + rng.normal(size=(n, k)))
    return np.clip(X, 1, 5).astype(int)


A30 = answers()


def alpha_of(X):
    X = np.asarray(X, dtype=float)
    X = X[~np.isnan(X).any(axis=1)]
    k = X.shape[1]
    return k / (k - 1) * (1 - X.var(axis=0, ddof=1).sum() / X.sum(axis=1).var(ddof=1))


ALPHA = alpha_of(A30)


def text(header=ITEMS, rows=None, delimiter=","):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(A30.tolist() if rows is None else rows)
    return stream.getvalue()


def with_column(cells):
    """A30 with one more column, whose cells are these."""
    return [[*row, cell] for row, cell in zip(A30.tolist(), cells, strict=True)]


def changed(row, item, cell):
    X = A30.tolist()
    X[row][item] = cell
    return X


def holed(*places):
    X = A30.astype(float)
    for row, item in places:
        X[row, item] = np.nan
    return X


@pytest.fixture(name="alpha")
def _alpha(tmp_path, capsys):
    """Run `alpha` on a file of this content; its JSON."""

    def run(content, *options, name="answers.csv", items="q1-q3"):
        file = tmp_path / name
        if callable(content):
            content(file)
        else:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = main(["alpha", str(file), "--items", items, "--format", "json", *options])
        printed = capsys.readouterr()
        return json.loads(printed.out) if code == 0 else printed.err

    return run


@dataclass(frozen=True)
class Case:
    content: object
    name: str = "answers.csv"
    options: tuple = ()
    items: str = "q1-q3"
    alpha: float = ALPHA
    n: int = 30
    notes: tuple = ()


def qualtrics():
    header = ["StartDate", "StartDate_2", *ITEMS, "Q9"]
    texts = ["Start Date", "End Date", "I am\nheard", "I may ask", "I decide", "Why, in your words?"]
    ids = [json.dumps({"ImportId": f"QID{place}", "timeZone": "Z"}) for place in range(6)]
    people = [
        ["2026-01-02 10:00:00", "2026-01-02 10:05:00", *row, 'so, "so"\nand so'] for row in A30.tolist()
    ]
    return "\ufeff" + text(header, [texts, ids, *people])


def ordered_categories(file):
    words = pd.CategoricalDtype([*SCALE.values()], ordered=True)
    frame = pd.DataFrame(A30, columns=ITEMS).replace(SCALE).astype(words)
    frame.to_parquet(file) if file.suffix == ".parquet" else frame.to_feather(file)


def some_categories(file):
    """Each item has the categories that were answered, so that the same word has another place."""
    frame = pd.DataFrame(A30, columns=ITEMS).replace(SCALE)
    for name in ITEMS:
        used = [word for word in SCALE.values() if word in set(frame[name])]
        frame[name] = frame[name].astype(pd.CategoricalDtype(used, ordered=True))
    frame.to_parquet(file)


def spss_texts_with_missing_values(file):
    frame = pd.DataFrame(changed(4, 1, 9), columns=ITEMS).astype(str)
    pyreadstat.write_sav(frame, str(file), missing_ranges={name: ["9"] for name in ITEMS})


def spss_numbers_with_missing_values(file):
    frame = pd.DataFrame(changed(4, 1, 98), columns=ITEMS).astype(float)
    pyreadstat.write_sav(frame, str(file), missing_ranges={name: [{"lo": 98, "hi": 99}] for name in ITEMS})


def spss_with_a_broken_byte(file):
    frame = pd.DataFrame(A30, columns=ITEMS).astype(float).assign(why="fine", größe="café")
    pyreadstat.write_sav(frame, str(file))
    content = file.read_bytes()
    broken = content.replace("café".encode(), b"caf\xc3(", 1)
    assert broken != content
    file.write_bytes(broken)


def stata_with_its_missing_values(file):
    frame = pd.DataFrame(A30, columns=ITEMS).astype(object)
    frame.loc[4, "q2"] = "a"
    pyreadstat.write_dta(frame, str(file), missing_user_values={"q2": ["a"]})


def spreadsheet(file):
    book = openpyxl.Workbook()
    book.active.append(["person", *ITEMS])
    for place, row in enumerate(A30.tolist()):
        book.active.append([f"{place:03}", *row])
    book.create_sheet("Notes").append(["made up"])
    book.save(file)


FIFTH = alpha_of(holed((4, 1)))
CODED = {code: f"{code} - {word}" for code, word in SCALE.items()}
WORDED = {code: f"{word} ({code})" for code, word in SCALE.items()}


def in_words(words, header=ITEMS):
    return text(header, [[words[cell] for cell in row] for row in A30.tolist()])


CASES = {
    "1 qualtRics 194: three heading rows": Case(qualtrics(), notes=("2 heading rows",)),
    "1 one heading row of questions": Case(
        text(rows=[["I am heard", "I may ask", "I decide"], *A30.tolist()]), notes=("1 heading row",)
    ),
    "2 qualtRics 112: text far down in another column": Case(
        text([*ITEMS, "why"], with_column([*range(28), "word", 3.5]))
    ),
    "3 qualtRics 81: two columns of one name": Case(
        text([*ITEMS, "when", "when"], [[*row, "a", "b"] for row in A30.tolist()])
    ),
    "4 qualtRics: columns without a name": Case(text([*ITEMS, "", ""], [[*r, "", ""] for r in A30.tolist()])),
    "4 jamovi 1347: rows end in a delimiter": Case(text(rows=with_column([""] * 30))),
    "5 redcapAPI 468: words for codes": Case(in_words(SCALE), options=("--codes", ",".join(SCALE.values()))),
    "5 irw 419: ordered categories, Parquet": Case(ordered_categories, "answers.parquet"),
    "5 irw 419: ordered categories, Feather": Case(ordered_categories, "answers.feather"),
    "5 ordered categories, some of them": Case(some_categories, "answers.parquet"),
    "5 code and word in one cell": Case(in_words(CODED)),
    "5 word and code in one cell": Case(in_words(WORDED)),
    "7 limepy 17: answer codes": Case(
        in_words({code: f"A{code}" for code in SCALE}, [f"G1Q5[SQ00{place}]" for place in (1, 2, 3)]),
        items="G1Q5[SQ001]-G1Q5[SQ003]",
        notes=("A1, A2",),
    ),
    "8 REDCapR 420: names of other systems": Case(
        text(["med___1", "Q3.13", "a_name_that_is_more_than_forty_letters_long"]),
        items="med___1,Q3.13,a_name_that_is_more_than_forty_letters_long",
    ),
    "9 jamovi 226: decimal commas": Case(
        text(rows=[[f"{cell},0" for cell in row] for row in A30.tolist()], delimiter=";")
    ),
    "9 jamovi 437: decimals of less than one": Case(
        text(rows=[[f"0,{cell}35" for cell in row] for row in A30.tolist()], delimiter=";")
    ),
    "10 jamovi 1116: delimiters within quotes": Case(
        text([*ITEMS, "Where, when, how often, and with whom?"], with_column(["a, b"] * 30), ";")
    ),
    "10 tabs": Case(
        text([*ITEMS, "Where, when, how often, and with whom?"], with_column(["a, b"] * 30), "\t"),
        "answers.tsv",
    ),
    "10 semicolons within quotes": Case(
        text([*ITEMS, "Where;&nbsp;when;&nbsp;how; why"], with_column(["a;b"] * 30))
    ),
    "10 a header over two lines": Case(text([*ITEMS, "Where;\nwhen; how"], with_column(["a"] * 30))),
    "11 jamovi 994: the delimiter above the header": Case("sep=;\n" + text(delimiter=";")),
    "12 central 752: a byte order mark": Case("\ufeff" + text()),
    "13 haven 615: one broken byte": Case(spss_with_a_broken_byte, "answers.sav", notes=("\ufffd",)),
    "14 haven 36: Windows-1252 in the header": Case(
        text([*ITEMS, "Größe"], with_column(["Fuß"] * 30)).encode("cp1252"), notes=("Windows-1252",)
    ),
    "14 UTF-16": Case(text(delimiter="\t").encode("utf-16"), notes=("UTF-16",)),
    "14 UTF-16 without a mark": Case(text().encode("utf-16-le"), notes=("UTF-16",)),
    "15 ReadStat 176: missing values of text": Case(
        spss_texts_with_missing_values, "answers.sav", alpha=FIFTH, n=29
    ),
    "16 jamovi 596: missing ranges": Case(spss_numbers_with_missing_values, "answers.sav", alpha=FIFTH, n=29),
    "17 jasp 733: Stata's missing values": Case(
        stata_with_its_missing_values, "answers.dta", alpha=FIFTH, n=29
    ),
    **{
        f"18 jasp 4069: {mark!r} is no answer": Case(text(rows=changed(4, 1, mark)), alpha=FIFTH, n=29)
        for mark in (".", " ", "N/A", "n/a", "Na", "#N/A", "#NULL!")
    },
    **{
        f"18 jasp 4069: {mark!r} said to be no answer": Case(
            text(rows=changed(4, 1, mark)), options=("--missing", f'99,"{mark}"'), alpha=FIFTH, n=29
        )
        for mark in ("-", "?", "None", "rather, not")
    },
    "20 jasp 2716: 99 said to be no answer": Case(
        text(rows=changed(4, 1, 99)), options=("--missing", "99"), alpha=FIFTH, n=29
    ),
    "20 jasp 2716: 99 said by nobody": Case(
        text(rows=changed(4, 1, 99)), alpha=alpha_of(changed(4, 1, 99)), notes=("99 stands far",)
    ),
    "21 jasp 1265: empty rows": Case(
        text(rows=[*A30.tolist(), *[["", "", ""]] * 200]), notes=("200 rows without one answer",)
    ),
    "23 survey-library 7289: a cell of 3.5 MB": Case(
        text([*ITEMS, "sig"], with_column(["A" * 3_500_000, *["b"] * 29]))
    ),
    "25 jasp 927: ids of 19 digits": Case(
        text([*ITEMS, "person"], with_column([1098765432109876543 + place for place in range(30)]))
    ),
    "27 jamovi 1303: a spreadsheet": Case(spreadsheet, "answers.xlsx", notes=("Notes",)),
    "true and false": Case(
        text(rows=[["TRUE" if cell > 3 else "FALSE" for cell in row] for row in A30.tolist()]),
        alpha=alpha_of(A30 > 3),
    ),
    "27 text with delimiters": Case(text(delimiter="\t"), "answers.txt"),
    "names with a comma": Case(
        text(["In my team, I am heard", "I decide, too", "q3"]),
        items='"In my team, I am heard","I decide, too",q3',
    ),
    "names in other case, with blanks": Case(text([" Q1", "Q2 ", "q3"])),
    "Central: names within a group": Case(text(["team-q1", "team/q2", "team.q3"])),
    "two rows of one id": Case(
        text([*ITEMS, "person"], with_column(["p1", *[f"p{place}" for place in range(1, 30)]])),
        notes=("1 row whose person stands above",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_can_be_read_gives_the_clean_figure(alpha, case):
    tried = CASES[case]
    found = alpha(tried.content, *tried.options, name=tried.name, items=tried.items)
    assert isinstance(found, dict), found
    assert found["alpha"]["value"] == pytest.approx(tried.alpha, abs=1e-9)
    assert (found["alpha"]["n"], found["notes"] != []) == (tried.n, bool(tried.notes))
    assert found["n"] == 30  # rows with an answer
    for words in tried.notes:
        assert words in " ".join(found["notes"])


def unclosed(row, closed_at=None):
    """A comment that opens with a quote, and perhaps another one, rows below, that ends in one."""
    lines = text([*ITEMS, "why"], with_column(["fine"] * 30)).splitlines()
    lines[row] = lines[row].replace("fine", '"never closed')
    if closed_at:
        lines[closed_at] += '"'
    return "\n".join(lines) + "\n"


REFUSED = {
    "3 the doubled column itself": (
        text(["q1", "q2", "q3", "q3"], with_column([1] * 30)),
        ("more than one column q3",),
    ),
    "9 a comma between commas": (text(rows=changed(4, 1, "1,0")), ("row 5, q2", "'1,0'", "point")),
    "11 a line above the header": (
        "# exported 2026\n" + text(),
        ("row 1", "3 cells", "first line must name"),
    ),
    "14 an encoding of its own": (
        text([*ITEMS, "x"], with_column(["\x81"] * 30)).encode("latin-1"),
        ("Windows-1252", "save it as CSV in UTF-8"),
    ),
    "18 a mark that nobody said": (text(rows=changed(4, 1, "?")), ("row 5, q2", "'?'", "--missing")),
    "22 FastCSV 173: a quote never closed": (unclosed(4), ("row 4", "quote")),
    "22 a quote closed rows below": (unclosed(4, closed_at=8), ("row 4", "quote")),
    "28 irw 1952: a value off the scale": (
        text(rows=changed(4, 1, 0)),
        ("row 5, q2", "0 is none of the codes 1 to 5"),
    ),
    "5 words of which nobody said the order": (in_words(SCALE), ("row 1, q1", "--codes")),
    "39 parameters 1118: correlations": (
        "q1,q2,q3\n1,.5,.4\n.5,1,.3\n.4,.3,1\n",
        ("correlations", "one row a person"),
    ),
    "a file of another kind": (b"PK\x03\x04 and so on", (".xlsx",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_place_and_the_cure(alpha, case):
    content, said = REFUSED[case]
    options = ("--codes", "1-5") if case.startswith("28") else ()
    found = alpha(content, *options)
    assert isinstance(found, str), found["alpha"]
    for words in said:
        assert words in found


@pytest.mark.parametrize("awkward", ["nobody answered it", "every answer is 3"])
def test_33_one_unusable_item_is_named_and_the_others_go_on(alpha, awkward):
    """jasp-stats/jasp-issues 3633 and 3303."""
    cell = "" if awkward.startswith("nobody") else 3
    found = alpha(text([*ITEMS, "q4"], with_column([cell] * 30)), items="q1-q4")
    assert found["alpha"]["value"] == pytest.approx(ALPHA)
    assert found["notes"] == [f"Left aside: q4, since {awkward}."]


def test_30_and_31_an_item_that_goes_against_the_rest_is_named(alpha):
    """jasp-stats/jasp-issues 1148 and jasp-desktop 1613."""
    turned = A30.copy()
    turned[:, 1] = 6 - turned[:, 1]
    found = alpha(text(rows=turned.tolist()))
    assert found["alpha"]["value"] == pytest.approx(alpha_of(turned))
    assert found["against_the_rest"] == ["q2"]
    assert alpha(text(rows=turned.tolist()), "--reverse", "q2")["alpha"]["value"] == pytest.approx(ALPHA)


@pytest.mark.parametrize(
    "figure", [cronbach_alpha, kmo, polychoric, parallel_analysis, lambda R: factor_analysis(R, 1)]
)
def test_39_correlations_are_not_taken_for_answers(figure):
    """easystats/parameters 1118."""
    R = [[1, 0.5, 0.4, 0.4], [0.5, 1, 0.4, 0.4], [0.4, 0.4, 1, 0.5], [0.4, 0.4, 0.5, 1]]
    with pytest.raises(ValueError, match="these are correlations"):
        figure(R)
    found = factor_analysis(R, 1, n=200)
    assert found.loadings.ravel() == pytest.approx([0.658] * 4, abs=1e-3)


@pytest.mark.parametrize("spelled", ["{:03}", "{}", "{}.0", " {:02} "])
def test_40_and_41_ids_match_whatever_else_stands_in_the_column(tmp_path, capsys, spelled):
    """wadpac/GGIR 1256 and OuhscBbmc/REDCapR 241: T06 in one file made 001 and 1 two people."""
    X = answers(120, 3, seed=5)
    ids = [f"{place:03}" for place in range(1, 121)]
    first = [[person, *row] for person, row in zip(["T06", *ids[1:]], X.tolist(), strict=True)]
    second = [
        [person, *row] for person, row in zip(map(spelled.format, range(1, 121)), X.tolist(), strict=True)
    ]
    for name, rows in (("first.csv", first), ("second.csv", second)):
        (tmp_path / name).write_text(text(["person", *ITEMS], rows))
    files = [str(tmp_path / name) for name in ("first.csv", "second.csv")]
    assert main(["retest", *files, "--id", "person", "--items", "q1-q3"]) == 0
    assert "n = 119 people in both files" in " ".join(capsys.readouterr().out.split())


def test_37_factor_says_what_the_report_says_of_few_people(tmp_path, capsys):
    """SachaEpskamp/psychonetrics 12: six people, eight items."""
    X = np.random.default_rng(3).integers(1, 6, (6, 8))
    file = tmp_path / "few.csv"
    file.write_text(text([f"q{place}" for place in range(1, 9)], X.tolist()))
    assert main(["factor", str(file), "--items", "q1-q8", "--factors", "1"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "KMO" not in out or "not" in out
    assert "moved" in out or "bound" in out or "repaired" in out


def test_a_column_that_is_asked_for_may_not_be_there_twice(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x,x,y\n1,2,3\n")
    table = read_table(file)
    assert table.matrix(["y"]).tolist() == [[3.0]]
    with pytest.raises(TableError, match="more than one column x"):
        table.matrix(["x"])
