"""Every example of docs/api.md runs, as it stands, against a real server."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import write
from app.runtime import Service
from app.staff.authorise import make_token
from tests.fault.serving import served
from tests.lib.cohorts import close, take_part
from tests.privacy.organisations import of_one_mind

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def example(language: str) -> str:
    return "\n".join(code for said, code in EXAMPLES if said == language)


@pytest.fixture
def environment(service: Service, study: str, url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    with write(service.engine) as db:
        tokens = {role: make_token(service, db, role, study, 1) for role in ("researcher", "trainer")}
    with served(url, tmp_path / "log") as server:
        yield {
            **os.environ,
            "COUNTERPOISE": server.address,
            "STUDY": study,
            "WAVE": f"{study}-1",
            "TOKEN": tokens["researcher"],
            "TRAINER": tokens["trainer"],
        }


def run(environment: dict[str, str], folder: Path, *command: str, code: str) -> str:
    done = subprocess.run(
        command, input=code, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_examples_run(environment: dict[str, str], tmp_path: Path) -> None:
    said = run(environment, tmp_path, "sh", "-e", code=example("sh"))
    assert '"demo-1"' in said
    assert (tmp_path / "answers.sav").read_bytes().startswith(b"$FL2")
    said = run(environment, tmp_path, sys.executable, "-", code=example("python"))
    assert "12 rows" in said
    assert "30 items" in said


@pytest.mark.formats
def test_the_examples_in_r_run(environment: dict[str, str], tmp_path: Path) -> None:
    assert shutil.which("Rscript"), "Rscript is not installed: run `make formats`"
    assert "12 rows" in run(environment, tmp_path, "Rscript", "-", code=example("r"))
