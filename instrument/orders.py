"""The orders in which a battery can be shown: few, drawn beforehand from the form's hash, each with a number.

A person is shown one of them by chance, and their row keeps its number alone. Few orders leave each of them
common: an order of one's own would mark the row for whoever has seen the pages.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final

from instrument.model import Block, Form, ShownIn

FEWEST: Final = 6
"""The fewest orders of a form whose items are in random order."""


def orders(form: Form) -> tuple[tuple[str, ...], ...]:
    """Return every order in which a form is shown.

    Parameters
    ----------
    form : the form

    Returns
    -------
    tuple of tuple of str
        For each order the ids of all items as they are shown, the first being order 1; none where the form
        has one order only. Where blocks are in random order, they follow a balanced Latin square: each stands
        at each place equally often, and after each other equally often.

    References
    ----------
    Williams, E. J. (1949). Experimental designs balanced for the estimation of residual effects of
    treatments. Australian Journal of Scientific Research A, 2, 149-168.
    """
    return _orders(form.hash, tuple(form.blocks.values()), form.block_order)


@lru_cache(maxsize=64)
def _orders(form_hash: str, blocks: tuple[Block, ...], block_order: ShownIn) -> tuple[tuple[str, ...], ...]:
    rows = balanced(len(blocks)) if block_order == "random" else (tuple(range(len(blocks))),)
    if any(block.item_order == "random" for block in blocks):
        rows *= -(-FEWEST // len(rows))
    elif block_order == "fixed":
        return ()
    return tuple(
        tuple(item for at in row for item in _items(form_hash, number, blocks[at]))
        for number, row in enumerate(rows, 1)
    )


def balanced(n: int) -> tuple[tuple[int, ...], ...]:
    """Return the rows of a balanced Latin square of `n` treatments: n of them, 2n where n is odd.

    Parameters
    ----------
    n : the number of treatments

    Returns
    -------
    tuple of tuple of int
        Each row has the numbers below n, once each.

    Examples
    --------
    >>> balanced(4)
    ((0, 1, 3, 2), (1, 2, 0, 3), (2, 3, 1, 0), (3, 0, 2, 1))
    """
    first = [0] + [(step + 1) // 2 if step % 2 else n - step // 2 for step in range(1, n)]
    rows = tuple(tuple((at + shift) % n for at in first) for shift in range(n))
    return rows + tuple(row[::-1] for row in rows) if n % 2 and n > 1 else rows


def _items(form_hash: str, number: int, block: Block) -> tuple[str, ...]:
    """Order items by hashes, which are the same with every version of the language."""
    if block.item_order == "fixed":
        return block.items

    def drawn(item: str) -> bytes:
        return sha256(f"{form_hash} {number} {item}".encode()).digest()

    return tuple(sorted(block.items, key=drawn))
