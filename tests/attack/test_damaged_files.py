"""A changed answer, a lost page and a file that was copied alone are noticed; a whole copy is accepted."""

from pathlib import Path

from tests.attack.damaged_files import attack


def test_damage_and_files_that_were_copied_alone_are_noticed(tmp_path: Path) -> None:
    outcome = attack(tmp_path, 6, seed=1)
    assert not outcome.won, outcome


def test_without_the_digest_flipped_answers_go_unnoticed(tmp_path: Path) -> None:
    assert attack(tmp_path, 4, seed=1, control="no-digest").unnoticed_flips == 4


def test_without_the_mark_a_file_that_was_copied_alone_is_taken_as_whole(tmp_path: Path) -> None:
    assert attack(tmp_path, 4, seed=1, control="no-mark").taken_alone == 4
