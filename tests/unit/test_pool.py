"""Joint counts of several sites: written, pooled as if they were one table, refused where they do not fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import confirmatory_factor_analysis, joint_counts, measurement_invariance, read_table
from analysis.__main__ import main
from analysis.disclosure.site_counts import protect
from analysis.factor_models.confirmatory.from_counts import (
    fit_counts,
    parts_of,
    sample_of_sites,
    specified,
)
from analysis.invariance.multigroup import Request, fit_ladder
from analysis.report.pool_models import same_answers

BFI = Path(__file__).parents[1] / "reference" / "open" / "bfi25.csv"
ITEMS = ("A1", "A2", "A3", "A4", "A5", "C1", "C2", "C3", "C4", "C5")
TWO = "a =~ A1 + A2 + A3 + A4 + A5\nc =~ C1 + C2 + C3 + C4 + C5"
PER_SITE = {"sites", "invariance"}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="run")
def _run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(each) for each in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture(name="sites")
def _sites(tmp_path: Path, run: Run) -> list[Path]:
    """Five sites of a table with holes, and the whole, without the rule."""
    head, *rows = BFI.read_text(encoding="utf-8").splitlines()
    parts = {"whole": rows, **{f"site{number}": rows[number::5] for number in range(5)}}
    files = []
    for name, lines in parts.items():
        table = tmp_path / f"{name}.csv"
        table.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        files.append(tmp_path / f"{name}.counts")
        asked = ("counts", table, "--items", "A1-A5", "--reverse", "A1", "--codes", "1-6")
        assert run(*asked, "--smallest", 1, "--out", files[-1])[0] == 0
    return files


def pooled(run: Run, files: list[Path]) -> Any:
    code, out, err = run("pool", *files, "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def largest_changes(one: Any, other: Any) -> dict[tuple[str, str], float]:
    """Return the largest difference of each column of each table of two reports, row beside row."""
    found: dict[tuple[str, str], float] = {}
    for name in one["sections"].keys() - {"sites", "rows"}:
        theirs = {table["title"]: table for table in other["sections"][name]["tables"]}
        for table in one["sections"][name]["tables"]:
            same = {row[0]: row for row in theirs[table["title"]]["rows"]}
            for row in table["rows"]:
                for place, head in enumerate(table["headers"]):
                    mine, its = row[place], same.get(row[0], row)[place]
                    if place and isinstance(mine, int | float) and isinstance(its, int | float):
                        of = f"{table['headers'][place - 1]}, {head}" if head == "change" else head
                        key = (name, f"{table['title']}: {of}")
                        found[key] = max(found.get(key, 0.0), abs(mine - its))
    return found


def test_five_sites_are_the_whole_to_the_last_digit(run: Run, sites: list[Path]) -> None:
    whole, five = pooled(run, sites[:1]), pooled(run, sites[1:])
    assert five["n"] == whole["n"] == 2800
    assert len(five["sites"]) == 5
    whole["sections"]["reliability"]["tables"].pop()  # alpha at each site
    five["sections"]["reliability"]["tables"].pop()
    for name, section in whole["sections"].items():
        if name not in PER_SITE:
            assert five["sections"][name] == section, name
    alpha = whole["sections"]["reliability"]["tables"][0]["rows"][0]
    assert alpha[:2] == ["Alpha", pytest.approx(0.703018446, abs=1e-9)]  # psych::alpha, pairwise


def test_what_the_rule_costs_is_said(run: Run, sites: list[Path], tmp_path: Path) -> None:
    told = []
    for file in sites[1:]:
        told.append(tmp_path / "told" / file.name)
        told[-1].parent.mkdir(exist_ok=True)
        asked = ("counts", file.with_suffix(".csv"), "--items", "A1-A5", "--reverse", "A1", "--codes", "1-6")
        code, out, _ = run(*asked, "--out", told[-1])
        assert code == 0
        assert "Counts below 5 are not told" in out
    code, out, _ = run("pool", *told, "--against", *sites[1:], "--format", "json")
    assert code == 0
    printed = {
        (name, row[0]): row[1]
        for name, section in json.loads(out)["sections"].items()
        for row in section["tables"][0]["rows"]
    }
    assert printed == largest_changes(pooled(run, told), pooled(run, sites[1:]))
    assert {name for name, _ in printed} >= {"items", "reliability", "correlations", "factors", "models"}
    gap = next(
        gap for (name, figure), gap in printed.items() if (name, figure[-7:]) == ("reliability", ": value")
    )
    assert 0 < gap < 0.05
    assert run(*asked, "--out", told[-1])[0] == 2  # of the same answers one file is made


def test_models_of_counts_are_those_of_rows() -> None:
    X = read_table(BFI).matrix(ITEMS)
    counts = joint_counts(X, names=ITEMS)
    rows = confirmatory_factor_analysis(X, TWO, names=ITEMS, ordered=True, missing="pairwise")
    found = fit_counts(counts, TWO)
    assert np.abs(rows.estimates - found.estimates).max() < 1e-10
    assert found.test.value == pytest.approx(rows.test.value, rel=1e-12)
    assert found.fit["srmr"] == pytest.approx(rows.fit["srmr"], rel=1e-12)


def test_the_ladder_between_sites_is_that_of_rows() -> None:
    X = read_table(BFI).matrix(ITEMS[:5])
    groups = np.arange(len(X)) % 2
    model = TWO.splitlines()[0]
    rows = measurement_invariance(
        X, model, groups, names=ITEMS[:5], estimator="DWLS", ordered=True, missing="pairwise"
    )
    sites = {f"{g}": joint_counts(X[groups == g], names=ITEMS[:5], categories=range(1, 7)) for g in (0, 1)}
    table = specified(sites["0"], model, 2, unit_variance=True, orthogonal=False)
    ladder = fit_ladder(
        Request(
            base=table,
            sample=sample_of_sites(sites, table),
            parts=parts_of(sites),
            estimator="DWLS",
            missing="pairwise",
        )
    )
    for mine, theirs in zip(ladder.steps, rows.steps, strict=True):
        assert mine.fit.test.value == pytest.approx(theirs.fit.test.value, rel=1e-9)
        assert mine.fit.fit["srmr"] == pytest.approx(theirs.fit.fit["srmr"], rel=1e-9)


def test_an_answer_that_a_site_lacks_is_joined_at_every_site() -> None:
    one = joint_counts(np.array([[0, 0], [1, 1], [2, 2], [0, 1]]), names=["a", "b"])
    other = joint_counts(np.array([[0, 0], [1, 1], [1, 0], [0, 2]]), names=["a", "b"])
    alike, joined = same_answers({"one": one, "other": other})
    assert joined == ["a 2 to 1"]
    assert alike["one"].item_counts.tolist() == [[2, 2, 0], [1, 2, 1]]


def test_small_counts_are_right_on_average_and_keep_their_sum() -> None:
    rng = np.random.default_rng(5)
    counts = joint_counts(rng.integers(0, 5, (90, 2)))
    told = [protect(counts, rng).counts.tables[0, 1] for _ in range(4_000)]
    truth = counts.tables[0, 1]
    assert np.abs(np.mean(told, axis=0) - truth).max() < 0.25
    assert max(abs(int(each.sum()) - int(truth.sum())) for each in told) < 5


def test_what_cannot_be_pooled_is_refused(run: Run, sites: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.counts"
    table = sites[0].with_suffix(".csv")
    assert run("counts", table, "--items", "C1-C5", "--codes", "1-6", "--out", other)[0] == 0
    code, _, err = run("pool", sites[1], other)
    assert code == 2
    assert "answers to different questions are not pooled" in err
    copy = tmp_path / "copy.counts"
    copy.write_bytes(sites[1].read_bytes())
    assert "is one a copy?" in run("pool", sites[1], copy)[2]
    said = json.loads(sites[1].read_text(encoding="utf-8"))
    for change, complaint in (
        ({"pairs": said["pairs"][:-1]}, "do not fit together"),
        ({"counts": [[-1, *row[1:]] for row in said["counts"]]}, "a count is below nought"),
        ({"n": 3}, "add up to more than its people"),
        ({"kind": "something"}, "this program reads"),
        ({"rows": []}, "is no file of counts (rows: extra inputs are not permitted)"),
    ):
        copy.write_text(json.dumps(said | change), encoding="utf-8")
        code, _, err = run("pool", copy)
        assert (code, complaint in err) == (2, True), (complaint, err)
    few = tmp_path / "few.csv"
    few.write_text("\n".join(table.read_text(encoding="utf-8").splitlines()[:40]), encoding="utf-8")
    code, _, err = run("counts", few, "--items", "A1-A5", "--codes", "1-6", "--out", tmp_path / "few.counts")
    assert code == 2
    assert "39 people are too few" in err


def test_a_dossier_needs_rows_and_says_what_takes_counts(run: Run, sites: list[Path]) -> None:
    where = ("--plan", "PLAN.yaml", "--instrument", "tests/instruments/bfi25", "--out", "DOSSIER")
    code, _, err = run("validate", sites[1], *where)
    assert code == 2
    assert "python -m analysis pool" in err
