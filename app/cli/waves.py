"""The commands for the waves of a study: make, pair, open, import, pause, close, retire."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import Dir, StudyId, WaveId, at_work, serving

wave_app = typer.Typer(help="Open, pause, close and retire the waves of a study.", no_args_is_help=True)


@wave_app.command("make")
def wave_make(
    study: StudyId,
    items_per_page: Annotated[int | None, typer.Option(help="Questions on a page.", min=1)] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            help="A language in which it may be answered; may be repeated.", show_default="all that there are"
        ),
    ] = None,
    directory: Dir = None,
) -> None:
    """Prepare the next wave of a study."""
    from app.db import write
    from app.languages import LANGUAGES
    from app.studies import waves

    with serving(directory) as service, write(service.engine) as db:
        wave = waves.make_wave(
            service, db, study, items_per_page=items_per_page, languages=language or LANGUAGES
        )
    typer.echo(wave)


@wave_app.command("pair")
def wave_pair(
    earlier: Annotated[str, typer.Argument(metavar="EARLIER", help="The wave that is asked first.")],
    later: Annotated[str, typer.Argument(metavar="LATER", help="The other; it may be prepared later.")],
    days: Annotated[
        str | None,
        typer.Option(
            help="The fewest and the most days between a person's answers, such as 10-21 for a retest. "
            "LATER opens no earlier; exports say how many it was."
        ),
    ] = None,
    directory: Dir = None,
) -> None:
    """Link two waves by a code that people make from their own words. Say so before the earlier one opens."""
    from app.db import write
    from app.studies.paired_waves import pair_waves, read_days

    with serving(directory) as service, write(service.engine) as db:
        pair_waves(service, db, earlier, later, None if days is None else read_days(days))
    typer.echo(
        f"{earlier} and {later} will be linked when {later} closes. Each opens from 30 codes and is exported "
        "without context or unit: those of two times together could tell who somebody is"
    )


@wave_app.command("open")
def wave_open(
    wave: WaveId,
    confirm: Annotated[
        list[str] | None,
        typer.Option(
            help="What you have made sure of, once for each: `units`, none is the people of one supervisor; "
            "`people`, the list of people to talk to is right."
        ),
    ] = None,
    directory: Dir = None,
) -> None:
    """Open a wave: from now on the units of its study are locked, as its design is already."""
    from app.db import write
    from app.studies import waves

    with serving(directory) as service, write(service.engine) as db:
        state = waves.open_wave(service, db, wave, confirmed=confirm or ())
    typer.echo(f"{wave} is {state}")


@wave_app.command("import")
def wave_import(
    wave: WaveId,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Answers, one row a person: CSV, Excel, SPSS, Stata ...")
    ],
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map", metavar="MAP", help="A CSV of item, column and codes: docs/own-questionnaire.md."
        ),
    ] = None,
    directory: Dir = None,
) -> None:
    """Fill a prepared wave with answers that were given elsewhere: all rows of a file, or none.

    Nothing is written where a row stands in the way; all such rows are listed. The wave opens, is marked as
    imported everywhere, and is closed like any other.
    """
    from app.operations.wave_import import import_wave

    with serving(directory) as service:
        with at_work("reading the file"):
            count, notes = import_wave(service, wave, file, map_file)
        typer.echo(f"{wave} is open, with {count} answers from {file}")
        for note in notes:
            typer.echo(note)
        typer.echo(
            "the file stays where it is, and says who answered what: keep or delete it as was promised"
        )
        typer.echo(f"next: counterpoise wave close {wave}")


@wave_app.command("pause")
def wave_pause(wave: WaveId, directory: Dir = None) -> None:
    """Stop a wave at once; what people have saved is kept."""
    _change("pause_wave", wave, directory)


@wave_app.command("resume")
def wave_resume(wave: WaveId, directory: Dir = None) -> None:
    """Go on with a paused wave."""
    _change("resume_wave", wave, directory)


@wave_app.command("close")
def wave_close(
    wave: WaveId,
    now: Annotated[bool, typer.Option("--now", help="At once, for demonstrations and tests.")] = False,
    directory: Dir = None,
) -> None:
    """Announce the end of a wave 24 hours ahead; then its answers are mixed and its report is made, once."""
    from app import runtime as clock
    from app.closing import maintenance
    from app.db import read, write
    from app.studies import waves
    from app.tables import CLOSED

    with serving(directory) as service:
        at = clock.now() + (timedelta() if now else waves.ANNOUNCED)
        with write(service.engine) as db:
            waves.announce_close(service, db, wave, at)
        if now:
            try:
                with at_work("mixing the answers and making the report"):
                    done = maintenance.run_due_tasks(service)
            finally:  # what goes wrong may be another wave's
                with read(service.engine) as db:
                    if waves.the_wave(db, wave).state == CLOSED:
                        typer.echo(f"{wave} is closed")
            _tell_out_of_reach(done.out_of_reach)
        else:
            typer.echo(f"{wave} takes answers until {at:%Y-%m-%d %H:%M} UTC")


@wave_app.command("run-due-tasks")
@wave_app.command("tend", hidden=True)  # its name until 0.1
def wave_run_due_tasks(directory: Dir = None) -> None:
    """Close waves that are due; delete old drafts, and answers whose day has come; `serve` does so, too."""
    from app.closing import maintenance

    with serving(directory) as service:
        with at_work("doing what is due"):
            done = maintenance.run_due_tasks(service)
        _tell_out_of_reach(done.out_of_reach)


@wave_app.command("retire")
def wave_retire(
    wave: WaveId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    directory: Dir = None,
) -> None:
    """Delete the responses of a closed wave for good; what was given out stays."""
    from app.closing import maintenance

    if not yes:
        typer.confirm(f"delete the answers of {wave} for good?", abort=True)
    with serving(directory) as service:
        maintenance.retire(service, wave)
    typer.echo(f"{wave} is retired: its responses are gone; what was given out stays")


def _tell_out_of_reach(left: Sequence[str]) -> None:
    if left:
        typer.echo(
            f"the database's log may still link answers with codes: {'; '.join(left)}. "
            "`counterpoise doctor` says how to mend it",
            err=True,
        )


def _change(change: str, wave: str, directory: Path | None) -> None:
    from app.db import write
    from app.studies import waves

    with serving(directory) as service, write(service.engine) as db:
        state = getattr(waves, change)(service, db, wave)
    typer.echo(f"{wave} is {state}")
