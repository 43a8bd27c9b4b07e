"""Models as text: what is read, and where and why the rest is refused."""

import pytest

from analysis.factor_models.confirmatory.model.parameter_table import specify
from analysis.factor_models.confirmatory.model.syntax import SyntaxProblem, read_model
from analysis.factor_models.confirmatory.rivals import rival_models


def test_lines_comments_and_modifiers():
    terms = read_model("""
        # the first factor
        f =~ NA*x1 + a*x2 +      ! goes on below
             0.5*x3
        g =~ y1 + start(0.7)*y2 + y3; f ~~ 0*g
        x1 ~~ y1
        f ~ 1
    """)
    said = [(t.lhs, t.op, t.rhs, t.given, t.start) for t in terms]
    assert said == [
        ("f", "=~", "x1", (None,), None),
        ("f", "=~", "x2", ("a",), None),
        ("f", "=~", "x3", (0.5,), None),
        ("g", "=~", "y1", (), None),
        ("g", "=~", "y2", (), 0.7),
        ("g", "=~", "y3", (), None),
        ("f", "~~", "g", (0.0,), None),
        ("x1", "~~", "y1", (), None),
        ("f", "~1", "", (), None),
    ]


def test_one_entry_for_each_group():
    (term,) = read_model("f =~ c(1, a, NA, -0.5)*x")
    assert term.given == (1.0, "a", None, -0.5)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("f =~ x1 + x2\ng ~ f", "line 2, column 3", "regressions are not read"),
        ("f =~ x1 +", "line 1, column 10", "name is missing"),
        ("f =~ x1 x2", "line 1, column 9", "is a + missing"),
        ("f = x1", "line 1, column 3", "has no meaning"),
        ("f =~ 2", "line 1, column 6", "where a name is expected"),
        ("f =~ x1\na == b", "line 2, column 3", "equal labels"),
        ("f =~ x1\nx1 | s1", "line 2, column 6", "a threshold is called t1"),
        ("f =~ c(1, 2*x1", "line 1, column 6", "bracket"),
        ("f =~ __import__('os')", "line 1, column 17", "has no meaning"),
        ("f x1", "line 1, column 1", "no operator"),
        ("=~ x1", "line 1, column 1", "name on either side"),
        ("f =~ x1 =~ x2", "line 1, column 9", "second operator"),
    ],
)
def test_a_problem_names_its_place(text, place, what):
    with pytest.raises(SyntaxProblem) as problem:
        read_model(text)
    assert place in str(problem.value)
    assert what in str(problem.value)


@pytest.mark.parametrize("text", ["", "# nothing\n\n"])
def test_an_empty_model_is_refused(text):
    with pytest.raises(SyntaxProblem, match="the model is empty"):
        read_model(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x1 ~~ x2", "no factor"),
        ("f =~ f + x1", "measures itself"),
        ("f =~ x1 + x2\nz ~~ x1", "'z' is neither a factor nor an indicator"),
        ("f =~ c(1,2,3)*x1 + x2", "3 entries for 1 groups"),
        ("f =~ x1 + x2\nx1 | t1", "these are continuous"),
    ],
)
def test_a_model_without_sense_is_refused(text, what):
    with pytest.raises(SyntaxProblem, match=what):
        specify(text)


def test_defaults_are_lavaans():
    table = specify("f =~ x1 + x2 + x3\ng =~ y1 + y2\nx1 ~~ y1", means=True)
    fixed = {(p.lhs, p.op, p.rhs): p.value for p in table.parameters if p.free < 0}
    assert fixed == {("f", "=~", "x1"): 1, ("g", "=~", "y1"): 1, ("f", "~1", ""): 0, ("g", "~1", ""): 0}
    free = {(p.lhs, p.op, p.rhs) for p in table.parameters if p.free >= 0}
    assert {
        ("f", "~~", "g"),
        ("f", "~~", "f"),
        ("x1", "~~", "y1"),
        ("y2", "~~", "y2"),
        ("y2", "~1", ""),
    } <= free


def test_parameters_of_one_label_are_one():
    table = specify("f =~ NA*x1 + a*x1 + a*x2 + a*x3\nf ~~ 1*f", groups=2)
    loadings = [p.free for p in table.parameters if p.op == "=~"]
    assert len(set(loadings)) == 1


def test_the_only_indicator_has_no_residual():
    table = specify("f =~ x1\ng =~ y1 + y2 + y3")
    assert next(p for p in table.parameters if p.key == ("x1", "~~", "x1", 0)).value == 0


def test_rivals_follow_from_the_scales():
    scales = {name: [f"{name}{i}" for i in range(1, 5)] for name in ("a", "b", "general")}
    rivals = {rival.name: rival for rival in rival_models(scales, {"a4", "b4", "general4"})}
    assert list(rivals) == [
        "one factor",
        "correlated factors",
        "second order",
        "bifactor",
        "bifactor S-1",
        "correlated factors and method",
    ]
    assert rivals["second order"].general == "general_"  # the name of a scale is not taken
    assert specify(rivals["second order"].model, unit_variance=True).exogenous == ("general_",)
    assert specify(rivals["bifactor S-1"].model).factors == ("general_", "b", "general")
