"""Commands on tables of answers: report, factor, response, retest, structure, invariance, fairness."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from analysis.report.model_commands import add_invariance, add_structure

FORMATS = ("text", "json", "html")
EXTRACTIONS = ("minres", "ml", "uls")
ROTATIONS = ("oblimin", "geomin", "promax", "varimax", "none")
CORRELATIONS = ("polychoric", "pearson")
RESPONSE_MODELS = (
    "graded",
    "generalised-partial-credit",
    "partial-credit",
    "rating-scale",
    "rasch",
    "rasch-rating-scale",
)
MATCHINGS = ("total", "rest", "theta")
FILE = "answers, one row a person: .csv, .tsv, .parquet, .sav, .zsav or .dta"
INSTRUMENT = "the questionnaire's folder"

Progress = Callable[[str, int, int], None]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 where what was asked or given cannot be used, with the reason on stderr."""
    asked = _parser().parse_args(arguments)
    # Products here are many and small: threads of BLAS would wait for each other, and for other programs.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    command: Callable[[argparse.Namespace, Progress], str] = asked.command
    say, clear = _progress(asked_for=asked.progress)
    try:
        page = command(asked, say)
        clear()
        if asked.out is None:
            sys.stdout.write(page)
        else:
            asked.out.write_text(page, encoding="utf-8")
    except BrokenPipeError:
        return 0
    except (OSError, ValueError) as error:
        clear()
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Judge a questionnaire by the answers to it.",
        epilog="`python -m analysis COMMAND --help` says what a command needs. Exit code 2: see the message.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_report(commands.add_parser)
    _add_factor(commands.add_parser)
    _add_response(commands.add_parser)
    _add_retest(commands.add_parser)
    add_structure(commands.add_parser, _add_common)
    add_invariance(commands.add_parser, _add_common)
    _add_fairness(commands.add_parser)
    return parser


def _add_report(add: Callable[..., argparse.ArgumentParser]) -> None:
    report = add(
        "report",
        help="everything that one table of answers can bear",
        description=(
            "Report on the answers to a form: how they are distributed, what is missing, reliability, "
            "correlations, dimensions, factors, scalability, and counts of careless answering."
        ),
    )
    report.add_argument("file", metavar="FILE", type=Path, help=FILE)
    report.add_argument("--instrument", metavar="FOLDER", type=Path, required=True, help=INSTRUMENT)
    _add_common(report, _report)


def _add_factor(add: Callable[..., argparse.ArgumentParser]) -> None:
    factor = add(
        "factor",
        help="the factors of a form's items, or of any columns",
        description="Find the factors of items, as many as asked for or as parallel analysis keeps.",
        epilog="example: python -m analysis factor answers.csv --items q1,q2,q3,q4,q5,q6 --factors 2",
    )
    factor.add_argument("file", metavar="FILE", type=Path, help=FILE)
    which = factor.add_mutually_exclusive_group(required=True)
    which.add_argument("--instrument", metavar="FOLDER", type=Path, help=INSTRUMENT)
    which.add_argument("--items", metavar="A,B,C", type=_names, help="columns as they stand, by name")
    factor.add_argument(
        "--factors", metavar="N", type=_positive, help="default: what parallel analysis keeps"
    )
    factor.add_argument("--rotation", choices=ROTATIONS, default="oblimin", help="default: oblimin")
    factor.add_argument("--extraction", choices=EXTRACTIONS, default="minres", help="default: minres")
    factor.add_argument(
        "--correlation", choices=CORRELATIONS, default="polychoric", help="default: polychoric"
    )
    _add_common(factor, _factor)


def _add_response(add: Callable[..., argparse.ArgumentParser]) -> None:
    response = add(
        "response",
        help="the response model of each scale of a form, or of any columns",
        description=(
            "Fit an item response model: estimates with their errors, fit of model, items and people, "
            "precision along the latent dimension, and people beside items."
        ),
        epilog="example: python -m analysis response answers.csv --items q1,q2,q3,q4,q5 --model graded",
    )
    response.add_argument("file", metavar="FILE", type=Path, help=FILE)
    which = response.add_mutually_exclusive_group(required=True)
    which.add_argument("--instrument", metavar="FOLDER", type=Path, help=INSTRUMENT)
    which.add_argument("--items", metavar="A,B,C", type=_names, help="columns as they stand, by name")
    response.add_argument(
        "--model",
        choices=RESPONSE_MODELS,
        default="graded",
        help="default: graded (of two categories the two-parameter logistic model); those that begin with "
        "rasch are fitted by conditional likelihood",
    )
    _add_common(response, _response)


def _add_retest(add: Callable[..., argparse.ArgumentParser]) -> None:
    retest = add(
        "retest",
        help="the same people on two occasions",
        description=(
            "Compare two tables of answers of the same people: intraclass correlations, error of "
            "measurement, smallest detectable change, limits of agreement, reliable change, and weighted "
            "kappa of every item."
        ),
    )
    retest.add_argument("first", metavar="FIRST", type=Path, help=FILE)
    retest.add_argument("second", metavar="SECOND", type=Path, help="the same, of the second occasion")
    retest.add_argument("--id", metavar="COLUMN", required=True, help="the column that names the people")
    retest.add_argument("--instrument", metavar="FOLDER", type=Path, required=True, help=INSTRUMENT)
    _add_common(retest, _retest)


def _add_fairness(add: Callable[..., argparse.ArgumentParser]) -> None:
    fairness = add(
        "fairness",
        help="whether items treat groups alike, and how far their scores are apart",
        description=(
            "Compare groups of people: ordinal logistic differential item functioning, Mantel-Haenszel "
            "within equal scores, what unfair items do to the scores, and the scores themselves."
        ),
        epilog="example: python -m analysis fairness answers.csv --items q1,q2,q3,q4 --group role",
    )
    fairness.add_argument("file", metavar="FILE", type=Path, help=FILE)
    which = fairness.add_mutually_exclusive_group(required=True)
    which.add_argument("--instrument", metavar="FOLDER", type=Path, help=INSTRUMENT)
    which.add_argument("--items", metavar="A,B,C", type=_names, help="the items of one scale, by column")
    fairness.add_argument("--group", metavar="COLUMN", required=True, help="the column that names the groups")
    fairness.add_argument("--reference", metavar="GROUP", help="the group that the others are compared with")
    fairness.add_argument(
        "--matching", choices=MATCHINGS, default="total", help="what people are matched by; default: total"
    )
    _add_common(fairness, _fairness)


def _add_common(
    parser: argparse.ArgumentParser, command: Callable[[argparse.Namespace, Progress], str]
) -> None:
    parser.add_argument("--form", metavar="ID", help="the form that was answered, where it cannot be told")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write there and not to the terminal")
    parser.add_argument(
        "--progress", action="store_true", help="say on stderr how far it is, even into a file"
    )
    parser.set_defaults(command=command)


def _names(said: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in said.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("name at least two columns, separated by commas")
    return names


def _positive(said: str) -> int:
    if not said.isdecimal() or int(said) < 1:
        raise argparse.ArgumentTypeError(f"{said!r} is no number of factors; give 1 or more")
    return int(said)


def _report(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.report.build import run
    from analysis.report.dataset import read_dataset
    from analysis.report.render import RENDERERS
    from instrument import load

    dataset = read_dataset(asked.file, load(asked.instrument), asked.form)
    return RENDERERS[asked.format](run(dataset, progress=say))


def _factor(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.report.factor_report import factoring, of_columns, of_instrument
    from analysis.report.render import RENDERERS

    items = (
        of_columns(asked.file, asked.items)
        if asked.items
        else of_instrument(asked.file, asked.instrument, asked.form)
    )
    found = factoring(
        items,
        n_factors=asked.factors,
        rotation=asked.rotation,
        extraction=asked.extraction,
        correlation=asked.correlation,
        progress=say,
    )
    return RENDERERS[asked.format](found)


def _response(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.report.render import RENDERERS
    from analysis.report.response_report import of_columns, of_instrument, response_report

    scales = (
        of_columns(asked.file, asked.items)
        if asked.items
        else of_instrument(asked.file, asked.instrument, asked.form)
    )
    return RENDERERS[asked.format](response_report(scales, model=asked.model, progress=say))


def _retest(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.report.render import RENDERERS
    from analysis.report.retest_report import retest

    found = retest(
        asked.first,
        asked.second,
        id_column=asked.id,
        folder=asked.instrument,
        form=asked.form,
        progress=say,
    )
    return RENDERERS[asked.format](found)


def _fairness(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.report.fairness_report import fairness, of_columns, of_instrument
    from analysis.report.render import RENDERERS

    grouped = (
        of_columns(asked.file, asked.items, asked.group)
        if asked.items
        else of_instrument(asked.file, asked.instrument, asked.form, asked.group)
    )
    found = fairness(grouped, matching=asked.matching, reference=asked.reference, progress=say)
    return RENDERERS[asked.format](found)


def _progress(*, asked_for: bool) -> tuple[Progress, Callable[[], None]]:
    """Return what says how far it is, and what takes that away again; silent where nobody is looking."""
    looking = sys.stderr.isatty()
    started = time.monotonic()

    def say(part: str, done: int, parts: int) -> None:
        if not (looking or asked_for):
            return
        spent = time.monotonic() - started
        left = (
            f"{done / spent:.1f} a second, about {spent / done * (parts - done):.0f} s left: " if done else ""
        )
        line = f"{done} of {parts} parts, {left}{part}"
        sys.stderr.write(f"\r\x1b[K{line}" if looking else f"{line}\n")
        sys.stderr.flush()

    def clear() -> None:
        if looking:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    return say, clear


if __name__ == "__main__":
    sys.exit(main())
