"""Bytes of a text file as text: UTF-8, UTF-16 and Windows-1252 are told apart, others refused by name."""

import codecs
from typing import Final

from analysis.files.table import TableError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 4096


def decoded(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Return a file's text, and what must be said of how it was read.

    Parameters
    ----------
    content
        The whole file.
    name
        What the file is called, for messages.

    Raises
    ------
    TableError
        The bytes are in none of the three encodings.
    """
    encoding = _encoding(content)
    if encoding not in {"utf-8-sig", "utf-8"}:
        try:
            return content.decode(encoding).removeprefix("\ufeff"), (f"Read as {encoding.upper()}.",)
        except UnicodeDecodeError as error:
            raise TableError(
                f"{name} is not in {encoding.upper()}, as its first bytes say; save it as CSV in UTF-8"
            ) from error
    if b"\0" in content:
        raise TableError(f"{name} holds NUL bytes, which no text does; save it as CSV in UTF-8")
    try:
        return content.decode(encoding), ()
    except UnicodeDecodeError:
        return _other_than_utf_8(content, name)


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    sample = content[:_SAMPLE]
    # Letters of the header are ASCII for the most part, so that in UTF-16 every second byte is zero.
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) / 8 and min(even, odd) < max(even, odd) / 4:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _other_than_utf_8(content: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Read Windows-1252, or UTF-8 with a few broken bytes, whichever fits more of the bytes."""
    spoiled = content.decode("utf-8", "replace").removeprefix("\ufeff")
    broken = spoiled.count("\ufffd")
    whole = sum(ord(letter) > 0x7F for letter in spoiled) - broken  # noqa: PLR2004 - beyond ASCII
    if whole > broken or content.startswith(codecs.BOM_UTF8):
        return spoiled, (f"{broken} broken bytes stand as \ufffd; the file is in UTF-8 otherwise.",)
    try:
        return content.decode("cp1252"), ("Read as Windows-1252, since it is not in UTF-8.",)
    except UnicodeDecodeError as error:
        raise TableError(
            f"{name} is not in UTF-8, UTF-16 or Windows-1252 (byte 0x{content[error.start]:02x} at place "
            f"{error.start + 1}); save it as CSV in UTF-8"
        ) from error
