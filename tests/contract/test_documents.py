"""Every code block of the documents runs as a reader would type it, in the order of its page.

What a page shows below a block is what it prints. `tests/docs/test_pages.py` holds that no page is left out.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest

from analysis.simulation import simulate
from app.config import from_environment
from app.db import write
from app.hosted import brought
from app.runtime import Service, make_service
from docs import examples
from docs.examples import SHOWN, anew, blocks, lines, reading, told, typed
from instrument.exchange.hosted import hosted_files
from tests.lib.cohorts import close, take_part
from tests.lib.dossiers import make_dossier
from tests.lib.hosted import GARDEN, as_text
from tests.lib.linked_waves import declared, own, twice
from tests.lib.ports import free_port
from tests.lib.reader_files import make_studies, make_tables
from tests.lib.staff_accounts import PASSWORD, ready

ROOT = Path(__file__).parents[2]
Program = Callable[[list[str]], str]


def nothing() -> None:
    pass


@dataclass(frozen=True)
class Reader:
    """What somebody who follows a page has before they begin, and what happens before some lines."""

    has: Callable[[], object] = nothing
    before: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, Program] = field(default_factory=dict)
    runs_there: str = ""
    """Another page: a line that stands on it too, to the letter, is run there."""
    leaves_out: str = ""
    """A heading from which on another test reads the page."""


def here(folder: str = "data") -> Service:
    """The service of the folder that the page has made."""
    return make_service(from_environment(os.environ, Path(folder)))


def migrated() -> Service:
    typed("counterpoise migrate --new-secret --dir data", PROGRAMS)
    return here()


def with_tables() -> None:
    make_tables()
    make_studies()


def a_folder() -> None:
    """SIMULATED answers to eight questions, in two Parquet files."""
    chance = np.random.default_rng(1)
    signs = [-1 if number in {3, 7} else 1 for number in range(1, 9)]
    X = 1 + simulate(600, [0.7 * sign for sign in signs], [-1.2, -0.4, 0.4, 1.2], chance)
    table = pd.DataFrame(X, columns=[f"q{number}" for number in range(1, 9)]).astype("int8")
    Path("answers").mkdir()
    table[:250].to_parquet("answers/first.parquet")
    table[250:].to_parquet("answers/second.parquet")


def untried(_: list[str]) -> str:
    """What is for another machine, for root or for a container."""
    return ""


def knows_target(words: list[str]) -> str:
    return examples.program(["make", "--dry-run", "--directory", str(ROOT), *words[1:]])


def served(words: list[str]) -> str:
    """Serve until the service is ready, and stop it."""
    port = str(free_port())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app", *words[1:], "--port", port]
    with subprocess.Popen(command, env=environment) as service:
        try:
            for _ in range(600):
                assert service.poll() is None
                try:
                    with urlopen(f"http://127.0.0.1:{port}/ready") as ready_:
                        assert ready_.status == 200
                        break
                except (URLError, ConnectionError):
                    time.sleep(0.1)
        finally:
            service.terminate()
    return ""


def rehearsed(words: list[str]) -> str:
    """A rehearsal of few people where the page leaves their number out: 3,000 take minutes."""
    if words[2:4] == ["analysis", "rehearse"] and "--people" not in words:
        words = [*words, "--people", "60"]
    return examples.module(words)


def on_a_copy(words: list[str]) -> str:
    """The commands that write into the PPIQ's folder, where the page leaves the folder out, on a copy."""
    return examples.module([*words, "instrument/ppiq"])


def of_a_study(words: list[str]) -> str:
    """Say yes where a study is to be deleted, and type the password where one is asked for."""
    return examples.counterpoise(words, "y\n" if words[2] == "delete" else f"{PASSWORD}\n")


def finds_tests(words: list[str]) -> str:
    """Whether the files and names of a call of pytest are there: tests that collect tests would take long."""
    named, *options = words[3:]
    assert (ROOT / named).exists()
    if "-k" in options:
        assert options[-1] in (ROOT / named).read_text()
    if "-m" in options:
        left_out = set(re.findall(r"not (\w+)", options[-1]))
        assert left_out <= set(re.findall(r"^    \"(\w+): ", PROJECT, re.MULTILINE))
        assert slow_tiers(ROOT / named) <= left_out, "it takes the place of what pyproject.toml leaves out"
    return ""


def slow_tiers(folder: Path) -> set[str]:
    """Tiers with commands of their own of which a folder has tests."""
    [usual] = re.findall(r'"-m", "(.*)"\]', PROJECT)
    tests = "".join(each.read_text() for each in folder.rglob("test_*.py"))
    return {each for each in re.findall(r"not (\w+)", usual) if f"@pytest.mark.{each}\n" in tests}


def test_the_loop_of_the_day_leaves_out_what_needs_more_than_python() -> None:
    [loop] = re.findall(r'^unit:.*\n.* -m "(.*)"$', (ROOT / "Makefile").read_text(), re.MULTILINE)
    left_out = set(re.findall(r"not (\w+)", loop))
    assert left_out >= {"postgres", "browser"} | slow_tiers(ROOT / "tests/unit") | slow_tiers(
        ROOT / "tests/docs"
    )


def is_there(words: list[str]) -> str:
    """`make wheel` installs in this way; here, whether the files are those that it installs."""
    given = [Path(word).name for word in words if "." in word]
    assert set(given) <= {"run.txt", f"counterpoise-{VERSION}-py3-none-any.whl"}
    return ""


PROJECT = (ROOT / "pyproject.toml").read_text()
VERSION = tomllib.loads(PROJECT)["project"]["version"]
PROGRAMS: dict[str, Program] = {
    **examples.PROGRAMS,
    "counterpoise": partial(examples.counterpoise, asked_for=f"{PASSWORD}\n"),
    "counterpoise study": of_a_study,
    "counterpoise serve": served,
    # It says what is not yet as it should be, which is 1 with --strict.
    "counterpoise doctor": partial(examples.counterpoise, codes=(0, 1)),
    "python": rehearsed,
    "make": knows_target,
    ".": untried,
}


def people(service: Service, form: str, count: int) -> list[dict[str, Any]]:
    chance = Random(form)
    items = service.instruments["ppiq"].forms[form].items
    return [{item.id: chance.randrange(5) for item in items} for _ in range(count)]


def answered(wave: str = "spring-1") -> None:
    service = here()
    take_part(service, wave, "north", people(service, "a2", 12))


def backup_key() -> None:
    typed("export COUNTERPOISE_BACKUP_KEY=$(counterpoise backup-key backup.key)", PROGRAMS)


def two_linked_waves() -> None:
    """A study "twice" that gives out rows, in which thirty people have answered twice."""
    service = declared(here())
    everybody = [own(number) for number in range(30)]
    twice(service, everybody, everybody)


def second_spring() -> None:
    """Answers from elsewhere for a second collection of the study "spring", and the map of their columns."""
    typed("counterpoise wave make spring --dir data", PROGRAMS)
    service = here()
    rows = people(service, "a2", 120)  # of fewer, the study's questions would leave too many alone
    names = list(rows[0])
    table = [",".join([*names, "role", "length", "unit"])]
    table += [",".join([*map(str, row.values()), "", "", "north"]) for row in rows]
    Path("answers.csv").write_text("\n".join(table) + "\n")
    Path("map.csv").write_text("item,column\n" + "".join(f"{name},{name}\n" for name in names))
    Path("battery.yaml").write_text(
        'battery: both\ntitle: "Both"\nblock_order: random\n'
        'blocks:\n  ppiq: {form: "ppiq/a2"}\n  say: {form: "ppiq/g"}\n'
    )


def a_spring() -> None:
    """A study "spring", and nothing more."""
    migrated()
    typed("counterpoise study make spring Spring --people 50 --retire-on 2099-12-31 --dir data", PROGRAMS)


def a_closed_spring() -> None:
    """A SIMULATED study "spring" whose first collection has closed with twelve answers."""
    migrated()
    for line in ("study make spring Spring --simulated", "study unit spring north North", "wave make spring"):
        typed(f"counterpoise {line} --dir data", PROGRAMS)
    typed("counterpoise wave open spring-1 --dir data", PROGRAMS)
    answered()
    close(here(), "spring-1")


def a_short_plan() -> None:
    """Of the plan of a rehearsal the protocol, the panel and the interviews: the other phases take longer."""
    plan = Path("PLAN.yaml") if Path.cwd().name == "rehearsal" else Path("rehearsal/PLAN.yaml")
    plan.write_text(plan.read_text().replace("seed:", "phases: [0, 2, 3]\nseed:"))


def a_study_that_is_over() -> dict[str, str]:
    """A study without answers, in place of one whose answers were deleted on their day."""
    typed("counterpoise study make over Over --simulated --dir data", PROGRAMS)
    return {"study delete spring": "study delete over"}


def another_secret() -> None:
    """No collection may be open when the secret changes."""
    typed("counterpoise wave close spring-2 --now --dir data", PROGRAMS)


def handed_over() -> dict[str, str]:
    """A questionnaire that a host has brought and handed over."""
    service = migrated()
    files, problems = hosted_files(as_text(GARDEN))
    assert not problems
    ready(service, "hana", host="*")
    with write(service.engine) as db:
        made = brought.keep(service, db, "hana", files)
        brought.hand_over(service, db, brought.the_brought(db, made))
    return {"6d85eb95d6b4": made}


def a_dossier() -> dict[str, str]:
    """A dossier of SIMULATED answers without their mark, in place of one of people, and two operators."""
    service = migrated()
    for name in ("ada", "bea"):
        ready(service, name, operator="*")
    dossier = make_dossier(Path())
    return {"1f3a9c20": json.loads((dossier / "dossier.json").read_text())["seal"][:8]}


def a_scale_of_our_own() -> None:
    """The other questionnaire of the battery, published."""
    folder = Path("data/instruments/safety_scale")
    typed(f"python -m instrument new safety_scale --out {folder}", PROGRAMS)
    form = folder / "forms" / "safety_scale.yaml"
    form.write_text(form.read_text().replace("published: false", "published: true"))
    typed(f"python -m instrument lock {folder}", PROGRAMS)


def two_hosts() -> None:
    for name in ("hana", "ines"):
        ready(here(), name, host="trial")


PAGES: dict[str, Reader] = {
    "README.md": Reader(
        before={
            "counterpoise wave import": second_spring,
            "counterpoise wave close spring-1": answered,
            "counterpoise export autumn-1": two_linked_waves,
            "counterpoise report": lambda: close(here(), "spring-1"),
            "counterpoise study delete": a_study_that_is_over,
            "counterpoise secret rotate": another_secret,
            "counterpoise backup": backup_key,
            "python -m analysis alpha": with_tables,
            "python -m analysis validate": a_short_plan,
        },
        instead={"autumn-": "twice-"},
        runs_there="docs/analysis.md",
    ),
    "CONTRIBUTING.md": Reader(programs={".venv/bin/python": finds_tests}),
    "docs/analysis.md": Reader(has=with_tables),
    "docs/consent.md": Reader(has=a_spring),
    "docs/developing.md": Reader(),
    "docs/hosting.md": Reader(has=migrated),
    "docs/installing.md": Reader(
        before={"counterpoise backup": backup_key},
        programs={"python3.11": untried, "counterpoise/bin/pip": is_there},
    ),
    # The commands in the container are those of the service: tests/contract/test_serving.py.
    "docs/operation.md": Reader(
        programs={
            "python3": lambda words: examples.program([sys.executable, *words[1:]]),
            "chmod": examples.program,
            "chown": untried,
            "docker": untried,
        }
    ),
    "docs/large-tables.md": Reader(has=a_folder),
    "docs/other-tools.md": Reader(
        before={
            "python -m instrument import": lambda: shutil.copy("a-en/redcap_dictionary.csv", "dictionary.csv")
        }
    ),
    "docs/own-questionnaire.md": Reader(
        has=with_tables,
        before={"counterpoise instrument list": handed_over},
        leaves_out="## Answers from elsewhere",
    ),
    "docs/reading-a-report.md": Reader(has=a_closed_spring),
    "docs/translating.md": Reader(programs={"python": on_a_copy}),
    "docs/validation.md": Reader(
        before={
            "python -m analysis validate": a_short_plan,
            "counterpoise evidence add": a_dossier,
            "counterpoise instrument compose": a_scale_of_our_own,
            "counterpoise study approve": two_hosts,
        }
    ),
}
ELSEWHERE = {
    "docs/administration.md": "tests/contract/test_administration.py",
    "docs/api.md": "tests/docs/test_api_page.py",
    "docs/debian.md": "tests/debian/__main__.py",  # make debian
}
NAMED = re.compile(r"\*\*(\w+\.yaml)\*\*(?:(?!```).)*```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A block of YAML, and the file that the page names before it."""


def commands(name: str) -> set[str]:
    """The commands of a page, without comments."""
    code = [block.code for block in blocks((ROOT / name).read_text()) if block.language == "sh"]
    return {shlex.join(shlex.split(line, comments=True)) for each in code for line in lines(each)}


@pytest.mark.parametrize("name", PAGES)
def test_the_blocks_of_a_page_run(name: str, tmp_path: Path) -> None:
    reader = PAGES[name]
    page = (ROOT / name).read_text()
    if reader.leaves_out:
        page = page.partition(reader.leaves_out)[0]
    programs = {**PROGRAMS, **reader.programs}
    names: dict[str, Any] = {"answers": [[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5]]}
    instead = dict(reader.instead)
    to_come = dict(reader.before)
    there = commands(reader.runs_there) if reader.runs_there else set()
    with reading(tmp_path):
        for file, text in NAMED.findall(page):
            Path(file).write_text(text)
        reader.has()
        for block in blocks(page):
            os.chdir(tmp_path)
            if block.language == "python":
                told(block.code, names)
            for line in lines(block.code) if block.language == "sh" else []:
                for beginning in [each for each in to_come if line.startswith(each)]:
                    found = to_come.pop(beginning)()
                    instead |= found if isinstance(found, dict) else {}
                for said, so in instead.items():
                    line = line.replace(said, so)  # noqa: PLW2901 - the same line, as it is here
                if shlex.join(shlex.split(line, comments=True)) not in there:
                    typed(line, programs)
    assert to_come == {}, "the page has no such line any more"


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_shows_what_its_blocks_print(name: str, tmp_path: Path) -> None:
    """Where they differ on purpose: `python -m docs.examples`."""
    page = (ROOT / name).read_text()
    with reading(tmp_path):
        assert anew(page) == page


@pytest.mark.formats
def test_r_prints_what_the_page_shows(tmp_path: Path) -> None:
    assert shutil.which("Rscript"), "Rscript is not installed: run `make formats`"
    test_a_page_shows_what_its_blocks_print("docs/notebooks/r-and-python.md", tmp_path)
