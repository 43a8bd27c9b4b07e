"""What evidence adds to a report: error of measurement, and the change since the collection before."""

from dataclasses import replace

import pytest

from analysis.disclosure.base_table import rules
from analysis.disclosure.basis import Basis
from analysis.disclosure.change import goes_beyond, less, with_change
from analysis.disclosure.release import (
    Change,
    FacetLine,
    Figure,
    NoChange,
    Report,
    Untold,
    release,
    report_as_json,
    report_from_json,
)
from app.report.compared import compared
from tests.privacy.organisations import FORM, INSTRUMENT, of_one_mind, table_of

BASIS = Basis(seals=("s",), population="p", errors=dict.fromkeys(INSTRUMENT.key.subscales(FORM), 8.0))


def told(groups, *, before=None, basis: Basis | None = BASIS) -> Report:
    table = table_of(groups, rules(10))
    table = replace(table, about=replace(table.about, basis=basis))
    return with_change(release(table), table, before or NoChange(reason="first"))


def node(report: Report, name: str):
    return next(each for each in report.nodes if each.id == name)


def exact(value: float, half: float | None = None, error: float | None = None) -> FacetLine:
    return FacetLine(id="ec", figure=Figure(value=value, bound="exact", half_width=half), error=error)


def bounded(value: float, bound) -> FacetLine:
    return FacetLine(id="ec", figure=Figure(value=value, bound=bound))


@pytest.mark.parametrize(("n", "error"), [(12, 5.0), (24, 3.6), (44, 2.5)])
def test_error_of_measurement_falls_with_the_people_that_are_told(n: int, error: float) -> None:
    """1.96 * 8 / √10, √20 and √40, each rounded up to a tenth."""
    south = node(told({"south": of_one_mind(n, 2)}), "south")
    assert {each.error for each in (*south.facets, *south.totals)} == {error}


def test_units_of_different_size_weigh_by_their_people() -> None:
    """Twenty of forty people left a question blank: the mean of both units errs as that of fewer people."""
    people = of_one_mind(40, 2)
    for person in people[:20]:
        person["ec1"] = -88
    west = node(told({"ash": people, "cedar": of_one_mind(40, 2)}), "org")
    errors = {each.id: each.error for each in west.facets}
    # Of "ec" 80² / (40²/20 + 40²/40) = 53, told as 50, and the others say nothing else: who compares them
    # would learn how many left each out.
    assert {*errors.values(), west.totals[0].error} == {2.3}


def test_a_figure_that_is_clamped_or_untold_has_none_nor_has_one_without_evidence() -> None:
    people = of_one_mind(20, 2)
    for person in people:
        person["sd1"] = 0
    errors = {each.id: each.error for each in node(told({"south": people}), "south").facets}
    assert errors["sd"] is None
    assert errors["vi"] == 3.6
    without = node(told({"south": people}, basis=None), "south")
    assert {each.error for each in (*without.facets, *without.totals)} == {None}
    assert without.change is None
    few = replace(BASIS, errors={"vi": 8.0})
    assert {e.id for e in node(told({"south": people}, basis=few), "south").facets if e.error} == {"vi"}


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        (exact(54.0, 5, 2.5), exact(48.5, 10, 2.5), Figure(value=5.5, bound="exact", half_width=15)),
        (exact(54.0, 5), exact(48.5), Figure(value=5.5, bound="exact")),
        (bounded(10.0, "at most"), exact(30.0), Figure(value=-20.0, bound="at most")),
        (exact(30.0), bounded(10.0, "at most"), Figure(value=20.0, bound="at least")),
        (bounded(90.0, "at least"), bounded(10.0, "at most"), Figure(value=80.0, bound="at least")),
        (bounded(10.0, "at most"), bounded(12.0, "at most"), Untold(reason="points both ways")),
        (
            exact(30.0),
            FacetLine(id="ec", figure=Untold(reason="too few answers")),
            Untold(reason="too few answers"),
        ),
    ],
)
def test_a_change_is_one_published_figure_less_another(
    now: FacetLine, before: FacetLine, change: Figure | Untold
) -> None:
    assert less(now, before).figure == change


def test_a_change_is_told_where_it_exceeds_chance_and_error_alone() -> None:
    assert goes_beyond(less(exact(70, 5, 2.5), exact(50, 5, 2.5)))
    assert not goes_beyond(less(exact(60, 5, 2.5), exact(50, 5, 2.5)))  # ± 10
    assert not goes_beyond(less(exact(70, 5, 15.0), exact(50, 5, 15.0)))  # ± 21.3
    assert not goes_beyond(less(exact(70, None, 2.5), exact(50, None, 2.5)))  # 20 to 29 people
    assert not goes_beyond(less(bounded(70, "at least"), exact(50, 5, 2.5)))
    assert less(exact(70, 5, 2.5), exact(50, 5, 2.5)).error == 3.6


def test_a_figure_that_few_answered_or_other_units_tell_has_no_change() -> None:
    """Thirteen of 24 left a question blank; then 23, so that one unit of two does not tell the facet."""
    few = of_one_mind(24, 2)
    for person in few[:13]:
        person["ec1"] = -88
    now = told({"south": few}, before=table_of({"south": of_one_mind(24, 2)}, rules(10)))
    changes = {each.id: each.figure for each in node(now, "south").change.lines}
    assert changes["ec"] == Untold(reason="too few answers")
    assert isinstance(changes["vi"], Figure)
    assert [each.id for each in node(now, "south").facets if each.of_few] == ["ec"]
    assert {each.error for each in node(now, "south").change.before} == {None}
    for person in few[:23]:
        person["ec1"] = -88
    two = told(
        {"ash": of_one_mind(40, 1), "cedar": few},
        before=table_of({"ash": of_one_mind(40, 2), "cedar": of_one_mind(24, 2)}, rules(10)),
    )
    changes = {each.id: each.figure for each in node(two, "org").change.lines}
    assert changes["ec"] == Untold(reason="too few answers")
    assert isinstance(changes["vi"], Figure)


def test_side_by_side_a_figure_that_few_answered_is_named_as_such_and_drawn_without_bars() -> None:
    few = of_one_mind(24, 2)
    for person in few[:13]:
        person["ec1"] = -88
    report = told({"ash": of_one_mind(24, 2), "cedar": few, "elm": of_one_mind(12, 2)})
    found = compared(report, node(report, "org"), [node(report, name) for name in ("ash", "cedar", "elm")])
    assert found is not None
    rows = {each.title: {row.unit: row.text for row in each.rows} for each in found.beside}
    titles = report.scheme.titles()
    assert rows[titles["ec"]] == {"Ash": "50.0", "Cedar": "fewer than 20 answered"}
    assert rows[titles["vi"]] == {"Ash": "50.0", "Cedar": "50.0"}
    assert {line.error for each in found.beside for line in each.lines} == {None}
    assert found.left_out == "Not beside them, with fewer than 20 people: Elm."


def test_what_differs_between_two_collections_is_the_published_figures_alone() -> None:
    """Two earlier organisations that publish the same figures give the same change, to the byte."""
    one, other = of_one_mind(24, 2), of_one_mind(24, 2)
    for at, code in ((0, 1), (1, 3), (2, 0), (3, 4)):
        other[at]["ec2"] = code
    tables = [table_of({"south": people}, rules(10)) for people in (one, other)]
    lines = [[each.figure for each in node(release(t), "south").facets] for t in tables]
    assert lines[0] == lines[1]
    now = {"south": of_one_mind(30, 1)}
    reports = [told(now, before=each) for each in tables]
    assert reports[0] == reports[1]
    assert isinstance(node(reports[0], "south").change, Change)
    assert report_from_json(report_as_json(reports[0])) == reports[0]
