"""`python -m analysis structure|invariance`: the commands for factor models with a given structure."""

import argparse
from typing import TYPE_CHECKING, Any

from analysis.commands.options import (
    Add,
    Page,
    Progress,
    add_answers,
    add_file,
    add_group,
    add_page,
    add_place,
    dataset_of,
    folder_of,
    is_counted,
)

if TYPE_CHECKING:
    from analysis.report.document import Document
    from analysis.report.model_answers import ModelAnswers


def add_structure(add: Add) -> None:
    """Add the command `structure`."""
    command = add(
        "structure",
        help="whether the answers have the structure that the questionnaire claims",
        description=(
            "Fit factor models with a given structure: the rivals that a form's key implies, or the model of "
            "a file in lavaan's notation."
        ),
        epilog="example: python -m analysis structure answers.csv --instrument instrument/ppiq --format html",
    )
    add_place(command)
    _arguments(command)
    command.add_argument(
        "--cutoffs",
        metavar="SETS",
        type=_sets,
        help="simulate so many data sets (100 or more; 500 take minutes) for which the primary model is "
        "right, and say how well it fits those; by maximum likelihood of complete rows",
    )
    add_page(command, _structure)


def add_invariance(add: Add) -> None:
    """Add the command `invariance`."""
    command = add(
        "invariance",
        help="whether the questionnaire means the same in every group",
        description=(
            "Fit the ladder of measurement invariance to the groups of a column, test each step, and propose "
            "which items to free where a step fails."
        ),
        epilog="example: python -m analysis invariance answers.csv --instrument instrument/ppiq --group role",
    )
    add_file(command)
    _arguments(command)
    add_group(command, required=True, words="the column that names the groups")
    add_page(command, _invariance)


def _arguments(command: argparse.ArgumentParser) -> None:
    add_answers(command, model=True)
    command.add_argument(
        "--continuous", action="store_true", help="take answers as measurements, not as ordered categories"
    )
    command.add_argument(
        "--cluster", metavar="COLUMN", help="the column that says which rows belong together (a supervisor)"
    )


def _sets(said: str) -> int:
    fewest = 100
    if not said.isdecimal() or int(said) < fewest:
        raise argparse.ArgumentTypeError(f"{said!r} is no number of data sets; give {fewest} or more")
    return int(said)


def _structure(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.render import RENDERERS
    from analysis.report.structure_report import structure

    if is_counted(asked):
        return RENDERERS[asked.format](_of_folder(asked, say))
    answers = _answers(asked, cluster=asked.cluster)
    found = structure(answers, ordered=not asked.continuous, cutoffs=asked.cutoffs, progress=say)
    return RENDERERS[asked.format](found)


def _of_folder(asked: argparse.Namespace, say: Progress) -> "Document":
    from analysis.report.folder_report import folder_structure
    from analysis.report.model_answers import items_of, of_dataset, of_model

    if asked.continuous or asked.cluster:
        raise ValueError("--continuous and --cluster rest on rows: they are for single files")
    if asked.model is None:
        dataset = folder_of(asked, say)
        answers = of_dataset(dataset.sample)
    else:
        dataset = folder_of(asked, say, items=items_of(asked.model))
        answers = of_model(dataset.sample, asked.model, ordered=True)
    of_key = asked.model is None
    return folder_structure(dataset, answers, of_key=of_key, cutoffs=asked.cutoffs, progress=say)


def _invariance(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.invariance_report import invariance
    from analysis.report.render import RENDERERS

    answers = _answers(asked, group=asked.group, cluster=asked.cluster)
    return RENDERERS[asked.format](invariance(answers, ordered=not asked.continuous, progress=say))


def _answers(asked: argparse.Namespace, **columns: Any) -> "ModelAnswers":
    from analysis.report.model_answers import items_of, of_dataset, of_model

    if asked.model is None:
        return of_dataset(dataset_of(asked), **columns)
    dataset = dataset_of(asked, items=items_of(asked.model))
    return of_model(dataset, asked.model, ordered=not asked.continuous, **columns)
