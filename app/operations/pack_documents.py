"""The documents that a pack writes itself: information, privacy, data, pilot, invitations, and what is in it.

What only the host can know stands in square brackets. Nothing is invented, and no person stands in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from sqlalchemy import Row

from analysis.disclosure.leaving import LEAVING
from analysis.report.document import SIMULATED, Document, Section, Table, Value, sections_json
from app.closing.withholding import context_of
from app.operations.pack_wording import (
    BESIDE,
    BOXES,
    FILES,
    GIVES,
    HOW,
    NOT_HERE,
    OPEN,
    RECIPIENTS,
    RECOGNISED,
    RIGHTS,
)
from app.questionnaire.consent import consent
from app.questionnaire.path import research_of
from app.studies.information import EVERY, required
from app.support.signposts import Person, Signposts
from app.survey.drafts import DAYS_KEPT
from instrument import Instrument


def contents(study: Row[Any], documents: Mapping[str, Document]) -> Document:
    """Return the list of what is in a pack, how much of it is open, and what is not in it."""
    rows: list[tuple[Value, ...]] = [
        (f"{name}.docx, .pdf", FILES[name], _open(document)) for name, document in documents.items()
    ]
    beside = tuple(each for each in BESIDE if each[0] != "PLAN.yaml" or "preregistration" in documents)
    return _document(
        study,
        "What is in this pack",
        _table(
            "Documents",
            (
                "Begin with the information: `counterpoise study describe` puts it on the page that people "
                "read, and a pack that is made afterwards has fewer open places. The others are written in "
                "the .docx."
            ),
            ("file", "what for", "open places"),
            rows,
        ),
        _table("Beside them", "", ("file", "what for"), beside),
        _table(
            "Not in this pack",
            "A committee may ask for these, and only the host can write them.",
            ("what", "who knows, or what it says"),
            [(what, f"{said}: {OPEN}") for what, said in NOT_HERE],
        ),
    )


def _open(document: Document) -> int:
    """Count the places in square brackets."""
    texts = [
        *(section.reading for section in document.sections),
        *(
            str(cell)
            for section in document.sections
            for table in section.tables
            for row in table.rows
            for cell in row
        ),
    ]
    return sum(text.count("[The host writes here]") + text.count("[To be written by") for text in texts)


def information(study: Row[Any], instrument: Instrument, people: Signposts) -> Document:
    """Return what people read before they agree, what they tick, and whom they may talk to."""
    said = study.information or {}
    wanted = {
        **required(instrument.forms[study.form]),
        **{name: EVERY[name] for name in EVERY if name in said},
    }
    shown = consent(
        study.k,
        "en",
        leaving=LEAVING[study.leaving],
        retire_on=study.retire_on,
        before=instrument.words_for_staff(study.form).before,
        information=tuple(
            (each.title, said.get(name) or f"{OPEN}: {each.hint}") for name, each in wanted.items()
        ),
        research=research_of(instrument, study, context_of(instrument.forms[study.form], study.context)),
        compared=bool(study.population),
    )
    return _document(
        study,
        "Information and consent",
        Section(
            id="how",
            title="How people read it",
            reading=(
                "On one page, before the first question, under the headings that follow and word for word; "
                "those about this study are the host's. A hash of these words is kept with the answers."
            ),
        ),
        *_as_read(shown.markup),
        _table("What is ticked", "Nothing is ticked beforehand.", ("which", "words"), BOXES),
        _help(people),
    )


class _Page(HTMLParser):
    """Collects the headings of a page, and the paragraphs, lines and pairs below each."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[tuple[str, list[str], list[tuple[str, str]]]] = []
        self._text = ""
        self._term = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - of the library
        if tag in {"h2", "p", "li", "dt", "dd"}:
            self._text = ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        said = " ".join(self._text.split())
        if tag == "h2":
            self.parts.append((said, [], []))
        elif tag in {"p", "li"}:
            self.parts[-1][1].append(said)
        elif tag == "dt":
            self._term = said
        elif tag == "dd":
            self.parts[-1][2].append((self._term, said))


def _as_read(markup: str) -> Iterator[Section]:
    """Return the page of consent under its own headings."""
    page = _Page()
    page.feed(markup)
    for number, (title, lines, pairs) in enumerate(page.parts, 1):
        table = Table(title=title, headers=("what", "words"), rows=tuple(pairs))
        yield Section(
            id=f"consent-{number}",
            title=title,
            reading=" ".join(lines),
            tables=(table,) if pairs else (),
        )


def _help(people: Signposts) -> Section:
    rows = [
        (
            country.name,
            each.name,
            each.for_what,
            _reached(each),
            "yes" if country.checked or each.seen else "no",
        )
        for country in people.countries.values()
        for group in country.groups
        for each in group.people
    ]
    return _table(
        "People to talk to",
        (
            "Shown before, during and after, the same to everybody, whatever is answered. Whoever runs the "
            "service checks each before use."
        ),
        ("where", "who", "what for", "how", "checked"),
        rows,
    )


def _reached(person: Person) -> str:
    address = (person.address or "").removeprefix("https://")
    return ", ".join(filter(None, (person.telephone, address))) or "no number, no address"


def privacy(study: Row[Any], instrument: Instrument) -> Document:
    """Return a privacy notice, and a template for the assessment of the impact on data protection."""
    form, said = instrument.forms[study.form], study.information or {}
    kept = [
        ("answers, and the role and context asked", "until erased with the receipt, or " + _until(study)),
        (
            "a code to take part",
            "as a keyed hash; what it says of a unit is deleted when the collection closes",
        ),
        (
            "an unfinished sheet",
            (
                f"encrypted; people are told {DAYS_KEPT - 1} days. Deleted when sent, on day {DAYS_KEPT}, or "
                "when the collection closes"
            ),
        ),
        ("names, addresses, e-mail, IP addresses, times of answers, devices", "never"),
    ]
    processing = [
        ("controller", said.get("who", OPEN)),
        ("purpose", said.get("purpose", OPEN)),
        ("lawful basis", said.get("basis", OPEN)),
        ("special categories, and by which condition", OPEN),
        ("data protection officer", said.get("officer", OPEN)),
        ("people asked, and how many", f"{form.about}; expected: {study.people or OPEN}"),
        ("what leaves", GIVES[study.leaving]),
        ("who receives it", RECIPIENTS[study.leaving].format(k=study.k)),
        ("who runs the server, and under which contract", OPEN),
        ("outside the country", OPEN),
    ]
    risks = [
        ("somebody is recognised by their answers", RECOGNISED[study.leaving].format(k=study.k), OPEN),
        (
            "the person who is answered about is recognised, and told",
            "no name of them is asked; the host confirms that no unit is the people of one supervisor",
            OPEN,
        ),
        ("somebody is made to show their answers", "a receipt erases and shows nothing", OPEN),
        ("taking part is not free", "nothing depends on it, and any question may be skipped", OPEN),
        (
            "a question is hard to read",
            "people to talk to are named before and after, whatever is answered",
            OPEN,
        ),
        ("the host is the supervisor", "somebody outside the line has to run the study", OPEN),
        (
            "the database or a backup is taken",
            "no name is in it; unfinished sheets and backups are encrypted, codes are keyed hashes",
            OPEN,
        ),
        (
            "somebody watches the screen or the device",
            "“Leave this site” on every page ends their place at once",
            OPEN,
        ),
    ]
    assessment = [
        ("why this is needed, and why no less would do", OPEN),
        ("consultation of those concerned", OPEN),
        ("what is left of the risks, and who accepts it", OPEN),
        ("approved by, and when", OPEN),
        ("looked at again", OPEN),
    ]
    complaint = ("to complain", said.get("complaint", OPEN))
    return _document(
        study,
        "Privacy notice, and a template for the impact assessment",
        _table("What is kept", "", ("what", "how long"), kept),
        _table("The processing", "", ("what", "said"), processing),
        _table("Rights", "", ("right", "how"), [*RIGHTS, complaint]),
        _table("Risks", "", ("risk", "what the software does", "likelihood, severity, what else"), risks),
        _table("Assessment", "For whoever assesses the impact.", ("what", "said"), assessment),
    )


def data_plan(study: Row[Any], instrument: Instrument) -> Document:
    """Return a data management plan."""
    form = instrument.forms[study.form]
    leaves = study.leaving != "reports"
    tables = "CSV, SPSS, Stata, Parquet and a spreadsheet, with codebook, DDI and checksums"
    reading = (
        "researchers, whose accounts the host names" if leaves else "trainers, whose accounts the host names"
    )
    rows = [
        ("data", f"Answers to form {form.id} (hash {form.hash}), key revision {instrument.key.revision}"),
        ("what the study gives out", GIVES[study.leaving]),
        ("formats", tables if leaves else "reports as a page, PDF, CSV and JSON; there is no file of rows"),
        ("deleted", _until(study)),
        ("who may read what leaves", f"{reading}: {OPEN}"),
        ("what staff did", "kept in a chain of records that shows a change: `counterpoise audit verify`"),
        ("where the service runs, and who runs it", OPEN),
        ("backups", f"encrypted to a key; where, how long, and who has the key: {OPEN}"),
        ("archive, and under which licence", OPEN if leaves else f"reports alone could be archived: {OPEN}"),
        ("cost, and who pays", OPEN),
    ]
    return _document(study, "Data management plan", _table("The data", "", ("what", "said"), rows))


def pilot(study: Row[Any]) -> Document:
    """Return the protocol of a pilot."""
    bounds = [
        ("people", "50 to 100"),
        ("left unanswered", "at most 5 of 100 for each item"),
        ("does not apply", "at most 10 of 100 within each role"),
        ("item with the rest of its scale", "flagged below 0.20, with its interval; not deleted for it"),
        ("answers that nobody chose", "flagged"),
        ("lowest or highest score", "flagged above 15 of 100"),
        ("was anything upsetting", "asked at the end, outside the questionnaire: " + OPEN),
        ("stopped when", OPEN),
    ]
    course = [
        ("what it is for", "to find questions that people leave out, cannot answer, or all answer alike"),
        ("who is asked, and how they are found", OPEN),
        ("before it", "a panel has judged the sentences, and two rounds of interviews have read them"),
        (
            "how long it takes",
            "not measured by the service, which keeps no times: ask, or watch a few people",
        ),
        ("computed by", "`python -m analysis report`, on the rows of a study that gives out rows"),
        ("what follows from a flag", "the sentence is looked at again with people; no bound deletes one"),
        ("afterwards", "answers of the pilot are never pooled with those of the study"),
    ]
    return _document(
        study,
        "Pilot protocol",
        _table("The course", "", ("what", "said"), course),
        _table("What is looked at", "Fixed beforehand.", ("what", "bound"), bounds),
    )


def invitations(study: Row[Any], instrument: Instrument) -> Document:
    """Return texts that invite people to answer, to judge the sentences, and to be interviewed."""
    said = study.information or {}
    asked = instrument.words_for_staff(study.form).title
    contact = f"Whom to ask: {said.get('contact', OPEN)}"
    free = "Taking part is your choice, and nothing depends on it."
    first = (
        f"You are invited to answer “{asked}”. {said.get('purpose', OPEN)} {said.get('duration', OPEN)} "
        f"{free} No name is asked. You need the code on your slip: {OPEN}. {contact}"
    )
    again = (
        "This reminder goes to everybody, since nobody knows who has answered. If you have, thank you, and "
        f"do nothing. The collection ends on {OPEN}. {contact}"
    )
    panel = (
        f"You are invited to judge the sentences of “{asked}”, alone, on a sheet: where each belongs, how "
        "relevant and how clear it is, and what is missing. It takes one to two hours. Your sheet carries a "
        "letter in place of your name; who is who is known to the person who asks you, and to nobody else. "
        f"{free} What you are paid: {OPEN}. By when: {OPEN}. {contact}"
    )
    interview = (
        f"You are invited to read the sentences of “{asked}” aloud with somebody and to say what comes to "
        "mind. It is about the sentences, not about you; you may leave a sentence out or stop at any time. "
        f"{free} Where, when and how long: {OPEN}. What is recorded, who hears it, when it is deleted: "
        f"{OPEN}. What cannot stay between us: {OPEN}. {contact}"
    )
    return _document(
        study,
        "Invitations",
        Section(id="first", title="To people who answer", reading=first),
        Section(id="again", title="Reminder, once, to everybody", reading=again),
        Section(id="panel", title="To a panel that judges the sentences", reading=panel),
        Section(id="interview", title="To an interview", reading=interview),
    )


def _until(study: Row[Any]) -> str:
    return f"the answers are deleted on {study.retire_on:%Y-%m-%d}" if study.retire_on else OPEN


def _table(title: str, reading: str, headers: tuple[str, ...], rows: Sequence[tuple[Value, ...]]) -> Section:
    name = title.lower().replace(" ", "-")
    table = Table(title=title, headers=headers, rows=tuple(rows))
    return Section(id=name, title=title, reading=reading, tables=(table,))


def _document(study: Row[Any], title: str, *sections: Section) -> Document:
    return Document(
        title=f"{title}: {study.title}",
        lead="For an ethics committee, and for whoever runs the study.",
        labels=(SIMULATED,) if study.simulated else (),
        provenance=f"Study {study.id}, form {study.form}.",
        sections=sections,
        how=HOW,
        tree={"study": study.id, "sections": sections_json(sections)},
    )
