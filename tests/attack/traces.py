"""Every order of codes and of responses that a stolen database may hold.

The attacker has rows as SQL gives them, and the bytes of every file. A trace is where or when each code
(known by its HMAC) or each response (by the HMAC of its receipt) appears in one place. A join is stronger
than an order: one transaction that wrote both.
"""

import struct
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, inspect

from app.db import is_sqlite

Place = Any
"""What sorts: a number, a tuple of numbers, the value of a column."""

CONTENT: Final = {"answers", "purposes", "elements", "told"}
"""Answers, what exports show beside them, and marks are what is to be linked, so they are no trace."""
HEAD: Final = 8
POSTGRES_PAGE: Final = 8192
POINTERS_FROM: Final = 24
POINTER: Final = 4
NORMAL: Final = 1
WAL_HEADER: Final = 32
FRAME_HEADER: Final = 24
STATE_WITHIN: Final = 24
"""Bytes after the HMAC of a code in which its wave, its unit and its state stand."""


@dataclass(frozen=True)
class Trace:
    kind: str
    name: str
    places: Mapping[bytes, Place]

    def order(self) -> tuple[bytes, ...]:
        return tuple(sorted(self.places, key=lambda each: self.places[each]))


@dataclass(frozen=True)
class Sought:
    codes: frozenset[bytes]
    receipts: frozenset[bytes]


@dataclass
class Found:
    """What an attacker finds in one database."""

    sought: Sought
    codes: list[Trace] = field(default_factory=list)
    responses: list[Trace] = field(default_factory=list)
    joins: dict[str, dict[bytes, bytes]] = field(default_factory=dict)

    def add(self, kind: str, name: str, places: Mapping[bytes, Place]) -> None:
        """Keep an order of all codes or of all responses; where most values are equal there is none."""
        for those, traces in ((self.sought.codes, self.codes), (self.sought.receipts, self.responses)):
            mine = {each: place for each, place in places.items() if each in those}
            if len(mine) == len(those) and len(set(mine.values())) > len(those) // 2:
                traces.append(Trace(kind, name, mine))

    def join(self, name: str, writers: Iterable[tuple[int, bytes]]) -> None:
        """Pair the one code and the one response that a transaction wrote."""
        wrote: dict[int, set[bytes]] = defaultdict(set)
        for transaction, each in writers:
            wrote[transaction].add(each)
        pairs = [(each & self.sought.codes, each & self.sought.receipts) for each in wrote.values()]
        self.joins[name] = {next(iter(c)): next(iter(r)) for c, r in pairs if len(c) == len(r) == 1}


def search(db: Connection, files: Mapping[str, bytes], sought: Sought) -> Found:
    found = Found(sought)
    _rows(db, found)
    if is_sqlite(db):
        _sqlite(files, found)
    else:
        _postgres(files, _names(db), found)
    return found


def _rows(db: Connection, found: Found) -> None:
    """Read every table there is, forgotten ones too: the order of its rows, and that of each column."""
    known_hmacs = found.sought.codes | found.sought.receipts
    for table in inspect(db).get_table_names():
        rows = db.exec_driver_sql(f'SELECT {_hidden(db, table)} * FROM "{table}"').mappings().all()
        known = [
            (who, row)
            for row in rows
            for who in row.values()
            if isinstance(who, bytes) and who in known_hmacs
        ]
        found.add("rows", f"rows of {table}", {who: at for at, (who, _) in enumerate(known)})
        for column in sorted({name for _, row in known for name in row} - CONTENT):
            values = {who: row[column] for who, row in known}
            if None not in values.values():
                found.add("column", f"{table}.{column}", values)


def _hidden(db: Connection, table: str) -> str:
    """Ask for the hidden columns that an engine keeps; rows come in the order of ctid anyway."""
    if not is_sqlite(db):
        return "xmin::text::bigint AS xmin,"
    listed = db.exec_driver_sql(f'PRAGMA table_list("{table}")').mappings().one()
    return "" if listed["wr"] else "rowid AS rowid,"


def hits(content: bytes, needles: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Find every place of every needle, in the order of the places within each phase of eight bytes."""
    by_head = {each[:HEAD]: each for each in needles}
    low = np.zeros(1 << 16, dtype=bool)
    low[[int.from_bytes(head[:2], "little") for head in by_head]] = True
    for phase in range(HEAD):
        count = max(0, len(content) - phase) // HEAD
        words = (
            np.frombuffer(content, dtype="<u8", offset=phase, count=count) if count else np.empty(0, "<u8")
        )
        for word in np.flatnonzero(low[(words & 0xFFFF).astype(np.intp)]).tolist():
            at = phase + HEAD * word
            needle = by_head.get(content[at : at + HEAD])
            if needle is not None and content.startswith(needle, at):
                yield at, needle


def first_and_last(found: Found, kind: str, name: str, places: Iterable[tuple[bytes, Place]]) -> None:
    """The first and the last place, for a row that was written more than once."""
    first: dict[bytes, Place] = {}
    last: dict[bytes, Place] = {}
    for each, place in places:
        first[each] = min(place, first.get(each, place))
        last[each] = max(place, last.get(each, place))
    found.add(kind, f"last in {name}", last)
    found.add(kind, f"first in {name}", first)


def _sqlite(files: Mapping[str, bytes], found: Found) -> None:
    """The order of rows within pages: these fill from their end, so rows nearer to it are older."""
    needles = found.sought.codes | found.sought.receipts
    (main,) = (content for name, content in files.items() if not name.endswith(("-wal", "-shm")))
    page = int.from_bytes(main[16:18], "big")
    for name, content in files.items():
        log = name.endswith("-wal")
        start, size = (WAL_HEADER, FRAME_HEADER + page) if log else (0, page)
        places = [(needle, ((at - start) // size, -at)) for at, needle in hits(content, needles)]
        first_and_last(found, "file", "the write-ahead log" if log else "the file", places)
        if log:
            _frames(main, content, page, found)


def _frames(main: bytes, log: bytes, page: int, found: Found) -> None:
    """Follow the log, transaction by transaction: which codes were finished, which responses came in."""
    needles = found.sought.codes | found.sought.receipts

    def events(content: bytes) -> Iterator[bytes]:
        for at, needle in hits(content, needles):
            after = content[at + len(needle) : at + len(needle) + STATE_WITHIN]
            if needle in found.sought.receipts or b"finished" in after:
                yield needle

    seen = dict.fromkeys(events(main), 0)
    transaction = 1
    for start in range(WAL_HEADER, len(log), FRAME_HEADER + page):
        for each in events(log[start + FRAME_HEADER : start + FRAME_HEADER + page]):
            seen.setdefault(each, transaction)
        transaction += log[start + 4 : start + 8] != bytes(4)
    found.add("transaction", "transactions of the write-ahead log", seen)
    found.join("a transaction of the write-ahead log", ((at, each) for each, at in seen.items() if at))


def _names(db: Connection) -> dict[str, str]:
    listed = db.exec_driver_sql("SELECT relfilenode::text, relname FROM pg_class WHERE relfilenode <> 0")
    return {str(number): str(name) for number, name in listed}


def _postgres(files: Mapping[str, bytes], names: Mapping[str, str], found: Found) -> None:
    needles = found.sought.codes | found.sought.receipts
    writers: list[tuple[int, bytes]] = []
    for file, content in files.items():
        name = names.get(file, "a file of no table")
        heap: list[tuple[bytes, Place]] = []
        raw: list[tuple[bytes, Place]] = []
        index = False
        for at, needle in hits(content, needles):
            block = at // POSTGRES_PAGE
            page = content[block * POSTGRES_PAGE : (block + 1) * POSTGRES_PAGE]
            raw.append((needle, (block, -at)))
            if _is_index(page):
                index = True
            elif (item := _item(page, at % POSTGRES_PAGE)) is not None:
                number, start = item
                heap.append((needle, (block, number)))
                writers += [(xid, needle) for xid in struct.unpack_from("<II", page, start) if xid]
        first_and_last(found, "index" if index else "heap", f"the bytes of {name}", raw)
        first_and_last(found, "heap", f"the ctid of {name}", heap)
    found.join("xmin or xmax", writers)
    latest: dict[bytes, int] = {}
    for xid, each in writers:
        latest[each] = max(xid, latest.get(each, 0))
    found.add("transaction", "the latest xmin or xmax", latest)


def _is_index(page: bytes) -> bool:
    (special,) = struct.unpack_from("<H", page, 16)
    return bool(special != POSTGRES_PAGE)


def _item(page: bytes, at: int) -> tuple[int, int] | None:
    """The number and the start of the row, dead or alive, that a byte of a heap page belongs to."""
    (lower,) = struct.unpack_from("<H", page, 12)
    pointers = struct.unpack_from(f"<{(lower - POINTERS_FROM) // POINTER}I", page, POINTERS_FROM)
    items = sorted(
        (pointer & 0x7FFF, pointer >> 17, number)
        for number, pointer in enumerate(pointers, start=1)
        if (pointer >> 15) & 3 == NORMAL
    )
    place = bisect_right(items, (at, POSTGRES_PAGE, 0)) - 1
    if place < 0 or at >= items[place][0] + items[place][1]:
        return None
    return items[place][2], items[place][0]
