"""What the cells of a report's tables show, in every format; figures are rounded only here."""

from collections.abc import Iterable, Sequence

from analysis.estimate import Unavailable, cell
from analysis.report.document import Table, Value


def without_figure(value: Value) -> str | float | int:
    """Return a dash for a cell without a figure; the reason stands below the table."""
    return "–" if isinstance(value, Unavailable) else value


def number_columns(part: Table) -> list[bool]:
    """Return of each column whether it holds numbers, which are set to the right."""
    return [
        any(isinstance(row[place], int | float) or str(row[place]).endswith("%") for row in part.rows)
        for place in range(len(part.headers))
    ]


def missing_reasons(tables: Sequence[Table]) -> Iterable[str]:
    """Yield once each reason why cells have no figure, with the rows and columns of these cells."""
    reasons: dict[str, list[str]] = {}
    for part in tables:
        for row in part.rows:
            for why, cells in _missing(part.headers, row).items():
                reasons.setdefault(why, []).append(cells)
    for why, missing in reasons.items():
        yield f"Not available because {why}: {'; '.join(dict.fromkeys(missing))}."


def _missing(headers: Sequence[str], row: Sequence[Value]) -> dict[str, str]:
    """Return the reasons of a row's cells without a figure: its name alone where it has no figure at all."""
    columns: dict[str, list[str]] = {}
    for header, value in zip(headers[1:], row[1:], strict=True):
        if isinstance(value, Unavailable):
            columns.setdefault(value.why, []).append(header)
    whole = len(row) - 1
    return {
        why: f"{row[0]}" if len(named) == whole else f"{row[0]} ({', '.join(named)})"
        for why, named in columns.items()
    }


def shown(row: Sequence[Value]) -> list[str]:
    """Return the words and rounded numbers of a row."""
    return [cell(without_figure(value)) for value in row]


def titled(part: Table, labels: Sequence[str]) -> str:
    """Return a table's title, with SIMULATED if the report has it: a table may be cut out and sent on."""
    return f"SIMULATED: {part.title}" if any("SIMULATED" in label for label in labels) else part.title
