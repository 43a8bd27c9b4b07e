"""The design of a study as a host chooses it: what may be chosen, what it means, and what it gives away."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Final

from app.languages import LANGUAGES, _
from app.runtime import Service
from app.studies.anonymity import CLUSTER, LIMIT, AnonymityBudget, budget_of
from app.studies.special import SPECIAL
from app.studies.study import Design
from app.tables import COHORT, RESEARCH
from app.templating import Page
from instrument import Form, Instrument

PEOPLE, TRAINERS, RESEARCHERS = _("People"), _("Trainers"), _("Researchers")
CHOICES: Final = {
    "reports": (
        _("Reports of groups"),
        (
            (PEOPLE, _("Nobody receives their single answers.")),
            (TRAINERS, _("A report of each unit, department and organisation with enough answers.")),
            (RESEARCHERS, _("Those reports and nothing else: no rows, no reliability, no waves linked.")),
        ),
    ),
    "rows": (
        _("Single sets of answers, without the unit"),
        (
            (PEOPLE, _("Researchers may receive what each answered. Too small a group is given to nobody.")),
            (TRAINERS, _("No report, not even of everybody.")),
            (RESEARCHERS, _("A row for each person, reliability, waves that are linked.")),
        ),
    ),
    "rows with units": (
        _("Single sets of answers, with the unit"),
        (
            (PEOPLE, _("As above, and who knows their unit finds them more easily.")),
            (TRAINERS, _("No report, not even of everybody.")),
            (
                RESEARCHERS,
                _("As above; the operator's command adds the unit where five rows or more look alike."),
            ),
        ),
    ),
    "rows unwithheld": (
        _("Single sets of answers, with nothing withheld (a research study alone)"),
        (
            (PEOPLE, _("What they say of themselves stays with their answers, however rare it is.")),
            (TRAINERS, _("No report, not even of everybody.")),
            (
                RESEARCHERS,
                _("A row for each person, without the unit; people are told how many may be alone."),
            ),
        ),
    ),
}
"""What a study may give out, as a host reads it: the name, and what it means."""
KINDS: Final = {
    COHORT: (
        _("Cohort study"),
        _("It gives out reports of groups, or single sets of answers, within the anonymity budget."),
    ),
    RESEARCH: (
        _("Research study"),
        _(
            "It gives out single sets of answers and never a report. It needs an ethics approval, which a "
            "second person confirms; people are told how many may be alone in the data."
        ),
    ),
}
"""The kinds of study, as a host reads them."""


@dataclass(frozen=True)
class Link:
    address: str
    words: str
    beside: str = ""


@dataclass(frozen=True)
class Choice:
    value: str
    words: str
    beside: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class LeavingChoice:
    value: str
    words: str
    means: tuple[tuple[str, str], ...]
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class FormsPage(Page):
    """Which form to ask: the first step of making a study."""

    template: ClassVar[str] = "hosting/forms.html"
    forms: tuple[Link, ...]


@dataclass(frozen=True)
class Spent:
    """What the anonymity budget says of a design."""

    verdict: str
    is_kept: bool
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class DesignPage(Page):
    template: ClassVar[str] = "hosting/design.html"
    form: str
    about: str
    values: Mapping[str, str]
    kinds: tuple[Choice, ...]
    leaving: tuple[LeavingChoice, ...]
    questions: tuple[Choice, ...]
    special: tuple[Choice, ...]
    spent: Spent
    problem: str = ""
    limit: str = f"{LIMIT:.0%}"


def _number_of_questions(form: Form) -> str:
    count = len(form.items)
    return "1 question" if count == 1 else f"{count} questions"


def forms_page(instruments: Iterable[Instrument]) -> FormsPage:
    """List the forms of which a study can be made, a later edition before the one that it replaces."""
    return FormsPage(
        forms=tuple(
            Link(
                f"/host/studies?form={each.id}/{form.id}",
                form_title(each, form),
                f"{form.about}. {_number_of_questions(form)}, in {_languages(each, form)}."
                f"{_replaced(each, form)}",
            )
            for each in instruments
            for form in sorted(
                each.forms.values(), key=lambda form: (form.replaces or form.id, -form.edition)
            )
        )
    )


def design_page(
    service: Service, instrument: Instrument, form: Form, fields: Mapping[str, str], problem: str = ""
) -> DesignPage:
    """Make the page with what was typed so far, and what it would give away once that can be computed."""
    return DesignPage(
        simulated=service.settings.demo,
        form=f"{instrument.id}/{form.id}",
        about=form_title(instrument, form),
        values={
            name: fields.get(name, "") for name in ("id", "title", "k", "people", "retire_on", "clusters")
        },
        kinds=_kinds(fields.get("kind", COHORT)),
        leaving=leaving_choices(fields.get("leaving", "")),
        questions=question_choices(instrument, form, typed_questions(form, fields)),
        special=special_choices(typed_special(fields)),
        spent=typed_budget(instrument, form, fields),
        problem=problem,
    )


def typed_budget(instrument: Instrument, form: Form, fields: Mapping[str, str]) -> Spent:
    """Say what the questions that are ticked give away; without a number of people, how many they need."""
    asked, people = typed_questions(form, fields), fields.get("people", "").strip()
    special, is_limited = typed_special(fields), fields.get("kind") != RESEARCH
    if people.isascii() and people.isdigit() and int(people[:9]) > 0:
        budget = budget_of(
            instrument, form.id, asked, int(people[:9]), special, clusters="clusters" in fields
        )
        return spent(instrument, form, budget, is_limited=is_limited)
    budget = budget_of(instrument, form.id, asked, 1, special)
    alone = spent(instrument, form, budget, is_limited=is_limited)
    if not budget.asked:
        return alone
    if not is_limited:
        return replace(alone, verdict="Say how many people you expect.")
    said = f"These questions need at least {budget.fewest_people:,} people. Say how many you expect."
    return replace(alone, verdict=said, is_kept=True)


def spent(instrument: Instrument, form: Form, budget: AnonymityBudget, *, is_limited: bool) -> Spent:
    """Say how many people the questions of a design may leave alone, question by question."""
    words = {
        each.value: each.words for each in (*question_choices(instrument, form, ()), *special_choices(()))
    }
    words[CLUSTER] = _("Clusters of five people")
    verdict = budget.verdict.replace(budget.ways_on(), budget.ways_on(words)) if is_limited else budget.told
    needs = is_limited and budget.asked and budget.is_kept
    enough = f" They need at least {budget.fewest_people:,} people." if needs else ""
    return Spent(
        f"{verdict[0].upper()}{verdict[1:]}.{enough}",
        budget.is_kept or not is_limited,
        tuple((words[each.question], each.answers) for each in budget.asked),
    )


def read_design(fields: Mapping[str, str], instrument: Instrument, form: Form, *, simulated: bool) -> Design:
    """Read the design as it was typed; ValueError where a number or a day cannot be read."""
    return Design(
        id=fields.get("id", "").strip(),
        title=fields.get("title", "").strip(),
        kind=fields.get("kind", COHORT),
        instrument=instrument.id,
        form=form.id,
        k=int(fields.get("k", "")),
        simulated=simulated,
        leaving=fields.get("leaving", ""),
        clusters="clusters" in fields,
        special=typed_special(fields),
        context=tuple(each for each in form.context if f"ask_{each}" in fields),
        people=int(fields.get("people", "")),
        retire_on=date.fromisoformat(on) if (on := fields.get("retire_on", "")) else None,
    )


def typed_special(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(each for each in SPECIAL if f"special_{each}" in fields)


def typed_questions(form: Form, fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(each for each in form.context if f"ask_{each}" in fields)


def special_choices(chosen: Iterable[str]) -> tuple[Choice, ...]:
    asked = {*chosen}
    return tuple(Choice(each.id, each.text, chosen=each.id in asked) for each in SPECIAL.values())


def _kinds(chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(each, words, means, each == chosen) for each, (words, means) in KINDS.items())


def leaving_choices(chosen: str) -> tuple[LeavingChoice, ...]:
    return tuple(
        LeavingChoice(each, words, means, each == chosen) for each, (words, means) in CHOICES.items()
    )


def question_choices(instrument: Instrument, form: Form, asked: Iterable[str]) -> tuple[Choice, ...]:
    words = instrument.words_for_staff(form.id)
    chosen = set(asked)
    return tuple(
        Choice(
            each,
            words.question(each),
            f"{len(instrument.context[each].options)} answers to choose from; asked alone it needs at least "
            f"{budget_of(instrument, form.id, (each,), 1).fewest_people:,} people",
            each in chosen,
        )
        for each in form.context
    )


def form_title(instrument: Instrument, form: Form) -> str:
    """Return the title of the questionnaire and, where it has several forms, which of them this is."""
    if len(instrument.forms) == 1:
        return instrument.title
    first = form.replaces or form.id
    name = first.upper() if len(first) == 1 else first.replace("_", " ")
    return f"{instrument.title}, form {name}" + (f", edition {form.edition}" if form.edition > 1 else "")


def _languages(instrument: Instrument, form: Form) -> str:
    spoken = [language for language in LANGUAGES if (form.id, language) in instrument.words]
    return ", ".join(LANGUAGES[language].name for language in spoken) or "no language of these pages"


def _replaced(instrument: Instrument, form: Form) -> str:
    """Say that there is a later edition of a form, and what this one is still for."""
    if all(other.replaces != form.id for other in instrument.forms.values()):
        return ""
    return " There is a later edition. Take this one only to go on with a study."
