"""No cell of a report is empty, and one without a figure has its reason, in every format."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.__main__ import main
from analysis.estimate import Estimate
from analysis.report.build import run
from analysis.report.coefficients import COEFFICIENTS, Coefficient
from analysis.report.fitted import make_dataset
from analysis.report.render import RENDERERS
from instrument import load

ROOT = Path(__file__).parents[2]
SEVEN = load(ROOT / "tests/instruments/seven")
ITEMS = [item.id for item in SEVEN.forms["seven"].items]
MISSING = -99
WHOLE = "Not available because "
FORMATS = ("text", "json", "html")


def people(n, seed=0, codes=7):
    """Answers of people that correlate a little, n by 11 items."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(n, 1)) + rng.normal(size=(n, len(ITEMS)))
    return np.clip(np.round(codes / 2 + own), 1, codes).astype(int)


def changed(X, **columns):
    """Put other answers into some of the columns."""
    for name, answers in columns.items():
        X[:, ITEMS.index(name)] = answers
    return X


def unrelated():
    """Answers at random: many resamples have no omega."""
    return np.random.default_rng(0).integers(1, 8, (100, len(ITEMS)))


def gaps():
    """Two halves of the people, of whom none answered what the others did."""
    X = people(60)
    X[:30, ::2] = MISSING
    X[30:, 1::2] = MISSING
    return X


AWKWARD = {
    "nobody": people(0),
    "one person": people(1),
    "two people": people(2),
    "three people": people(3),
    "fewer people than items": people(8),
    "nobody answered anything": np.full((20, len(ITEMS)), MISSING),
    "nobody answered one item": changed(people(60), ease_3=MISSING),
    "one person answered one item": changed(people(60), ease_3=[4] + [MISSING] * 59),
    "an item without variation": changed(people(60), ease_3=4),
    "a scale without variation": changed(people(60), talk_1=4, talk_2=4, talk_3=4),
    "the same answer throughout": np.full((20, len(ITEMS)), 4),
    "everybody alike": np.tile(people(1), (20, 1)),
    "two items the same": changed(people(60), ease_3=people(60)[:, ITEMS.index("ease_1")]),
    "an item is the mean of two others": changed(people(60), range_1=people(60)[:, :2].sum(axis=1) // 2),
    "two answers alone": people(60, codes=2),
    "different numbers of answers": changed(people(60), talk_1=[1, 2] * 30, talk_2=[1, 2, 3] * 20),
    "answers of chance alone": unrelated(),
    "nobody answered both": gaps(),
    "one row is complete": np.where(np.eye(11, dtype=bool)[np.arange(60) % 11], MISSING, people(60)),
}


class Tables(HTMLParser):
    """The cells of each table beside their row and column, and the reasons of each section."""

    def __init__(self, page):
        super().__init__()
        self.sections = []
        self.text = None
        self.feed(page)

    def handle_starttag(self, tag, _attrs):
        if tag == "section":
            self.sections.append({"tables": [], "reasons": []})
        elif tag == "table":
            self.sections[-1]["tables"].append([])
        elif tag == "tr":
            self.sections[-1]["tables"][-1].append([])
        elif tag in {"td", "th", "p"}:
            self.text = ""

    def handle_data(self, data):
        if self.text is not None:
            self.text += data

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.sections[-1]["tables"][-1][-1].append(self.text)
        elif tag == "p" and self.sections and self.text.startswith(WHOLE):
            self.sections[-1]["reasons"].append(self.text)
        if tag in {"td", "th", "p"}:
            self.text = None


def text_sections(page):
    """The tables and reasons of a report for a terminal: a row with an empty cell has too few fields."""
    sections = []
    for block in page.split("\n\n"):
        lines = block.split("\n")
        if len(lines) > 1 and set(lines[1]) == {"-"}:
            sections.append({"tables": [], "reasons": []})
        elif block.startswith(WHOLE):
            sections[-1]["reasons"].append(" ".join(lines))
        elif len(lines) > 1 and "  " in lines[1]:
            fields = [re.split(r" {2,}", line.strip()) for line in lines[1:]]
            starts = [at for at, row in enumerate(fields) if row[0] == fields[0][0]]
            sections[-1]["tables"] += [
                fields[start:end] for start, end in zip(starts, [*starts[1:], len(fields)], strict=True)
            ]
    return sections


def cells_without_reason(sections):
    """Name each cell that is empty, or that is a dash for which no reason names its row and its column."""
    for section in sections:
        named = [
            cells
            for reason in section["reasons"]
            for cells in reason.rpartition(": ")[2].removesuffix(".").split("; ")
        ]
        for headers, *rows in section["tables"]:
            for row in rows:
                if len(row) != len(headers):
                    yield row
                    continue
                for header, cell in zip(headers[1:], row[1:], strict=True):
                    explained = any(
                        cells == row[0] or (cells.startswith(f"{row[0]} (") and header in cells)
                        for cells in named
                    )
                    if cell in {"", "nan", "inf", "None"} or (cell == "–" and not explained):
                        yield row[0], header, cell


def nothing_said(tree, path=""):
    """Name each place of a JSON report where there is nothing, or where something is without its reason."""
    if isinstance(tree, dict):
        if "unavailable" in tree:
            assert set(tree) == {"unavailable"}
            assert len(tree["unavailable"]) > len("no")
        for key, value in tree.items():
            yield from nothing_said(value, f"{path}/{key}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from nothing_said(value, f"{path}/{place}")
    elif (tree is None or tree == "") and not path.endswith(
        "/level"
    ):  # without an interval there is no level of it
        yield path


def check(pages, tables=4):
    text, page = text_sections(pages["text"]), Tables(pages["html"]).sections
    assert sum(len(section["tables"]) for section in page) >= tables
    assert [*cells_without_reason(page)] == []
    assert [*cells_without_reason(text)] == []
    assert [*nothing_said(json.loads(pages["json"]))] == []
    for section in page:
        for table in section["tables"]:
            assert len(table) > 1, f"a table without rows: {table}"


def report(X):
    columns = {name: X[:, place] for place, name in enumerate(ITEMS)}
    study = run(
        make_dataset({name: [*map(float, column)] for name, column in columns.items()}, SEVEN), resamples=200
    )
    return {name: render(study) for name, render in RENDERERS.items()}


@pytest.mark.parametrize("awkward", AWKWARD)
def test_no_cell_of_a_report_is_empty_without_its_reason(awkward):
    pages = report(AWKWARD[awkward])
    check(pages)
    # An item is called by its name, not by its place in one scale or another.
    assert re.findall(r"\bitems? \d+\b(?! items)", pages["json"]) == []


@settings(max_examples=10)
@given(
    st.integers(0, 12).flatmap(
        lambda n: arrays(np.int64, (n, len(ITEMS)), elements=st.sampled_from([1, 2, 7, 8, 99, MISSING]))
    )
)
def test_no_cell_of_any_report_is_empty_without_its_reason(X):
    check(report(X))


def written(file, X, people=None):
    """A file of answers, with a column of ids where people have them."""
    header = ["person", *ITEMS] if people is not None else ITEMS
    rows = (
        X.tolist() if people is None else [[who, *row] for who, row in zip(people, X.tolist(), strict=True)]
    )
    file.write_text("\n".join([",".join(header), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return str(file)


def command(capsys, *arguments):
    """The three formats of what a command prints."""
    pages = {}
    for format_ in FORMATS:
        assert main([*arguments, "--format", format_]) == 0
        pages[format_] = capsys.readouterr().out
    return pages


def one_answer(n):
    X = np.full((n, len(ITEMS)), MISSING)
    X[:, 0] = 4
    return X


OTHERS = {
    "the same answers twice": (people(40), people(40)),
    "one person twice": (people(1), people(1, seed=1)),
    "two people twice": (people(2), people(2, seed=1)),
    "the same answer throughout": (np.full((20, len(ITEMS)), 4), np.full((20, len(ITEMS)), 5)),
    "a scale without variation": (AWKWARD["a scale without variation"], people(60, seed=1)),
    "one answer the second time": (people(20), one_answer(20)),
    "answers of chance alone": (unrelated(), unrelated()[::-1].copy()),
}


@pytest.mark.parametrize("awkward", OTHERS)
def test_no_cell_of_two_occasions_is_empty_without_its_reason(tmp_path, capsys, awkward):
    first, second = (
        written(tmp_path / f"{at}.csv", X, range(len(X))) for at, X in enumerate(OTHERS[awkward])
    )
    folder = str(ROOT / "tests/instruments/seven")
    check(command(capsys, "retest", first, second, "--id", "person", "--instrument", folder))


FEW, THREE, MANY = "ease_1,ease_2", "ease_1,ease_2,ease_3", ",".join(ITEMS)


@pytest.mark.parametrize(
    ("awkward", "items", "correlation"),
    [
        ("three people", THREE, "polychoric"),
        ("three people", MANY, "pearson"),
        ("fewer people than items", FEW, "pearson"),
        ("fewer people than items", MANY, "polychoric"),
        ("two items the same", THREE, "polychoric"),
        ("two items the same", MANY, "pearson"),
        ("an item without variation", THREE, "pearson"),
        ("an item without variation", MANY, "polychoric"),
        ("answers of chance alone", THREE, "pearson"),
    ],
)
def test_no_cell_of_factors_is_empty_without_its_reason(tmp_path, capsys, awkward, items, correlation):
    file = written(tmp_path / "some.csv", AWKWARD[awkward])
    asked = ("--items", items, "--factors", "1", "--correlation", correlation)
    check(command(capsys, "factor", file, *asked), tables=0)


def test_an_interval_that_too_few_resamples_have_says_so_in_every_format():
    pages = report(unrelated())
    why = json.loads(pages["json"])["scales"]["ease"]["omega_bootstrap"]
    assert why["low"] == why["high"] != why["value"]
    found = re.fullmatch(
        r"too few resamples have this figure \((\d+) of 200 have none; an interval needs it in 95%\)",
        why["low"]["unavailable"],
    )
    assert int(found[1]) > 10
    for format_ in ("text", "html"):
        told = " ".join(pages[format_].split())
        assert f"{found[0]}: Omega total, bootstrap interval (low, high)" in told


def test_an_item_without_variation_is_named_and_left_aside_and_the_others_go_on():
    tree = json.loads(report(AWKWARD["an item without variation"])["json"])
    assert any(re.match(r"Left aside: ease_3, since every answer is \d", note) for note in tree["notes"])
    assert "ease_3" not in tree["scales"]["ease"]["items"]
    assert isinstance(tree["scales"]["ease"]["alpha_standardised"], float)
    total = {row[0]: row[1] for row in tree["sections"]["total"]["tables"][0]["rows"]}
    assert isinstance(total["Alpha, standardised"], float)


def test_items_that_nobody_answered_both_have_their_names():
    tree = json.loads(report(gaps())["json"])
    said = tree["scales"]["ease"]["alpha_pairwise"]["unavailable"]
    assert re.search(r"ease_\d and ease_\d were hardly ever answered together", said)


def test_a_correlation_at_its_bound_has_no_standard_error():
    tree = json.loads(report(AWKWARD["two items the same"])["json"])
    matrix = tree["sections"]["correlations"]["tables"][0]
    rows = {row[0]: row[1:] for row in matrix["rows"]}
    names = [*rows]
    first, second = sorted((names.index("ease_1"), names.index("ease_3")))
    assert rows[names[second]][first] == pytest.approx(0.999)
    assert "at its bound" in rows[names[first]][second]["unavailable"]
    assert all(rows[name][at] == 1 for at, name in enumerate(names))
    other = rows[names[first]][names.index("talk_1")]
    assert isinstance(other, float)


def share_of_sevens(X):
    """A coefficient made up for this test."""
    return Estimate(value=float((X == 7).mean()), n=len(X), k=X.shape[1], method="made up")


def test_a_new_coefficient_is_a_function_and_a_line(monkeypatch):
    line = Coefficient("Share of sevens", lambda scale: share_of_sevens(scale.rows))
    monkeypatch.setitem(COEFFICIENTS, "sevens", line)
    X = people(60)
    pages = report(X)
    tree = json.loads(pages["json"])
    value = (X[:, [ITEMS.index(f"talk_{number}") for number in (1, 3)]] == 7).sum()
    value = (value + (X[:, ITEMS.index("talk_2")] == 1).sum()) / 180  # one is reversed
    assert tree["scales"]["talk"]["sevens"]["value"] == pytest.approx(value)
    assert "Share of sevens" in [row[0] for row in tree["sections"]["total"]["tables"][0]["rows"]]
    for sections in (text_sections(pages["text"]), Tables(pages["html"]).sections):
        rows = [row for section in sections for table in section["tables"] for row in table]
        found = [row for row in rows if row[0] == "Share of sevens"]
        assert len(found) == 4  # of three scales and of the total
        assert [row[1] for row in found].count(f"{value:.3f}") >= 1
    check(pages)


def test_a_new_coefficient_may_stand_beside_others(monkeypatch):
    line = Coefficient("share of sevens", lambda scale: share_of_sevens(scale.rows), "ordinal")
    monkeypatch.setitem(COEFFICIENTS, "sevens", line)
    pages = report(people(60))
    assert json.loads(pages["json"])["sections"]["ordinal"]["tables"][0]["headers"][3] == "share of sevens"
    assert all("share of sevens" in pages[format_] for format_ in ("text", "html"))
    check(pages)


@pytest.mark.parametrize("rows", [unrelated(), people(60)], ids=["unrelated", "related"])
def test_a_report_says_the_same_whatever_the_order_of_the_rows(rows):
    shuffled, as_it_came = report(np.random.default_rng(5).permutation(rows)), report(rows)
    assert shuffled["text"] == as_it_came["text"]
    assert shuffled["html"] == as_it_came["html"]
