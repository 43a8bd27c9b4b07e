"""The commands factor and retest, as used from the shell and from scripts."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import analysis
from analysis.__main__ import main
from analysis.commands.page_commands import CORRELATIONS, EXTRACTIONS, ROTATIONS

ROOT = Path(__file__).parents[2]
BFI25 = ROOT / "tests/instruments/bfi25"
ANSWERS = ROOT / "tests/reference/open/bfi25.csv"
AGREE = "A1,A2,A3,A4,A5"


@pytest.fixture(name="command")
def _command(capsys):
    """Run a command; (exit code, what it printed, complaint)."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_factors_of_columns_are_those_of_the_function(command):
    arguments = ("--items", AGREE, "--factors", 2, "--correlation", "pearson", "--format", "json")
    code, out, _ = command("factor", ANSWERS, *arguments)
    found = json.loads(out)
    X = pd.read_csv(ANSWERS)[AGREE.split(",")].to_numpy()
    expected = analysis.factor_analysis(X, 2, missing="pairwise")
    assert (code, found["n"], found["n_factors"]) == (0, 2800, 2)
    assert np.array(list(found["factors"]["loadings"].values())) == pytest.approx(expected.loadings)
    assert np.array(found["factors"]["phi"]) == pytest.approx(expected.phi)
    assert list(found["factors"]["uniquenesses"]) == AGREE.split(",")


def test_parallel_analysis_says_how_many_unless_told(command):
    out = command("factor", ANSWERS, "--items", AGREE, "--format", "json")[1]
    X = pd.read_csv(ANSWERS)[AGREE.split(",")].to_numpy()
    kept = analysis.parallel_analysis(X, correlation="polychoric", missing="pairwise").n_factors
    assert json.loads(out)["n_factors"] == kept == 1


@pytest.mark.parametrize("ending", ["csv", "parquet", "sav", "dta"])
def test_factors_are_the_same_from_every_kind_of_file_and_turned_by_the_instrument(command, tmp_path, ending):
    frame = pd.read_csv(ANSWERS).head(400)
    file = tmp_path / f"answers.{ending}"
    if ending == "csv":
        frame.to_csv(file, index=False)
    elif ending == "parquet":
        frame.to_parquet(file)
    elif ending == "sav":
        pyreadstat.write_sav(frame, str(file))
    else:
        pyreadstat.write_dta(frame, str(file))
    arguments = ("--factors", 1, "--correlation", "pearson", "--format", "json")
    found = json.loads(command("factor", file, "--instrument", BFI25, *arguments)[1])
    loadings = {name: row[0] for name, row in found["factors"]["loadings"].items()}
    assert len(loadings) == 25
    assert loadings["a1"] > 0 < loadings["a2"]
    plain = json.loads(command("factor", file, "--items", AGREE, *arguments)[1])["factors"]["loadings"]
    assert plain["A1"][0] < 0 < plain["A2"][0]


@pytest.mark.parametrize("format_", ["text", "html"])
def test_a_page_of_factors_holds_loadings_fit_and_the_scree(command, format_):
    out = command("factor", ANSWERS, "--items", AGREE, "--factors", 2, "--format", format_)[1]
    for words in (
        "Loadings, oblimin",
        "Correlations of the factors",
        "root mean square residual",
        "Bartlett",
    ):
        assert words in out
    assert ("<svg" in out) == (format_ == "html")


def test_the_choices_of_the_command_line_are_those_there_are():
    from analysis.factor_models import extraction, rotation

    assert set(EXTRACTIONS) == set(extraction.EXTRACTIONS)
    assert set(ROTATIONS) == set(rotation.ROTATIONS)
    assert len(CORRELATIONS) == 2


def test_codes_of_no_answer_are_missing_and_simulated_columns_say_so(command, tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(1, 6, (200, 4)), columns=list("abcd"))
    frame.loc[:9, "a"] = -99
    frame.assign(simulated=True).to_csv(tmp_path / "some.csv", index=False)
    code, out, _ = command("factor", tmp_path / "some.csv", "--items", "a,b,c,d", "--factors", 1)
    assert code == 0
    assert "SIMULATED" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--items", "A1,A9"), ("A9", "no column", "A2")),
        (("--items", "A1,A1,A2"), ("A1", "more than once")),
        (("--items", AGREE, "--factors", "9"), ()),
    ],
)
def test_items_that_cannot_be_factored_are_refused_or_explained(command, arguments, said):
    code, out, err = command("factor", ANSWERS, *arguments)
    assert code == (2 if said else 0)
    assert all(words in err for words in said), err
    assert bool(out) is not bool(said)
    if not said:
        assert "more parameters than there are correlations" in " ".join(out.split())


def test_measurements_are_no_answers_for_polychoric_correlations(command, tmp_path):
    rng = np.random.default_rng(1)
    file = tmp_path / "measured.csv"
    pd.DataFrame(rng.normal(size=(100, 4)), columns=list("abcd")).to_csv(file, index=False)
    code, _, err = command("factor", file, "--items", "a,b,c,d")
    assert code == 2
    assert "--correlation pearson" in err
    assert command("factor", file, "--items", "a,b,c,d", "--correlation", "pearson")[0] == 0


def test_factors_tell_of_the_repair_and_give_no_figure_that_rests_on_it(command, tmp_path):
    rng = np.random.default_rng(2)
    X = (rng.normal(size=(60, 1)) + rng.normal(size=(60, 8)) > rng.uniform(-1, 1, 8)).astype(int)
    names = [f"q{item}" for item in range(1, 9)]
    file = tmp_path / "answers.csv"
    pd.DataFrame(X, columns=names).to_csv(file, index=False)
    arguments = ("factor", file, "--items", ",".join(names), "--factors", 1)
    for format_ in ("text", "html"):
        code, out, _ = command(*arguments, "--format", format_)
        out = " ".join(out.split())
        assert code == 0
        assert "Not positive definite (smallest eigenvalue -0.14)" in out
        assert "how far from singular they are made" in out
        assert "KMO" not in out or ".114" not in out
    fit = json.loads(command(*arguments, "--format", "json")[1])["factors"]["fit"]
    assert "how far from singular they are made" in fit["chi2"]["unavailable"]
    assert fit["rms"] == pytest.approx(0.1412, abs=1e-4)


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_number_of_factors_is_a_number(number, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["factor", str(ANSWERS), "--items", AGREE, "--factors", number])
    assert stopped.value.code == 2
    assert "--factors" in capsys.readouterr().err


@pytest.fixture(name="twice")
def _twice(tmp_path):
    """Two occasions of 60 people, the second in another order, ten people in only one of them."""
    frame = pd.read_csv(ANSWERS).dropna().head(70).reset_index(drop=True)
    frame.insert(0, "Person", np.arange(70) + 1)
    rng = np.random.default_rng(2)
    later = frame.copy()
    for name in frame.columns[1:26]:
        later[name] = (later[name] + rng.integers(-1, 2, 70)).clip(1, 6)
    frame.head(65).to_csv(tmp_path / "first.csv", index=False)
    later.tail(65).sample(frac=1, random_state=1).to_parquet(tmp_path / "second.parquet")
    return tmp_path / "first.csv", tmp_path / "second.parquet", frame, later


def test_people_are_matched_and_their_scores_agree_as_the_functions_say(command, twice):
    first, second, frame, later = twice
    code, out, _ = command(
        "retest", first, second, "--id", "person", "--instrument", BFI25, "--format", "json"
    )
    found = json.loads(out)
    assert (code, found["n"], found["form"]) == (0, 60, "bfi25")
    both = slice(5, 65)
    scores = []
    for occasion in (frame, later):
        A = occasion[AGREE.split(",")].iloc[both].to_numpy(dtype=float, copy=True)
        A[:, 0] = 7 - A[:, 0]
        scores.append(A.mean(axis=1))
    table = found["sections"]["agreement"]["tables"][1]
    icc = {row[1]: row[2] for row in table["rows"] if row[0] == "Agreeableness"}
    expected = analysis.intraclass_correlation(np.column_stack(scores))
    assert list(icc.values()) == pytest.approx([each.value for each in expected.values()])
    assert list(icc) == ["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]
    limits = {row[1]: row[2] for row in found["sections"]["limits"]["tables"][0]["rows"][:3]}
    change = scores[1] - scores[0]
    assert limits["mean difference"] == pytest.approx(change.mean())
    assert limits["upper limit"] == pytest.approx(change.mean() + 1.959964 * change.std(ddof=1), abs=1e-6)
    kappas = {row[0]: row[2] for row in found["sections"]["items"]["tables"][0]["rows"]}
    expected = analysis.weighted_kappa(frame["A2"].iloc[both], later["A2"].iloc[both])
    assert kappas["a2"] == pytest.approx(expected.value)


def test_change_is_judged_by_the_error_of_the_first_occasion(command, twice):
    first, second, *_ = twice
    found = json.loads(
        command("retest", first, second, "--id", "Person", "--instrument", BFI25, "--format", "json")[1]
    )
    for _, alpha, sem, needed, *people in found["sections"]["change"]["tables"][0]["rows"]:
        assert 0 < alpha < 1
        assert needed == pytest.approx(1.96 * 2**0.5 * sem)
        assert sum(people) == 60


@pytest.mark.parametrize("format_", ["text", "html"])
def test_a_page_of_two_occasions_names_everything(command, twice, format_):
    first, second, *_ = twice
    out = command("retest", first, second, "--id", "Person", "--instrument", BFI25, "--format", format_)[1]
    for words in (
        "ICC(2,1)",
        "smallest detectable change",
        "lower limit",
        "weighted kappa",
        "Reliable change",
    ):
        assert words.lower() in out.lower()
    assert "5 in first.csv alone, 5 in second.parquet alone" in out


def test_ids_that_name_nobody_or_somebody_twice_are_refused(command, twice, tmp_path):
    first, second, frame, _ = twice
    options = ("--instrument", BFI25)
    code, _, err = command("retest", first, second, "--id", "who", *options)
    assert (code, "no column who" in err) == (2, True)
    pd.concat([frame, frame.head(1)]).to_csv(tmp_path / "double.csv", index=False)
    code, _, err = command("retest", tmp_path / "double.csv", second, "--id", "Person", *options)
    assert (code, "rows 1 and 71" in err) == (2, True)
    frame.assign(Person=None).to_csv(tmp_path / "blank.csv", index=False)
    code, _, err = command("retest", tmp_path / "blank.csv", second, "--id", "Person", *options)
    assert (code, "Person is empty in every row" in err) == (2, True)
    frame.assign(Person=frame.Person + 500).to_csv(tmp_path / "others.csv", index=False)
    code, _, err = command("retest", tmp_path / "others.csv", second, "--id", "Person", *options)
    assert (code, "nobody is in both" in err) == (2, True)


def test_people_without_an_id_are_left_out_and_counted(command, twice, tmp_path):
    """A linked wave's export has no pair_id for those who were not linked; it is no reason to refuse."""
    first, second, frame, later = twice
    arguments = ("--id", "Person", "--instrument", BFI25, "--format")
    whole = json.loads(command("retest", first, second, *arguments, "json")[1])
    unlinked = frame.assign(Person=None).head(3)
    pd.concat([unlinked, frame.head(65), unlinked]).to_csv(tmp_path / "unlinked.csv", index=False)
    pd.concat([later.tail(65), later.assign(Person=np.nan).head(4)]).to_parquet(tmp_path / "more.parquet")
    both = (tmp_path / "unlinked.csv", tmp_path / "more.parquet")
    code, out, _ = command("retest", *both, *arguments, "json")
    found = json.loads(out)
    assert (code, found["n"], found["without_id"]) == (0, 60, {"first": 6, "second": 4})
    assert found["sections"] == whole["sections"]
    assert whole["without_id"] == {"first": 0, "second": 0}
    for format_ in ("text", "html"):
        said = " ".join(command("retest", *both, *arguments, format_)[1].split())
        assert "5 in unlinked.csv alone, 5 in more.parquet alone" in said
        assert "Left out because they have no id: 6 of unlinked.csv and 4 of more.parquet." in said
        assert "Left out" not in command("retest", first, second, *arguments, format_)[1]


def test_few_people_are_a_reason_and_never_a_crash(command, twice, tmp_path):
    first, _, frame, _ = twice
    frame.head(1).to_csv(tmp_path / "one.csv", index=False)
    arguments = ("--id", "Person", "--instrument", BFI25, "--format")
    for format_ in ("text", "json", "html"):
        assert command("retest", first, tmp_path / "one.csv", *arguments, format_)[0] == 0


def test_names_in_a_file_make_no_terminal_act(command, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("q\x1b]0;mine\x07,q2\n1,2\n2,1\n")
    code, _, complaint = command("factor", file, "--items", "q1,q2")
    assert (code, "it has q\\x1b]0;mine\\x07, q2" in complaint) == (2, True)
    assert complaint.strip().isprintable()


def test_progress_is_told_where_asked_for_and_never_into_the_report(command, twice):
    first, second, *_ = twice
    arguments = ("retest", first, second, "--id", "Person", "--instrument", BFI25)
    silent, told = command(*arguments), command(*arguments, "--progress")
    assert silent[2] == ""
    assert silent[1] == told[1]
    assert "left" in told[2]
    assert "3 of 4 parts" in told[2]
