"""A damaged file raises no error of a library, and does not use up the machine's memory."""

import numpy as np
import pytest

from analysis.files.read_table import read_table
from analysis.files.table import TableError
from tests.fuzz import damaged


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory):
    return damaged.whole(tmp_path_factory.mktemp("whole"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".feather", ".sav", ".zsav", ".dta"])
def test_a_damaged_file_is_read_or_refused_by_name(files, tmp_path, ending):
    rng = np.random.default_rng(7)
    for _ in range(60):
        assert damaged.tried(tmp_path / f"a{ending}", damaged.damaged(files[ending], rng))


def test_a_header_that_says_more_rows_than_the_file_holds_is_refused(files, tmp_path):
    content = bytearray(files[".sav"])
    content[80:84] = (2**30).to_bytes(4, "little")
    (tmp_path / "a.sav").write_bytes(content)
    with pytest.raises(TableError, match="more than it can hold"):
        read_table(tmp_path / "a.sav")
