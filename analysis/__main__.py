"""Commands on answers and on items; each is a function in `analysis.commands` and a line in COMMANDS."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Final

from analysis.commands.draft_command import add_draft
from analysis.commands.guide_commands import add_interviews, add_manual
from analysis.commands.model_commands import add_invariance, add_structure
from analysis.commands.options import Add, Command, Page, Progress
from analysis.commands.page_commands import (
    add_alpha,
    add_factor,
    add_fairness,
    add_report,
    add_response,
    add_retest,
)
from analysis.commands.panel_commands import add_expert_sheets, add_experts
from analysis.commands.plan_command import add_plan
from analysis.commands.pool_commands import add_counts, add_pool
from analysis.commands.score_command import add_score
from analysis.commands.validate_command import add_rehearse, add_validate

COMMANDS: Final[tuple[Callable[[Add], None], ...]] = (
    add_alpha,
    add_score,
    add_report,
    add_factor,
    add_response,
    add_retest,
    add_structure,
    add_invariance,
    add_fairness,
    add_draft,
    add_validate,
    add_rehearse,
    add_expert_sheets,
    add_experts,
    add_counts,
    add_pool,
    add_plan,
    add_interviews,
    add_manual,
)


ACTS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n\r"}
"""Control characters, which a terminal would obey, and how they are shown instead."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 where what was asked or given cannot be used, with the reason on stderr."""
    asked = _parser().parse_args(arguments)
    # The matrix products are many and small: with several threads BLAS spends more time waiting than
    # computing.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    command: Command = asked.command
    say, clear = _progress(asked_for=asked.progress)
    try:
        page = command(asked, say)
        clear()
        _write(page, asked)
    except BrokenPipeError:
        return 0
    except OSError as error:
        clear()
        sys.stderr.write(f"{error.filename or 'a file'} cannot be opened or written: {error.strerror}\n")
        return 2
    except ValueError as error:
        clear()
        sys.stderr.write(f"{error}\n".translate(ACTS))
        return 2
    return 0


def _write(page: Page, asked: argparse.Namespace) -> None:
    if asked.out is not None:
        asked.out.write_bytes(page if isinstance(page, bytes) else page.encode())
    elif isinstance(page, bytes):
        raise ValueError(f"--format {asked.format} is no text for a terminal: name a file with --out")
    else:
        sys.stdout.write(page.translate(ACTS))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Judge a questionnaire by the answers to it.",
        epilog="`python -m analysis COMMAND --help` says what a command needs. Exit code 2: see the message.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands.add_parser)
    return parser


def _progress(*, asked_for: bool) -> tuple[Progress, Callable[[], None]]:
    """Return functions that show and remove the progress: on a terminal, elsewhere only if asked for."""
    looking = sys.stderr.isatty()
    started = time.monotonic()

    def say(part: str, done: int, parts: int) -> None:
        if not (looking or asked_for):
            return
        spent = time.monotonic() - started
        left = (
            f"{done / spent:.1f} a second, about {spent / done * (parts - done):.0f} s left: " if done else ""
        )
        line = f"{done} of {parts} parts, {left}{part}"
        sys.stderr.write(f"\r\x1b[K{line}" if looking else f"{line}\n")
        sys.stderr.flush()

    def clear() -> None:
        if looking:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    return say, clear


if __name__ == "__main__":
    sys.exit(main())
