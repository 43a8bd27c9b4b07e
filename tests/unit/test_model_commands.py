"""The commands structure and invariance, as used from the shell and from scripts."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from analysis.__main__ import main

ROOT = Path(__file__).parents[2]
BFI25 = ROOT / "tests/instruments/bfi25"
ANSWERS = ROOT / "tests/reference/open/bfi25.csv"
HOLZINGER = ROOT / "tests/reference/open/hs1939.csv"
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\n"


@pytest.fixture(name="command")
def _command(capsys):
    """Run a command; (exit code, what it printed, complaint)."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture(name="model")
def _model(tmp_path):
    file = tmp_path / "three.lav"
    file.write_text(MODEL, encoding="utf-8")
    return file


def test_a_model_of_measurements(command, model):
    """The figures are lavaan's: ``cfa(model, HolzingerSwineford1939, estimator = "MLR")``."""
    code, out, _ = command("structure", HOLZINGER, "--model", model, "--continuous", "--format", "json")
    assert code == 0
    found = json.loads(out)["models"]["three"]
    assert found["fit"]["chisq.scaled"] == pytest.approx(87.132, abs=1e-3)
    assert found["fit"]["cfi.robust"] == pytest.approx(0.92986, abs=1e-5)
    row = next(p for p in found["parameters"] if (p["lhs"], p["rhs"]) == ("visual", "x2"))
    assert (row["estimate"], row["se"]) == (
        pytest.approx(0.55350, abs=1e-4),
        pytest.approx(0.13208, abs=1e-4),
    )


def test_the_rivals_of_an_instrument_in_one_table(command, tmp_path):
    """With the structure that the key implies, and a reviewer's list of what to report."""
    few = tmp_path / "few.csv"
    few.write_text("\n".join(ANSWERS.read_text(encoding="utf-8").splitlines()[:700]), encoding="utf-8")
    code, out, _ = command("structure", few, "--instrument", BFI25)
    assert code == 0
    for said in (
        "Fit of the models",
        "one factor",
        "correlated factors",
        "second order",
        "bifactor",
        "The same by maximum likelihood",
        "AIC",
        "RMSEA, 90 % interval, low",
        "SRMR, unbiased",
        "Thresholds",
        "Largest residual correlations",
        "Largest modification indices",
        "Heterotrait-monotrait ratios",
        "AVE",
    ):
        assert said in out


def test_a_page_has_its_pictures_and_needs_nothing_else(command, model):
    _, out, _ = command("structure", HOLZINGER, "--model", model, "--continuous", "--format", "html")
    assert out.count("<svg") == 2
    assert "The model and its standardised loadings" in out
    assert not re.search(r"(src|href)=\"(?!#)", out)


def test_the_ladder_of_two_schools(command, model):
    arguments = (HOLZINGER, "--model", model, "--continuous", "--group", "school")
    code, out, _ = command("invariance", *arguments)
    assert code == 0
    assert "Grant-White n = 145, Pasteur n = 156" in out
    assert "scalar: changes beyond the limits of Chen (2007)" in out
    assert "A proposal that waits for a reader" in out
    found = json.loads(command("invariance", *arguments, "--format", "json")[1])
    assert found["steps"]["scalar"]["fit"]["chisq"] == pytest.approx(164.103, abs=1e-2)
    freed = {key[0] for key in found["proposed_free"]}
    assert freed <= {f"x{i}" for i in range(1, 10)}
    assert "x3" in freed


def test_clusters_are_said(command, model, tmp_path):
    lines = HOLZINGER.read_text(encoding="utf-8").splitlines()
    file = tmp_path / "clustered.csv"
    rows = [f"{line},{'c' + str(place // 5) if place else 'class'}" for place, line in enumerate(lines)]
    file.write_text("\n".join(rows), encoding="utf-8")
    out = command("structure", file, "--model", model, "--continuous", "--cluster", "class")[1]
    assert "Errors and tests allow for clusters." in out


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("f ~ x1", ("--continuous",), "line 1, column 3: regressions are not read"),
        ("f =~ x1 + nobody", ("--continuous",), "nobody"),
        (MODEL, (), "x1 has 35 different values"),
        (MODEL, ("--continuous", "--cluster", "nowhere"), "has no column nowhere"),
    ],
)
def test_what_cannot_be_used_is_said(command, tmp_path, text, arguments, said):
    file = tmp_path / "model.lav"
    file.write_text(text, encoding="utf-8")
    code, _, complaint = command("structure", HOLZINGER, "--model", file, *arguments)
    assert code == 2
    assert said in complaint


def test_simulated_answers_are_called_so(command, tmp_path):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 1)) + rng.normal(size=(200, 4))
    lines = ["a,b,c,d,simulated", *(",".join([*(f"{x:.3f}" for x in row), "yes"]) for row in X)]
    data, model = tmp_path / "made.csv", tmp_path / "m.lav"
    data.write_text("\n".join(lines), encoding="utf-8")
    model.write_text("f =~ a + b + c + d", encoding="utf-8")
    out = command("structure", data, "--model", model, "--continuous")[1]
    assert "SIMULATED" in out


def test_cutoffs_are_those_of_right_models_of_the_same_size(command, model):
    arguments = ("structure", HOLZINGER, "--model", model, "--continuous", "--cutoffs", 100)
    code, out, err = command(*arguments)
    assert (code, err) == (0, "")
    table = out[out.index("Cut-offs by simulation") :].splitlines()
    rows = {line.split()[0]: [float(cell) for cell in line.split()[1:]] for line in table[2:6]}
    assert [*rows] == ["CFI", "TLI", "RMSEA", "SRMR"]
    assert rows["CFI"][0] == pytest.approx(0.931, abs=0.001)  # of ``cfa(model, HolzingerSwineford1939)``
    assert rows["CFI"][0] < rows["CFI"][1]
    assert rows["RMSEA"][0] > rows["RMSEA"][1]
    assert all(row[2] <= row[1] <= row[3] and row[4] < 0.05 for row in rows.values())
    with pytest.raises(SystemExit):
        command(*arguments[:-1], 99)


def test_a_factor_of_factors_says_how_much_of_each_it_explains(command, tmp_path):
    file = tmp_path / "second.lav"
    file.write_text(MODEL + "g =~ visual + textual + speed\n", encoding="utf-8")
    out = command("structure", HOLZINGER, "--model", file, "--continuous", "--format", "json")[1]
    tree = json.loads(out)
    assert re.fullmatch(r"Counterpoise \d+\.\d+\.\d+", tree["software"])
    table = next(t for t in tree["sections"]["solution"]["tables"] if t["title"] == "Loadings")
    rows = [dict(zip(table["headers"], row, strict=True)) for row in table["rows"] if row[0] == "g"]
    assert len(rows) == 3
    assert all(row["R²"] == pytest.approx(row["standardised"] ** 2, abs=1e-9) for row in rows)
