"""One way to compile a kernel: without the interpreter's lock, and kept on disk where that is allowed."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile on first use; keep the machine code beside the source, or nowhere if no folder is writable.

    Examples
    --------
    >>> compiled(lambda x: x + 1)(1)
    2
    """
    try:
        return cast(Kernel, njit(cache=True, nogil=True)(kernel))
    except RuntimeError:  # "no locator available": neither the source's folder nor the user's own is writable
        return cast(Kernel, njit(nogil=True)(kernel))
