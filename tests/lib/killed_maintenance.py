"""Due tasks run in another process that is killed on the way."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.conftest import SECRET

KILLED = """
import os, signal, sys
from sqlalchemy import event
from app.closing import maintenance
from app.config import Settings
from app.runtime import make_service

def run(url, secret, left):
    service = make_service(Settings(database_url=url, secret=secret, secure=False))
    def count(*_):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    for moment in ("before_cursor_execute", "commit"):
        event.listen(service.engine, moment, count)
    maintenance.run_due_tasks(service)

for line in sys.stdin:
    child = os.fork()
    if not child:
        run(sys.argv[1], bytes.fromhex(sys.argv[2]), int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@contextmanager
def maintenance_killed(url: str, fault: str = "") -> Iterator[Callable[[int], int]]:
    """Run the due tasks in a process killed before its n-th statement or commit; return how it ended.

    A `fault`, in Python, is put in before they run.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", f"{fault}\n{KILLED}", url, SECRET.hex()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
    ) as process:
        questions, answers = process.stdin, process.stdout
        assert questions is not None
        assert answers is not None

        def tended(number: int) -> int:
            questions.write(f"{number}\n")
            return int(answers.readline())

        yield tended
        questions.close()
