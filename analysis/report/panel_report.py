"""The report of `experts`: what a panel says of the items in figures and words, and what was decided."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from analysis.content_validity.indices import LEAST_AVERAGE, ScaleContentValidity, asked_share
from analysis.content_validity.panel import WHOLE, Figure, ItemVotes, Panel, panel
from analysis.content_validity.reading import Rater
from analysis.content_validity.sheet import BACKGROUND, NONE_OF_THESE, Sheet
from analysis.estimate import Unavailable
from analysis.graphics.charts import Figure as Drawing
from analysis.graphics.charts import intervals
from analysis.report.document import SIMULATED, Document, Section, Table, Value, sections_json, value_of
from analysis.report.panel_tables import Decision
from instrument import Instrument

HOW: Final = (
    "I-CVI is the share of raters who gave 3 or 4 of 4; modified kappa takes from it what chance would give. "
    "Asked is 0.78 of nine raters or more, 0.83 of six to eight, all of three to five (Lynn 1986; Polit and "
    "Beck 2006), and the average of a scale 0.90. CVR is set against the number of votes that chance reaches "
    "at most once in twenty, computed exactly. Intervals are at 95 %, Wilson's for shares and Student's over "
    "raters for the average; they are wide, since panels are small, and speak of other panels that might "
    "have been asked. A panel says whether items are about the subject and can be understood; it says "
    "nothing of what answers to them will be worth."
)


def panel_report(
    instrument: Instrument, sheet: Sheet, raters: Sequence[Rater], decisions: Mapping[str, Decision]
) -> Document:
    """Compute what a panel's sheets say of a form."""
    found = panel(sheet, raters)
    sections = (
        _composition(found),
        _whole(sheet, found),
        _relevance(found),
        _roles(found),
        _clarity(found),
        _need(found),
        *_sorting(sheet, found),
        _decided(found, decisions),
        _comments(found),
        _missing(found),
    )
    made_up = any(each.made_up for each in raters)
    claims = instrument.claims
    return Document(
        title=f"The panel on form {sheet.form} of {instrument.title}",
        lead="Whether the items are about the subject, in the eyes of those who were asked.",
        labels=tuple(
            each for each in (SIMULATED if made_up else None, claims.label if claims else None) if each
        ),
        provenance=(
            f"{len(found.raters)} sheets ({sheet.code}), {len(found.lived)} of people who have been in the "
            f"position of those who will answer. {len(sheet.statements)} sentences, in {sheet.language}."
        ),
        sections=sections,
        how=HOW,
        tree={
            "form": sheet.form,
            "sheet": sheet.code,
            "simulated": made_up,
            "raters": len(found.raters),
            "lived": len(found.lived),
            "scales": {part: _scale_tree(figures) for part, figures in found.scales.items()},
            "items": {each.statement.item: _item_tree(each, decisions) for each in found.items},
            "missing": [thought for rater in found.raters for thought in rater.missing],
            "sections": sections_json(sections),
        },
    )


def _composition(found: Panel) -> Section:
    tables = tuple(
        Table(
            title=question,
            headers=("answer", "raters"),
            rows=tuple(
                (answer, count)
                for answer in (*answers, "not said")
                if (count := sum(each.background.get(key, "not said") == answer for each in found.raters))
                or answer != "not said"
            ),
        )
        for key, (question, answers) in BACKGROUND.items()
    )
    unrated = [
        f"{rater.name}: {count} sentences"
        for rater in found.raters
        if (count := sum(each.relevance is None for each in rater.judgements.values()))
    ]
    reading = (
        f"Left without a judgement of relevance: {'; '.join(unrated)}."
        if unrated
        else "Every rater judged the relevance of every sentence."
    )
    return Section(id="panel", title="Who judged", reading=reading, tables=tables)


def _whole(sheet: Sheet, found: Panel) -> Section:
    def table(title: str, place: int) -> Table:
        return Table(
            title=title,
            headers=("part", "S-CVI/Ave", "low", "high", "S-CVI/UA"),
            rows=tuple(_scale_row(_named(sheet, part), each[place]) for part, each in found.scales.items()),
        )

    average = found.scales[WHOLE][0].average
    said = "" if isinstance(average, Unavailable) else f"The average of all items is {average.value:.2f}"
    reading = f"{said}; {LEAST_AVERAGE:.2f} is asked." if said else ""
    return Section(
        id="scale",
        title="The whole and its parts",
        reading=reading,
        tables=(table("All raters", 0), table("Raters with lived experience", 1)),
    )


def _scale_row(name: str, figures: ScaleContentValidity) -> tuple[Value, ...]:
    average, universal = figures.average, value_of(figures.universal)
    if isinstance(average, Unavailable):
        return (name, average, average, average, universal)
    return (name, average.value, *average.limits, universal)


def _relevance(found: Panel) -> Section:
    rows = tuple(
        (
            each.statement.item,
            *_limited(each.relevance),
            value_of(each.kappa),
            asked_share(_n(each.relevance)),
            value_of(each.lived),
        )
        for each in found.items
    )
    headers = ("item", "raters", "I-CVI", "low", "high", "kappa*", "asked", "I-CVI, lived")
    drawn = _drawn(found, "Share of raters who call each item relevant")
    return Section(
        id="relevance",
        title="Relevance of each item",
        reading="The share of raters who call the item quite or very relevant to its part.",
        tables=(Table(title="Relevance", headers=headers, rows=rows, figure=drawn),),
    )


def _drawn(found: Panel, title: str) -> Drawing | None:
    shown = [each for each in found.items if not isinstance(each.relevance, Unavailable)]
    if not shown:
        return None
    figures = [each.relevance for each in shown if not isinstance(each.relevance, Unavailable)]
    return intervals(
        [each.statement.item for each in shown],
        [each.value for each in figures],
        [each.low for each in figures],
        [each.high for each in figures],
        n=[each.n for each in figures],
        axis=(0, 1),
        ends=("nobody", "everybody"),
        reading="The dot is the share of raters, the line its 95 % interval.",
        title=title,
        write="{:.2f}".format,
    )


def _roles(found: Panel) -> Section:
    roles = [*found.items[0].by_role] if found.items else []
    rows = tuple(
        (each.statement.item, *(value_of(each.by_role[role]) for role in roles)) for each in found.items
    )
    return Section(
        id="roles",
        title="Relevance by the raters' position",
        reading="I-CVI of each group of raters alone, where there are three or more of them.",
        tables=(Table(title="I-CVI by position", headers=("item", *roles), rows=rows),) if roles else (),
    )


def _clarity(found: Panel) -> Section:
    rows = tuple((each.statement.item, *_limited(each.clarity)) for each in found.items)
    return Section(
        id="clarity",
        title="Clarity of each item",
        reading="The share of raters who call the sentence quite or very clear.",
        tables=(Table(title="Clarity", headers=("item", "raters", "share", "low", "high"), rows=rows),),
    )


def _need(found: Panel) -> Section:
    rows = tuple(
        (
            each.statement.item,
            each.essential,
            _n(each.ratio),
            each.needed,
            *_limited(each.ratio)[1:],
            each.needed
            if isinstance(each.needed, Unavailable)
            else (2 * each.needed - _n(each.ratio)) / _n(each.ratio),
        )
        for each in found.items
    )
    headers = ("item", "essential", "votes", "needed", "CVR", "low", "high", "critical CVR")
    return Section(
        id="need",
        title="Whether each item is essential",
        reading=(
            "Votes that an item is essential, and how many are needed before chance is an unlikely reason "
            "(one-sided, at most 0.05, exact)."
        ),
        tables=(Table(title="Content validity ratio", headers=headers, rows=rows),),
    )


def _sorting(sheet: Sheet, found: Panel) -> tuple[Section, ...]:
    if not sheet.facets:
        return ()
    places = [*sheet.facets, "none"]
    titles = {**{each.id: each.title for each in sheet.facets.values()}, "none": NONE_OF_THESE}
    rows = tuple(
        (
            each.statement.item,
            titles.get(each.statement.facet or "none", ""),
            *_limited(each.sorted),
            titles[each.elsewhere] if each.elsewhere else "nowhere",
        )
        for each in found.items
    )
    sums: dict[str, Counter[str]] = {facet: Counter() for facet in sheet.facets}
    for rater in found.raters:
        for each in sheet.statements:
            chosen = rater.judgements[each.item].sorted
            if each.facet and chosen:
                sums[each.facet][chosen] += 1
    matrix: tuple[tuple[Value, ...], ...] = tuple(
        (titles[facet], *(counted[place] for place in places)) for facet, counted in sums.items()
    )
    headers = ("item", "part", "raters", "to its part", "low", "high", "else most often")
    return (
        Section(
            id="sorting",
            title="Where raters sorted each item",
            reading="Raters sorted before they knew where a sentence was meant to belong; 0.75 is asked.",
            tables=(
                Table(title="Agreement of sorting", headers=headers, rows=rows),
                Table(
                    title="Votes: meant to belong (rows), sorted to (columns)",
                    headers=("part", *(titles[place] for place in places)),
                    rows=matrix,
                ),
            ),
        ),
    )


def _decided(found: Panel, decisions: Mapping[str, Decision]) -> Section:
    rows = tuple(
        (
            each.statement.item,
            "; ".join(each.reasons) or "no reason to rewrite",
            decisions[each.statement.item].decision if each.statement.item in decisions else "not decided",
            decisions[each.statement.item].reason if each.statement.item in decisions else "–",
        )
        for each in found.items
    )
    short = sum(bool(each.reasons) for each in found.items)
    open_ = sum(each.statement.item not in decisions for each in found.items)
    return Section(
        id="decisions",
        title="What the rule asks, and what was decided",
        reading=(
            f"An item that falls short in relevance (of all, or of people with lived experience), in clarity "
            f"or in sorting is to be rewritten or argued for: {short} of {len(rows)}. Without a decision: "
            f"{open_}. A rule does not decide; people do, and write why."
        ),
        tables=(Table(title="Decisions", headers=("item", "by the rule", "decision", "reason"), rows=rows),),
    )


def _comments(found: Panel) -> Section:
    rows = tuple(
        (each.statement.item, rater.background.get("role", "not said"), said)
        for each in found.items
        for rater in found.raters
        if (said := rater.judgements[each.statement.item].comment)
    )
    return Section(
        id="comments",
        title="What raters said of each item",
        reading="" if rows else "Nobody left a comment.",
        tables=(Table(title="Comments", headers=("item", "position", "comment"), rows=rows),) if rows else (),
    )


def _missing(found: Panel) -> Section:
    rows = tuple(
        (thought, rater.background.get("role", "not said"))
        for rater in found.raters
        for thought in rater.missing
    )
    return Section(
        id="missing",
        title="What is missing",
        reading="" if rows else "Nobody said that anything is missing.",
        tables=(Table(title="Missing content", headers=("said", "position"), rows=rows),) if rows else (),
    )


def _named(sheet: Sheet, part: str) -> str:
    return "All items" if part == WHOLE else sheet.facets[part].title


def _n(figure: Figure) -> int:
    return 0 if isinstance(figure, Unavailable) else figure.n


def _limited(figure: Figure) -> tuple[Value, ...]:
    """Return the number of raters, the figure and the ends of its interval."""
    if isinstance(figure, Unavailable):
        return (figure,) * 4
    return (figure.n, figure.value, *figure.limits)


def _scale_tree(figures: tuple[ScaleContentValidity, ScaleContentValidity]) -> dict[str, Any]:
    return {
        who: {"average": _tree(each.average), "universal": _tree(each.universal)}
        for who, each in zip(("all", "lived"), figures, strict=True)
    }


def _item_tree(each: ItemVotes, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    decided = decisions.get(each.statement.item)
    return {
        "part": each.statement.facet,
        "relevance": _tree(each.relevance),
        "kappa": _tree(each.kappa),
        "relevance_lived": _tree(each.lived),
        "clarity": _tree(each.clarity),
        "essential": each.essential,
        "essential_needed": each.needed,
        "ratio": _tree(each.ratio),
        "sorted": _tree(each.sorted),
        "by_position": {role: _tree(figure) for role, figure in each.by_role.items()},
        "reasons": each.reasons,
        "decision": None if decided is None else {"decision": decided.decision, "reason": decided.reason},
    }


def _tree(figure: Figure) -> Any:
    if isinstance(figure, Unavailable):
        return figure
    low, high = figure.limits
    return {"value": figure.value, "low": low, "high": high, "n": figure.n}
