"""Folders of Parquet files for tests, the command that reads them, and what differs between two reports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.simulation import simulate

Run = Callable[..., tuple[int, str, str]]
ITEMS = ("--items", "q1-q6", "--reverse", "q2,q5", "--codes", "1-5", "--missing", "9")


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command of the analysis: its exit code, what it prints, what it says."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(each) for each in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def frame_of(n: int = 1500) -> pd.DataFrame:
    """SIMULATED answers with holes: codes of no answer, empty cells, and two rows without one answer."""
    rng = np.random.default_rng(3)
    codes = simulate(n, [0.7, -0.6, 0.8, 0.5, -0.7, 0.6], [-1.0, -0.3, 0.4, 1.0], rng) + 1.0
    codes[rng.random(codes.shape) < 0.02] = np.nan
    codes[rng.random(codes.shape) < 0.02] = 9
    codes[rng.random(codes.shape) < 0.01] = -99
    codes[[5, 70]] = np.nan
    return pd.DataFrame(codes, columns=[f"q{i}" for i in range(1, 7)]).astype("Int8")


def written(frame: pd.DataFrame, folder: Path) -> Path:
    """Write three files, one of them in a folder of its own, in small row groups."""
    (folder / "later").mkdir(parents=True)
    cuts = [0, len(frame) // 5, len(frame) // 2, len(frame)]
    for name, first, last in zip(("a", "b", "later/c"), cuts, cuts[1:], strict=False):
        frame[first:last].to_parquet(folder / f"{name}.parquet", row_group_size=400)
    return folder


def differences(one: Any, other: Any, place: str = "") -> list[tuple[str, Any, Any]]:
    """Return where two reports differ by more than the order of a sum can do."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = sorted({*one, *other})
        return [d for key in both for d in differences(one.get(key), other.get(key), f"{place}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for at, (mine, its) in pairs for d in differences(mine, its, f"{place}[{at}]")]
    alike = one == pytest.approx(other, rel=1e-9, abs=1e-11) if isinstance(one, float) else one == other
    return [] if alike else [(place, one, other)]
