"""The code blocks of the documents, run as a reader would type them, in their order.

Blocks of `sh` and `python` are run; a block of `text` below one holds what it prints, which this writes anew:
`python -m docs.examples`. tests/contract/test_documents.py fails where a page says otherwise.
"""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from typer.testing import CliRunner

from analysis.__main__ import main as analysis
from app.cli import app
from instrument.__main__ import main as instrument

ROOT: Final = Path(__file__).parents[1]
SHOWN: Final = (
    "docs/tour.md",
    "docs/notebooks/own-scores.md",
    "docs/notebooks/validation-study.md",
    "docs/notebooks/r-and-python.md",
)
"""Pages that show what their blocks print."""

FENCE: Final = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNKNOWN: Final = "not run"
BETWEEN: Final = "~~ the next block ~~"
EXPORT: Final = re.compile(r"export (\w+)=(?:\$\((.*)\)|(.*))")


class Block(NamedTuple):
    """A block between fences: its language, and what stands in it."""

    language: str
    code: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order, without the directives of the site."""
    return [Block(*found) for found in FENCE.findall(page) if not found[0].startswith("{")]


def lines(code: str) -> list[str]:
    """Return the commands of a block, each on one line."""
    return [line for line in code.replace("\\\n", " ").splitlines() if line.strip()]


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Be in the folder with the questionnaires of this project beside, and put everything back afterwards."""
    before = dict(os.environ)
    for name in [each for each in os.environ if each.startswith("COUNTERPOISE_")]:
        del os.environ[name]
    if not (folder / "instrument").exists():
        shutil.copytree(ROOT / "instrument" / "ppiq", folder / "instrument" / "ppiq")
    with chdir(folder):
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def typed(line: str, programs: Mapping[str, Callable[[list[str]], str]]) -> str:
    """Run one line of a shell as far as the documents use one, and return what it prints."""
    if found := EXPORT.fullmatch(line):
        name, command, value = found.groups()
        os.environ[name] = typed(command, programs).strip() if command else value.partition(" #")[0].strip()
        return ""
    words = shlex.split(line, comments=True)
    if not words:
        return ""
    *before, arrow, target = ["", *words]
    redirected = arrow in {">", ">>"}
    if redirected:
        words = before[1:]
    words = [name for word in words for name in expanded(word)]
    known = next((each for each in (" ".join(words[:2]), words[0]) if each in programs), None)
    if known is None:
        raise ValueError(f"{line}: no program is known by this name")
    printed = programs[known](words)
    if not redirected:
        return printed
    with Path(target).open("a" if arrow == ">>" else "w") as file:
        file.write(printed)
    return ""


def expanded(word: str) -> list[str]:
    """Return the files that a pattern such as `filled/*.xlsx` stands for; any other word as it is."""
    return sorted(map(str, Path().glob(word))) if "/*" in word else [word]


def told(code: str, names: dict[str, Any]) -> str:
    """Run a block of Python among the names of those before, and return what it prints."""
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "a page", "exec"), names)  # noqa: S102 - the documents' own blocks
    return printed.getvalue()


def answer(block: Block, names: dict[str, Any], programs: Mapping[str, Callable[[list[str]], str]]) -> str:
    """Run a block of `sh` or `python`, and return what it prints."""
    if block.language == "python":
        return told(block.code, names)
    return "".join(typed(line, programs) for line in lines(block.code))


def anew(page: str) -> str:
    """Return a page with all that its blocks print as they print it now, in the folder where it is called.

    Blocks of R are run all at once, when the first of them is reached; where there is no R, what stands below
    them stays.
    """
    names: dict[str, Any] = {}
    parts, end, printed = [], 0, ""
    of_r: Iterator[str] | None = None
    for found in FENCE.finditer(page):
        block = Block(*found.groups())
        if block.language in {"sh", "python"}:
            printed = answer(block, names, PROGRAMS)
        elif block.language == "r":
            of_r = of_r or by_r([each.code for each in blocks(page) if each.language == "r"])
            printed = next(of_r)
        elif block.language == "text" and printed is not UNKNOWN:
            parts += [page[end : found.start()], f"```text\n{clean(printed)}```"]
            end = found.end()
    return "".join((*parts, page[end:]))


def by_r(codes: Sequence[str]) -> Iterator[str]:
    """Return what each block of R prints; UNKNOWN where there is no R."""
    if shutil.which("Rscript") is None:
        return iter([UNKNOWN] * len(codes))
    between = f'cat("{BETWEEN}")\n'
    return iter(program(["Rscript", "-e", between.join(codes)]).split(BETWEEN))


def clean(printed: str) -> str:
    """Return what was printed without blanks at the ends of lines."""
    return "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())


def module(words: list[str]) -> str:
    """Run the commands of the analysis and the questionnaire in this process, others in one of their own."""
    here = {"analysis": analysis, "instrument": instrument}
    if words[1] != "-m" or words[2] not in here:
        return program([sys.executable, *words[1:]])
    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()) as complaint:
        code = here[words[2]](words[3:])
    if code:
        raise RuntimeError(f"{shlex.join(words)}: {complaint.getvalue()}")
    return printed.getvalue()


def counterpoise(words: Sequence[str], asked_for: str = "", codes: Collection[int] = (0,)) -> str:
    """Run a command of the service, typing what it asks for, and return what it prints.

    Any other exit code than `codes` is an error.
    """
    done = CliRunner().invoke(app, words[1:], input=asked_for)
    if done.exit_code not in codes:
        raise RuntimeError(f"{shlex.join(words)}: {done.output}") from done.exception
    return done.stdout


def program(words: Sequence[str], folder: Path | None = None) -> str:
    """Run a program in a process of its own, here or in another folder, and return what it prints."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - the documents' own
    if done.returncode:
        raise RuntimeError(f"{shlex.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def _go(words: list[str]) -> str:
    os.chdir(words[1])
    return ""


PROGRAMS: Final[dict[str, Callable[[list[str]], str]]] = {
    "python": module,
    "counterpoise": counterpoise,
    "cd": _go,
    "echo": lambda words: f"{' '.join(words[1:])}\n",
    "mkdir": program,
    "cp": program,
}


def main() -> None:
    """Write what the blocks print now into the pages that show it."""
    for name in SHOWN:
        page = ROOT / name
        with TemporaryDirectory() as folder, reading(Path(folder)):
            new = anew(page.read_text("utf-8"))
        page.write_text(new, "utf-8")


if __name__ == "__main__":
    main()
