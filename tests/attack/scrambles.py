"""Does a byte of any file change when people who are in no figure answer otherwise?

    python -m tests.attack.scrambles --times 1000 [--printed 100] [--db sqlite,postgres]

Half of the scrambles change what people said in units that are held out, and publish anew. The others come
after the close: somebody answers late, or a row is erased, in any unit, and closing is tried again. After
each, every page, JSON and CSV is read over HTTP; PDFs after as many as are asked for. Exits with 1 if one of
them has changed.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import delete, select

from app.closing.snapshots import RESPONSE, compute_snapshot
from app.db import write
from tests.attack.disclosure import MISSING, template
from tests.attack.published import REPORT, WAVE, Pages, Server, serving
from tests.lib.postgres_server import Postgres
from tests.privacy.attackers import scrambled
from tests.privacy.organisations import CODES, K, organisation, person

SIZES: Final = {"ash": 10, "beech": 20, "cedar": 9, "elm": 1}
PRINTED: Final = (f"{REPORT}.pdf", f"{REPORT}/units/beech.pdf")


def files(server: Server, *, printed: bool) -> Pages:
    """All that anybody can read of the closed wave."""
    return server.everything() | (server.read(PRINTED) if printed else {})


def differing(server: Server, *, times: int, printed: int, seed: int) -> set[str]:
    """The addresses of the files that changed after any of the scrambles."""
    rng, groups, changed = Random(seed), server.stored, set[str]()
    before = files(server, printed=True)
    assert all(page.startswith(b"200") for path, page in before.items() if path in PRINTED)
    for number in range(times):
        if 2 * number < times:
            server.publish_again(scrambled(groups, K, rng, (*CODES, *MISSING)))
        else:
            late_or_erased(server, rng)
        seen = files(server, printed=number * printed // times < (number + 1) * printed // times)
        changed |= {path for path, page in seen.items() if page != before[path]}
    return changed


def late_or_erased(server: Server, rng: Random) -> None:
    """Put an answer in or take one out, and try to publish once more."""
    unit = rng.choice(list(SIZES))
    with write(server.service.engine) as db:
        rows = list(db.execute(select(RESPONSE.c.id).where(RESPONSE.c.unit == unit)).scalars())
        if rows and rng.random() < 0.5:
            db.execute(delete(RESPONSE).where(RESPONSE.c.id == rng.choice(rows)))
        else:
            server.answer(db, unit, [person(rng, 2.0)])
        compute_snapshot(server.service, db, WAVE)


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for a byte that tells of those who are in no figure.")
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--printed", type=int, default=100)
    parser.add_argument("--db", default="sqlite,postgres")
    options = parser.parse_args()
    changed: set[str] = set()
    for engine in options.db.split(","):
        with tempfile.TemporaryDirectory() as folder, template(engine, Path(folder)) as migrated:
            url = migrated.url("migrated") if isinstance(migrated, Postgres) else f"sqlite:///{migrated}"
            with serving(url) as server:
                server.load(organisation(9, SIZES), K)
                server.close()
                changed |= differing(server, times=options.times, printed=options.printed, seed=9)
    sys.stdout.write(
        f"{options.times} scrambles on each of {options.db}, PDFs after {options.printed}: "
        f"{len(changed)} files changed {sorted(changed)}\n"
    )
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main())
