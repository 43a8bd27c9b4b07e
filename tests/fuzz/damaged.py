"""Files of answers with bytes changed or cut off: each is read, or refused with a sentence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from openpyxl import Workbook

from analysis.files.read_table import read_table
from analysis.files.table import TableError

ROWS = 40


def whole(folder):
    """One file of each kind with the same answers; by its ending."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        rng.integers(1, 6, (ROWS, 5)).astype(float), columns=[f"q{place}" for place in range(5)]
    )
    frame["why"] = "naïve, so"
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_parquet(folder / "a.parquet")
    frame.to_feather(folder / "a.feather")
    pyreadstat.write_sav(frame, str(folder / "a.sav"))
    pyreadstat.write_sav(frame, str(folder / "a.zsav"), compress=True)
    pyreadstat.write_dta(frame, str(folder / "a.dta"))
    book = Workbook()
    book.active.append([*frame.columns])
    for row in frame.itertuples(index=False):
        book.active.append([*row])
    book.save(folder / "a.xlsx")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def damaged(content, rng):
    """Bytes of a file, cut off somewhere or some of them changed."""
    changed = bytearray(content)
    if rng.random() < 1 / 3:
        return bytes(changed[: rng.integers(1, len(changed))])
    for _ in range(rng.integers(1, 20)):
        changed[rng.integers(len(changed))] = rng.integers(256)
    return bytes(changed)


def tried(path: Path, content):
    """Whether a damaged file was read, or refused; any other error fails the caller's test."""
    path.write_bytes(content)
    try:
        read_table(path)
    except TableError as error:
        return str(path) in str(error)
    return True
