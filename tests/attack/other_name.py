"""The other name: somebody makes a browser ask for this service by a host name that leads to them.

    python -m tests.attack.other_name --db sqlite,postgres

If a page, a slip or a redirect repeated that name as the address of the service, it would lead people there,
with their codes. Every page that a host, a person and a stranger can get is asked for with each header that
can name a host, and codes are made meanwhile; the other name must be in no byte that comes back, nor on a
slip.

Two faults are then put in on purpose, and the attack must win: the address on slips is that of the request; a
redirect gives the whole address. Exits with 1 on any success, and on any fault that is missed.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest.mock import patch

from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.testclient import TestClient

from app import studies
from app.config import Settings
from app.db import write
from app.hosting import wave_routes as hosting
from app.hosting.slips import Slips
from app.main import create_app
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.survey import routes as survey
from tests.lib.attack_runs import run_each
from tests.lib.questionnaire_client import agree, enter
from tests.lib.staff_accounts import ready, sign_in

FAULTS: Final = ("of-the-request", "whole-address")
ELSEWHERE: Final = "elsewhere.example"
ORIGIN: Final = "https://questions.example"
NAMING: Final = (
    {"host": ELSEWHERE},
    {"x-forwarded-host": ELSEWHERE},
    {"forwarded": f"host={ELSEWHERE}"},
    {"x-original-host": ELSEWHERE, "x-host": ELSEWHERE, "x-http-host-override": ELSEWHERE},
    {"host": ELSEWHERE, "x-forwarded-host": ELSEWHERE, "x-forwarded-proto": "http"},
)
STUDY, WAVE = "named", "named-1"


@dataclass
class Outcome:
    asked: int = 0
    slips: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def won(self) -> bool:
        return bool(self.named)

    def __str__(self) -> str:
        return (
            f"{'NAMED' if self.won else 'not named'}: in {len(self.named)} of {self.asked} answers and "
            f"{self.slips} slips{': ' if self.named else ''}{', '.join(sorted(set(self.named))[:4])}"
        )


def attack(url: str, fault: str = "") -> Outcome:
    """Ask for everything by the other name; the database at `url` is migrated and empty."""
    outcome, printed = Outcome(), list[Slips]()
    with faulty(fault), ExitStack() as running:
        running.enter_context(patch.object(hosting, "pdf", lambda page: printed.append(page) or b""))
        settings = Settings(database_url=url, secret=bytes(32), secure=False, origin=ORIGIN)
        service = make_service(settings)
        check_secret(service)
        running.callback(service.engine.dispose)
        app = create_app(settings, service)
        code = declared(service)
        host, person, stranger = (
            running.enter_context(
                TestClient(
                    app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False
                )
            )
            for _ in range(3)
        )
        sign_in(service, host, ready(service, "hana", host=STUDY, researcher=STUDY))
        host.post(f"/host/studies/{STUDY}/units", data={"id": "x"})
        enter(person, code)
        agree(person)
        for naming in NAMING:
            for path in paths(app):
                for who in (host, person, stranger):
                    looked_at(outcome, path, who.get(path, headers=naming))
            asked = {"unit": "south", "count": "2", "address": f"https://{ELSEWHERE}"}
            looked_at(outcome, "codes", host.post(f"/host/waves/{WAVE}/codes", data=asked, headers=naming))
            looked_at(
                outcome, "enter", stranger.post("/enter", data={"code": code, "anew": "yes"}, headers=naming)
            )
        for each in printed:
            outcome.slips += len(each.slips)
            if ELSEWHERE in str(each):
                outcome.named.append("a slip")
    return outcome


def looked_at(outcome: Outcome, path: str, answer: Any) -> None:
    outcome.asked += 1
    if ELSEWHERE.encode() in answer.content or any(ELSEWHERE in value for value in answer.headers.values()):
        outcome.named.append(path)


OTHERS = {"part": "south", "instrument": "ppiq", "form": "a", "questionnaire": "garden"}


def paths(app: Any) -> Iterator[str]:
    """Every page, of this study and wave where it is of one."""
    for route in app.routes:
        if isinstance(route, APIRoute) and "GET" in route.methods:
            yield route.path.format(
                study=STUDY,
                wave=WAVE,
                unit="south",
                number="1",
                key="k" * 43,
                name="x",
                account="hana",
                **OTHERS,
            )


def declared(service: Service) -> str:
    with write(service.engine) as db:
        studies.make_study(db, id=STUDY, title="SIMULATED", simulated=True)
        studies.add_unit(db, STUDY, "south", "South")
        waves.open_wave(service, db, waves.make_wave(service, db, STUDY))
        [code] = waves.issue_codes(service, db, WAVE, "south", 1)
    return code


@contextmanager
def faulty(fault: str) -> Iterator[None]:
    """Put a fault into where the address of the service is taken from."""
    with ExitStack() as parts:
        if fault == "of-the-request":
            whole = hosting._wave_page

            def believing(request: Any, *rest: Any) -> Any:
                page = whole(request, *rest)
                object.__setattr__(page, "address", f"https://{request.url.netloc}")
                return page

            parts.enter_context(patch.object(hosting, "_wave_page", believing))
        elif fault == "whole-address":
            give = survey.give_cookie

            def whole_address(response: Response, *rest: Any, **more: Any) -> None:
                give(response, *rest, **more)
                response.headers["location"] = f"https://{ELSEWHERE}/consent"

            parts.enter_context(patch.object(survey, "give_cookie", whole_address))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask for every page by another name.")
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()

    def one(url: str, fault: str) -> Outcome:
        return attack(url, fault)

    return run_each(asked.db, FAULTS, one, lambda outcome, fault: outcome.won is bool(fault))


if __name__ == "__main__":
    sys.exit(main())
