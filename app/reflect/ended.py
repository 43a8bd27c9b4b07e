"""Which private runs have ended, so that their pages come back for nobody: random keys, in memory alone.

A run has no cookie and no row, so a browser that sends an old page again would get it answered again. The
link that leaves names the run's key; after that, a page with this key has ended. The key says nothing of
anybody, and is forgotten when the service stops or after `KEPT` other runs.
"""

from collections import OrderedDict
from typing import Final

KEPT: Final = 50_000


class Ended:
    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def add(self, key: str) -> None:
        self._keys[key] = None
        while len(self._keys) > KEPT:
            self._keys.popitem(last=False)

    def __contains__(self, key: object) -> bool:
        return key in self._keys
