"""The kept code: somebody has noted everybody's code and tries to read and to change what people have saved.

    python -m tests.attack.kept_code --drafts 200 --db sqlite,postgres

Whoever hands out codes can keep them, and so can whoever sees one. For each draft the attacker

begins    types the code before its owner does, keeps the session and the words that are shown, and tries them
          later
asks      types the code, with no words, with those of another draft, in other orders and languages, with some
          of them, with random words, and reads every page that comes back
sends     posts answers, and whole sheets, from every session
steals    takes the database and the secret of the service as well, and tries every key they make
anew      starts anew with every other code, and reads what is shown

The attacker reads if any page or any key gives an answer of the owner's, and changes if a byte of the draft
or of its session is another afterwards, or if its owner cannot go on. An owner whose draft was started anew
must notice at the next page, and neither session nor words may open anything.

Two faults are then put in on purpose, and the attacker must read every draft: the phrase is no part of the
draft's key; everybody's phrase is the same. Exits with 1 on any success of the attacker, and on any fault
that is missed.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import Row
from starlette.testclient import TestClient

from app import studies
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION
from app.config import Settings
from app.db import read, write
from app.languages import LANGUAGES, home
from app.main import create_app
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.survey import drafts
from app.survey.drafts import open_draft
from app.survey.phrases import Phrase, in_words, phrase_of, read_phrase, word_list
from app.vault import Vault, read_code, unseal
from tests.lib.attack_runs import run_each
from tests.lib.questionnaire_client import PAGES, Form, Screen
from tests.lib.respondents import begin, rows, sheet

WAVE, UNIT = "kept-1", "south"
PATHS: Final = ("/consent", "/about", *(f"/page/{n}" for n in range(1, PAGES + 1)), "/check", "/later")
FAULTS: Final = ("no-phrase", "one-phrase")
UNANSWERED: Final = ("", "-99")
GUESSES: Final = 4
"""Sets of six words by chance for each draft."""


@dataclass
class Outcome:
    drafts: int = 0
    tries: int = 0
    read: int = 0
    changed: int = 0
    anew: int = 0
    read_anew: int = 0
    noticed: int = 0

    @property
    def won(self) -> bool:
        return bool(self.read or self.changed or self.read_anew or self.noticed < self.anew)

    def __str__(self) -> str:
        return (
            f"{'OPENED' if self.won else 'closed'}: read {self.read} and changed {self.changed} of "
            f"{self.drafts} drafts in {self.tries} tries; started anew with {self.anew}: "
            f"read {self.read_anew}, noticed by {self.noticed}"
        )


@dataclass(frozen=True)
class Owner:
    """Somebody who has answered every question and not sent, and what they copied."""

    code: str
    token: str
    words: str
    answers: Mapping[str, str]


class Attacker:
    def __init__(self, service: Service, chance: Random) -> None:
        self.service, self.chance = service, chance
        self.app = create_app(service.settings, service)
        self.heard: list[str] = []
        """Words of other drafts that he has come by."""
        self.tries = 0

    @contextmanager
    def browser(self) -> Iterator[TestClient]:
        client = TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False)
        yield client
        client.close()

    def types(self, client: TestClient, code: str, language: str = "en", **proof: str) -> Any:
        self.tries += 1
        return client.post(f"{home(language)}/enter", data={"code": code, **proof})

    def looks(self, client: TestClient) -> dict[str, str]:
        """Every answer that any page shows to this browser."""
        seen: dict[str, str] = {}
        for path in PATHS:
            self.tries += 1
            page = Screen(client.get(path).text)
            for form in page.forms:
                seen |= {name: each for name, each in form.fields.items() if each not in UNANSWERED}
        return seen

    def phrases(self, own: str) -> Iterator[str]:
        """What the attacker may type as somebody's words."""
        yield from ("", own, *self.heard[-GUESSES:])
        if own:
            yield " ".join(reversed(own.split()))
            yield from (in_words(read_phrase(own), language) for language in LANGUAGES)
        for _ in range(GUESSES):
            language = self.chance.choice(list(LANGUAGES))
            yield " ".join(self.chance.choices(word_list(language), k=6))
        for heard in self.heard[-1:]:
            yield heard.rpartition(" ")[0]


def attack(url: str, count: int, seed: int = 1, fault: str = "") -> Outcome:
    """Let people save, and the attacker try; the database at `url` is migrated and empty."""
    with faulty(fault):
        service = make_service(Settings(database_url=url, secret=Random(seed).randbytes(32), secure=False))
        check_secret(service)
        codes = declared(service, count)
        attacker, outcome = Attacker(service, Random(seed)), Outcome()
        for number, code in enumerate(codes):
            one(attacker, outcome, code, anew=bool(number % 2))
        outcome.tries = attacker.tries
        service.engine.dispose()
    return outcome


def declared(service: Service, count: int) -> list[str]:
    with write(service.engine) as db:
        studies.make_study(db, id="kept", title="SIMULATED", simulated=True)
        studies.add_unit(db, "kept", UNIT, "South")
        waves.open_wave(service, db, waves.make_wave(service, db, "kept"))
        return waves.issue_codes(service, db, WAVE, UNIT, count)


def one(attacker: Attacker, outcome: Outcome, code: str, *, anew: bool) -> None:
    """Everything that the attacker tries with one code, before and after its owner saves."""
    service = attacker.service
    with attacker.browser() as early, attacker.browser() as late:
        attacker.types(early, code)
        own = Screen(early.get("/consent").text).text_of["phrase"]
        if (
            attacker.chance.random() < 0.5
        ):  # the attacker may have agreed and answered, too; then the owner starts anew
            early.post("/consent", data={"study": "yes"})
            own = Screen(early.get("/later").text).text_of["phrase"]
        owner = comes(service, code, attacker.chance)
        before = kept(service, code)
        seen = [attacker.looks(early)]
        for words in (None, *attacker.phrases(own)):
            language = attacker.chance.choice(list(LANGUAGES))
            attacker.types(late, code, language, **({} if words is None else {"phrase": words}))
            if late.cookies:
                seen.append(attacker.looks(late))
        seen.append(steals(attacker, code, own))
        sends(attacker, (early, late), owner)
        outcome.drafts += 1
        outcome.read += any(tells(each, owner) for each in seen)
        outcome.changed += kept(service, code) != before or not goes_on(attacker, owner)
        if anew:
            outcome.anew += 1
            attacker.types(late, code, anew="yes")
            outcome.read_anew += tells(attacker.looks(late) | steals(attacker, code, own), owner)
            outcome.noticed += notices(attacker, owner)
        attacker.heard.append(owner.words)


def comes(service: Service, code: str, chance: Random) -> Owner:
    """The owner types the code, starts anew if somebody was there before, and answers everything."""
    plain = str(read_code(code))
    with write(service.engine) as db:
        drafts.enter(service, db, plain, proof=drafts.Proof(anew=True))
    filled = sheet(service, WAVE, chance)
    # Nobody has agreed to anything yet, so the code begins once more.
    token = begin(service, code, filled)
    with read(service.engine) as db:
        phrase = open_draft(service, db, token).phrase
    assert phrase is not None
    answers = {name: str(each) for name, each in filled.answers.items() if str(each) not in UNANSWERED}
    return Owner(code, token, in_words(phrase, "en"), answers)


def kept(service: Service, code: str) -> tuple[list[Row[Any]], ...]:
    hmac = service.vault.code_hmac(str(read_code(code)))
    return (
        rows(service, DRAFT, code_hmac=hmac),
        rows(service, SESSION, code_hmac=hmac),
        rows(service, CODE, hmac=hmac),
    )


def tells(seen: Mapping[str, str], owner: Owner) -> bool:
    """More than half of the answers right: by chance, with thirty items of five answers, once in 10,000."""
    right = sum(seen.get(name) == each for name, each in owner.answers.items())
    return right > len(owner.answers) / 2


def steals(attacker: Attacker, code: str, own: str) -> dict[str, str]:
    """Try every key that can be made of database and secret on the draft."""
    service, plain = attacker.service, str(read_code(code))
    vault = service.vault
    found, sessions, _ = kept(service, code)
    for draft in found:
        guesses: list[Phrase] = [(), (0,) * 6, read_phrase(own), phrase_of(draft.code_hmac)]
        guesses += [read_phrase(each) for each in attacker.heard[-GUESSES:]]
        keys = [vault.key_for_draft(WAVE, plain, each) for each in guesses]
        keys += [vault._derive(b"draft\0" + WAVE.encode() + b"\0" + plain.encode())]  # as it was before
        keys += [vault.key_for_session(each) for each in ("", plain, sessions[0].token_hmac.hex())]
        keys += [bytes(32), draft.code_hmac, sessions[0].token_hmac, vault.secret]
        for key in keys:
            attacker.tries += 1
            opened = unseal(key, draft.key_by_code) or unseal(key, draft.key_by_session)
            plainly = unseal(opened, draft.ciphertext) if opened else unseal(key, draft.ciphertext)
            if plainly is not None:
                answers = drafts.Sheet.from_bytes(drafts.unpad(plainly)).answers
                return {name: str(each) for name, each in answers.items()}
    return {}


def sends(attacker: Attacker, browsers: tuple[TestClient, ...], owner: Owner) -> None:
    """Posts answers and a whole sheet from each browser, whatever place that has."""
    hidden = {
        "_wave": WAVE,
        "_key": "k" * 43,
        "_language": "en",
        "_consent": "c" * 64,
        "_purposes": "study",
    }
    for client in browsers:
        for path in ("/page/1", "/about", "/consent", "/send"):
            attacker.tries += 1
            client.post(path, data={**dict.fromkeys(owner.answers, "1"), **hidden, "study": "yes"})
    assert not rows(attacker.service, RESPONSE)


def goes_on(attacker: Attacker, owner: Owner) -> bool:
    """Whether the owner's browser still shows every answer."""
    with attacker.browser() as client:
        client.cookies.set("place", owner.token)
        forms: list[Form] = Screen(client.get("/check").text).forms
        return bool(forms) and owner.answers.items() <= forms[0].fields.items()


def notices(attacker: Attacker, owner: Owner) -> bool:
    """Whether the next page says it, and neither session nor words open anything."""
    with attacker.browser() as client:
        client.cookies.set("place", owner.token)
        told = [client.get("/page/2"), client.post("/page/2", data={"_": ""})]
        client.post("/enter", data={"code": owner.code, "phrase": owner.words})
        later = client.get("/check")
    return (
        all(each.status_code == 404 and "somebody has started anew" in each.text for each in told)
        and not Screen(later.text).forms
    )


@contextmanager
def faulty(fault: str) -> Iterator[None]:
    """Put a fault into how the key of a draft is made."""
    whole = Vault.key_for_draft
    with ExitStack() as parts:
        if fault == "no-phrase":
            short = lambda vault, wave, code, _phrase: whole(vault, wave, code, ())  # noqa: E731
            parts.enter_context(patch.object(Vault, "key_for_draft", short))
        elif fault == "one-phrase":
            parts.enter_context(patch.object(drafts, "phrase_of", lambda _key: (1, 2, 3, 4, 5, 6)))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Try to read and change drafts with codes that were kept.")
    parser.add_argument("--drafts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()

    def one(url: str, fault: str) -> Outcome:
        count = max(2, asked.drafts // 10) if fault else asked.drafts
        return attack(url, count, asked.seed, fault)

    return run_each(
        asked.db,
        FAULTS,
        one,
        lambda outcome, fault: outcome.read == outcome.drafts if fault else not outcome.won,
    )


if __name__ == "__main__":
    sys.exit(main())
