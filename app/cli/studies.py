"""The commands for studies: make, declare, describe, approve."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import Dir, Json, StudyId, serving, told_plainly

study_app = typer.Typer(help="Make a study and declare its units.", no_args_is_help=True)

Ask = Annotated[
    list[str] | None,
    typer.Option(
        help="A question to ask of the person, such as length; may be repeated.",
        show_default="the role of the other person alone",
    ),
]
RetireOn = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day the answers are deleted.")
]


@study_app.command("make")
def study_make(
    study: StudyId,
    title: Annotated[str, typer.Argument(help="What people and staff read as its name.")],
    instrument: Annotated[str, typer.Option(help="The instrument.")] = "ppiq",
    form: Annotated[
        str | None, typer.Option(help="The form of the instrument.", show_default="the only one, or a2")
    ] = None,
    k: Annotated[int, typer.Option(help="The smallest group of which anything is shown.", min=5)] = 10,
    people: Annotated[int | None, typer.Option(help="How many are expected to answer.", min=1)] = None,
    leaving: Annotated[
        str,
        typer.Option(
            help="What it gives out: reports; rows; 'rows with units'; of a research study also 'rows "
            "unwithheld'. Never both."
        ),
    ] = "reports",
    kind: Annotated[
        str, typer.Option(help="cohort, or research: rows alone, under ethics approval.")
    ] = "cohort",
    clusters: Annotated[
        bool, typer.Option(help="Codes made at once are of one cluster, such as a supervisor's people.")
    ] = False,
    special: Annotated[
        list[str] | None,
        typer.Option(help="What the law protects, such as self-age, under a purpose of its own; repeatable."),
    ] = None,
    ask: Ask = None,
    retire_on: RetireOn = None,
    population: Annotated[
        str,
        typer.Option(
            help="Of which population the people are, as evidence names it word for word: reports say "
            "more on evidence of this population alone.",
            show_default=False,
        ),
    ] = "",
    simulated: Annotated[bool, typer.Option(help="Its answers are made up.")] = False,
    directory: Dir = None,
) -> None:
    """Make a study. Its design is fixed when its first wave is prepared, its units when that opens.

    The questions about the person are refused where they may leave too many alone: see `study budget`.
    """
    from app import studies
    from app.db import write

    with serving(directory) as service, write(service.engine) as db:
        design = studies.Design(
            id=study,
            title=title,
            kind=kind,
            instrument=instrument,
            form=form or studies.usual_form(service, instrument),
            k=k,
            simulated=simulated,
            leaving=leaving,
            clusters=clusters,
            special=tuple(special or ()),
            context=tuple(ask) if ask else None,
            people=people,
            retire_on=retire_on.date() if retire_on else None,
            population=population,
        )
        studies.declare_study(service, db, design)
    typer.echo(f"made the study {study}; it gives out {leaving}")
    typer.echo(f"next: counterpoise study unit {study} UNIT TITLE")


@study_app.command("budget")
def study_budget(
    people: Annotated[int, typer.Option(help="How many are expected to answer.", min=1)],
    ask: Ask = None,
    form: Annotated[str, typer.Option(help="The form.")] = "a2",
    folder: Annotated[Path | None, typer.Option("--instrument", help="Another instrument's folder.")] = None,
    as_json: Json = False,
) -> None:
    """Say how many people the questions about the person may leave alone; exit with 1 if that is too many."""
    import instrument as instruments
    from app.errors import Refused
    from app.studies.anonymity import budget_of
    from app.studies.study import usual_context

    with told_plainly():
        found = instruments.load(folder) if folder else instruments.ppiq()
        if form not in found.forms:
            raise Refused(f"there is no form {form!r}; there is {', '.join(found.forms)}")
        budget = budget_of(found, form, ask or usual_context(found.forms[form]), people)
    if as_json:
        told = {"people": people, "combinations": budget.combinations, "alone": budget.alone}
        typer.echo(json.dumps({**told, "share": budget.share, "kept": budget.is_kept}))
    else:
        for each in budget.asked:
            typer.echo(f"{each.question:<16}  {each.answers:>3} answers, not saying included")
        typer.echo(budget.verdict)
    if not budget.is_kept:
        raise typer.Exit(1)


@study_app.command("describe")
def study_describe(
    study: Annotated[str | None, typer.Argument(metavar="STUDY", help="The study, such as demo.")] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file like that which --example prints.")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print an example, and do nothing else.")
    ] = False,
    directory: Dir = None,
) -> None:
    """Write what people read of a study before they agree: who runs it, why, how long, whom to ask."""
    from app.db import write
    from app.errors import Refused
    from app.studies import information, the_study

    if example:
        typer.echo(information.EXAMPLE.read_text("utf-8"), nl=False)
        return
    with serving(directory) as service, write(service.engine) as db:
        if study is None or file is None:
            raise Refused("name the study and the file; --example prints one to begin with")
        found = the_study(db, study)
        information.describe(service, db, found, information.read_file(file))
        unsaid = information.lacking(
            service.instruments[found.instrument].forms[found.form], the_study(db, study).information
        )
    typer.echo(f"nothing yet under: {', '.join(unsaid)}" if unsaid else f"{study} is described")


@study_app.command("approve")
def study_approve(
    study: StudyId,
    by: Annotated[str, typer.Option("--by", help="Your account, a host's or an operator's.")],
    ethics: Annotated[
        str | None,
        typer.Option(
            help="The reference of the ethics approval; the second person leaves it out to confirm."
        ),
    ] = None,
    directory: Dir = None,
) -> None:
    """Say under which ethics approval a research study gives out rows; then a second person confirms it."""
    from app.db import write
    from app.errors import Refused
    from app.staff.signed import Signed, has_role, signed
    from app.studies import release
    from app.studies.study import the_study

    who = Signed(name=by, password=typer.prompt(f"Password of {by}", hide_input=True))
    with serving(directory) as service, write(service.engine) as db:
        account = signed(db, who)
        if not (has_role(db, account, "host", study) or has_role(db, account, "operator")):
            raise Refused(f"{account.name!r} is neither a host of {study!r} nor an operator")
        if ethics is None:
            found = the_study(db, study)
            for name in release.CONFIRMED:
                typer.echo(f"{name}: {getattr(found, name)}")
            release.confirm_release(service, db, study, account.name)
        else:
            release.ask_release(service, db, study, ethics, account.name)
    typer.echo("confirmed" if ethics is None else "said: it opens when a second person has confirmed it")


@study_app.command("unit")
def study_unit(
    study: StudyId,
    unit: Annotated[str, typer.Argument(help="A short name for it, such as north.")],
    title: Annotated[str, typer.Argument(help="What people and staff read as its name.")],
    level: Annotated[str, typer.Option(help="unit, department or organisation.")] = "unit",
    parent: Annotated[str | None, typer.Option(help="The department or organisation it belongs to.")] = None,
    directory: Dir = None,
) -> None:
    """Declare a unit, department or organisation of a study, from the top of the tree down."""
    from app import studies
    from app.db import write

    with serving(directory) as service, write(service.engine) as db:
        studies.declare_unit(service, db, study, unit, title, level=level, parent=parent)
    typer.echo(f"declared the {level} {unit}")


@study_app.command("list")
def study_list(directory: Dir = None) -> None:
    """List the studies and the state of their waves. No count is shown of a wave that is open."""
    from sqlalchemy import select

    from app.db import read
    from app.tables import Study, Wave, table

    study, wave = table(Study).c, table(Wave).c
    listed = (
        select(study.id, wave.id, wave.state, wave.imported, study.title)
        .select_from(table(Study).outerjoin(table(Wave), wave.study == study.id))
        .order_by(study.id, wave.ordinal)
    )
    with serving(directory) as service, read(service.engine) as db:
        for name, wave_id, state, imported, title in db.execute(listed):
            said = f"{state or 'no wave'}{', imported' if imported else ''}"
            typer.echo(f"{name:<16}  {wave_id or '-':<20}  {said:<10}  {title}")
