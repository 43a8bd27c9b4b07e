"""Draw the two ways through the code for docs/architecture.md: `python -m docs.drawings`.

Each way is a list of stations: the module, and what it does there. The drawings and the words beside them are
made from the same list; tests/docs/test_architecture.py fails where a file is not what this module makes, or
where a station names a module that does not exist.
"""

from pathlib import Path
from typing import Final, NamedTuple

from analysis.graphics import svg

HERE: Final = Path(__file__).parent
PAGE: Final = HERE / "architecture.md"


class Station(NamedTuple):
    """A module on the way, and what it does there."""

    module: str
    does: str


ANSWER: Final = (
    Station("app.middleware", "takes the request: no log, headers, forms of our own pages only"),
    Station("app.survey.road", "finds the endpoint in one table, before the framework's routing"),
    Station("app.survey.routes", "finds the session by its cookie and opens one transaction"),
    Station(
        "app.questionnaire.reading",
        "reads the answers against what the form offers; a blank is asked about once",
    ),
    Station("app.survey.drafts", "seals the sheet and keeps it as a draft until it is sent"),
    Station("app.survey.sending", "stores the response without code or time, and hands out a receipt"),
    Station("app.closing.maintenance", "closes the wave when it is due"),
    Station("app.closing.purge", "deletes drafts, sessions, submit keys, and what a code says but its wave"),
    Station("app.closing.mixing", "rewrites all rows in random order"),
    Station(
        "analysis.disclosure.base_table", "holds out small groups, clamps sums, and keeps the one base table"
    ),
    Station("analysis.disclosure.release", "computes every published figure from the base table alone"),
    Station("app.closing.snapshots", "stores the report, once"),
    Station("app.report.routes", "shows the stored report to the trainers of the study"),
)
TABLE: Final = (
    Station("analysis.__main__", "takes the command: a file, an instrument, a format"),
    Station("analysis.files.read_table", "reads CSV, Excel, Parquet, SPSS or Stata into columns"),
    Station(
        "analysis.report.fitted",
        "matches columns to items and has instrument.scoring.keyed turn reversed ones",
    ),
    Station("analysis.counts.joint", "counts every pair of answers; most figures follow from these counts"),
    Station("analysis.correlation.polychoric", "estimates the correlations behind ordered answers"),
    Station(
        "analysis.reliability.alpha", "computes a coefficient with its interval, or says why there is none"
    ),
    Station("analysis.report.build", "puts the sections of a report into one frozen tree"),
    Station("analysis.report.render", "prints the tree as text, JSON or one HTML page"),
)
WAYS: Final = {
    "answer": ("The way of one answer, from the browser to the report", ANSWER),
    "table": ("The way of one table, from the file to the page", TABLE),
}

ROW: Final = 56.0
LEFT: Final = 34.0
WORDS: Final = 590.0


def drawn(title: str, stations: tuple[Station, ...]) -> str:
    """Return the stations from top to bottom along a line."""
    middle = [ROW * (place + 0.5) for place in range(len(stations))]
    body = [svg.rule(LEFT, middle[0], LEFT, middle[-1], "hairline", width=2)]
    for y, station in zip(middle, stations, strict=True):
        body += [
            svg.dot(LEFT, y, "accent"),
            svg.text(LEFT + 22, y - 10, station.module, weight="bold"),
            svg.text(LEFT + 22, y + 10, svg.wrap(station.does, WORDS)[0], size=svg.SMALL, tone="quiet"),
        ]
    return svg.drawing(ROW * len(stations), title, "The list beside it says the same.", body)


def in_words(stations: tuple[Station, ...]) -> str:
    """Return the stations as a numbered list."""
    return "\n".join(f"{place}. `{each.module}` {each.does}." for place, each in enumerate(stations, 1))


def main() -> None:
    """Write the drawings, and the lists between their marks in the page."""
    page = PAGE.read_text(encoding="utf-8")
    for name, (title, stations) in WAYS.items():
        (HERE / f"{name}.svg").write_text(drawn(title, stations) + "\n", encoding="utf-8")
        before, _, rest = page.partition(f"<!-- {name} -->\n")
        _, _, after = rest.partition(f"<!-- end of {name} -->")
        page = f"{before}<!-- {name} -->\n{in_words(stations)}\n<!-- end of {name} -->{after}"
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
