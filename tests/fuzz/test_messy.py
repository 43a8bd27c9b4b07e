"""A part of `make fuzz`: messy files give the clean figure, or a refusal that names the place."""

import pytest

from tests.fuzz import messy


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_messy_files_give_the_clean_figure_or_a_refusal_with_its_place(first):
    counts, wrong = messy.run(50, first)
    assert wrong == []
    assert counts["read"] >= messy.READ_AT_LEAST * 50
