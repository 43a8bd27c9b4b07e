"""`python -m analysis score`: the table as it was read, with columns of scores."""

import argparse
from pathlib import Path
from typing import Final

from analysis.commands.options import Add, Progress, add_answers, add_command, add_file, dataset_of

METHODS: Final = ("mean", "sum", "pomp")


def add_score(add: Add) -> None:
    """Add the command `score`."""
    score = add(
        "score",
        help="the table as it came, with keyed items, scores and numbers of answers",
        description="Score every row, by a questionnaire's key or by columns named here; write the table.",
        epilog="example: python -m analysis score answers.csv --items q1-q8 --reverse q3,q7 --codes 1-5 "
        "--min-answered 6 --out scored.sav",
    )
    add_file(score)
    add_answers(score)
    score.add_argument(
        "--method",
        choices=METHODS,
        help="with --items: how answers make a score; pomp is from 0 at the lowest to 100 at the highest "
        "possible; default: mean",
    )
    score.add_argument(
        "--min-answered",
        metavar="N",
        type=_positive,
        help="with --items: the answers that a score needs; default: all of them",
    )
    score.add_argument(
        "--out",
        dest="table",
        metavar="FILE",
        type=Path,
        required=True,
        help="where to: .csv, .xlsx, .parquet, .sav or .dta",
    )
    add_command(score, _score)
    score.set_defaults(out=None)


def _positive(said: str) -> int:
    if not said.isdecimal() or int(said) < 1:
        raise argparse.ArgumentTypeError(f"{said!r} is no number of answers; give 1 or more")
    return int(said)


def _score(asked: argparse.Namespace, say: Progress) -> str:
    import numpy as np

    from analysis.files.write_table import write_table
    from analysis.report.dataset import label
    from analysis.report.scores import scores, table_with_scores

    if asked.instrument is not None and (asked.method or asked.min_answered):
        raise ValueError("--method and --min-answered go with --items; the folder's key says them itself")
    if asked.table.exists() and asked.table.samefile(asked.file):
        raise ValueError(f"{asked.table} is the file of answers; name another one with --out")
    dataset = dataset_of(asked)
    say("scores", 0, 1)
    found = scores(dataset)
    write_table(table_with_scores(dataset, found), asked.table)
    lines = [*dataset.labels, f"{dataset.n} rows. {dataset.about}"]
    for name, scored in found.items():
        with_score = int((~np.isnan(scored.values)).sum())
        lines.append(f"{label(dataset, name)}: {with_score} of {dataset.n} rows have a score")
    return "\n".join([*lines, f"written to {asked.table}"]) + "\n"
