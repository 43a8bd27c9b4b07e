"""What a study would give out, with SIMULATED answers: of its own form, units and size. Nothing is stored.

The answers are drawn anew, and alike, each time the page is asked for. They lie around the middle of each
scale, so that the sample suggests no result. The figures go the way of those of people, by the same rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar, Final

from sqlalchemy import Row

from analysis.disclosure.base_table import About, Group, Unit, base_table, rules
from analysis.disclosure.leaving import LEAVING
from analysis.disclosure.release import release
from app.languages import english_day
from app.report.pages import Link, NothingPage, ReportPage, report_page
from app.runtime import now
from app.templating import Page
from instrument import Instrument

SAMPLE: Final = "sample"
AT_MOST: Final = 2000
"""The most people for whom answers are drawn."""
ROWS: Final = 5
SHARED: Final = 0.6
"""How far a person's answers go together: the weight of what they share, beside that of chance."""

Answers = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SampleRowsPage(Page):
    """Of a study that gives out rows: the first of those that researchers would receive."""

    template: ClassVar[str] = "hosting/sample_rows.html"
    study: str
    title: str
    notice: str
    leaving: tuple[str, ...]
    """The units whose rows would leave."""
    staying: tuple[str, ...]
    withheld: bool
    """Whether what is rare is withheld from the rows at the close."""
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sample_page(instrument: Instrument, study: Row[Any], tree: Sequence[Row[Any]], unit: str | None) -> Page:
    """Lay out what a study would give out of a unit, or of everybody."""
    groups = tuple(_groups(instrument, study, tree))
    told = _told(study, groups)
    if LEAVING[study.leaving].rows:
        return _rows_page(study, tree, groups, told)
    units = (Unit(id=each.id, title=each.title, level=each.level, parent=each.parent) for each in tree)
    report = release(base_table(_about(instrument, study), instrument, groups, units, rules(study.k)))
    page, home = report_page(report, unit, instrument), f"/host/studies/{study.id}"
    if isinstance(page, ReportPage):
        return _as_sample(page, home, told)
    return NothingPage(
        simulated=True,
        preview=home,
        study=study.title,
        ordinal=report.about.ordinal,
        closed_on=english_day(now().date()),
        origin=told,
        k=study.k,
        gives_out_rows=False,
    )


def _as_sample(page: ReportPage, home: str, told: str) -> ReportPage:
    """Say what it is, and lead to no report and no file that there is not."""

    def here(link: Link) -> Link:
        return Link(link.address.replace(f"/report/waves/{SAMPLE}", f"{home}/{SAMPLE}"), link.words)

    return replace(
        page,
        preview=home,
        origin=told,
        title=f"{page.title} (SIMULATED)",
        above=here(page.above) if page.above else None,
        below=tuple(map(here, page.below)),
        discuss="",
        slides="",
        files=(),
    )


def _about(instrument: Instrument, study: Row[Any]) -> About:
    form = instrument.forms[study.form]
    return About(
        study=study.id,
        title=study.title,
        wave=SAMPLE,
        ordinal=1,
        closed_on=now().date().isoformat(),
        simulated=True,
        instrument=study.instrument,
        instrument_title=instrument.title,
        form=form.id,
        form_hash=form.hash,
        key_revision=instrument.key.revision,
        respondents=form.about,
        window=form.window,
        k=study.k,
        leaving=study.leaving,
    )


def _groups(instrument: Instrument, study: Row[Any], tree: Sequence[Row[Any]]) -> Iterator[Group]:
    """Spread the people that the study expects evenly over its units."""
    chance = Random(f"{SAMPLE} {study.id}")  # noqa: S311 - made-up answers, the same each time
    units = [each.id for each in tree if each.level == "unit"]
    people = min(study.people or 0, AT_MOST)
    for place, unit in enumerate(units):
        count = people // len(units) + (place < people % len(units))
        yield Group(
            unit=unit,
            pairs=((SAMPLE, unit),),
            people=[_person(instrument, study, chance) for _ in range(count)],
        )


def _person(instrument: Instrument, study: Row[Any], chance: Random) -> Answers:
    form, shared = instrument.forms[study.form], chance.gauss(0, 1)
    turned = {
        item.id
        for subscale in instrument.key.subscales(form.id).values()
        for item in subscale.items
        if item.reversed
    }
    asked = form.context if study.context is None else study.context
    answers: dict[str, Any] = {each: chance.choice(instrument.context[each].options) for each in asked}
    for item in form.items:
        codes = sorted(form.scales[item.scale].codes)
        drawn = SHARED * shared + (1 - SHARED**2) ** 0.5 * chance.gauss(0, 1)
        middle, spread = (len(codes) - 1) / 2, len(codes) / 4
        place = round(middle + spread * (-drawn if item.id in turned else drawn))
        answers[item.id] = codes[min(max(place, 0), len(codes) - 1)]
    return answers


def _told(study: Row[Any], groups: Sequence[Group]) -> str:
    if not study.people:
        return "SIMULATED. Say first how many people you expect: of nobody there is nothing to show."
    if not groups:
        return "SIMULATED. Declare the units first: people are counted by them."
    drawn = sum(len(group.people) for group in groups)
    return (
        f"SIMULATED: made-up answers of {drawn:,} people, spread evenly over {len(groups):,} "
        f"{'unit' if len(groups) == 1 else 'units'}. Nobody gave them, nothing of them is kept, and they say "
        "nothing about what your study will find."
    )


def _rows_page(
    study: Row[Any], tree: Sequence[Row[Any]], groups: Sequence[Group], told: str
) -> SampleRowsPage:
    titles = {each.id: each.title for each in tree}
    leave = [group for group in groups if len(group.people) >= study.k]
    with_unit = LEAVING[study.leaving].units
    first = [(group.unit, person) for group in leave for person in group.people]
    Random(study.id).shuffle(first)  # noqa: S311 - made-up answers, the same each time
    names = ((["unit"] if with_unit else []) + list(first[0][1])) if first else []
    return SampleRowsPage(
        simulated=True,
        preview=f"/host/studies/{study.id}",
        study=study.id,
        title=study.title,
        notice=told,
        leaving=tuple(titles[group.unit] for group in leave),
        staying=tuple(titles[group.unit] for group in groups if group not in leave),
        withheld=LEAVING[study.leaving].withheld,
        names=tuple(names),
        rows=tuple(
            tuple(str(unit if name == "unit" else person[name]) for name in names)
            for unit, person in first[:ROWS]
        ),
    )
