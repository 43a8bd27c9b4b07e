"""`python -m instrument check`, `lock`, `new`, `sheet`, `translate`, `export` and `import`."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from instrument.catalog import PPIQ, InstrumentError, load, load_unlocked
from instrument.exchange.example import new
from instrument.exchange.folder import write_folder
from instrument.exchange.folder_files import read_files, write_files
from instrument.exchange.formats import QUESTIONNAIRE_FORMATS, read_questionnaire
from instrument.exchange.sheet_files import read_sheets, write_sheets
from instrument.exchange.spreadsheet_export import sheets_of
from instrument.exchange.spreadsheet_form import files_of
from instrument.exchange.translation import new_record, original
from instrument.exchange.translators import export_table, import_table
from instrument.lock import digests, write
from instrument.nodes import Problem


def main(arguments: list[str] | None = None) -> int:
    """Run one command; exit code 1 where something is wrong, with each problem on stderr."""
    asked = _parser().parse_args(arguments)
    try:
        problems: Iterable[Problem] = asked.run(asked)
    except InstrumentError as error:
        problems = error.problems
    except OSError as error:
        problems = (Problem(str(error.filename), None, f"cannot be opened or written: {error.strerror}"),)
    said = [f"{problem}\n" for problem in problems]
    sys.stderr.writelines(said)
    return 1 if said else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m instrument", description="Questionnaires as data.")
    commands = parser.add_subparsers(required=True, metavar="check|lock|new|sheet|translate|export|import")
    check = commands.add_parser("check", help="print every problem, or the hashes")
    check.set_defaults(run=_check)
    lock = commands.add_parser("lock", help="write LOCK")
    lock.set_defaults(run=_lock)
    new_ = commands.add_parser("new", help="write an example to begin a questionnaire of one's own with")
    new_.set_defaults(run=_new)
    new_.add_argument("name", help="its id and, unless --out says another one, its folder")
    new_.add_argument("--out", type=Path, help="the folder")
    sheet = commands.add_parser("sheet", help="a form as a spreadsheet, and back")
    sheets = sheet.add_subparsers(required=True, metavar="export|import")
    sheet_out = sheets.add_parser("export", help="write a form as .xlsx, or as a folder of CSV files")
    sheet_out.set_defaults(run=_sheet_out)
    sheet_out.add_argument("folder", type=Path)
    sheet_out.add_argument("--form", help="its id, where there are several")
    sheet_out.add_argument("--out", required=True, type=Path, help="an .xlsx file, or a folder")
    sheet_in = sheets.add_parser(
        "import",
        help="write the folder that such a spreadsheet describes",
    )
    sheet_in.set_defaults(run=_sheet_in)
    sheet_in.add_argument(
        "sheets",
        type=Path,
        help="an .xlsx file, or a folder of CSV files",
    )
    sheet_in.add_argument("--out", required=True, type=Path, help="the folder, which is not there yet")
    translate = commands.add_parser("translate", help="words to translators and back")
    ways = translate.add_subparsers(required=True, metavar="export|import|record")
    out = ways.add_parser("export", help="write a table with a row for every sentence")
    out.set_defaults(run=_export)
    back = ways.add_parser("import", help="write the words that such a table holds; `lock` them afterwards")
    back.set_defaults(run=_import)
    back.add_argument("table", type=Path)
    record = ways.add_parser("record", help="begin the record of the steps that words have gone through")
    record.set_defaults(run=_record)
    for command in (check, lock, out, back, record):
        command.add_argument("folder", type=Path, nargs="?", default=PPIQ, help="the PPIQ if left out")
    for command in (out, record):
        command.add_argument("--form", required=True, help="a form's id, or: context, actions, claims")
        command.add_argument("--language", required=True, help="to translate into, as cy or pt-BR")
    out.add_argument("--out", required=True, type=Path, help="the table, as CSV")
    _add_exchange(commands)
    return parser


def _add_exchange(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    out = commands.add_parser(
        "export", help="write a form for other tools: FHIR, XLSForm, REDCap, LimeSurvey, JSON"
    )
    out.set_defaults(run=_export_questionnaire)
    out.add_argument("folder", type=Path, nargs="?", default=PPIQ, help="the PPIQ if left out")
    out.add_argument("--form", required=True, help="a form's id")
    out.add_argument("--language", required=True, help="one in which the form has words")
    out.add_argument(
        "--out", required=True, type=Path, help="the folder to write into; nothing is overwritten"
    )
    out.add_argument(
        "--only",
        choices=QUESTIONNAIRE_FORMATS,
        metavar="FILE",
        help=f"one instead of all: {', '.join(QUESTIONNAIRE_FORMATS)}",
    )
    back = commands.add_parser(
        "import", help="make an instrument of an XLSForm, a REDCap dictionary or a LimeSurvey structure"
    )
    back.set_defaults(run=_import_questionnaire)
    back.add_argument("file", type=Path, help=".xlsx (XLSForm), .csv (REDCap) or .txt (LimeSurvey)")
    back.add_argument("--out", required=True, type=Path, help="the folder to make, named as the instrument")
    back.add_argument("--language", help="of the file, by default the one that it states")


def _check(asked: argparse.Namespace) -> Iterable[Problem]:
    sys.stdout.write(json.dumps(digests(load(asked.folder)), indent=2) + "\n")
    return ()


def _lock(asked: argparse.Namespace) -> Iterable[Problem]:
    instrument = load_unlocked(asked.folder)
    problems = write(instrument)
    if not problems:
        sys.stdout.write(json.dumps(digests(instrument), indent=2) + "\n")
    return problems


def _new(asked: argparse.Namespace) -> Iterable[Problem]:
    folder = asked.out or Path(asked.name)
    new(asked.name, folder)
    sys.stdout.write(f"{folder}: change its files, then `python -m instrument check {folder}`\n")
    return ()


def _sheet_out(asked: argparse.Namespace) -> Iterable[Problem]:
    load_unlocked(asked.folder)
    write_sheets(sheets_of(read_files(asked.folder), asked.form), asked.out)
    return ()


def _sheet_in(asked: argparse.Namespace) -> Iterable[Problem]:
    if asked.out.exists():
        return (Problem(str(asked.out), None, "is there already; choose another folder"),)
    write_files(files_of(read_sheets(asked.sheets)), asked.out)
    load(asked.out)
    return ()


def _export(asked: argparse.Namespace) -> Iterable[Problem]:
    table = export_table(asked.folder, asked.form, asked.language)
    asked.out.write_text(table, "utf-8-sig", newline="")
    return ()


def _import(asked: argparse.Namespace) -> Iterable[Problem]:
    sys.stdout.write(f"{import_table(asked.folder, asked.table)}\n")
    return ()


def _record(asked: argparse.Namespace) -> Iterable[Problem]:
    sys.stdout.write(f"{new_record(original(asked.folder, asked.form), asked.language)}\n")
    return ()


def _export_questionnaire(asked: argparse.Namespace) -> Iterable[Problem]:
    """Write all files, or none where one is refused or would replace a file with another content."""
    instrument = load(asked.folder)
    files: dict[Path, bytes] = {}
    problems: list[Problem] = []
    for name in [asked.only] if asked.only else QUESTIONNAIRE_FORMATS:
        try:
            files[asked.out / name] = QUESTIONNAIRE_FORMATS[name](instrument, asked.form, asked.language)
        except InstrumentError as error:
            problems += error.problems
    for file, content in files.items():
        if file.exists() and file.read_bytes() != content:
            problems.append(Problem(str(file), None, "this is there with another content: name a new folder"))
    if problems:
        return dict.fromkeys(problems)
    asked.out.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        file.write_bytes(content)
        sys.stdout.write(f"{file}\n")
    return ()


def _import_questionnaire(asked: argparse.Namespace) -> Iterable[Problem]:
    read, left_aside = read_questionnaire(asked.file, asked.language)
    lacking = write_folder(read, asked.out)
    items = sum(question.is_item for question in read.questions)
    sys.stdout.write(f"{asked.out}: {items} items of {len(read.questions)} questions; it loads\n")
    sys.stdout.writelines(f"{remark}\n" for remark in (*left_aside, *lacking))
    return ()


if __name__ == "__main__":
    sys.exit(main())
