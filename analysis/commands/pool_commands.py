"""`python -m analysis counts|pool`: joint counts of one site, and what those of several can bear."""

import argparse
from pathlib import Path

from analysis.commands.options import (
    Add,
    Page,
    Progress,
    add_answers,
    add_command,
    add_file,
    add_page,
    dataset_of,
)


def add_counts(add: Add) -> None:
    """Add the command `counts`."""
    counts = add(
        "counts",
        help="joint counts of one site, to be pooled with others without moving a row",
        description=(
            "Write how often each pair of answers was given together, so that several sites can be analysed "
            "as one. Small counts are not told; of the same answers make one file only."
        ),
        epilog="example: python -m analysis counts a.csv --instrument instrument/ppiq --out north.counts",
    )
    add_file(counts)
    add_answers(counts)
    counts.add_argument(
        "--smallest",
        metavar="N",
        type=_positive,
        default=5,
        help="the smallest count that is told; default: 5. 1 tells all: such a file is kept like rows",
    )
    counts.add_argument(
        "--out", dest="site", metavar="FILE", type=Path, required=True, help="a file not there yet"
    )
    add_command(counts, _counts)
    counts.set_defaults(out=None)


def add_pool(add: Add) -> None:
    """Add the command `pool`."""
    pool = add(
        "pool",
        help="what the joint counts of several sites can bear, together",
        description=(
            "Descriptives, reliability, polychoric correlations, dimensions, factors, confirmatory models by "
            "least squares, and invariance between sites, from files of counts; what needs rows is named."
        ),
        epilog="example: python -m analysis pool north.counts south.counts --format html --out pooled.html",
    )
    pool.add_argument("sites", metavar="FILE", type=Path, nargs="+", help="counts of one site each")
    pool.add_argument(
        "--against",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="other counts of the same sites: say how far each figure is from theirs, and nothing else",
    )
    add_page(pool, _pool)


def _positive(said: str) -> int:
    if not said.isdecimal() or int(said) < 1:
        raise argparse.ArgumentTypeError(f"{said!r} is no number of people; give 1 or more")
    return int(said)


def _counts(asked: argparse.Namespace, say: Progress) -> str:
    import numpy as np

    from analysis.disclosure.site_counts import protect
    from analysis.report.site_file import counts_of, site_text

    if asked.site.exists():
        raise ValueError(
            f"{asked.site} is there already. Two files of the same answers tell more than one: use the one "
            "there is, or delete it first if nobody has seen it"
        )
    dataset = dataset_of(asked)
    say("counts", 0, 1)
    told = protect(counts_of(dataset), np.random.default_rng(), smallest=asked.smallest)
    asked.site.write_text(site_text(dataset, told), encoding="utf-8")
    rule = (
        f"Counts below {told.smallest} are not told: {told.hidden} of pairs became 0 or {told.smallest} by "
        f"chance, {len(told.joined)} answers that fewer gave were joined to the one beside them."
        if told.smallest > 1
        else "The rule is off: this file can tell what single people answered. Keep it like rows."
    )
    return (
        "\n".join(
            [*dataset.labels, f"{told.counts.n} people. {dataset.about}", rule, f"written to {asked.site}"]
        )
        + "\n"
    )


def _pool(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.pool_changes import changes
    from analysis.report.pool_report import pool
    from analysis.report.render import RENDERERS
    from analysis.report.site_file import read_site

    found = pool([read_site(file) for file in asked.sites], progress=say)
    if asked.against:
        found = changes(found, pool([read_site(file) for file in asked.against], progress=say))
    return RENDERERS[asked.format](found)
