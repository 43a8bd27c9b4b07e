"""Arguments that several commands take, such as the answers and where the page goes, each declared once."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from analysis.report.dataset import Dataset
    from analysis.report.folder_answers import FolderDataset
    from analysis.report.named_answers import Named

Progress = Callable[[str, int, int], None]
Page = str | bytes
Command = Callable[[argparse.Namespace, Progress], Page]
Add = Callable[..., argparse.ArgumentParser]

FORMATS: Final = ("text", "json", "html", "latex", "docx")
FILE: Final = "answers, one row a person: .csv, .tsv, .txt, .xlsx, .parquet, .feather, .sav, .zsav or .dta"
FOLDER: Final = "a folder of Parquet files, or an address that fsspec opens (s3://bucket/answers)"
ENGINES: Final = ("threads", "dask", "spark")
ITEMS: Final = "columns: names, ranges (q1-q8), beginnings (q*); in quotes where a name holds a comma"


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the file of answers."""
    parser.add_argument("file", metavar="FILE", type=Path, help=FILE)


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add the file of answers, or a folder of Parquet files and the engine that counts it."""
    parser.add_argument("file", metavar="FILE", type=_place, help=f"{FILE}; or {FOLDER}")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        help="with a folder, who counts it: threads of this machine (default), or workers of Dask or Spark, "
        "which need this package",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask's scheduler (tcp://host:8786) or Spark's master; by default one is started here",
    )


def _place(said: str) -> Path | str:
    """Return a path, or an address as it was said, whose slashes a path would join."""
    return said if "://" in said else Path(said)


def is_counted(asked: argparse.Namespace) -> bool:
    """Return whether a folder is to be counted; ValueError where an engine is named and there is none."""
    from analysis.files.parquet_parts import is_folder

    if asked.scheduler is not None and not asked.scheduler.strip():
        raise ValueError("--scheduler names no address; give one (tcp://host:8786), or leave it out")
    folder = is_folder(asked.file)
    if (asked.engine or asked.scheduler) and not folder:
        raise ValueError(
            f"--engine and --scheduler count a folder of Parquet files, and {asked.file} is none; leave them "
            "out, or name the folder"
        )
    return folder


def folder_of(asked: argparse.Namespace, say: Progress, *, items: str | None = None) -> "FolderDataset":
    """Return the answers of the folder that was asked for, all of them counted; `items` as `dataset_of`."""
    from analysis.report.folder_answers import Folder, read_fitted_folder, read_named_folder

    folder = Folder(
        place=asked.file,
        engine=asked.engine or "threads",
        scheduler=asked.scheduler or "",
        progress=say,
    )
    named = _named(asked, items)
    if named is not None:
        return read_named_folder(folder, named)
    if asked.map:
        raise ValueError("--map is for single files: name the columns of a folder as their items")
    from instrument import load

    return read_fitted_folder(folder, load(asked.instrument), asked.form)


def add_answers(parser: argparse.ArgumentParser, *, model: bool = False) -> None:
    """Add which of the file's columns are answers, and how they are read: by a folder, or by their names."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--instrument", metavar="FOLDER", type=Path, help="the questionnaire's folder")
    which.add_argument("--items", metavar="NAMES", help=ITEMS)
    if model:
        which.add_argument("--model", metavar="FILE", type=Path, help="a model in lavaan's notation")
    parser.add_argument("--form", metavar="ID", help="the form that was answered, where it cannot be told")
    parser.add_argument(
        "--map",
        metavar="FILE",
        type=Path,
        help="with --instrument: a CSV of item, column and codes (A1=1 A2=2)",
    )
    _add_reading(parser, "with --items: ")


def add_items(parser: argparse.ArgumentParser) -> None:
    """Add columns chosen by their names alone, and how they are read."""
    parser.add_argument("--items", metavar="NAMES", required=True, help=ITEMS)
    _add_reading(parser, "")
    parser.set_defaults(instrument=None, form=None, map=None)


def _add_reading(parser: argparse.ArgumentParser, when: str) -> None:
    parser.add_argument("--reverse", metavar="NAMES", default="", help=f"{when}those to be turned round")
    parser.add_argument(
        "--codes",
        metavar="CODES",
        default="",
        help=f"{when}the answers there can be, lowest first: 1-5, or words parted by commas, "
        "which count from 1 unless they have codes (0=Never,1=Often)",
    )
    parser.add_argument(
        "--missing", metavar="MARKS", default="", help=f'{when}codes and marks of no answer: 9,99,"?"'
    )


def add_group(parser: argparse.ArgumentParser, *, required: bool, words: str) -> None:
    """Add the column of groups."""
    parser.add_argument("--group", metavar="COLUMN", required=required, help=words)


def add_page(parser: argparse.ArgumentParser, command: Command) -> None:
    """Add the format of the page and where it goes, and set the function that writes it."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="default: text; latex and docx are tables for a manuscript",
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="write there and not to the terminal")
    add_command(parser, command)


def add_command(parser: argparse.ArgumentParser, command: Command) -> None:
    """Add what every command takes, and set the function that runs it."""
    parser.add_argument(
        "--progress", action="store_true", help="say on stderr how far it is, even into a file"
    )
    parser.set_defaults(command=command)


def dataset_of(asked: argparse.Namespace, file: Path | None = None, *, items: str | None = None) -> "Dataset":
    """Return the answers that were asked for; ValueError where two options exclude each other.

    `file` and `items` replace those of the command line.
    """
    path = asked.file if file is None else file
    named = _named(asked, items)
    if named is not None:
        from analysis.report.named_answers import read_named

        return read_named(path, named)
    from analysis.report.fitted import read_dataset
    from instrument import load

    return read_dataset(path, load(asked.instrument), asked.form, map_file=asked.map)


def _named(asked: argparse.Namespace, items: str | None) -> "Named | None":
    """Return the columns that were named, None where there is a questionnaire's folder instead."""
    if asked.instrument is None:
        if asked.form or asked.map:
            raise ValueError("--form and --map go with --instrument; with --items leave them out")
        from analysis.report.named_answers import Named

        return Named(
            items=asked.items if items is None else items,
            reverse=asked.reverse,
            codes=asked.codes,
            missing=asked.missing,
            method=getattr(asked, "method", None) or "mean",
            min_answered=getattr(asked, "min_answered", None),
        )
    if asked.reverse or asked.codes or asked.missing:
        raise ValueError(
            "--reverse, --codes and --missing go with --items; a folder says what is turned round and which "
            "codes there are, and its map (--map) what is no answer, as 9=-88 among the codes of a column"
        )
    return None


def occasions_of(asked: argparse.Namespace) -> tuple["Dataset", "Dataset"]:
    """Return the answers of two files with the same items and the same codes."""
    if asked.instrument is None and not asked.codes:
        # A code that nobody gave on one occasion may stand on the other, so each occasion gets the codes of
        # both.
        found = (dataset_of(asked, file).form.scales["answers"].codes for file in (asked.first, asked.second))
        asked.codes = ",".join(f"{code:g}" for code in sorted({code for codes in found for code in codes}))
    first = dataset_of(asked, asked.first)
    if asked.form is None and asked.instrument is not None:
        asked.form = first.form.id
    return first, dataset_of(asked, asked.second)
