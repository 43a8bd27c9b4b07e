"""Every command of docs/administration.md runs, in the order of the page."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app as cli

PAGE = (Path(__file__).parents[2] / "docs" / "administration.md").read_text()
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
SET = re.compile(r"export (\w+)=(?:\$\((.*)\)|(.*))")


def counterpoise(line: str) -> str:
    program, *words = line.split()
    assert program == "counterpoise"
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, f"{line}: {done.output}"
    return done.stdout


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("COUNTERPOISE_DATABASE_URL", "COUNTERPOISE_SECRET", "COUNTERPOISE_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "elsewhere").mkdir()
    counterpoise("counterpoise migrate --new-secret --dir data")
    counterpoise("counterpoise study make spring Spring --simulated --dir data")
    said, written = {}, []
    for line in LINES:
        if found := SET.fullmatch(line):
            name, command, value = found.groups()
            monkeypatch.setenv(name, counterpoise(command).strip() if command else value)
        elif line.startswith("counterpoise "):
            said[line.split()[1]] = counterpoise(line)
            written += re.findall(r"in this place is written into (\S+),", said[line.split()[1]])
        else:
            subprocess.run(line.split(), cwd=tmp_path, check=True)
    assert "opened again and compared" in said["backup"]
    assert "Not in the backup" in said["restore"]
    assert written == ["practice.ledger"]  # whoever practises ends nothing in earnest
    assert (tmp_path / os.environ["COUNTERPOISE_LEDGER"]).parent == tmp_path / "elsewhere"
    assert "spring" in said["study"]
    assert "the chain holds" in said["audit"]
