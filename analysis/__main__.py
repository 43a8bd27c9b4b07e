"""`python -m analysis report FILE --instrument FOLDER`: what a table of answers can bear."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

FORMATS = ("text", "json", "html")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 where what was asked or given cannot be used, with the reason on stderr."""
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], str] = asked.command
    try:
        page = command(asked)
        if asked.out is None:
            sys.stdout.write(page)
        else:
            asked.out.write_text(page, encoding="utf-8")
    except BrokenPipeError:
        return 0
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="Judge a questionnaire by the answers to it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report",
        help="reliability, item statistics and missing answers of every scale",
        description="Report reliability, item statistics and missing answers of every scale of a form.",
    )
    report.add_argument("file", metavar="FILE", type=Path, help="answers, one row a person: a CSV file")
    report.add_argument(
        "--instrument", metavar="FOLDER", type=Path, required=True, help="the questionnaire's folder"
    )
    report.add_argument("--form", metavar="ID", help="the form that was answered, where it cannot be told")
    report.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    report.add_argument("--out", metavar="FILE", type=Path, help="write there and not to the terminal")
    report.set_defaults(command=_report)
    return parser


def _report(asked: argparse.Namespace) -> str:
    from analysis.dataset import read_dataset
    from analysis.render import RENDERERS
    from analysis.study import run
    from instrument import load

    dataset = read_dataset(asked.file, load(asked.instrument), asked.form)
    study = run(dataset, progress=lambda part, *_: _progress(f"{part} …"))
    _progress("")
    return RENDERERS[asked.format](study)


def _progress(words: str) -> None:
    """Say what is being computed where somebody is looking; the next words take the place of these."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{words}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
