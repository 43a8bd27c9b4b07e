"""The command `counterpoise`: everything a host does that needs no browser.

Imports wait until a command runs, so that help answers at once.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import Dir, Json, WaveId, serving, settings_of, telling, told_plainly
from app.cli.deleting import audit_delete, study_delete
from app.cli.evidence import evidence_app
from app.cli.instruments import instrument_app
from app.cli.keeping import backup, backup_key, restore, secret_app
from app.cli.staff import account_app, audit_app, operator, revoke, token
from app.cli.studies import study_app
from app.cli.waves import wave_app

# Set before NumPy loads: the server's threads share the processors, so more threads for one product slow all
# of them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="counterpoise",
    help="Ask people how a working relationship is for them, keep them safe, and learn from many answers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(study_app, name="study")
app.add_typer(wave_app, name="wave")
app.add_typer(instrument_app, name="instrument")
app.add_typer(account_app, name="account")
app.add_typer(audit_app, name="audit")
app.add_typer(evidence_app, name="evidence")
app.add_typer(secret_app, name="secret")
study_app.command("delete")(study_delete)
audit_app.command("delete")(audit_delete)
for command in (operator, token, revoke, backup_key, backup, restore):
    app.command()(command)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Folder to make the demonstration in.")] = Path(
        "demo"
    ),
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.", min=1, max=65535)] = 8000,
    as_json: Json = False,
) -> None:
    """Serve a demonstration with SIMULATED data on this computer: a closed wave of 600, an open wave.

    A second study shows the answers of 240 others as researchers receive them.
    """
    from app.operations.demo import serve_demo

    with told_plainly():
        serve_demo(folder, port, as_json=as_json)


@app.command()
def serve(
    directory: Dir = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[
        int, typer.Option(help="Processes that answer; more than one needs PostgreSQL.", min=1, max=64)
    ] = 1,
) -> None:
    """Serve the questionnaire and the staff pages; close waves and delete what is due."""
    from app.operations.serve import serve_forever

    with told_plainly():
        serve_forever(settings_of(directory), host, port, workers)


@app.command()
def migrate(
    directory: Dir = None,
    new_secret: Annotated[bool, typer.Option(help="Make a secret in the folder if there is none.")] = False,
    new_ledger: Annotated[bool, typer.Option(help="Begin the ledger of COUNTERPOISE_LEDGER.")] = False,
    another_ledger: Annotated[
        bool,
        typer.Option(
            help="Keep the ledger of COUNTERPOISE_LEDGER in place of one that is lost: what has ended so far "
            "comes back with an older backup."
        ),
    ] = False,
    take_copy: Annotated[
        bool, typer.Option(help="Go on with a database file that was copied without the files beside it.")
    ] = False,
) -> None:
    """Bring the database to the schema of this version."""
    from app import migrate as migration
    from app.ended import ledger
    from app.operations.whole import check_restored, forget_serving
    from app.runtime import check_secret, make_secret

    if new_secret:
        with told_plainly():
            typer.echo(f"secret: {make_secret(directory or Path('data'))}")
    with serving(directory, migrated=False) as service:
        check_restored(service)
        before = migration.current(service.engine)
        migration.upgrade(service.engine)
        check_secret(service)
        if take_copy:
            forget_serving(service)
        if new_ledger or another_ledger:
            ledger.begin(service, another=another_ledger)
            typer.echo(f"ledger: {service.settings.ledger}")
        typer.echo(f"schema: {before or 'none'} -> {migration.head()}")


@app.command()
def doctor(
    directory: Dir = None,
    strict: Annotated[bool, typer.Option(help="Exit with 1 if anything is not as it should be.")] = False,
) -> None:
    """Check the database, its settings, the secret and the schema, and say how to mend what is wrong."""
    from app.operations.doctor import examine

    with serving(directory, migrated=False) as service:
        checks = examine(service)
        width = max(len(check.name) for check in checks)
        for check in checks:
            typer.echo(f"{'ok  ' if check.ok else 'MEND'}  {check.name:<{width}}  {check.found}")
            if not check.ok:
                typer.echo(f"      {'':<{width}}  {check.mend}")
        if strict and not all(check.ok for check in checks):
            raise typer.Exit(1)


@app.command()
def codes(
    wave: WaveId,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=10_000)],
    unit: Annotated[str | None, typer.Option(help="The unit they are for.", show_default="its first")] = None,
    as_json: Json = False,
    slips: Annotated[Path | None, typer.Option(help="Also write slips to cut out, as a PDF.")] = None,
    address: Annotated[
        str, typer.Option(help="Where people go, printed on the slips.", show_default="COUNTERPOISE_ORIGIN")
    ] = "",
    directory: Dir = None,
) -> None:
    """Make codes for a unit of a wave. They are shown here only: the database keeps none that can be read."""
    from app import studies
    from app.db import write
    from app.errors import Refused
    from app.languages import moment
    from app.studies import waves

    with serving(directory) as service:
        address = address or service.settings.origin
        if slips and not address:
            raise Refused("slips need the address that people go to: --address, or COUNTERPOISE_ORIGIN")
        with write(service.engine) as db:
            unit = unit or waves.first_unit(db, wave)
            made = waves.issue_codes(service, db, wave, unit, count)
            found = waves.the_wave(db, wave)
            study = studies.the_study(db, found.study)
            group = next(each.title for each in studies.units(db, study.id) if each.id == unit)
        typer.echo(json.dumps(made) if as_json else "\n".join(made))
        if slips:
            from app.files.private import write_private
            from app.hosting.slips import slips as laid_out
            from app.printing import pdf

            ends = moment(found.closes_at, found.zone) if found.closes_at else ""
            write_private(slips, pdf(laid_out(made, address, study.title, group=group, ends=ends)))


@app.command()
def paper(
    out: Annotated[Path, typer.Option(help="The PDF to write.")],
    form: Annotated[str, typer.Option(help="The form.")] = "a2",
    language: Annotated[str, typer.Option(help="Its language.")] = "en",
    role: Annotated[str | None, typer.Option(help="The role that its sentences name.")] = None,
    folder: Annotated[Path | None, typer.Option("--instrument", help="Another instrument's folder.")] = None,
    study: Annotated[
        str | None, typer.Option(help="A study: its form, and no question it leaves out.")
    ] = None,
    directory: Dir = None,
) -> None:
    """Write a form as an accessible PDF, laid out as on the screen."""
    import instrument as instruments
    from app.db import read
    from app.errors import Refused
    from app.languages import LANGUAGES
    from app.paper.pages import paper_pdf
    from app.studies.study import asked_of, the_study

    with told_plainly():
        context = None
        if study:
            with serving(directory) as service, read(service.engine) as db:
                of = the_study(db, study)
                found, form, context = service.instruments[of.instrument], of.form, asked_of(of)
        else:
            found = instruments.load(folder) if folder else instruments.ppiq()
        spoken = {each for each in found.words if each[1] in LANGUAGES}
        if (form, language) not in spoken:
            known = ", ".join(f"{each} in {its}" for each, its in sorted(spoken))
            raise Refused(f"there is no form {form} in {language}; there is {known}")
        out.write_bytes(paper_pdf(found, form, language, role or instruments.NOT_SAID, context=context))
    typer.echo(str(out))


@app.command()
def pack(
    study: Annotated[str, typer.Argument(help="The study.")],
    out: Annotated[Path, typer.Option(help="A folder not there yet.")] = Path("pack"),
    directory: Dir = None,
) -> None:
    """Write what an ethics committee asks for, as documents: what only the host knows stands in brackets."""
    from app.db import read
    from app.operations.pack import declared, write_pack
    from app.studies.study import the_study

    with serving(directory) as service, told_plainly():
        with read(service.engine) as db:
            found = declared(service, db, the_study(db, study))
        for name in write_pack(found, out):
            typer.echo(str(out / name))


@app.command()
def export(
    wave: WaveId,
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path(),
    format_: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="One file alone: csv, sav, dta, xlsx, ...")
    ] = None,
    with_unit: Annotated[
        bool, typer.Option("--unit", help="Add each row's unit, if the study declared that it leaves.")
    ] = False,
    archive: Annotated[bool, typer.Option(help="Only those who agreed to an archive.")] = False,
    linked: Annotated[
        bool, typer.Option(help="Both waves of a pair, and one table of the people who are in both.")
    ] = False,
    directory: Dir = None,
) -> None:
    """Write the answers of a closed wave for research: files for every program, codebook, scripts.

    Only of a study that gives out rows.
    """
    from app.export.bundle import write_bundle

    with serving(directory) as service:
        with telling() as tell:
            how = {"linked": linked, "with_unit": with_unit, "archive": archive}
            paths = write_bundle(service, wave, out, format_=format_, **how, tell=tell)
        for path in paths:
            typer.echo(str(path))


@app.command()
def report(
    wave: WaveId,
    unit: Annotated[str | None, typer.Option(help="One unit, department or organisation.")] = None,
    as_json: Json = False,
    pdf: Annotated[Path | None, typer.Option(help="Also write the report to this PDF.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write its figures to this CSV file.")] = None,
    directory: Dir = None,
) -> None:
    """Print the cohort report of a closed wave, as its trainers see it."""
    from app.files.private import write_private
    from app.report.text import report_csv, report_json, report_pdf, report_text

    with serving(directory) as service:
        typer.echo(report_json(service, wave, unit) if as_json else report_text(service, wave, unit))
        if pdf:
            write_private(pdf, report_pdf(service, wave, unit))
        if csv:
            write_private(csv, report_csv(service, wave, unit))
