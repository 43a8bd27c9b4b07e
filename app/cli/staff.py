"""The commands for people: the first operator, accounts and roles, tokens, the chain of what staff did."""

from typing import Annotated

import typer

from app.cli.console import Dir, serving

account_app = typer.Typer(help="Make accounts of staff and give them roles.", no_args_is_help=True)
audit_app = typer.Typer(help="Read and check what staff did.", no_args_is_help=True)

OfToken = Annotated[str, typer.Argument(metavar="ROLE", help="researcher or trainer.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]
RoleName = Annotated[str, typer.Argument(metavar="ROLE", help="host, researcher, trainer or operator.")]
OfStudy = Annotated[
    str,
    typer.Option(
        "--study", help="The study; * is an operator's whole service, or a host's leave to make some."
    ),
]
OfUnits = Annotated[
    list[str] | None,
    typer.Option("--unit", help="A unit whose reports a trainer reads; may be repeated.", show_default="all"),
]


def operator(name: Name, directory: Dir = None) -> None:
    """Make an operator, who makes the other accounts; prints a password for the first sign-in on /staff."""
    from app.db import write
    from app.staff import accounts
    from app.staff.permissions import EVERYWHERE

    with serving(directory) as service, write(service.engine) as db:
        password = accounts.make_account(service, db, name)
        accounts.give(service, db, name, "operator", EVERYWHERE)
    _show(name, password)


def token(
    role: OfToken,
    study: Annotated[str, typer.Option(help="The study it opens.")],
    days: Annotated[int, typer.Option(help="Days until it expires.", min=1, max=90)] = 30,
    directory: Dir = None,
) -> None:
    """Make a token for a researcher or a trainer. It is shown here only; they type it on the page /staff.

    A program sends it as `Authorization: Bearer`.
    """
    from app.db import write
    from app.staff import authorise

    with serving(directory) as service, write(service.engine) as db:
        typer.echo(authorise.make_token(service, db, role, study, days))


def revoke(
    role: OfToken,
    study: Annotated[str, typer.Option(help="The study that they open.")],
    directory: Dir = None,
) -> None:
    """End every token of a role for a study, from this moment on."""
    from app.db import write
    from app.staff import authorise

    with serving(directory) as service, write(service.engine) as db:
        ended = authorise.end_tokens(service, db, role, study)
    typer.echo(f"ended: {ended}")


@account_app.command("make")
def account_make(name: Name, directory: Dir = None) -> None:
    """Make an account; prints a password for the first sign-in on /staff."""
    from app.db import write
    from app.staff import accounts

    with serving(directory) as service, write(service.engine) as db:
        password = accounts.make_account(service, db, name)
    _show(name, password)


@account_app.command("renew")
def account_renew(name: Name, directory: Dir = None) -> None:
    """Begin an account anew after a lost password or device; its roles stay."""
    from app.db import write
    from app.staff import accounts

    with serving(directory) as service, write(service.engine) as db:
        password = accounts.renew_account(service, db, name)
    _show(name, password)


@account_app.command("stop")
def account_stop(name: Name, directory: Dir = None) -> None:
    """End an account: it signs in no more, from this moment on."""
    from app.db import write
    from app.staff import accounts

    with serving(directory) as service, write(service.engine) as db:
        accounts.stop_account(service, db, name)
    typer.echo(f"{name} is stopped")


@account_app.command("give")
def account_give(
    name: Name, role: RoleName, study: OfStudy, unit: OfUnits = None, directory: Dir = None
) -> None:
    """Give an account a role for a study."""
    from app.db import write
    from app.staff import accounts

    with serving(directory) as service, write(service.engine) as db:
        accounts.give(service, db, name, role, study, of=unit)
    typer.echo(f"{name} is {role} of {study}")


@account_app.command("withdraw")
def account_withdraw(name: Name, role: RoleName, study: OfStudy, directory: Dir = None) -> None:
    """Take a role of an account back."""
    from app.db import write
    from app.staff import accounts

    with serving(directory) as service, write(service.engine) as db:
        accounts.withdraw(service, db, name, role, study)
    typer.echo(f"{name} is no {role} of {study} any more")


@account_app.command("list")
def account_list(directory: Dir = None) -> None:
    """List the accounts with their roles."""
    from app.db import read
    from app.staff import accounts

    with serving(directory) as service, read(service.engine) as db:
        for each in accounts.accounts(db):
            roles = [
                f"{held.role} of {held.study}" + (f" ({', '.join(sorted(held.units))})" if held.units else "")
                for held in accounts.grants(db, each.id)
            ]
            state = "active" if each.active else "stopped"
            by = "  by the institution" if each.linked else ""
            typer.echo(f"{each.name:<24}  {state:<8}  {'; '.join(roles) or 'no role'}{by}")


@audit_app.command("verify")
def audit_verify(directory: Dir = None) -> None:
    """Check that no entry was changed, removed or swapped; exit with 1 if one was."""
    from app.audit import verify
    from app.db import read

    with serving(directory) as service, read(service.engine) as db:
        chain = verify(service.vault, db)
    if chain.broken_at is not None:
        typer.echo(f"BROKEN at entry {chain.broken_at}: it is not what was written")
        raise typer.Exit(1)
    deleted = f", the first {chain.deleted} deleted after their day" if chain.deleted else ""
    typer.echo(f"the chain holds: {chain.length} entries{deleted}, head {chain.head or 'none'}")
    typer.echo("keep the head elsewhere: only so can a cut tail be noticed", err=True)


@audit_app.command("list")
def audit_list(directory: Dir = None) -> None:
    """Print what staff did, oldest first."""
    from app.audit import events
    from app.db import read

    with serving(directory) as service, read(service.engine) as db:
        for entry in events(db):
            told = "  ".join(f"{name}: {value}" for name, value in entry.event.items() if name != "action")
            typer.echo(f"{entry.at:%Y-%m-%d %H:%M}  {entry.event['action']:<18}  {told}")


def _show(name: str, password: str) -> None:
    typer.echo(password)
    typer.echo(
        f"the password for the first sign-in of {name} on the page /staff, within seven days; "
        "it is shown here only",
        err=True,
    )
