"""The report command, as used from the shell and from scripts."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from analysis.__main__ import main
from analysis.report.build import QUICK, SECTIONS, run
from analysis.report.fitted import read_dataset
from instrument import PPIQ, load, ppiq

ROOT = Path(__file__).parents[2]
BFI25 = ROOT / "tests/instruments/bfi25"
SEVEN = ROOT / "tests/instruments/seven"
ANSWERS = ROOT / "tests/reference/open/bfi25.csv"
OMEGA = ROOT / "tests/reference/open/bfi25__omega_psych.json"


@pytest.fixture(name="report")
def _report(capsys, tmp_path):
    """Run the command on a file, or on text that becomes one; (exit code, what it printed, complaint)."""

    def run(answers, *options, instrument=BFI25):
        file = answers if isinstance(answers, Path) else tmp_path / "answers.csv"
        if isinstance(answers, str | bytes):
            file.write_bytes(answers.encode() if isinstance(answers, str) else answers)
        code = main(["report", str(file), "--instrument", str(instrument), *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def plain_alpha(rows):
    """k / (k - 1) (1 - the items' variances / the variance of their sum), written out."""
    k = len(rows[0])
    variances = sum(np.var([row[j] for row in rows], ddof=1) for j in range(k))
    return k / (k - 1) * (1 - variances / np.var([sum(row) for row in rows], ddof=1))


@pytest.fixture(name="bfi25", scope="module")
def _bfi25(tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "bfi25.json"
    assert (
        main(["report", str(ANSWERS), "--instrument", str(BFI25), "--format", "json", "--out", str(file)])
        == 0
    )
    return json.loads(file.read_text())


def test_json_has_the_agreed_shape(bfi25):
    found = bfi25
    assert found.keys() >= {"form", "form_hash", "key_revision", "simulated", "n", "scales"}
    assert (found["form"], found["key_revision"], found["simulated"], found["n"]) == ("bfi25", 1, False, 2800)
    assert list(found["scales"]) == ["agree", "consc", "extra", "neuro", "open", "total25"]
    agree = found["scales"]["agree"]
    assert (agree["k"], agree["n"], agree["alpha"]["n"]) == (5, 2709, 2709)
    assert list(agree["items"]) == ["a1", "a2", "a3", "a4", "a5"]
    for item in agree["items"].values():
        assert all(isinstance(item[key], float) for key in ("mean", "sd", "item_rest", "alpha_if_dropped"))
        assert isinstance(item["missing"], int)
    assert isinstance(agree["alpha_standardised"], float)


@pytest.mark.parametrize(
    ("scale", "dataset"), [("agree", "bfi_agree"), ("consc", "bfi_consc"), ("total25", "bfi25")]
)
def test_alpha_of_the_report_is_rs_listwise_alpha(bfi25, scale, dataset):
    truth = json.loads((ROOT / f"tests/reference/open/{dataset}__alpha.json").read_text())["values"][
        "listwise"
    ]
    alpha = bfi25["scales"][scale]["alpha"]
    assert alpha["value"] == pytest.approx(truth["total"]["raw_alpha"], abs=1e-8, rel=0)
    interval = truth["feldt_ci95_formula"]
    assert [alpha["low"], alpha["high"]] == pytest.approx(
        [interval["lower"], interval["upper"]], abs=1e-8, rel=0
    )
    assert alpha["n"] == truth["n"]


def test_the_pairwise_alpha_stands_beside_it(bfi25):
    truth = json.loads((ROOT / "tests/reference/open/bfi_agree__alpha.json").read_text())["values"][
        "pairwise"
    ]
    alpha = bfi25["scales"]["agree"]["alpha_pairwise"]
    assert alpha["value"] == pytest.approx(truth["total"]["raw_alpha"], abs=1e-8, rel=0)
    assert alpha["n"] == 2800


@pytest.mark.parametrize(("scale", "dataset"), [("agree", "bfi_agree"), ("consc", "bfi_consc")])
def test_omega_of_the_report_is_semtools(bfi25, scale, dataset):
    truth = json.loads((ROOT / f"tests/reference/open/{dataset}__omega_sem_ml.json").read_text())
    omega = bfi25["scales"][scale]["omega_total"]
    expected = truth["values"]["compRelSEM_obs_var_false"]["F"]
    assert omega == pytest.approx(expected, abs=truth["tolerance"]["abs"], rel=0)


@pytest.mark.parametrize("seed", range(4))
def test_alpha_of_random_rows_equals_the_plain_formula(tmp_path, seed):
    rng = np.random.default_rng(seed)
    header, *lines = ANSWERS.read_text().splitlines()
    chosen = rng.choice(len(lines), size=int(rng.integers(20, 400)), replace=False)
    (tmp_path / "some.csv").write_text("\n".join([header, *(lines[i] for i in chosen)]) + "\n")
    found = run(read_dataset(tmp_path / "some.csv", load(BFI25)), resamples=10)
    names = header.replace('"', "").split(",")
    for scale, listed in {"agree": "-A1 A2 A3 A4 A5", "open": "O1 -O2 O3 O4 -O5"}.items():
        items = [(names.index(item.lstrip("-")), item.startswith("-")) for item in listed.split()]
        rows = []
        for i in chosen:
            cells = [(lines[i].split(",")[place], turned) for place, turned in items]
            if all(cell for cell, _ in cells):
                rows.append([7 - int(cell) if turned else int(cell) for cell, turned in cells])
        assert found.scales[scale].n == len(rows)
        assert found.scales[scale].coefficients["alpha"].value == pytest.approx(plain_alpha(rows), abs=1e-12)
    assert found.n == len(chosen)


SEVEN_HEADER = "ease_1,TALK_1,range_1,ease_2,talk_2,range_2,ease_3,talk_3,range_3,ease_4,range_4"


def seven(*rows, header=SEVEN_HEADER):
    return "\n".join([header, *rows]) + "\n"


ROWS = (
    "1,2,3,4,5,6,7,1,2,3,4",
    "2,3,3,4,4,6,6,2,3,3,4",
    "3,3,2,5,6,1,2,3,4,4,4",
    "7,6,5,1,2,3,6,7,5,6,2",
    "5,5,1,4,2,2,4,5,1,4,7",
)


def test_missing_answers_are_counted_by_kind_and_leave_the_complete_rows(report):
    rows = (*ROWS, "8,9,99,-77,-88,-99,,1,2,-66,-55")
    out = report(seven(*rows), "--format", "json", instrument=SEVEN)[1]
    ease = json.loads(out)["scales"]["ease"]
    kinds = {name: item["missing_by_kind"] for name, item in ease["items"].items()}
    assert kinds == {
        "ease_1": {"Does not apply": 1},
        "ease_2": {"Does not apply": 1},
        "ease_3": {"Not shown": 1},
        "ease_4": {"Withheld": 1},
    }
    assert [item["missing"] for item in ease["items"].values()] == [1, 1, 1, 1]
    assert (json.loads(out)["n"], ease["n"]) == (6, 5)


def test_raw_columns_stand_before_keyed_ones_of_the_items_name(report):
    plain = json.loads(report(seven(*ROWS), "--format", "json", instrument=SEVEN)[1])
    keyed = [row.split(",") for row in ROWS]
    for row in keyed:
        row[3] = str(8 - int(row[3]))
    both = "\n".join(
        [
            SEVEN_HEADER + ",Raw_Ease_2",
            *(",".join(row) + "," + ROWS[i].split(",")[3] for i, row in enumerate(keyed)),
        ]
    )
    assert json.loads(report(both + "\n", "--format", "json", instrument=SEVEN)[1]) == plain


def test_sections_stand_after_the_scales_in_every_format(report, bfi25):
    assert list(bfi25["sections"]) == list(SECTIONS)
    title, (table, *_) = bfi25["sections"]["bounds"]["title"], bfi25["sections"]["bounds"]["tables"]
    assert [row[0] for row in table["rows"]][:2] == ["Agreeableness", "Conscientiousness"]
    assert table["rows"][0][2] == pytest.approx(0.7090997737, abs=1e-9)  # lambda 2, as mokken has it
    for format_ in ("text", "html"):
        out = report(seven(*ROWS), "--format", format_, instrument=SEVEN)[1]
        assert out.index("Range") < out.index(title) < out.index("Whether the subscales say more")


def test_the_schmid_leiman_solution_is_shown_with_the_shares_it_makes(bfi25):
    tables = {table["title"]: table for table in bfi25["sections"]["total"]["tables"]}
    (loadings,) = (table for title, table in tables.items() if title.startswith("Schmid-Leiman"))
    *items, variance = loadings["rows"]
    assert [row[0] for row in items] == list(bfi25["scales"]["total25"]["items"])
    in_r = json.loads(OMEGA.read_text())["values"]["minres_oblimin"]["sl"]  # g, five groups, h2, u2, p2
    ours, theirs = np.array([row[1:] for row in items]), np.array(in_r["matrix"])
    for place in (0, -3, -2, -1):
        assert ours[:, place] == pytest.approx(theirs[:, place], abs=1e-3)
    same = np.abs(ours[:, 1:6].T @ theirs[:, 1:6]).argmax(axis=0)
    assert ours[:, 1 + same] == pytest.approx(theirs[:, 1:6], abs=1e-3)
    assert len(variance) == len(loadings["headers"]) == 1 + 1 + 5 + 3
    assert variance[1:] == pytest.approx(
        [*(ours[:, :6] ** 2).sum(axis=0), *ours[:, 6:8].sum(axis=0), variance[-1]]
    )
    assert variance[-1] == pytest.approx((ours[:, 0] ** 2).sum() / ours[:, 6].sum())
    assert [row[0] for row in tables["Loadings of the group factors on the general one"]["rows"]] == [
        "F1",
        "F2",
        "F3",
        "F4",
        "F5",
    ]
    (groups,) = (table for title, table in tables.items() if title.startswith("The items of each group"))
    assert {row[1] for row in groups["rows"]} >= {"n1, n2, n3, n4, n5", "c1, c2, c3, c4, c5"}
    for _, _, total, general, own in groups["rows"]:
        assert general + own == pytest.approx(total)


def test_a_page_may_ask_for_some_of_the_sections(tmp_path):
    (tmp_path / "some.csv").write_text(seven(*ROWS))
    told = []
    found = run(
        read_dataset(tmp_path / "some.csv", load(SEVEN)),
        sections=QUICK,
        resamples=10,
        progress=lambda *part: told.append(part),
    )
    assert [section.id for section in found.sections] == ["overview", *found.scales, *QUICK]
    assert [done for _, done, _ in told] == list(range(len(told)))
    assert {parts for *_, parts in told} == {len(told)}


VARIES = "2,2,3,,4,4,6,2,3,3,4"  # the first item is not the same in every row, but in the complete ones


@pytest.mark.parametrize("format_", ["text", "html"])
def test_a_dash_in_a_table_has_its_reason_below(report, format_):
    constant = [*(f"4,{row.partition(',')[2]}" for row in ROWS), VARIES]
    out = report(seven(*constant), "--format", format_, instrument=SEVEN)[1]
    assert "–" in out
    assert "an item has the same answer in every row (ease_1): Alpha, standardised; Omega total;" in " ".join(
        out.split()
    )


def test_what_cannot_be_computed_says_why_and_the_rest_stands(report):
    constant = [*(f"4,{row.partition(',')[2]}" for row in ROWS), VARIES]
    code, out, _ = report(seven(*constant), "--format", "json", instrument=SEVEN)
    ease = json.loads(out)["scales"]["ease"]
    assert code == 0
    assert "ease_1" in ease["omega_total"]["unavailable"]
    assert set(ease["alpha_standardised"]) == {"unavailable"}
    assert set(ease["items"]["ease_1"]["item_rest"]) == {"unavailable"}
    assert isinstance(ease["alpha"]["value"], float)


@pytest.mark.parametrize("rows", [(), ROWS[:1], ROWS[:2], ("," * 10,) * 4])
def test_too_few_rows_are_a_reason_and_never_a_crash(report, rows):
    code, out, _ = report(seven(*rows), "--format", "json", instrument=SEVEN)
    found = json.loads(out)
    assert (code, found["n"]) == (0, sum(any(row.split(",")) for row in rows))
    for scale in found["scales"].values():
        assert "unavailable" in scale["alpha"]
        assert "unavailable" in scale["omega_total"]
    assert report(seven(*rows), instrument=SEVEN)[0] == 0
    assert report(seven(*rows), "--format", "html", instrument=SEVEN)[0] == 0


def test_the_form_is_the_one_named_by_its_hash_or_else_the_widest_that_is_whole(report):
    forms = ppiq().forms
    rows = [[str((row * 3 + place) % 5) for place in range(30)] for row in range(8)]
    names = [item.id for item in forms["a"].items]
    answers = "\n".join([",".join(names), *map(",".join, rows)]) + "\n"
    found = json.loads(report(answers, "--format", "json", instrument=PPIQ)[1])
    assert (found["form"], found["form_hash"]) == ("a", forms["a"].hash)
    short = "\n".join([",".join([*names, "form_hash"]), *(",".join([*row, forms["s"].hash]) for row in rows)])
    assert json.loads(report(short + "\n", "--format", "json", instrument=PPIQ)[1])["form"] == "s"
    code, _, err = report("x,y\n1,2\n", instrument=PPIQ)
    assert code == 2
    assert "no form" in err
    assert "--form" in err


@pytest.mark.parametrize("format_", ["text", "html"])
def test_simulated_answers_say_so_and_others_do_not(report, format_):
    marked = seven(*(f"{row},true" for row in ROWS), header=SEVEN_HEADER + ",simulated")
    assert "SIMULATED" in report(marked, "--format", format_, instrument=SEVEN)[1]
    assert json.loads(report(marked, "--format", "json", instrument=SEVEN)[1])["simulated"] is True
    assert "SIMULATED" not in report(seven(*ROWS), "--format", format_, instrument=SEVEN)[1]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            seven("1,2,3,4,5,6,7,1,2,3,4", "1,2,3,4,5,6,7,1,2,3,12"),
            ("row 2", "range_4", "12 is no answer", "1, 2, 3"),
        ),
        (seven("1,2,3,4,5,6,7,1,2,3,often"), ("row 1", "range_4", "'often'")),
        (seven(*ROWS, header=SEVEN_HEADER.replace("range_4", "other")), ("range_4", "no column")),
        (seven("1,2"), ("row 1", "2 cells", "11 columns")),
        ("", ("empty",)),
        (b"\xff\xfe\x00", ("UTF-8",)),
        (seven(*ROWS).replace("TALK_1", "EASE_1"), ("ease_1", "EASE_1", "case")),
        (seven(*(f"{row},abc" for row in ROWS), header=SEVEN_HEADER + ",form_hash"), ("form_hash", "abc")),
    ],
)
def test_answers_that_do_not_fit_are_refused_with_what_where_and_what_to_do(report, answers, said):
    code, out, err = report(answers, instrument=SEVEN)
    assert (code, out) == (2, "")
    assert all(words in err for words in said), err
    assert "Traceback" not in err


def test_a_file_folder_or_form_that_is_not_there_is_refused(report, tmp_path):
    assert report(tmp_path / "none.csv")[0] == 2
    assert report(ANSWERS, instrument=tmp_path)[0] == 2
    code, _, err = report(ANSWERS, "--form", "z")
    assert code == 2
    assert "'z'" in err
    assert "bfi25" in err


def test_semicolons_a_byte_order_mark_and_decimal_codes_are_read(report):
    plain = json.loads(report(seven(*ROWS), "--format", "json", instrument=SEVEN)[1])
    spelled = "\ufeff" + seven(*ROWS).replace(",", ";").replace("\n1;", "\n1.0;")
    assert json.loads(report(spelled, "--format", "json", instrument=SEVEN)[1]) == plain


@pytest.mark.parametrize("ending", ["parquet", "sav", "dta"])
def test_answers_from_other_programs_give_the_same_report(report, tmp_path, ending):
    plain = json.loads(report(seven(*ROWS), "--format", "json", instrument=SEVEN)[1])
    file = tmp_path / f"answers.{ending}"
    frame = pd.DataFrame(
        [[float(cell) for cell in row.split(",")] for row in ROWS], columns=SEVEN_HEADER.split(",")
    )
    if ending == "parquet":
        frame.astype("int8").to_parquet(file)
    elif ending == "sav":
        pyreadstat.write_sav(frame, str(file))
    else:
        pyreadstat.write_dta(frame, str(file))
    assert json.loads(report(file, "--format", "json", instrument=SEVEN)[1]) == plain


def test_codes_that_an_spss_file_declares_missing_are_not_answers(report, tmp_path):
    cells = [[float(cell) for cell in row.split(",")] for row in ROWS]
    cells[0][0] = 0.0
    frame = pd.DataFrame(cells, columns=SEVEN_HEADER.split(","))
    file = tmp_path / "answers.sav"
    pyreadstat.write_sav(frame, str(file), missing_ranges={"ease_1": [0]})
    found = json.loads(report(file, "--format", "json", instrument=SEVEN)[1])
    assert found["scales"]["ease"]["items"]["ease_1"]["missing_by_kind"] == {"Not shown": 1}
    pyreadstat.write_sav(frame, str(file))
    assert report(file, instrument=SEVEN)[0] == 2


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_one_whole_page_without_scripts_or_other_files(report):
    code, out, _ = report(seven(*ROWS), "--format", "html", instrument=SEVEN)
    page = _Page(out)
    assert (code, page.open) == (0, [])
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == 1
    assert "script" not in names
    assert not any(key == "src" or key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert all(attrs["href"].startswith("#") for _, attrs in page.tags if "href" in attrs)
    assert names.count("svg") == names.count("details") == names.count("figcaption") > 1
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    scrolling = [attrs["aria-label"] for _, attrs in page.tags if attrs.get("tabindex") == "0"]
    assert len(ids) == len(set(ids))
    assert len(scrolling) == len(set(scrolling)) == names.count("table") + names.count("svg")
    assert not any(attrs.get("role") == "region" for _, attrs in page.tags)
    assert not any("style" in attrs for _, attrs in page.tags)


def test_out_writes_the_file_and_prints_nothing(report, tmp_path):
    file = tmp_path / "report.html"
    options = ("--format", "html", "--out", str(file))
    assert report(seven(*ROWS), *options, instrument=SEVEN) == (0, "", "")
    assert "</html>" in file.read_text()


def test_the_same_answers_give_the_same_report(report):
    first, second = (report(seven(*ROWS), "--format", "json", instrument=SEVEN) for _ in range(2))
    assert first == second


HELP = """
import sys
from contextlib import suppress
before = set(sys.modules)
from analysis.__main__ import main
with suppress(SystemExit):
    main(["--help"])
others = {name.partition(".")[0] for name in sys.modules.keys() - before} - sys.stdlib_module_names
ours = {name for name in sys.modules if name.startswith(("analysis", "instrument"))}
print("loaded", sorted(others), sorted(n for n in ours if not n.startswith("analysis.commands")))
"""


def test_help_answers_at_once():
    """Loading takes the time: help loads the package of commands, and no library."""
    found = subprocess.run([sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "report" in found.stdout
    assert found.stdout.splitlines()[-1] == "loaded ['analysis'] ['analysis', 'analysis.__main__']"
