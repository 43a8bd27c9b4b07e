"""`python -m analysis structure|invariance`: the commands for factor models with a given structure."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

Progress = Callable[[str, int, int], None]
FILE: Final = "answers, one row a person: .csv, .tsv, .parquet, .sav, .zsav or .dta"


def add_structure(
    add: Callable[..., argparse.ArgumentParser],
    common: Callable[[argparse.ArgumentParser, Callable[[argparse.Namespace, Progress], str]], None],
) -> None:
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
    _arguments(command)
    common(command, _structure)


def add_invariance(
    add: Callable[..., argparse.ArgumentParser],
    common: Callable[[argparse.ArgumentParser, Callable[[argparse.Namespace, Progress], str]], None],
) -> None:
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
    _arguments(command)
    command.add_argument("--group", metavar="COLUMN", required=True, help="the column that holds the groups")
    common(command, _invariance)


def _arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", type=Path, help=FILE)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--instrument", metavar="FOLDER", type=Path, help="the questionnaire's folder")
    which.add_argument("--model", metavar="FILE", type=Path, help="a model in lavaan's notation")
    command.add_argument(
        "--continuous", action="store_true", help="take answers as measurements, not as ordered categories"
    )
    command.add_argument(
        "--cluster", metavar="COLUMN", help="the column that says which rows belong together (a supervisor)"
    )


def _structure(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.report.model_answers import of_instrument, of_model
    from analysis.report.render import RENDERERS
    from analysis.report.structure_report import structure

    answers = (
        of_model(asked.file, asked.model, ordered=not asked.continuous, cluster=asked.cluster)
        if asked.model
        else of_instrument(asked.file, asked.instrument, asked.form, cluster=asked.cluster)
    )
    return RENDERERS[asked.format](structure(answers, ordered=not asked.continuous, progress=say))


def _invariance(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.report.invariance_report import invariance
    from analysis.report.model_answers import of_instrument, of_model
    from analysis.report.render import RENDERERS

    more = {"group": asked.group, "cluster": asked.cluster}
    answers = (
        of_model(asked.file, asked.model, ordered=not asked.continuous, **more)
        if asked.model
        else of_instrument(asked.file, asked.instrument, asked.form, **more)
    )
    return RENDERERS[asked.format](invariance(answers, ordered=not asked.continuous, progress=say))
