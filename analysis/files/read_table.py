"""Tables of answers from files: text, spreadsheets, Parquet, SPSS and Stata, with labels and missing values.

The libraries that read them are imported when a file needs them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from analysis.files.answer_cells import DecimalComma
from analysis.files.arrow_files import read_feather, read_parquet
from analysis.files.columns import table_of_rows
from analysis.files.delimited import read_delimited
from analysis.files.spreadsheet import read_xlsx
from analysis.files.statistical import read_dta, read_sav
from analysis.files.survey_files import with_survey
from analysis.files.table import Table, TableError
from analysis.files.text_encoding import decoded


def read_table(file: Path | str) -> Table:
    r"""Read a table by the ending of its name.

    Text is UTF-8, UTF-16 or Windows-1252 with a line of names, cells separated by commas, semicolons, tabs or
    bars. Heading rows below the names (Qualtrics) become labels. A survey's definition beside the file
    (LimeSurvey's .lss, REDCap's data dictionary, an XLSForm) brings labels and words. Rows are numbered from
    1 below the names and headings.

    Parameters
    ----------
    file : its path

    Returns
    -------
    Table
        The columns as they are in the file, by name.

    Raises
    ------
    TableError
        The ending is not known, or the content is not what it says.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "answers.csv"
    ...     _ = file.write_text("ec1,ec2\n0,4\n-99,3\n")
    ...     read_table(file).matrix(missing=[-99])
    array([[ 0.,  4.],
           [nan,  3.]])
    """
    path = Path(file)
    ending = path.suffix.lower()
    reader = READERS.get(ending)
    if reader is None:
        raise TableError(f"{path}: {path.suffix or 'no ending'} is not read; save it as {', '.join(READERS)}")
    with path.open("rb") as content:
        first = content.read(8)
    if not first:
        raise TableError(f"{path} is empty; its first line must name the columns")
    if first.startswith(_OLD_OFFICE):
        raise TableError(f"{path} is an old .xls file, or has a password; save it as .xlsx without one")
    for mark, endings in _FIRST_BYTES.items():
        if first.startswith(mark) and ending not in endings:
            raise TableError(f"{path} is not a {ending} file but, by its content, {endings[0]}; name it so")
    return with_survey(reader(path))


def _read_text(file: Path) -> Table:
    text, notes = decoded(file.read_bytes(), str(file))
    found = read_delimited(text, str(file), tabs=file.suffix.lower() == ".tsv")
    return table_of_rows(
        file, found.header, found.rows, decimal_comma=_DECIMAL_COMMA[found.delimiter], notes=notes
    )


_DECIMAL_COMMA: Final[dict[str, DecimalComma]] = {
    ",": "no",
    ";": "yes",
    "\t": "unless thousands",
    "|": "unless thousands",
}
READERS: Final[dict[str, Callable[[Path], Table]]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".txt": _read_text,
    ".xlsx": read_xlsx,
    ".parquet": read_parquet,
    ".feather": read_feather,
    ".sav": read_sav,
    ".zsav": read_sav,
    ".dta": read_dta,
}
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_FIRST_BYTES: Final = {
    b"PK\x03\x04": (".xlsx",),
    b"PAR1": (".parquet",),
    b"$FL": (".sav", ".zsav"),
    b"<stata_": (".dta",),
}
