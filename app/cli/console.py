"""What the commands share: opening the service, telling people to wait, reporting failures."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from app.config import Settings
    from app.export.progress import Tell
    from app.runtime import Service

Dir = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        envvar="COUNTERPOISE_DIR",
        help="Folder of the database and the secret; COUNTERPOISE_DATABASE_URL and COUNTERPOISE_SECRET_FILE "
        "stand above it.",
        show_default="data, or demo if that is all there is",
    ),
]
StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="The study, such as demo.")]
WaveId = Annotated[str, typer.Argument(metavar="WAVE", help="The wave, such as demo-1.")]
NOT_ALLOWED = "42501"
"""insufficient_privilege"""
SOON: Final = 0.01
"""Seconds after which a process that was told to stop is told once more."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON on one line.")]


@contextmanager
def serving(directory: Path | None, *, migrated: bool = True) -> Iterator["Service"]:
    """Open the service on the database of `directory`; an expected failure is printed in one line."""
    from app import migrate as migration
    from app.audit import acts
    from app.errors import ConfigurationError
    from app.operations.whole import check_restored, check_whole
    from app.runtime import check_secret, make_service

    with told_plainly():
        service = make_service(settings_of(directory))
        try:
            if migrated:
                check_restored(service)
                if migration.current(service.engine) != migration.head():
                    raise ConfigurationError(
                        "the database has not the schema of this version: counterpoise migrate"
                    )
                check_secret(service)
                check_whole(service)
            with acts("the command line"):
                yield service
        finally:
            service.engine.dispose()


@contextmanager
def cleared_when_stopped() -> Iterator[None]:
    """Have the block end as by an error when the process is told to stop, so that it leaves no copy.

    While garbage is collected Python lets no exception out: then it is raised again a moment later.
    """
    told: list[int] = []
    report = sys.unraisablehook

    def stop(number: int, _frame: FrameType | None) -> None:
        if not told:
            told.append(number)
            raise KeyboardInterrupt  # at which psycopg cancels what the server is doing

    def raise_again(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def not_raised(what: Any) -> None:
        if told and issubclass(what.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, SOON)
        else:
            report(what)

    ends = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) == signal.SIG_DFL]
    before = [(each, signal.signal(each, stop)) for each in ends]
    before.append((signal.SIGALRM, signal.signal(signal.SIGALRM, raise_again)))
    sys.unraisablehook = not_raised
    try:
        yield
    except KeyboardInterrupt:
        if not told:
            raise
        sys.exit(128 + told[0])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = report
        for each, how in before:
            signal.signal(each, how)


@contextmanager
def telling() -> Iterator["Tell"]:
    """Show on a terminal how far something is, and nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    shown: dict[str, TaskID] = {}
    out = Console(stderr=True)
    with Progress(console=out, transient=True, disable=not out.is_terminal) as progress:

        def tell(what: str, done: int, total: int) -> None:
            if what not in shown:
                shown[what] = progress.add_task(what, total=total)
            progress.update(shown[what], completed=done)

        yield tell


@contextmanager
def told_plainly() -> Iterator[None]:
    """Print expected failures as one line without a traceback, and end with their exit code."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    from app.error_pages import is_damage
    from app.errors import AppError, ConfigurationError, NotInstalled, NotNoted, Refused
    from instrument import InstrumentError

    try:
        yield
    except (ConfigurationError, Refused, NotNoted, NotInstalled, InstrumentError) as error:
        _stop(str(error))
    except AppError as error:
        _stop(f"{error.title}. {error.message}")
    except DBAPIError as error:
        if is_damage(error):
            _stop("the files of the database are damaged: counterpoise doctor says what to do")
        if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED:
            _stop("the database's role may not do this: counterpoise doctor says what it is to be granted")
        if not isinstance(error, OperationalError):
            raise
        said = str(error.orig).strip().partition("\n")[0]
        _stop(
            f"the database cannot be reached or used ({said}): check COUNTERPOISE_DATABASE_URL or --dir, and "
            "that it runs"
        )
    except PermissionError as error:
        _stop(
            f"this user may not open {error.filename}: run the command as the user of the service, and see "
            "that the file, and its folder, are that user's"
        )
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise
        _stop(
            f"{error.filename} cannot be opened or written ({error.strerror}): see that the folder "
            f"{Path(str(error.filename)).parent} is there, and can be written"
        )


@contextmanager
def at_work(what: str) -> Iterator[None]:
    """Show on a terminal what the command is doing, as long as the block lasts."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def settings_of(directory: Path | None) -> "Settings":
    """Return the settings, from the environment or from the folder of `--dir`."""
    from app.config import from_environment

    return from_environment(folder=directory or _usual_folder())


def _usual_folder() -> Path:
    data, made_by_demo = Path("data"), Path("demo")
    return made_by_demo if made_by_demo.is_dir() and not data.is_dir() else data


def _stop(message: str) -> NoReturn:
    # Names come from files, too, and a control character would act in the terminal.
    plain = "".join(each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in message)
    typer.echo(f"counterpoise: {plain}", err=True)
    sys.exit(2)
