"""The commands for what hosts bring: read it, then publish or refuse it."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import Dir, serving

instrument_app = typer.Typer(
    help="Read the questionnaires that hosts bring; publish or refuse them.", no_args_is_help=True
)

Brought = Annotated[str, typer.Argument(metavar="ID", help="As `counterpoise instrument list` names it.")]


@instrument_app.command("list")
def instrument_list(directory: Dir = None) -> None:
    """List the questionnaires that are asked here, and what hosts have brought."""
    from app.db import read
    from app.hosted.brought import all_brought

    with serving(directory) as service, read(service.engine) as db:
        for each in service.instruments.values():
            typer.echo(f"{'':<12}  {'installed':<11}  {each.id:<26}  {each.title}")
        for brought in all_brought(db):
            told = f"{brought.id:<12}  {brought.state:<11}  {brought.instrument:<26}  {brought.title}"
            typer.echo(f"{told}  (brought by {brought.host})")


@instrument_app.command("show")
def instrument_show(brought: Brought, directory: Dir = None) -> None:
    """Print all that a questionnaire says, to be read before it is published."""
    from app.db import read
    from app.hosted.brought import the_brought
    from app.hosted.reading_aloud import lines

    with serving(directory) as service, read(service.engine) as db:
        typer.echo("\n".join(lines(the_brought(db, brought))))


@instrument_app.command("publish")
def instrument_publish(brought: Brought, directory: Dir = None) -> None:
    """Put a questionnaire that was handed over among the others, and lock it: it never changes again."""
    from app.db import write
    from app.hosted.brought import publish, the_brought

    with serving(directory) as service, write(service.engine) as db:
        folder = publish(service, db, the_brought(db, brought))
    typer.echo(f"published and locked: {folder}")
    typer.echo(
        "services that read this folder offer it from now on; a service on another computer needs a copy"
    )


@instrument_app.command("compose")
def instrument_compose(
    file: Annotated[
        Path,
        typer.Argument(metavar="BATTERY", help="A file of its parts and their order: docs/validation.md."),
    ],
    directory: Dir = None,
) -> None:
    """Compose a battery of forms that are installed into one form, and put it among the others, locked."""
    from app.audit import audit
    from app.db import write
    from app.hosted.brought import put_on_shelf
    from instrument.catalog import of_texts
    from instrument.exchange.battery import compose, read_battery

    with serving(directory) as service, write(service.engine) as db:
        files = compose(read_battery(file), service.instruments)
        made = of_texts(files)
        folder = put_on_shelf(service, made, files)
        [form] = made.forms.values()
        audit(service.vault, db, {"action": "battery composed", "questionnaire": made.id, "form": form.hash})
    typer.echo(f"composed and locked: {folder}")


@instrument_app.command("refuse")
def instrument_refuse(
    brought: Brought,
    reason: Annotated[str, typer.Option(help="Why; its host reads it.")],
    directory: Dir = None,
) -> None:
    """Refuse a questionnaire that was handed over, and say why."""
    from app.db import write
    from app.hosted.brought import refuse, the_brought

    with serving(directory) as service, write(service.engine) as db:
        refuse(service, db, the_brought(db, brought), reason)
    typer.echo("refused; its host reads why")
