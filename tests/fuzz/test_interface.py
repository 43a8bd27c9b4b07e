"""A part of `make fuzz`: the interface for programs answers as its description says, and with no error."""

from pathlib import Path

from tests.fuzz import interface


def test_every_answer_is_one_that_the_description_tells_of(tmp_path: Path) -> None:
    statuses = interface.run(interface.closed_waves(tmp_path), 300)
    assert statuses.total() >= 300
    assert {200, 404, 422} <= set(statuses), "each kind of answer is reached"
