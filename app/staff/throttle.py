"""After failed sign-ins, further ones from the same source have to wait, and from no other.

A source is an HMAC of an address under a salt that is drawn each day. It is in this process's memory alone:
no address is written anywhere, and after the day nobody can find out which it was. Only sign-ins of staff use
it.
"""

import hmac
import os
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Lock
from time import monotonic
from typing import Final

from starlette.requests import Request

from app.config import Network
from app.runtime import now

FREE_OF_SOURCE: Final = 10
FREE_OF_DEVICE: Final = 5
"""How many failures cause no waiting."""
FIRST_WAIT: Final = 15.0
LONGEST_WAIT: Final = 15 * 60.0
MOST_KEPT: Final = 10_000
"""How many keys are remembered; beyond that the oldest is forgotten."""
AT_ONCE: Final = 2
"""How many sign-ins of one source are looked at at the same time."""
IPV6_HOUSEHOLD: Final = 64
"""A household or a server has so many bits of its own; the source is the rest."""


class TooManyTries(Exception):
    """The source must wait before its next try."""


@dataclass(frozen=True)
class _Failed:
    times: int
    until: float
    at: float


class Failures:
    """The number of failures by key; after the free ones, each makes the next try wait longer."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._failed: OrderedDict[bytes, _Failed] = OrderedDict()
        self._guard = Lock()

    def waits(self, key: bytes) -> bool:
        failed = self._failed.get(key)
        return failed is not None and failed.until > monotonic()

    def note(self, key: bytes) -> None:
        with self._guard:
            before, moment = self._failed.pop(key, None), monotonic()
            times = 1 if before is None or before.at + 2 * LONGEST_WAIT < moment else before.times + 1
            self._failed[key] = _Failed(times, moment + wait(times, self._free), moment)
            while len(self._failed) > MOST_KEPT:
                self._failed.popitem(last=False)


class Throttle:
    """What one process remembers of failed sign-ins."""

    def __init__(self, proxies: Sequence[Network] = ()) -> None:
        self.devices = Failures(FREE_OF_DEVICE)
        """By the device or session that tried."""
        self._proxies = proxies
        self._sources = Failures(FREE_OF_SOURCE)
        self._under_way: Counter[bytes] = Counter()
        self._guard = Lock()
        self._day, self._salt = date.min, b""

    def source(self, request: Request) -> bytes:
        """Return where a request comes from, as an HMAC of its address under the salt of the day."""
        with self._guard:
            if self._day != (today := now().date()):
                self._day, self._salt = today, os.urandom(32)
        return hmac.digest(self._salt, household(client_of(request, self._proxies)), sha256)

    @contextmanager
    def turn(self, source: bytes) -> Iterator[None]:
        """Let one try of a source go on; refused while it waits or has others under way."""
        with self._guard:
            if self._sources.waits(source) or self._under_way[source] >= AT_ONCE:
                raise TooManyTries
            self._under_way[source] += 1
        try:
            yield
        finally:
            with self._guard:
                self._under_way[source] -= 1
                self._under_way += Counter()

    def failed(self, source: bytes) -> None:
        self._sources.note(source)


def wait(failures: int, free: int) -> float:
    """Seconds until the next try."""
    return 0.0 if failures < free else min(FIRST_WAIT * 2.0 ** min(failures - free, 10), LONGEST_WAIT)


def client_of(request: Request, proxies: Sequence[Network]) -> str:
    """Return the client's address: from our own proxy, the last one it names, which is who spoke to it."""
    speaks = request.client.host if request.client else ""
    if not any(_is_in(speaks, network) for network in proxies):
        return speaks
    named = ",".join(request.headers.getlist("x-forwarded-for"))
    return named.rpartition(",")[2].strip() or speaks


def household(address: str) -> bytes:
    """Return the part of an address that stands for its source: of IPv6 the first 64 bits."""
    found = _read(address)
    if found is None:
        return address.encode()
    if isinstance(found, IPv4Address):
        return found.packed
    return ip_network((found, IPV6_HOUSEHOLD), strict=False).network_address.packed


def _is_in(address: str, network: Network) -> bool:
    found = _read(address)
    return found is not None and found in network


def _read(address: str) -> IPv4Address | IPv6Address | None:
    """Read an address without the port that some proxies add, which differs at every connection.

    A socket for both kinds of address gives an IPv4 address as part of an IPv6 one.
    """
    bare = address
    if address.startswith("["):
        bare = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        bare = address.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return found if isinstance(found, IPv4Address) else found.ipv4_mapped or found
