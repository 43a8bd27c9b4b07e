"""Look at every page of respondents again and again, as browsers and scanners do: nothing changes by it.

    python -m tests.fault.looking [--times 100] [--db sqlite,postgres]

Somebody has come as far as the check page. Every address that is looked at is asked for by GET and by HEAD so
many times, in their browser and in another one, but for those that end something by their name (`/exit`). All
tables must be as they were. Then

prolonging  a page that is looked at prolongs the draft

must be noticed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from unittest.mock import patch

from fastapi.routing import APIRoute
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app.closing.purge import DRAFT
from app.db import read, write
from app.main import PUBLIC, create_app
from app.runtime import Service
from app.studies import waves
from app.survey import routes
from app.tables import SQLModel
from tests.fault.sending import WAVE, open_study
from tests.lib.attack_runs import run_each
from tests.lib.questionnaire_client import at_check

PROLONGING: Final = "prolonging"
ENDS: Final = "/exit"
HOME: Final = "http://127.0.0.1"


@dataclass
class Outcome:
    pages: int = 0
    asked: int = 0
    changed: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.changed

    def __str__(self) -> str:
        changed = f"changed: {', '.join(self.changed)}" if self.changed else "nothing changed"
        return f"{self.pages} addresses asked for {self.asked} times; {changed}"


def looking(url: str, times: int, fault: str = "") -> Outcome:
    """Look at each page so many times; the database at `url` is migrated and empty."""
    service, outcome = open_study(url), Outcome()
    app = create_app(service.settings, service)
    with TestClient(app, base_url=HOME, follow_redirects=False) as one:
        with write(service.engine) as db:
            [code] = waves.issue_codes(service, db, WAVE, "south", 1)
        at_check(one, code)
        before = contents(service)
        other = TestClient(app, base_url=HOME, follow_redirects=False)
        with broken(fault, service):
            for path in addresses():
                outcome.pages += 1
                for browser in (one, other):
                    for _ in range(times):
                        outcome.asked += 2
                        browser.get(path)
                        browser.head(path)
        after = contents(service)
        outcome.changed = tuple(name for name in before if before[name] != after[name])
    service.engine.dispose()
    return outcome


def addresses() -> list[str]:
    """What respondents can look at, with something in the place of parameters."""
    found = (route for router in PUBLIC for route in router.routes)
    paths = {each.path for each in found if isinstance(each, APIRoute) and "GET" in each.methods}
    return sorted(re.sub(r"{\w+}", "1", each) for each in paths if not each.startswith(ENDS))


def contents(service: Service) -> dict[str, list[str]]:
    with read(service.engine) as db:
        tables = SQLModel.metadata.tables.items()
        return {name: sorted(str(row) for row in db.execute(select(each))) for name, each in tables}


@contextmanager
def broken(fault: str, service: Service) -> Iterator[None]:
    opened = routes.open_draft

    def prolonging(*given: Any, **more: Any) -> Any:
        with write(service.engine) as db:
            db.execute(update(DRAFT).values(expires_on=routes.now().date() + timedelta(days=99)))
        return opened(*given, **more)

    if fault != PROLONGING:
        yield
        return
    with patch.object(routes, "open_draft", prolonging):
        yield


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--times", type=int, default=100)
    asked.add_argument("--db", default="sqlite")
    given = asked.parse_args()
    return run_each(
        given.db,
        [PROLONGING],
        lambda url, fault: looking(url, 1 if fault else given.times, fault),
        lambda outcome, fault: outcome.holds is not bool(fault),
    )


if __name__ == "__main__":
    sys.exit(main())
