"""Every example of docs/api.md runs, as it stands, against a real server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import write
from app.runtime import Service
from app.staff.authorise import make_token
from docs.examples import PROGRAMS, blocks, lines, reading, typed
from tests.conftest import SECRET
from tests.fault.serving import served
from tests.lib.cohorts import another_study, close, take_part
from tests.privacy.organisations import of_one_mind

TOKENS, *EXAMPLES = blocks((Path(__file__).parents[2] / "docs" / "api.md").read_text())
"""How a host makes tokens at the command line, and what programs do with them."""


def example(language: str) -> str:
    return "\n".join(each.code for each in EXAMPLES if each.language == language)


@pytest.fixture
def environment(service: Service, study: str, url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    rows = another_study(service, "rows", leaving="rows")
    for wave, unit in ((f"{study}-1", "south"), (rows, "only")):
        take_part(service, wave, unit, of_one_mind(12, 2))
        close(service, wave)
    with write(service.engine) as db:
        researcher = make_token(service, db, "researcher", "rows", 1)
        trainer = make_token(service, db, "trainer", study, 1)
    with served(url, tmp_path / "log") as server:
        yield {
            **os.environ,
            "COUNTERPOISE": server.address,
            "STUDY": "rows",
            "WAVE": rows,
            "REPORTED": f"{study}-1",
            "TOKEN": researcher,
            "TRAINER": trainer,
        }


def run(environment: dict[str, str], folder: Path, *command: str, code: str) -> str:
    done = subprocess.run(
        command, input=code, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_host_makes_the_tokens(url: str, service: Service, tmp_path: Path) -> None:
    another_study(service, "spring")
    with reading(tmp_path):
        os.environ["COUNTERPOISE_DATABASE_URL"] = url
        os.environ["COUNTERPOISE_SECRET"] = SECRET.hex()
        said = [typed(line, PROGRAMS) for line in lines(TOKENS.code)]
    assert len(said) == 2
    assert said[0] != said[1]


def test_the_examples_run(environment: dict[str, str], tmp_path: Path) -> None:
    said = run(environment, tmp_path, "sh", "-e", code=example("sh"))
    assert '"rows-1"' in said
    assert (tmp_path / "answers.sav").read_bytes().startswith(b"$FL2")
    said = run(environment, tmp_path, sys.executable, "-", code=example("python"))
    assert "12 rows" in said
    assert "30 items" in said


@pytest.mark.formats
def test_the_examples_in_r_run(environment: dict[str, str], tmp_path: Path) -> None:
    assert shutil.which("Rscript"), "Rscript is not installed: run `make formats`"
    assert "12 rows" in run(environment, tmp_path, "Rscript", "-", code=example("r"))
