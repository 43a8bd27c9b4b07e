"""`python -m analysis expert-sheets|experts`: sheets for a panel, and what it says of the items."""

import argparse
from pathlib import Path

from analysis.commands.options import Add, Page, Progress, add_command, add_page


def add_expert_sheets(add: Add) -> None:
    """Add the command `expert-sheets`."""
    command = add(
        "expert-sheets",
        help="sheets on which experts and people with lived experience judge the items",
        description=(
            "Write a folder with the sheet of a panel as a spreadsheet and as a page (for a browser without "
            "a network, or for paper), and a table for what is decided afterwards."
        ),
        epilog="example: python -m analysis expert-sheets --instrument instrument/ppiq --form a2 --out panel",
    )
    _add_form(command)
    command.add_argument(
        "--out", dest="folder", metavar="FOLDER", type=Path, required=True, help="a folder not there yet"
    )
    add_command(command, _sheets)
    command.set_defaults(out=None)


def add_experts(add: Add) -> None:
    """Add the command `experts`."""
    command = add(
        "experts",
        help="what a panel says of the items: content validity, by role, with comments and decisions",
        description=(
            "Read the filled sheets of a panel: I-CVI, S-CVI/Ave and UA, modified kappa, CVR with exact "
            "critical values, agreement of sorting, by the raters' position, with comments and decisions."
        ),
        epilog="example: python -m analysis experts filled/*.xlsx --instrument instrument/ppiq --form a2",
    )
    command.add_argument(
        "sheets", metavar="SHEET", type=Path, nargs="+", help="a filled sheet: .xlsx, or .csv from the page"
    )
    _add_form(command)
    command.add_argument(
        "--decisions", metavar="FILE", type=Path, help="a table of item, decision and reason"
    )
    command.add_argument(
        "--table",
        metavar="FILE",
        type=Path,
        help="write the judgements there too, a row for each item and rater: .csv, .xlsx, .parquet, .sav",
    )
    add_page(command, _experts)


def _add_form(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--instrument", metavar="FOLDER", type=Path, required=True, help="the questionnaire's folder"
    )
    command.add_argument("--form", metavar="ID", required=True, help="the form that is judged")
    command.add_argument(
        "--pool", action="store_true", help="with the sentences that are in no form yet (history/pool.yaml)"
    )


def _sheets(asked: argparse.Namespace, say: Progress) -> str:
    from analysis.content_validity.page import page
    from analysis.content_validity.sheet import panel_sheet
    from analysis.content_validity.workbook import workbook
    from analysis.report.panel_tables import empty_decisions
    from instrument import load

    if asked.folder.exists():
        raise ValueError(f"{asked.folder} is there already; name another folder with --out")
    say("sheets", 0, 1)
    sheet = panel_sheet(load(asked.instrument), asked.form, with_pool=asked.pool)
    files = {
        "sheet.xlsx": workbook(sheet),
        "sheet.html": page(sheet).encode(),
        "decisions.csv": empty_decisions(each.item for each in sheet.by_facet).encode(),
    }
    asked.folder.mkdir(parents=True)
    for name, content in files.items():
        (asked.folder / name).write_bytes(content)
    pool = " --pool" if asked.pool else ""
    return (
        f"{asked.folder}: sheet {sheet.code}, {len(sheet.statements)} sentences, as {', '.join(files)}\n"
        f"then: python -m analysis experts FILLED... --instrument {asked.instrument} "
        f"--form {asked.form}{pool} --decisions {asked.folder / 'decisions.csv'}\n"
    )


def _experts(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.content_validity.reading import read_sheets
    from analysis.content_validity.sheet import panel_sheet
    from analysis.files.write_table import write_table
    from analysis.report.panel_report import panel_report
    from analysis.report.panel_tables import judgements_table, read_decisions
    from analysis.report.render import RENDERERS
    from instrument import load

    instrument = load(asked.instrument)
    sheet = panel_sheet(instrument, asked.form, with_pool=asked.pool)
    say("sheets", 0, 2)
    raters = read_sheets(asked.sheets, sheet)
    items = [each.item for each in sheet.statements]
    decisions = read_decisions(asked.decisions, items) if asked.decisions else {}
    if asked.table:
        write_table(judgements_table(raters, sheet), asked.table)
    say("figures", 1, 2)
    return RENDERERS[asked.format](panel_report(instrument, sheet, raters, decisions))
