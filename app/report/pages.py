"""The pages a trainer reads: what is on each, ready to print, from the report and the instrument alone."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from markupsafe import Markup

from analysis.disclosure.base_table import Scheme, Unit
from analysis.disclosure.leaving import LEAVING, ORIGIN
from analysis.disclosure.release import EVERYONE, Figure, Node, Report, Untold
from app.figures.plot import TICKS, Line, line
from app.figures.wording import HEADINGS, as_answered, format_figure, how_precise, how_sure, people
from app.languages import SOURCE, english_day
from app.report.charts import distributions
from app.report.compared import LACKING, Compared, compared
from app.report.starts import RULE, Advice, DiscussionPage, Start, advice_of, starts
from app.templating import Page
from instrument import Action, Instrument

FILES: Final = ("PDF", "CSV", "JSON")


@dataclass(frozen=True)
class Link:
    address: str
    words: str
    beside: str = ""


@dataclass(frozen=True, kw_only=True)
class IndexPage(Page):
    template: ClassVar[str] = "report/index.html"
    waves: tuple[Link, ...]


@dataclass(frozen=True)
class FigureRow:
    label: str
    text: str
    how_sure: str
    error: str


@dataclass(frozen=True)
class ItemRow:
    sentence: str
    turned: bool
    mean: str
    shares: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ItemTable:
    title: str
    scale: str
    rows: tuple[ItemRow, ...]
    drawing: Markup | None
    """Bars of the answers, drawn by analysis.graphics.svg, which escapes every word."""


@dataclass(frozen=True)
class FacetAdvice:
    title: str
    headings: tuple[tuple[str, tuple[Advice, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class ReportPage(Page):
    template: ClassVar[str] = "report/report.html"
    stage: str
    precision: str
    title: str
    study: str
    ordinal: int
    closed_on: str
    origin: str
    """What there is to know of a wave whose answers came from a file; empty of any other."""
    respondents: str
    window: str
    questions: int
    people: str
    k: int
    lines: tuple[Line, ...]
    ticks: tuple[int, ...]
    rows: tuple[FigureRow, ...]
    has_intervals: bool
    has_errors: bool
    has_bounds: bool
    has_untold: bool
    items: tuple[ItemTable, ...]
    reading: str
    """What a higher figure means, as the questionnaire says it."""
    always: tuple[str, ...]
    may_not_say: tuple[str, ...]
    evidence: tuple[str, ...]
    """What confirmed evidence lets be said, and by what it does."""
    compared: Compared | None
    """What evidence adds that held when the collection closed and holds today."""
    lacking: str
    """Why it adds nothing."""
    advice_intro: str | None
    safety: str | None
    advice: tuple[FacetAdvice, ...]
    starts: tuple[Start, ...]
    rule: str
    discuss: str
    slides: str
    above: Link | None
    below: tuple[Link, ...]
    provenance: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class NothingPage(Page):
    """No unit had K answers, or the study gives out rows."""

    template: ClassVar[str] = "report/nothing.html"
    study: str
    ordinal: int
    closed_on: str
    origin: str
    k: int
    gives_out_rows: bool


def report_page(report: Report, name: str | None, instrument: Instrument | None) -> Page | None:
    """The page of a unit, or of everybody where none is named; None where nothing is published of it."""
    about = report.about
    if not report.parts and name is None:
        return NothingPage(
            simulated=about.simulated,
            study=about.title,
            ordinal=about.ordinal,
            closed_on=english_day(date.fromisoformat(about.closed_on)),
            origin=ORIGIN if about.imported else "",
            k=about.k,
            gives_out_rows=LEAVING[about.leaving].rows,
        )
    node = find_node(report, name)
    return None if node is None else _page(report, node, instrument)


def discussion_page(page: ReportPage) -> DiscussionPage:
    """The page to discuss from, made of nothing but the report's own page."""
    return DiscussionPage(
        simulated=page.simulated,
        stage=page.stage,
        title=page.title,
        study=page.study,
        people=page.people,
        reading=page.reading,
        safety=page.safety,
        rule=page.rule,
        starts=page.starts,
        report=page.discuss.removesuffix("/discuss"),
        slides=page.slides,
        may_compare=page.compared is not None,
    )


def find_node(report: Report, name: str | None) -> Node | None:
    """What is published of a unit, or of everybody where none is named."""
    wanted = name or next((part.id for part in report.parts), None)
    return next((node for node in report.nodes if node.id == wanted), None)


def _page(report: Report, node: Node, instrument: Instrument | None) -> ReportPage:
    about, claims = report.about, instrument.claims if instrument else None
    advised = instrument.advice_for(instrument.forms[about.form], SOURCE) if instrument else None
    titles = report.scheme.titles()
    figures = [*node.facets, *node.totals]
    shown = [each.figure for each in figures]
    return ReportPage(
        simulated=about.simulated,
        stage=claims.label if claims else "A summary of answers, not a measurement",
        precision=claims.precision if claims else "unknown",
        title=node.title,
        study=about.title,
        ordinal=about.ordinal,
        closed_on=english_day(date.fromisoformat(about.closed_on)),
        origin=ORIGIN if about.imported else "",
        respondents=about.respondents,
        window=about.window,
        questions=sum(len(facet.items) for facet in report.scheme.facets),
        people=people(node),
        k=about.k,
        lines=(
            *(line(titles[each.id], each.figure, error=each.error) for each in node.facets),
            *(line(titles[each.id], each.figure, is_total=True, error=each.error) for each in node.totals),
        ),
        ticks=TICKS,
        rows=tuple(
            FigureRow(
                titles[each.id], format_figure(each.figure), how_sure(each.figure), how_precise(each.error)
            )
            for each in figures
        ),
        has_intervals=any(isinstance(each, Figure) and each.half_width is not None for each in shown),
        has_errors=any(each.error is not None for each in figures),
        has_bounds=any(isinstance(each, Figure) and each.bound != "exact" for each in shown),
        has_untold=any(isinstance(each, Untold) for each in shown),
        items=_items(report.scheme, node),
        reading=_reading(instrument, about.form),
        always=claims.always if claims else (),
        may_not_say=claims.may_not_say if claims else (),
        evidence=(*claims.may_say, *claims.evidence) if claims and claims.evidence else (),
        compared=compared(report, node, nodes_below(report, node)),
        lacking=LACKING[about.lacking],
        advice_intro=advised.intro if advised else None,
        safety=advised.safety if advised else None,
        advice=_advice(report.scheme, advised.actions) if advised else (),
        starts=starts(report.scheme, node, advised.actions if advised else ()),
        rule=RULE,
        discuss=f"{_address(report, node.id)}/discuss",
        slides=f"{_address(report, node.id)}/slides.pdf",
        above=_above(report, node),
        below=_below(report, node),
        provenance=_provenance(report),
        files=tuple((name, f"{_address(report, node.id)}.{name.lower()}") for name in FILES),
    )


def _reading(instrument: Instrument | None, form: str) -> str:
    words = instrument.words.get((form, instrument.language)) if instrument else None
    if instrument and instrument.claims:
        return next(iter(instrument.claims.always), "")
    if words is None or words.reading is None:
        return ""
    ends = f" 0 stands for “{words.least}”, 100 for “{words.most}”." if words.least and words.most else ""
    return words.reading + ends


def _items(scheme: Scheme, node: Node) -> tuple[ItemTable, ...]:
    lines = {each.id: each for each in node.items}
    tables = []
    for facet in scheme.facets:
        rows = tuple(
            ItemRow(item.sentence, item.reversed, *as_answered(item, lines[item.id]))
            for item in facet.items
            if item.id in lines
        )
        if rows and facet.shown:
            first = facet.items[0]
            scale = f"{first.low} ({first.labels[0]}) to {first.high} ({first.labels[-1]})"
            told = [lines[item.id] for item in facet.items if item.id in lines]
            drawn = distributions(facet, told)
            drawing = None if drawn is None else Markup(drawn)  # noqa: S704 - escaped by analysis.graphics.svg
            tables.append(ItemTable(facet.title, scale, rows, drawing))
    return tuple(tables)


def _advice(scheme: Scheme, actions: tuple[Action, ...]) -> tuple[FacetAdvice, ...]:
    """Every action of every facet, whatever the figures: so an action shown reveals no answer."""
    several = []
    for facet in scheme.facets:
        headings = []
        for heading, title in HEADINGS.items():
            advice = tuple(
                advice_of(each) for each in actions if (each.facet, each.heading) == (facet.id, heading)
            )
            headings.append((title, advice))
        if any(advice for _, advice in headings):
            several.append(FacetAdvice(facet.title, tuple(each for each in headings if each[1])))
    return tuple(several)


def _address(report: Report, part: str) -> str:
    wave = f"/report/waves/{report.about.wave}"
    return wave if part == report.parts[0].id else f"{wave}/units/{part}"


def _above(report: Report, node: Node) -> Link | None:
    everybody = report.parts[0]
    if node.id == everybody.id:
        return None
    above = next((part for part in report.parts if part.id == node.parent), everybody)
    return Link(_address(report, above.id), above.title)


def _below(report: Report, node: Node) -> tuple[Link, ...]:
    return tuple(Link(_address(report, part.id), part.title) for part in parts_below(report, node))


def nodes_below(report: Report, node: Node) -> list[Node]:
    nodes = {each.id: each for each in report.nodes}
    return [nodes[part.id] for part in parts_below(report, node) if part.id in nodes]


def parts_below(report: Report, node: Node) -> list[Unit]:
    """The parts one level down, in the order of titles: an order by figures would be a ranking."""
    below = [part for part in report.parts if part.parent in parents_below(node.id) and part.id != node.id]
    return sorted(below, key=lambda part: part.title)


def parents_below(name: str) -> tuple[str | None, ...]:
    """What the parts right below a part may have for a parent."""
    return (None, EVERYONE) if name == EVERYONE else (name,)


def _provenance(report: Report) -> tuple[tuple[str, str], ...]:
    about = report.about
    return (
        ("Questionnaire", f"{about.instrument_title}, form {about.form}"),
        ("Form", about.form_hash),
        ("Scoring key", f"revision {about.key_revision}"),
        ("Collection", about.wave),
        ("Smallest group shown", str(about.k)),
        *(
            (("Evidence", f"{', '.join(each[:16] for each in about.basis.seals)}; {about.basis.population}"),)
            if about.basis
            else ()
        ),
    )
