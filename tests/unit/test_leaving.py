"""A study gives out what it declared: figures, or rows, never both."""

import pytest

from analysis.disclosure.leaving import LEAVING, rows_leave, settle
from analysis.disclosure.release import release
from tests.privacy.organisations import of_one_mind, table_of

TABLE = table_of({"ash": of_one_mind(12, 2), "elm": of_one_mind(9, 2), "oak": of_one_mind(25, 1)})
LARGE = {("demo-1", "ash"), ("demo-1", "oak")}


@pytest.mark.parametrize("declared", LEAVING.values(), ids=LEAVING)
def test_a_study_gives_out_figures_or_rows(declared) -> None:
    figures = release(settle(TABLE, declared)).nodes
    assert bool(figures) == declared.reports
    assert bool(rows_leave(settle(TABLE, declared), declared)) == declared.rows
    assert declared.reports != declared.rows


def test_rows_of_a_unit_that_is_held_out_never_leave() -> None:
    assert rows_leave(settle(TABLE, LEAVING["rows"]), LEAVING["rows"]) == LARGE
    assert rows_leave(settle(TABLE, LEAVING["rows with units"]), LEAVING["rows with units"]) == LARGE


def test_which_answers_a_wave_used_is_kept_where_no_figure_is() -> None:
    assert settle(TABLE, LEAVING["rows"]).used == TABLE.used


def test_rows_carry_their_unit_only_where_that_was_declared() -> None:
    assert [word for word, declared in LEAVING.items() if declared.units] == ["rows with units"]
