"""The public names that notebooks and scripts use: where they are, what they take, what they return."""

import ast
import inspect
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis import Estimate, Factors, JointCounts, Mokken, ParallelAnalysis, Polychoric, Unavailable

ROOT = Path(__file__).parents[2]
STATED = (
    "joint_counts",
    "cronbach_alpha",
    "mcdonald_omega",
    "guttman_lambda",
    "greatest_lower_bound",
    "split_half",
    "polychoric",
    "kmo",
    "bartlett",
    "parallel_analysis",
    "minimum_average_partial",
    "factor_analysis",
    "mokken_scalability",
    "intraclass_correlation",
    "careless_indices",
)
ICC = ["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]


def ordinal(n: int = 200, k: int = 6, categories: int = 5, seed: int = 1) -> np.ndarray:
    cuts = np.linspace(-1.2, 1.2, categories - 1)
    return analysis.simulate(n, np.full(k, 0.7), cuts, np.random.default_rng(seed)).astype(float)


# Everything public that takes answers; the counted ones take joint counts as well.
TAKING_ANSWERS: dict[str, Callable[[object], object]] = {
    "joint_counts": analysis.joint_counts,
    "cronbach_alpha": analysis.cronbach_alpha,
    "alpha, pairwise": lambda X: analysis.cronbach_alpha(X, missing="pairwise"),
    "alpha, bonett": lambda X: analysis.cronbach_alpha(X, interval="bonett"),
    "alpha, normal": lambda X: analysis.cronbach_alpha(X, interval="normal"),
    "alpha, adf": lambda X: analysis.cronbach_alpha(X, interval="adf"),
    "alpha, bootstrap": lambda X: analysis.cronbach_alpha(X, interval="bca", resamples=50),
    "standardised_alpha": analysis.standardised_alpha,
    "item_statistics": analysis.item_statistics,
    "mcdonald_omega": analysis.mcdonald_omega,
    "omega, observed": lambda X: analysis.mcdonald_omega(X, variance="observed", interval="adf"),
    "omega, bootstrap": lambda X: analysis.mcdonald_omega(X, interval="percentile", resamples=50),
    "guttman_lambda": analysis.guttman_lambda,
    "lambda of correlations": lambda X: analysis.guttman_lambda(X, on="correlations"),
    "greatest_lower_bound": analysis.greatest_lower_bound,
    "split_half": analysis.split_half,
    "describe": analysis.describe,
    "mardia": analysis.mardia,
    "spearman": analysis.spearman,
    "polychoric": analysis.polychoric,
    "polychoric, complete": lambda X: analysis.polychoric(X, missing="complete", acov=True),
    "polychoric, psych": lambda X: analysis.polychoric(X, correct="psych"),
    "ordinal_alpha": analysis.ordinal_alpha,
    "categorical_omega": analysis.categorical_omega,
    "ordinal_factor": analysis.ordinal_factor,
    "kmo": analysis.kmo,
    "bartlett": analysis.bartlett,
    "kmo, pairwise": lambda X: analysis.kmo(X, missing="pairwise"),
    "parallel_analysis": lambda X: analysis.parallel_analysis(X, draws=5),
    "parallel of factors": lambda X: analysis.parallel_analysis(X, draws=5, basis="factors"),
    "parallel, polychoric": lambda X: analysis.parallel_analysis(X, draws=3, correlation="polychoric"),
    "minimum_average_partial": analysis.minimum_average_partial,
    "factor_analysis": lambda X: analysis.factor_analysis(X, 1),
    "two factors, ml": lambda X: analysis.factor_analysis(X, 2, method="ml", rotation="varimax"),
    "two factors, pairwise": lambda X: analysis.factor_analysis(X, 2, missing="pairwise"),
    "omega_hierarchical": lambda X: analysis.omega_hierarchical(X, 2),
    "schmid_leiman": lambda X: analysis.schmid_leiman(X, 2),
    "mokken_scalability": analysis.mokken_scalability,
    "intraclass_correlation": analysis.intraclass_correlation,
    "icc, reml": lambda X: analysis.intraclass_correlation(X, missing="reml"),
    "measurement_error": analysis.measurement_error,
    "careless_indices": analysis.careless_indices,
}
COUNTED = (
    "cronbach_alpha",
    "standardised_alpha",
    "item_statistics",
    "mcdonald_omega",
    "guttman_lambda",
    "greatest_lower_bound",
    "split_half",
    "describe",
    "spearman",
    "polychoric",
    "ordinal_alpha",
    "categorical_omega",
    "kmo",
    "bartlett",
    "parallel_analysis",
    "parallel, polychoric",
    "minimum_average_partial",
    "factor_analysis",
    "omega_hierarchical",
    "mokken_scalability",
)


def with_column(values: object, at: int = 2) -> np.ndarray:
    X = ordinal()
    X[:, at] = values
    return X


def holes(share: float, seed: int = 3) -> np.ndarray:
    X = ordinal()
    X[np.random.default_rng(seed).random(X.shape) < share] = np.nan
    return X


AWKWARD: dict[str, np.ndarray] = {
    "nothing": np.empty((0, 0)),
    "no rows": np.empty((0, 5)),
    "no items": np.empty((5, 0)),
    "one answer": np.array([[3.0]]),
    "one row": ordinal(1),
    "two rows": ordinal(2),
    "three rows": ordinal(3),
    "fewer rows than items": ordinal(5, 8),
    "one item": ordinal(50, 1),
    "two items": ordinal(50, 2),
    "three items": ordinal(50, 3),
    "nothing answered": np.full((20, 5), np.nan),
    "an item nobody answered": with_column(np.nan),
    "an item one person answered": with_column(np.r_[3.0, np.full(199, np.nan)]),
    "a constant item": with_column(4.0),
    "all constant": np.full((30, 4), 2.0),
    "a huge constant item": with_column(1e12),
    "everybody the same but one": np.vstack([np.full((30, 4), 2.0), [[3.0, 2.0, 2.0, 2.0]]]),
    "binary": ordinal(categories=2),
    "seven categories": ordinal(categories=7),
    "a category nobody chose": np.where(ordinal() == 2, 3, ordinal()),
    "items with other categories": np.column_stack([ordinal(k=3), ordinal(k=3, categories=2, seed=2)]),
    "an item that repeats another": with_column(ordinal()[:, 0]),
    "an item that mirrors another": with_column(4 - ordinal()[:, 0]),
    "the sum of two others": with_column(ordinal()[:, 0] + ordinal()[:, 1]),
    "nearly a repetition": with_column(ordinal()[:, 0] + (np.arange(200) == 7)),
    "negative alpha": np.column_stack([ordinal()[:, 0], 4 - ordinal()[:, 1], 4 - ordinal()[:, 2]]),
    "unrelated": np.random.default_rng(5).integers(0, 5, (100, 6)).astype(float),
    "a tenth missing": holes(0.1),
    "no complete row": holes(0.9),
    "items never answered together": np.where(
        (np.arange(40)[:, None] < 20) == (np.arange(4) < 2), ordinal(40, 4), np.nan
    ),
    "rows of three": np.tile([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0], [1.0, 2.0, 0.0]], (4, 1)),
    "tiny differences": 1e6 + ordinal() * 1e-6,
    "negative codes": ordinal() - 10,
    "half codes": ordinal() / 2,
    "one item again and again": np.repeat(ordinal(50, 1), 5, axis=1),
    "everybody gives the same answers": np.tile(np.arange(5.0), (30, 1)),
    "answers that cancel": np.tile([[1.0, 1.0, 2.0, 2.0], [2.0, 2.0, 1.0, 1.0]], (20, 1)),
    "pairs that contradict each other": np.array(
        [
            [np.nan if cell == "-" else float(cell) for cell in row]
            for row in (
                "1-0-01",
                "00-0-0",
                "011100",
                "1-1000",
                "----01",
                "1-11--",
                "101111",
                "-00001",
                "-11--0",
            )
        ]
    ),
    "more items than rows": ordinal(8, 10),
}


@pytest.mark.parametrize("name", STATED)
def test_a_stated_name_is_there_and_reads_like_an_entry(name: str) -> None:
    found = getattr(analysis, name)
    assert name in analysis.__all__
    assert name in dir(analysis)
    said = inspect.getdoc(found) or ""
    assert "Parameters" in said
    assert said.index("Parameters") < said.index("Returns")
    assert said.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", analysis.__all__)
def test_every_name_is_importable_and_says_what_it_is(name: str) -> None:
    assert (inspect.getdoc(getattr(analysis, name)) or "").strip()


def test_results_have_the_stated_fields() -> None:
    X = ordinal()
    counts = analysis.joint_counts(X)
    assert isinstance(counts, JointCounts)
    assert counts.tables.shape == (6, 6, 5, 5)
    assert (counts.categories, counts.n) == ((0, 1, 2, 3, 4), 200)
    assert {each.name for each in fields(Estimate)} == {
        "value",
        "low",
        "high",
        "level",
        "n",
        "k",
        "method",
        "no_interval",
    }
    for name in ("cronbach_alpha", "mcdonald_omega"):
        found = getattr(analysis, name)(X)
        assert isinstance(found, Estimate)
        assert found.low < found.value < found.high
        assert (found.level, found.n, found.k) == (0.95, 200, 6)
    assert isinstance(analysis.greatest_lower_bound(X), Estimate)
    assert list(analysis.guttman_lambda(X)) == [f"lambda{j}" for j in range(1, 7)]
    halves = analysis.split_half(X)
    assert halves.lowest.value <= halves.mean.value <= halves.highest.value


def test_structural_results_have_the_stated_fields() -> None:
    X = ordinal()
    found = analysis.polychoric(X, acov=True)
    assert isinstance(found, Polychoric)
    assert found.r.shape == found.se.shape == (6, 6)
    assert [len(tau) for tau in found.thresholds] == [4] * 6
    assert found.acov.shape == (24 + 15, 24 + 15)
    assert found.repaired is None
    factors = analysis.factor_analysis(X, 2)
    assert isinstance(factors, Factors)
    assert (factors.loadings.shape, factors.phi.shape) == ((6, 2), (2, 2))
    assert factors.uniquenesses.shape == (6,)
    parallel = analysis.parallel_analysis(X)
    assert isinstance(parallel, ParallelAnalysis)
    assert parallel.observed.shape == parallel.reference.shape == (6,)
    assert parallel.n_factors == 1
    mokken = analysis.mokken_scalability(X)
    assert isinstance(mokken, Mokken)
    assert mokken.items.value.shape == mokken.items.se.shape == (6,)
    assert mokken.pairs.value.shape == mokken.pairs.se.shape == (6, 6)
    assert mokken.scale.value > mokken.scale.se > 0
    icc = analysis.intraclass_correlation(X)
    assert isinstance(icc, dict)
    assert list(icc) == ICC


@pytest.mark.parametrize("name", COUNTED)
def test_joint_counts_give_what_their_rows_give(name: str) -> None:
    X = ordinal()
    of_rows, of_counts = TAKING_ANSWERS[name](X), TAKING_ANSWERS[name](analysis.joint_counts(X))
    assert type(of_rows) is type(of_counts)
    if isinstance(of_rows, Estimate):
        assert of_counts.value == pytest.approx(of_rows.value, abs=1e-9)
        assert (of_counts.n, of_counts.k) == (of_rows.n, of_rows.k)


@pytest.mark.parametrize("name", TAKING_ANSWERS)
def test_a_frame_and_arrays_of_every_layout_are_the_same_answers(name: str) -> None:
    X = ordinal(60)
    wide = np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)
    kinds = [
        pd.DataFrame(X, columns=list("abcdef")),
        X.tolist(),
        X.astype(np.int8),
        X.astype(np.uint8),
        X.astype(np.int64),
        X.astype(np.float32),
        X.astype(object),
        np.asfortranarray(X),
        wide[::2, ::2],
        X[::-1][::-1],
        pd.DataFrame(X).astype("Int64").astype(object),
    ]
    expected = str(TAKING_ANSWERS[name](X))
    kinds = kinds if name != "schmid_leiman" else []  # it prints its arrays to the last digit
    frozen = X.copy()
    frozen.flags.writeable = False
    for given in [*kinds, frozen]:
        assert str(TAKING_ANSWERS[name](given)) == expected


@pytest.mark.parametrize("name", STATED)
def test_no_answer_may_be_masked_or_none_or_pandas_own(name: str) -> None:
    X = holes(0.05)
    frame = pd.DataFrame(X)
    masked = np.ma.masked_array(ordinal(), mask=np.isnan(X))
    expected = str(TAKING_ANSWERS[name](X))
    for given in (frame.astype("Int64"), frame.astype("Int8").to_numpy(), frame.astype("Float32"), masked):
        assert str(TAKING_ANSWERS[name](given)) == expected
    nested = [[None if np.isnan(cell) else int(cell) for cell in row] for row in X]
    assert str(TAKING_ANSWERS[name](nested)) == expected


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([["agree", "agree"], ["no", "agree"], ["no", "no"]], "numbers.*agree"),
        ([[1, 2], [3]], "same length"),
        (np.array([["2026-01-01"]], dtype="M8[D]"), "datetime"),
        ({"a": [1, 2]}, "not dict"),
        (ordinal() * 1e300, r"1e\+60"),
        (ordinal() * 1e-300, "1e-60"),
    ],
)
def test_what_are_no_answers_is_refused_in_words(name: str, wrong: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TAKING_ANSWERS[name](wrong)


@pytest.mark.parametrize("name", ["joint_counts", "intraclass_correlation", "careless_indices"])
def test_counts_where_rows_are_needed_are_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match="not JointCounts"):
        TAKING_ANSWERS[name](analysis.joint_counts(ordinal()))


@pytest.mark.parametrize("data", AWKWARD)
@pytest.mark.parametrize("name", TAKING_ANSWERS)
def test_awkward_answers_end_in_figures_or_reasons(name: str, data: str) -> None:
    X = AWKWARD[data]
    before = X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = _answered(lambda: TAKING_ANSWERS[name](X))
        printed = str(found)
        if hasattr(found, "_repr_html_"):
            found._repr_html_()
    assert np.array_equal(X, before, equal_nan=True)
    if name not in {"joint_counts", "spearman"}:
        assert "nan" not in printed.lower().replace("unanimous", "")
        assert "inf" not in printed.lower().replace("information", "").replace("infinite", "")
    for figure in _estimates(found):
        assert np.isfinite(figure.value)
        assert figure.value <= 1 + 1e-12 or name == "measurement_error"
        assert (figure.low is None) == (figure.high is None)
        if figure.low is not None:
            assert np.isfinite([figure.low, figure.high]).all()
            assert figure.low - 1e-12 <= figure.value <= figure.high + 1e-12


def test_no_coefficient_of_pairwise_answers_exceeds_one() -> None:
    for seed in range(300):
        rng = np.random.default_rng(seed)
        X = rng.integers(0, 4, (9, 5)).astype(float)
        X[rng.random(X.shape) < 0.4] = np.nan
        found = [
            analysis.cronbach_alpha(X, missing="pairwise"),
            analysis.standardised_alpha(X, missing="pairwise"),
            *analysis.guttman_lambda(X, missing="pairwise").values(),
        ]
        assert all(each.value <= 1 + 1e-9 for each in found if isinstance(each, Estimate))
        items = analysis.item_statistics(X, missing="pairwise")
        for item in () if isinstance(items, Unavailable) else items:
            assert isinstance(item.item_rest, Unavailable) or abs(item.item_rest) <= 1 + 1e-9
            assert isinstance(item.alpha_if_dropped, Unavailable) or item.alpha_if_dropped <= 1 + 1e-9


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("data", AWKWARD)
def test_awkward_counts_end_in_figures_or_reasons(name: str, data: str) -> None:
    counts = _answered(lambda: analysis.joint_counts(AWKWARD[data]))
    if counts is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in _estimates(TAKING_ANSWERS[name](counts)):
            assert np.isfinite(figure.value)
            assert figure.value <= 1 + 1e-12


def _answered(work: Callable[[], object]) -> object:
    """Return a result; None where the values are too many for answers, and this is said."""
    with suppress_words("categories"):
        return work()
    return None


@contextmanager
def suppress_words(words: str) -> Iterator[None]:
    """Let a ValueError pass that says these words, and no other."""
    try:
        yield
    except ValueError as error:
        if words not in str(error):
            raise


def _estimates(found: object) -> list[Estimate]:
    if isinstance(found, Estimate):
        return [found]
    if isinstance(found, dict):
        return [each for each in found.values() if isinstance(each, Estimate)]
    names = ("highest", "mean", "lowest", "sem", "sdc", "sdc_group")
    return [each for name in names if isinstance(each := getattr(found, name, None), Estimate)]


@pytest.mark.parametrize("name", TAKING_ANSWERS)
def test_answers_of_another_shape_or_without_end_are_refused_in_words(name: str) -> None:
    for wrong in (np.zeros(5), np.zeros((2, 2, 2)), np.array([[np.inf, 1.0], [1.0, 2.0], [2.0, 1.0]])):
        with pytest.raises(ValueError, match=r"array|finite"):
            TAKING_ANSWERS[name](wrong)


def test_a_reason_prints_as_a_sentence() -> None:
    found = analysis.cronbach_alpha(np.full((30, 4), 2.0))
    assert isinstance(found, Unavailable)
    assert str(found) == "unavailable: the total has no variance"


def test_a_type_checker_knows_every_name_from_where_it_is() -> None:
    (block,) = (
        each
        for each in ast.parse((ROOT / "analysis/__init__.py").read_text("utf-8")).body
        if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING"
    )
    shown = {
        alias.asname: (f"{each.module}", alias.name)
        for each in block.body
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
    }
    assert shown == {name: (f"analysis.{home}", name) for name, home in analysis._HOME.items()}


@pytest.mark.parametrize("package", ["analysis", "app", "instrument"])
def test_a_package_that_is_installed_brings_its_types(package: str) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "py.typed" in settings["tool"]["setuptools"]["package-data"]["*"]
    assert (ROOT / package / "py.typed").is_file()


def test_help_of_the_command_needs_no_library_of_numbers() -> None:
    asked = "import sys; from analysis.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    loaded = "print(*{'numpy', 'scipy', 'pandas', 'numba'} & sys.modules.keys(), file=sys.stderr)"
    told = subprocess.run(
        [sys.executable, "-c", asked + loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "usage" in told.stdout
    assert told.stderr.split() == []
