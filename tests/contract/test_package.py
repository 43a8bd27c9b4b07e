"""The wheel and the source distribution hold what git holds: `make wheel` installs and serves them."""

import tarfile
import zipfile
from pathlib import Path

from tests.package import build, held_by_git

INSTALLED = ("analysis/", "app/", "instrument/", "migrations/")
MADE = ("PKG-INFO", "setup.cfg", "counterpoise.egg-info/")
"""What setuptools adds to a source distribution."""


def test_wheel_and_source_distribution_hold_every_file_and_no_other(tmp_path: Path) -> None:
    held = set(held_by_git())
    sdist, wheel = build(tmp_path, tmp_path / "dist")
    with tarfile.open(sdist) as archive:
        source = {each.name.partition("/")[2] for each in archive if each.isfile()}
    assert {name for name in source if not name.startswith(MADE)} == held
    with zipfile.ZipFile(wheel) as archive:
        installed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert installed == {name for name in held if name.startswith(INSTALLED)}
