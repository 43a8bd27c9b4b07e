"""The commands that delete for good what has outlived its day: a study, and the beginning of the trail."""

from datetime import datetime
from typing import Annotated

import typer

from app.cli.console import Dir, at_work, serving

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def study_delete(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The study, such as demo.")],
    yes: Yes = False,
    directory: Dir = None,
) -> None:
    """Delete a study for good: one that has no wave, or of whose waves all answers are deleted.

    Its reports, units, hashes of codes, roles and tokens go with it; the trail stays until its own day.
    """
    from app.closing import deleting, maintenance
    from app.db import write

    if not yes:
        typer.confirm(f"delete {study} with its reports, for good?", abort=True)
    with serving(directory) as service:
        with write(service.engine) as db:
            deleting.delete_study(service, db, study)
        typer.echo(f"{study} is deleted; what was given out of it is with those who have it")
        with at_work("rewriting the files"):
            left = maintenance.rewrite_files(service)
        _tell(left)


def audit_delete(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="A day, at least a year ago: lines from before it.")
    ],
    yes: Yes = False,
    directory: Dir = None,
) -> None:
    """Delete the beginning of the trail for good, up to the first line of a study that is still there."""
    from app.closing import deleting, maintenance
    from app.db import write

    if not yes:
        typer.confirm(f"delete what the trail says of the time before {before:%Y-%m-%d}?", abort=True)
    with serving(directory) as service:
        with write(service.engine) as db:
            lines = deleting.delete_trail(service, db, before.date())
        typer.echo(f"{lines} lines are deleted; the rest can be verified as before")
        with at_work("rewriting the files"):
            left = maintenance.rewrite_files(service)
        _tell(left)


def _tell(left: list[str]) -> None:
    for each in left:
        typer.echo(f"may remain in the files: {each}", err=True)
