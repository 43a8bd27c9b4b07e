"""The commands for evidence: added by one operator, confirmed by another, withdrawn by any."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import Dir, serving, telling

if TYPE_CHECKING:
    from app.staff.signed import Signed

evidence_app = typer.Typer(
    help="Keep the registry of evidence, from which every claim is made.", no_args_is_help=True
)
By = Annotated[str, typer.Option("--by", help="Your account, an operator's; its password is asked for.")]
Seal = Annotated[str, typer.Argument(metavar="SEAL", help="The beginning of its seal, 8 characters or more.")]


@evidence_app.command("add")
def evidence_add(
    dossier: Annotated[Path, typer.Argument(metavar="DOSSIER", help="The folder that `validate` wrote.")],
    data: Annotated[list[str], typer.Argument(metavar="DATA", help="Its tables, as main=FILE panel=FILE.")],
    by: By,
    directory: Dir = None,
) -> None:
    """Examine a dossier, compute it again from its tables, and add it; a second operator then confirms."""
    from app.db import write
    from app.evidence import registry

    signed, parts = _signed(by), dict(_part(each) for each in data)
    with serving(directory) as service, telling() as tell, write(service.engine) as db:
        registry.add(
            service,
            db,
            dossier,
            parts,
            by=signed,
            progress=lambda _, done, of: tell("computing it again", done, of),
        )
    typer.echo("added: it opens nothing until a second operator confirms it (counterpoise evidence confirm)")


@evidence_app.command("confirm")
def evidence_confirm(evidence: Seal, by: By, directory: Dir = None) -> None:
    """Confirm evidence that another operator has added: its claims are made from now on."""
    from app.db import write
    from app.evidence import registry

    signed = _signed(by)
    with serving(directory) as service, write(service.engine) as db:
        registry.confirm(service, db, evidence, signed)
    typer.echo("confirmed")


@evidence_app.command("list")
def evidence_list(directory: Dir = None) -> None:
    """List all evidence with its state, and what it lets anybody say."""
    from app.db import read
    from app.evidence import claims, registry, standing

    with serving(directory) as service, read(service.engine) as db:
        for row, state in registry.listed(service, db):
            typer.echo(f"{row.seal[:16]}  {state}  {row.stage}  {claims.named(row)}")
            if state == standing.CONFIRMED:
                for line in claims.sentences(row):
                    typer.echo(f"    {line}")


@evidence_app.command("withdraw")
def evidence_withdraw(
    evidence: Seal,
    by: By,
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")],
    directory: Dir = None,
) -> None:
    """Withdraw evidence: every claim that rests on it lapses at once."""
    from app.db import write
    from app.evidence import registry

    signed = _signed(by)
    with serving(directory) as service, write(service.engine) as db:
        registry.withdraw(service, db, evidence, signed, reason)
    typer.echo("withdrawn")


def _signed(name: str) -> "Signed":
    from app.staff.signed import Signed

    return Signed(name=name, password=typer.prompt(f"Password of {name}", hide_input=True))


def _part(said: str) -> tuple[str, Path]:
    part, equals, file = said.partition("=")
    return (part, Path(file)) if equals else ("main", Path(said))
