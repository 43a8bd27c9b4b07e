"""The commands that keep a service: its backups, putting one back, and another secret."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import Dir, cleared_when_stopped, serving, settings_of, told_plainly

secret_app = typer.Typer(help="The secret of the service.", no_args_is_help=True)
KeyFile = Annotated[Path, typer.Option("--key", help="The file that `counterpoise backup-key` made.")]


def backup_key(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, kept elsewhere than here.")],
) -> None:
    """Make the key that opens backups, and print the public half, which is COUNTERPOISE_BACKUP_KEY."""
    from app.operations.backup import new_key

    with told_plainly():
        typer.echo(new_key(out))
    typer.echo(f"keep {out} away from this computer, and twice: without it no backup opens", err=True)


def backup(
    out: Annotated[Path, typer.Option(help="The file to write; nothing is overwritten.")],
    directory: Dir = None,
) -> None:
    """Write a backup while people answer, encrypted to COUNTERPOISE_BACKUP_KEY, and read it again."""
    from app.operations.backup import write_backup

    with cleared_when_stopped(), serving(directory, migrated=False) as service:
        about = write_backup(service, out)
    typer.echo(f"{out}: {about.engine}, schema {about.schema}, opened again and compared")
    if about.entries is None:
        typer.echo("no ledger is kept: what ends from now on comes back with this backup", err=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    key: KeyFile,
    verify: Annotated[
        bool, typer.Option("--verify", help="Look at the backup alone; restore nothing.")
    ] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring an older schema to this version.")
    ] = False,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Go on without the ledger, or with one that lacks entries.")
    ] = False,
    directory: Dir = None,
) -> None:
    """Put a backup back where nothing is, and end again what had ended since, as the ledger says.

    The secret that was used then must be in its place; a backup does not hold it.
    """
    from app.operations.backup import read_keys
    from app.operations.restore import restore as put_back

    with cleared_when_stopped(), told_plainly():
        told = put_back(
            settings_of(directory),
            file,
            read_keys(key),
            incomplete=incomplete,
            migrating=migrate,
            verifying=verify,
        )
    typer.echo("\n".join(told))
    typer.echo("verified: nothing was restored" if verify else "restored; now: counterpoise doctor --strict")


@secret_app.command("rotate")
def secret_rotate(
    new: Annotated[Path, typer.Argument(metavar="FILE", help="The file for the new secret.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without, FILE is made and it is told what would be done.")
    ] = False,
    directory: Dir = None,
) -> None:
    """Put another secret in the place of one that somebody may have read; stop the service first.

    No collection may be open. The database is put under the new secret; you put its file in the place of the
    old one.
    """
    from app.operations.rotation import prepare, rotate

    with serving(directory, migrated=not yes) as service:
        if not yes:
            typer.echo("\n".join(prepare(service, new)))
            typer.echo(
                f"nothing was changed; {new} holds the new secret: keep it, make a backup, then add --yes"
            )
            return
        typer.echo("\n".join(rotate(service, new)))
    typer.echo(f"now put {new} in the place of the old secret, and make a backup")
