"""The files of an instrument's folder must agree; what does not is reported at once, with file and line."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from instrument import PPIQ, InstrumentError, load

SEVEN = Path(__file__).parents[1] / "instruments" / "seven"
FORM, KEY, WORDS, HEADER = "forms/seven.yaml", "key.yaml", "words/seven.en.yaml", "instrument.yaml"


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InstrumentError) as refused:
        load(folder)
    return str(refused.value).splitlines()


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "seven"
    shutil.copytree(SEVEN, folder)

    def edit(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), "utf-8")

    edit(HEADER, '"CC BY 4.0"', "no")
    edit(KEY, "-ease_2", "-ease_9")
    edit(KEY, "min_answered: 2", "min_answered: 9")
    edit(WORDS, "  talk:", "  talks:")
    edit(WORDS, '"Rather not say"', '" Rather not say"')
    edit(FORM, "ease_4, scale: agreement", "ease_4, scale: other")
    assert problems_of(folder) == [
        "forms/seven.yaml:20: there is no scale `other`",
        "instrument.yaml:3: `no` is not text to every reader of YAML: write it in quotes",
        "key.yaml:5: form `seven` has no item `ease_9`",
        "key.yaml:7: min_answered is 9, of 4 in all",
        "words/seven.en.yaml:31: the text has a space too many",
    ]


def _no_forms(folder: Path) -> None:
    shutil.rmtree(folder / "forms")


def _no_words(folder: Path) -> None:
    shutil.rmtree(folder / "words")


def _no_key(folder: Path) -> None:
    (folder / "key.yaml").unlink()


def _pipe(folder: Path) -> None:
    (folder / "key.yaml").unlink()
    os.mkfifo(folder / "key.yaml")


def _endless(folder: Path) -> None:
    (folder / "key.yaml").unlink()
    (folder / "key.yaml").symlink_to("/dev/zero")


def _many_files(folder: Path) -> None:
    for n in range(120):
        (folder / f"words/seven.a{n}.yaml").write_text("form: seven\n", "utf-8")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_no_forms, "forms: there is no form"),
        (_no_words, "this form has no words"),
        (_no_key, "key.yaml: there is no such file"),
        (_pipe, "key.yaml: there is no such file"),
        (_endless, "key.yaml: there is no such file"),
        (_many_files, "more than 100 files"),
        (shutil.rmtree, "there is no such folder"),
    ],
)
def test_a_folder_that_lacks_a_file_is_refused(
    spoil: Callable[[Path], None], says: str, tmp_path: Path
) -> None:
    folder = tmp_path / "seven"
    shutil.copytree(SEVEN, folder)
    spoil(folder)
    assert [p for p in problems_of(folder) if says in p]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "words/a.en.yaml",
            '    line_manager: "To succeed here, I have to keep my line manager pleased."\n',
            "",
            "role `line_manager` has no words",
        ),
        (
            "words/a.en.yaml",
            '    not_said: "To succeed here, I have to keep this person pleased."\n',
            "",
            "role `not_said` has no words",
        ),
        ("context.yaml", "line_manager]", "line_manager, mentor]", "role `mentor` has no words"),
        (
            "context.yaml",
            "[supervisor, practice_educator",
            "[not_said, supervisor, practice_educator",
            "is kept for",
        ),
        (
            "context.yaml",
            "[in_person, remote, mixed]",
            "[in_person, remote, both]",
            "option `both` has no words",
        ),
        (
            "context.yaml",
            'choice: {options: ["yes"',
            "choice: {options: [yes",
            "`yes` is not text to every reader",
        ),
        ("context.yaml", "  company:", "  companies:", "`company` is not in context.yaml"),
        ("forms/a.yaml", "[role, length,", "[length, role,", "`role` must be asked first"),
        (
            "words/context.en.yaml",
            '      mixed: "Partly in person, partly by telephone or video"\n',
            "",
            "option `mixed` has no words",
        ),
        ("actions.yaml", "id_ask: {facet: id", "id_ask: {facet: xx", "there is no subscale `xx`"),
        ("actions.yaml", "strength: 3", "strength: 4", "this should be 3 or less"),
    ],
)
def test_words_context_and_actions_must_agree(
    file: str, old: str, new: str, says: str, tmp_path: Path
) -> None:
    folder = tmp_path / "ppiq"
    shutil.copytree(PPIQ, folder)
    text = (folder / file).read_text("utf-8")
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new), "utf-8")
    assert [p for p in problems_of(folder) if says in p]


def test_a_language_needs_words_for_all_that_is_shown_beside_the_form(tmp_path: Path) -> None:
    folder = tmp_path / "ppiq"
    shutil.copytree(PPIQ, folder)
    english = (folder / "words/a.en.yaml").read_text("utf-8")
    (folder / "words/a.fr.yaml").write_text(english.replace("language: en", "language: fr"), "utf-8")
    assert sorted(problems_of(folder)) == [
        f"words/a.fr.yaml:3: the {what} have no words in `fr`"
        for what in ("actions", "claims", "context questions")
    ]
