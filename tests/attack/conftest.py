"""Where an attack runs: a fresh database on each engine, and the folder of its files, which an attacker
takes.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Target:
    url: str
    data: Path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "sqlite":
        path = tmp_path / "attacked.sqlite"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield Target(f"sqlite:///{path}", tmp_path)
    else:
        cluster = request.getfixturevalue("postgres")
        url = cluster.create(template="migrated")
        yield Target(url, cluster.data)
        cluster.drop(url)
