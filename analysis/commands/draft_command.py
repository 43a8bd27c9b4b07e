"""`python -m analysis draft`: a questionnaire's folder from a table of answers."""

import argparse
from pathlib import Path

from analysis.commands.options import Add, Progress, add_command, add_file, add_items, dataset_of


def add_draft(add: Add) -> None:
    """Add the command `draft`."""
    draft = add(
        "draft",
        help="a questionnaire's folder from the columns of a file, to be worked on",
        description=(
            "Write a folder that loads at once: codes, words from value labels or heading rows, scales by "
            "what stands before the numbers, and a map of columns and codes for --map."
        ),
        epilog="example: python -m analysis draft answers.sav --items q1-q8 --reverse q3,q7 --out meetings",
    )
    add_file(draft)
    add_items(draft)
    draft.add_argument(
        "--out", dest="folder", metavar="FOLDER", type=Path, required=True, help="a folder not there yet"
    )
    add_command(draft, _draft)
    draft.set_defaults(out=None)


def _draft(asked: argparse.Namespace, say: Progress) -> str:
    import csv

    from analysis.report.drafting import drafted
    from analysis.report.named_answers import listed, words_of_codes
    from instrument import load
    from instrument.exchange.folder_files import write_files
    from instrument.exchange.plain_ids import plain_ids

    if asked.folder.exists():
        raise ValueError(f"{asked.folder} is there already; name another folder with --out")
    say("columns", 0, 1)
    dataset = dataset_of(asked)
    name = plain_ids([asked.folder.name])[asked.folder.name]
    draft = drafted(dataset, name, words=words_of_codes(asked.codes), marks=listed(asked.missing))
    write_files(draft.files, asked.folder, draft.remarks)
    load(asked.folder)
    own_map = asked.folder / "map.csv"
    with own_map.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("item", "column", "codes"), *draft.columns])
    return (
        f"{asked.folder}: {len(draft.columns)} items. {dataset.about}\n"
        f"try: python -m analysis alpha {asked.file} --instrument {asked.folder} --map {own_map}\n"
    )
