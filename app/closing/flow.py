"""The flow of people through a wave of a research study: counted once, before codes forget what they were.

A journal asks how many were invited, began and finished. The counts are in no row, and nothing is counted
while the wave is open; of a cohort study nothing is counted at all.
"""

from typing import Final

from sqlalchemy import Connection, func, select, update

from app.closing.mixing import RESPONSE
from app.closing.purge import CODE
from app.studies.study import STUDY
from app.studies.waves import FINISHED, STARTED, WAVE
from app.tables import RESEARCH, CodeBatch, table

BATCH: Final = table(CodeBatch)


def keep_flow(db: Connection, wave: str) -> None:
    """Count the codes of a wave that is being closed by their state; counts that are there stay.

    Somebody whose draft had expired, and who did not begin again, is not among those who began.
    """
    of = select(WAVE.c.imported, WAVE.c.flow, STUDY.c.kind).join(STUDY, STUDY.c.id == WAVE.c.study)
    found = db.execute(of.where(WAVE.c.id == wave)).one()
    if found.kind != RESEARCH or found.imported or found.flow is not None:
        return
    by_state = select(CODE.c.state, func.count()).where(CODE.c.wave == wave).group_by(CODE.c.state)
    counts = {each.state: each[1] for each in db.execute(by_state)}
    # Codes that were cancelled count as invited: without them the sum would tell how many of them had begun.
    made = select(func.coalesce(func.sum(BATCH.c.codes), 0)).where(BATCH.c.wave == wave)
    sent = select(func.count()).select_from(RESPONSE).where(RESPONSE.c.wave == wave)
    finished = counts.get(FINISHED, 0)
    flow = {
        "invited": db.execute(made).scalar_one(),
        "started": finished + counts.get(STARTED, 0),
        "finished": finished,
        "erased": finished - db.execute(sent).scalar_one(),
    }
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(flow=flow))
