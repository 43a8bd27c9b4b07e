"""Labels that a format cannot hold whole, shortened in one way for every file that is written."""

from typing import Final

ELLIPSIS: Final = "…"


def shortened(label: str, most: int, *, bytes_: bool = True) -> str:
    """Return a label that a format holds whole, or as many of its words as it holds and an ellipsis.

    Parameters
    ----------
    label
        The label.
    most
        How much the format holds, the ellipsis included.
    bytes_
        Whether it counts bytes of UTF-8, as SPSS does, or letters, as Stata does.

    Returns
    -------
    str
        The label, cut within a word only where not even the first word is held.

    Examples
    --------
    >>> shortened("one two", 7), shortened("one two", 6), shortened("unparted", 6)
    ('one two', 'one…', 'unp…')
    """

    def size(text: str) -> int:
        return len(text.encode()) if bytes_ else len(text)

    if size(label) <= most:
        return label
    words = label.split()
    while len(words) > 1 and size(" ".join(words) + ELLIPSIS) > most:
        words.pop()
    text = " ".join(words)
    while text and size(text + ELLIPSIS) > most:
        text = text[:-1]
    return text + ELLIPSIS
