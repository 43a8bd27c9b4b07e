"""The registry of evidence: what it takes, what it refuses, and what is said while evidence holds."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import update

from app.audit import events
from app.db import read, write
from app.errors import Refused
from app.evidence import registry
from app.evidence.claims import claims_of
from app.evidence.standing import EVIDENCE
from app.runtime import Service
from app.staff import accounts
from app.staff.signed import Signed
from instrument import ppiq
from tests.lib.dossiers import edit, make_dossier, sum_up, tables
from tests.lib.staff_accounts import EVERYWHERE, PASSWORD, ready

pytestmark = pytest.mark.either

ADA, BEA = Signed(name="ada", password=PASSWORD), Signed(name="bea", password=PASSWORD)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    make_dossier(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the dossier and its tables that a test may forge."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture
def operators(service: Service) -> Service:
    for name in ("ada", "bea"):
        ready(service, name, operator=EVERYWHERE)
    return service


def add(service: Service, folder: Path, by: Signed = ADA, **given: Path) -> str:
    with write(service.engine) as db:
        registry.add(service, db, folder / "DOSSIER", {**tables(folder), **given}, by=by)
    return str(json.loads((folder / "DOSSIER" / "dossier.json").read_text("utf-8"))["seal"])


def confirm(service: Service, seal: str, by: Signed = BEA) -> None:
    with write(service.engine) as db:
        registry.confirm(service, db, seal[:16], by)


def said(service: Service, form: str = "a", language: str = "en", instrument: Any = None) -> tuple[str, ...]:
    with read(service.engine) as db:
        claims = claims_of(db, instrument or service.instruments["ppiq"], form, language)
    assert claims is not None
    return (*claims.may_say, *claims.evidence)


DESK = ppiq().claims.may_say  # type: ignore[union-attr]


# ---- what evidence opens, and when it lapses ----


def test_confirmed_evidence_opens_its_stage_and_names_who_stands_for_it(
    operators: Service, folder: Path
) -> None:
    seal = add(operators, folder)
    assert said(operators) == DESK
    confirm(operators, seal)
    content, named = said(operators)[len(DESK) :]
    assert content.startswith("Content reviewed by 12 people, 6 of them with lived experience")
    assert "understood as intended in 16 interviews" in content
    for each in (
        seal[:16],
        "SIMULATED people",
        "added by ada, confirmed by bea",
        "https://example.org",
        "n = 60",
    ):
        assert each in named
    with read(operators.engine) as db:
        actions = [each.event["action"] for each in events(db)]
    assert actions[-2:] == ["evidence added", "evidence confirmed"]


def test_evidence_says_nothing_of_another_form_or_language(operators: Service, folder: Path) -> None:
    confirm(operators, add(operators, folder))
    assert said(operators, form="s") == said(operators, language="cy") == DESK


def test_claims_end_with_their_evidence(operators: Service, folder: Path) -> None:
    seal = add(operators, folder)
    confirm(operators, seal)
    with write(operators.engine) as db:
        registry.withdraw(operators, db, seal[:16], BEA, "The panel had been told what to say.")
    assert said(operators) == DESK
    with pytest.raises(Refused, match="this evidence is withdrawn; only what was added"):
        confirm(operators, seal)


@pytest.mark.parametrize("part", ["form", "words", "key"])
def test_evidence_lapses_where_the_questionnaire_changes(operators: Service, folder: Path, part: str) -> None:
    confirm(operators, add(operators, folder))
    instrument = operators.instruments["ppiq"]
    if part == "key":
        changed = replace(instrument, key=type(instrument.key)(revision=99, forms={}))
    elif part == "form":
        other = instrument.forms["s"]
        changed = replace(instrument, forms=MappingProxyType({**instrument.forms, "a": other}))
    else:
        words = replace(instrument.words["a", "en"], hash="0" * 64)
        changed = replace(instrument, words=MappingProxyType({**instrument.words, ("a", "en"): words}))
    assert said(operators, instrument=changed) == DESK
    with read(operators.engine) as db:
        later = replace(operators, instruments={"ppiq": changed})
        assert [state for _, state in registry.listed(later, db)] == ["lapsed"]


# ---- what is refused ----


def tree_says(**changes: Any) -> Callable[[Path], None]:
    """Change a dossier by keys such as `of__language`, and seal it anew."""

    def change(tree: dict[str, Any]) -> None:
        for key, value in changes.items():
            *way, last = key.split("__")
            inner = tree
            for each in way:
                inner = inner[each]
            inner[last] = value

    return lambda folder: edit(folder / "DOSSIER", change)


def rewritten(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / name
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")

    return change


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def all_of_them(folder: Path) -> None:
        for change in changes:
            change(folder)

    return all_of_them


def summed(folder: Path) -> None:
    sum_up(folder / "DOSSIER")


def gone(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


FORGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "no dossier": (gone("DOSSIER/dossier.json"), "holds no dossier.json"),
    "no JSON": (lambda f: (f / "DOSSIER/dossier.json").write_text("x"), "cannot be read as JSON"),
    "another kind of file": (tree_says(dossier=2), "is no dossier of this version"),
    "edited, sums as they were": (
        rewritten("DOSSIER/dossier.json", '"content"', '"precision"'),
        "dossier.json is not the file that SHA256SUMS names",
    ),
    "edited, sums made again": (
        both(rewritten("DOSSIER/dossier.json", '"content"', '"precision"'), summed),
        "the seal does not fit",
    ),
    "a later stage, sealed again": (tree_says(stage="precision"), "says otherwise of `stage`"),
    "a verdict, sealed again": (tree_says(phases__6__verdict="met"), "has other verdicts"),
    "more people, sealed again": (tree_says(n=6000), "says otherwise of `n`"),
    "another population, sealed again": (tree_says(of__population="Everybody"), "says otherwise of `of`"),
    "another edition, sealed again": (tree_says(of__edition="second"), "says otherwise of `of`"),
    "another form": (tree_says(of__form="s"), "form s is another one here"),
    "a form that is not there": (tree_says(of__form="zz"), "has no form 'zz'"),
    "another hash of the form": (tree_says(of__form_hash="0" * 64), "form a is another one here"),
    "another language": (tree_says(of__language="cy"), "the words of form a in cy are others here"),
    "a language without words": (tree_says(of__language="fr"), "has no words in 'fr'"),
    "another key": (tree_says(of__key_revision=3), "the key is another one here"),
    "another questionnaire": (tree_says(of__instrument="other"), "'other' is not installed here"),
    "another person is responsible": (tree_says(plan__responsible="Somebody"), "says otherwise of `plan`"),
    "no ethics reference": (tree_says(plan__ethics=None), "names no ethics reference"),
    "no preregistration": (tree_says(plan__preregistration="later"), "names no address of a preregistration"),
    "another plan beside it": (
        both(rewritten("DOSSIER/PLAN.yaml", "SIMULATED people", "Everybody"), summed),
        "says otherwise of `of`",
    ),
    "another table": (rewritten("main.csv", "yes", "no"), "main.csv is not the table main"),
    "a table is lacking": (gone("panel.csv"), "there is no file"),
    "simulated, as it says": (tree_says(simulated=True), "the answers are SIMULATED"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_or_mismatched_dossier_is_refused(operators: Service, folder: Path, how: str) -> None:
    forge, why = FORGED[how]
    forge(folder)
    with pytest.raises(Refused) as refused:
        add(operators, folder)
    assert why in str(refused.value)
    assert said(operators) == DESK


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dossier of SIMULATED answers whose column `simulated` was taken out, and which denies it."""
    folder = tmp_path_factory.mktemp("unnamed")
    edit(make_dossier(folder, keep_mark=True), lambda tree: tree.update(simulated=False, stage="content"))
    return folder


def test_simulated_answers_are_known_where_every_word_of_it_was_removed(
    operators: Service, unnamed: Path
) -> None:
    with pytest.raises(Refused, match="the answers are SIMULATED"):
        add(operators, unnamed)


def test_a_dossier_that_reaches_no_stage_opens_nothing(operators: Service, tmp_path: Path) -> None:
    make_dossier(tmp_path, change=lambda plan: plan.replace("phases: [0, 2, 3]", "phases: [0, 2]"))
    with pytest.raises(Refused, match="this dossier reaches no stage"):
        add(operators, tmp_path)


def test_a_table_that_the_dossier_does_not_know_is_refused(operators: Service, folder: Path) -> None:
    with pytest.raises(Refused, match="was not made from a table retest"):
        add(operators, folder, retest=folder / "main.csv")


def test_one_account_alone_is_not_enough(operators: Service, folder: Path) -> None:
    seal = add(operators, folder)
    with pytest.raises(Refused, match="a second one has to"):
        confirm(operators, seal, ADA)
    assert said(operators) == DESK


@pytest.mark.parametrize(
    ("by", "why"),
    [
        (Signed(name="ada", password="guessed words of old"), "this is not the password"),
        (Signed(name="nobody", password=PASSWORD), "there is no account 'nobody'"),
        (Signed(name="cleo", password=PASSWORD), "'cleo' is no operator"),
    ],
)
def test_who_adds_is_an_operator_who_shows_it(operators: Service, folder: Path, by: Signed, why: str) -> None:
    ready(operators, "cleo")
    with pytest.raises(Refused, match=why):
        add(operators, folder, by)


def test_a_stopped_account_confirms_nothing(operators: Service, folder: Path) -> None:
    seal = add(operators, folder)
    with write(operators.engine) as db:
        accounts.stop_account(operators, db, "bea")
    with pytest.raises(Refused, match="cannot sign in"):
        confirm(operators, seal)


def test_the_same_dossier_is_taken_once(operators: Service, folder: Path) -> None:
    add(operators, folder)
    with pytest.raises(Refused, match="in the registry already"):
        add(operators, folder)


def test_a_row_that_was_put_there_by_hand_without_a_second_account_says_nothing(
    operators: Service, folder: Path
) -> None:
    confirm(operators, add(operators, folder))
    with write(operators.engine) as db:
        db.execute(update(EVIDENCE).values(second=""))
    assert said(operators) == DESK
