"""A wrong or hostile instrument file is refused at once, with its line and the reason."""

import json
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pytest

from instrument import InstrumentError, load, nodes

INSTRUMENTS = Path(__file__).parents[1] / "instruments"
MOST_STEPS = 4_000_000  # calls and returns: three times as many as the largest folder needs
FORM, KEY, WORDS, HEADER = "forms/seven.yaml", "key.yaml", "words/seven.en.yaml", "instrument.yaml"


class Case(NamedTuple):
    """Change `file` (`old` to `new`, or the whole of it) and expect a problem there."""

    file: str
    old: str | None
    new: str | bytes
    line: int | None
    says: str


def whole(file: str, content: str | bytes, line: int | None, says: str) -> Case:
    return Case(file, None, content, line, says)


def plain(value: str, says: str) -> Case:
    """A value that readers of YAML turn into something else, where text is wanted."""
    return Case(FORM, '"Members of a reading group"', value, 3, says)


def coded(codes: str, line: int, says: str) -> Case:
    return Case(FORM, "[1, 2, 3, 4, 5, 6, 7]", codes, line, says)


LAUGHS = "a: &a [x, x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
MANY_ITEMS = "".join(f"  - {{id: i{n}, scale: agreement}}\n" for n in range(501))
EASE_1 = "{id: ease_1, scale: agreement}"
NOT_A_NAME = "is neither a whole number nor a name: write text in quotes"

HOSTILE = {
    "an alias": Case(FORM, "per_page: 4", "per_page: &n 4\npages: *n", 6, "aliases (*n) are not allowed"),
    "an anchor": Case(FORM, "per_page: 4", "per_page: &n 4", 5, "anchors (&n) are not allowed"),
    "a billion laughs": whole(FORM, LAUGHS, 2, "aliases (*a) are not allowed"),
    "a merge key": Case(FORM, "per_page: 4", "per_page: 4\n<<: {form: other}", 6, f"`<<` {NOT_A_NAME}"),
    "a key twice": Case(FORM, "per_page: 4", "per_page: 4\nper_page: 5", 6, "`per_page` is written twice"),
    "twenty-one lists within lists": Case(
        FORM, "per_page: 4", f"per_page: {'[' * 21}{']' * 21}", 5, "nested more than 20 deep"
    ),
    "a hundred thousand brackets": whole(FORM, "[" * 100_000, 1, "nested more than 20 deep"),
    "a hundred thousand braces": whole(FORM, "{" * 100_000, 1, "a key must be a name"),
    "a staircase of lists": whole(FORM, "- " * 50_000, 1, "nested more than 20 deep"),
    "a staircase of keys": whole(FORM, "\n".join(" " * n + "a:" for n in range(400)), 22, "nested more than"),
    "too large a file": whole(FORM, 'about: "' + "x" * 262_144 + '"', None, "larger than 256 KiB"),
    "too many values": whole(FORM, "- a\n" * 5_001, 5_000, "more than 5000 values"),
    "too many keys": whole(FORM, "".join(f"k{n}: 1\n" for n in range(3_000)), 2_500, "more than 5000 values"),
    "too many items": Case(FORM, "items:\n", "items:\n" + MANY_ITEMS, 10, "there are more than 500"),
    "a key of a quarter of a million letters": whole(FORM, "k" * 250_000 + ": 1", 1, "this is not YAML"),
    "a quoted key of a thousand letters": whole(FORM, f'"{"k" * 1_000}": 1', 1, "is not known here"),
    "a tag that runs code": Case(
        FORM,
        "per_page: 4",
        "per_page: !!python/object/apply:os.getpid []",
        5,
        "tags (tag:yaml.org,2002:python",
    ),
    "a tag that makes text of a number": Case(FORM, "per_page: 4", "per_page: !!int 4", 5, "are not allowed"),
    "a tag of its own": Case(FORM, "per_page: 4", "per_page: ! 4", 5, "tags (!) are not allowed"),
    "no, read as false": plain("no", "`no` is not text to every reader of YAML"),
    "Yes, read as true": plain("Yes", "`Yes` is not text to every reader of YAML"),
    "on, read as true": plain("on", "`on` is not text to every reader of YAML"),
    "OFF, read as false": plain("OFF", "`OFF` is not text to every reader of YAML"),
    "n, read as false": plain("n", "`n` is not text to every reader of YAML"),
    "null": plain("null", "`null` is not text to every reader of YAML"),
    "a tilde, read as null": plain("~", f"`~` {NOT_A_NAME}"),
    "nothing at all": plain("", "a value is missing"),
    "true, where text is wanted": plain("true", "text is wanted here"),
    "a number, where text is wanted": plain("12", "text is wanted here"),
    "010, read as eight": plain("010", f"`010` {NOT_A_NAME}"),
    "0o14, octal": plain("0o14", f"`0o14` {NOT_A_NAME}"),
    "0x1F, hexadecimal": plain("0x1F", f"`0x1F` {NOT_A_NAME}"),
    "12:30:45, read as 45045": plain("12:30:45", f"`12:30:45` {NOT_A_NAME}"),
    ".inf, infinite": plain(".inf", f"`.inf` {NOT_A_NAME}"),
    "-.INF": plain("-.INF", f"`-.INF` {NOT_A_NAME}"),
    ".nan": plain(".nan", f"`.nan` {NOT_A_NAME}"),
    "a date": plain("2024-01-31", f"`2024-01-31` {NOT_A_NAME}"),
    "a fraction": plain("1.5", f"`1.5` {NOT_A_NAME}"),
    "a power of ten": plain("1e3", f"`1e3` {NOT_A_NAME}"),
    "1_000, read as a thousand": plain("1_000", f"`1_000` {NOT_A_NAME}"),
    "text without quotes": plain("Members of a group", f"`Members of a group` {NOT_A_NAME}"),
    "a word without quotes": plain("Members", "text must be in quotes: Members"),
    "empty text": plain('""', "the text is empty"),
    "too long a text": plain(f'"{"x" * 1_001}"', "longer than 1000 characters"),
    "a line break in text": plain("|\n  one\n  two", "a space too many"),
    "two spaces in text": plain('"Members  here"', "a space too many"),
    "a control character": plain('"Members\\u0007"', "a control character or a line break"),
    "text that turns its direction round": plain(
        '"Members \\u202Eereh"', "a control character or a line break"
    ),
    "decomposed letters": plain(f'"{unicodedata.normalize("NFD", "café")}"', "Unicode normal form C"),
    "a number in quotes as a code": coded('[1, 2, "3"]', 8, "a whole number is wanted here"),
    "true as a code": coded("[1, 2, true]", 8, "a whole number is wanted here"),
    "infinity as a code": coded("[1, 2, .inf]", 8, f"`.inf` {NOT_A_NAME}"),
    "010 as a code": coded("[1, 2, 010]", 8, f"`010` {NOT_A_NAME}"),
    "a code out of all bounds": coded("[1, 2, 99999]", 8, "this should be 9999 or less"),
    "the same code twice": coded("[1, 2, 2]", 8, "listed twice: 2"),
    "one code only": coded("[1]", 8, "at least 2 are wanted here"),
    "a code kept for no answer": coded("[1, 2, -88]", 7, "-88 and -99 have their meaning already"),
    "a code that is an answer and none": coded("[1, 2, 9]", 7, "each code must have one meaning"),
    "a mapping for a list": coded("{a: 1}", 8, "a list is wanted here"),
    "withheld as an answer": Case(FORM, "does_not_apply: 8", "withheld: 8", 9, "this should be"),
    "no code for what is left blank": Case(FORM, "left_blank: 9, ", "", 7, "`left_blank` needs a code"),
    "two documents": Case(
        FORM, "form: seven\n", "form: seven\n---\nform: other\n", 2, "a file holds one document"
    ),
    "a directive": whole(FORM, "%YAML 1.1\n---\nform: seven\n", 1, "directives (%) are not allowed"),
    "an empty file": whole(FORM, "", 1, "the file is empty"),
    "an unclosed quote": Case(
        FORM, '"The last year"', '"The last year', 22, "quoted scalar that starts on line 4"
    ),
    "a tab as indent": Case(FORM, "  agreement:", "\tagreement:", 7, "this is not YAML"),
    "bytes that are not UTF-8": whole(FORM, b"form: seven\nabout: \xff\xfe\n", 2, "not UTF-8 text"),
    "a NUL": whole(FORM, b'form: seven\nabout: "\x00"\n', 2, "a character that YAML does not allow"),
    "a list for a file": whole(FORM, "- form\n", 1, "names with values are wanted here"),
    "a list as a key": Case(FORM, "per_page: 4", "? [a, b]\n: 4", 5, "a key must be a name"),
    "true as a key": Case(FORM, "per_page: 4", "true: 4", 5, "a key must be a name"),
    "a name that is not known": Case(
        FORM, "per_page: 4", "per_page: 4\npagess: 4", 6, "`pagess` is not known"
    ),
    "a name that is missing": Case(FORM, "per_page: 4\n", "", 1, "`per_page` is missing"),
    "no item on a page": Case(FORM, "per_page: 4", "per_page: 0", 5, "this should be 1 or more"),
    "no items": whole(
        FORM,
        'form: seven\npublished: false\nabout: "A"\nwindow: "W"\nper_page: 4\nscales: {s: {codes: [1, 2], '
        "missing: {left_blank: 9}}}\nitems: []\n",
        7,
        "at least 1 are wanted here",
    ),
    "an item with capitals": Case(FORM, EASE_1, "{id: Ease_1, scale: agreement}", 11, "is no identifier"),
    "an item with two underlines": Case(
        FORM, EASE_1, "{id: ease__1, scale: agreement}", 11, "is no identifier"
    ),
    "an item ending on an underline": Case(
        FORM, EASE_1, "{id: ease_, scale: agreement}", 11, "is no identifier"
    ),
    "an item that starts with a number": Case(
        FORM, EASE_1, '{id: "1e", scale: agreement}', 11, "is no identifier"
    ),
    "an item of 27 letters": Case(
        FORM, EASE_1, f"{{id: {'e' * 27}, scale: agreement}}", 11, "is no identifier"
    ),
    "an item that is code": Case(FORM, EASE_1, '{id: "<script>", scale: agreement}', 11, "is no identifier"),
    "a word that SPSS keeps": Case(FORM, EASE_1, "{id: with, scale: agreement}", 11, "SPSS or Stata keeps"),
    "an item twice": Case(FORM, EASE_1, "{id: talk_1, scale: agreement}", 12, "`talk_1` is there twice"),
    "a scale that is not there": Case(FORM, EASE_1, "{id: ease_1, scale: other}", 11, "no scale `other`"),
    "an item named as a column": Case(FORM, EASE_1, "{id: language, scale: agreement}", 3, "two columns"),
    "does not apply, without a code": Case(
        FORM, "does_not_apply: 8, ", "", 21, "scale `agreement` has no code for does_not_apply"
    ),
    "a form under another name": Case(FORM, "form: seven", "form: eight", 1, "should be forms/eight.yaml"),
    "an unknown item in the key": Case(KEY, "-ease_2", "-ease_9", 5, "form `seven` has no item `ease_9`"),
    "two minus signs in the key": Case(KEY, "-ease_2", "--ease_2", 5, "is neither a whole number"),
    "an item counted twice": Case(KEY, "-ease_2", "-ease_1", 5, "`ease_1` is counted twice"),
    "more answers than there are items": Case(KEY, "min_answered: 2", "min_answered: 5", 7, "of 4 in all"),
    "no answers needed": Case(KEY, "min_answered: 2", "min_answered: 0", 7, "this should be 1 or more"),
    "a sum of some of the items": Case(
        KEY, "method: sum, min_answered: 3", "method: sum, min_answered: 2", 6, "a sum needs every answer"
    ),
    "a method that is code": Case(KEY, "method: mean", 'method: "__import__(1)"', 7, "this should be 'pomp'"),
    "a subscale of nothing": Case(KEY, "items: [talk_1, -talk_2, talk_3], ", "", 6, "has either `items`"),
    "a subscale of itself": Case(
        KEY,
        "items: [talk_1, -talk_2, talk_3], method: sum",
        "of: [talk], method: mean",
        6,
        "not a subscale scored",
    ),
    "pomp of subscales": Case(
        KEY,
        "items: [talk_1, -talk_2, talk_3], method: sum, min_answered: 3",
        "of: [ease, range], method: pomp, min_answered: 2",
        6,
        "take the mean of other subscales",
    ),
    "a threshold of items where there are items": Case(
        KEY,
        "min_answered: 2}",
        "min_answered: 2, min_items: 3}",
        7,
        "min_items is for a subscale scored from others",
    ),
    "a subscale named as an item": Case(KEY, "      talk:", "      talk_1:", 6, "two columns of an export"),
    "a subscale too long for Stata": Case(
        KEY, "      talk:", f"      {'t' * 24}:", 3, "is longer than the 32 letters"
    ),
    "a key for a form that is not there": Case(KEY, "  seven:", "  eight:", 3, "there is no form `eight`"),
    "uneven codes, reversed": coded("[1, 2, 4, 5, 6, 7, 10]", 5, "uneven, so `ease_2` cannot be reversed"),
    "an item without words": Case(
        WORDS, '  ease_1: "I read without hurry."\n', "", 7, "item `ease_1` has no words"
    ),
    "words without an item": Case(WORDS, "  ease_1:", "  ease_5:", 8, "there is no item `ease_5`"),
    "an answer without words": Case(WORDS, '    4: "Neither"\n', "", 20, "code `4` has no words"),
    "words for no answer": Case(
        WORDS, '    4: "Neither"\n', '    4: "Neither"\n    8: "All"\n', 25, "no code `8`"
    ),
    "a refusal without words": Case(
        WORDS, '  rather_not_say: "Rather not say"\n', "", 28, "`rather_not_say` has no words"
    ),
    "a scale without words": Case(WORDS, "  agreement:", "  other:", 20, "no scale `other`"),
    "a subscale without words": Case(WORDS, '  talk: "Talking about books"\n', "", 32, "`talk` has no words"),
    "words for no subscale": Case(WORDS, "  talk:", "  talks:", 34, "no subscale to be shown `talks`"),
    "help for no item": Case(
        WORDS, "scales:\n", 'help: {ease_7: "Think."}\nscales:\n', 19, "no item `ease_7`"
    ),
    "a role where none is asked": Case(
        WORDS, '"I read without hurry."', '{boss: "I read."}', 8, "there is no role `boss`"
    ),
    "a language that is none": Case(
        WORDS, "language: en", "language: english", 2, "`english` is no language"
    ),
    "a direction that is none": Case(
        WORDS, "direction: ltr", "direction: up", 3, "this should be 'ltr' or 'rtl'"
    ),
    "words in another file": Case(WORDS, "language: en", "language: cy", 1, "should be words/seven.cy.yaml"),
    "words of another form": Case(WORDS, "form: seven", "form: eight", 1, "there is no form `eight`"),
    "a title that is a list": Case(HEADER, '"CC BY 4.0"', '["CC", "BY"]', 3, "text is wanted here"),
    "an instrument without a name": whole(HEADER, 'title: "T"\nlicence: "L"\n', 1, "`id` is missing"),
    "a LOCK that is none": whole("LOCK", "[1", None, "this is not a LOCK file"),
    "a LOCK of another instrument": whole(
        "LOCK", '{"forms": {}, "key": {}, "words": {}}', None, "differs from LOCK"
    ),
    "a vast LOCK": whole("LOCK", "[" * 1_000_000, None, "this is not a LOCK file"),
}


def spoiled(case: Case, folder: Path) -> Path:
    shutil.copytree(INSTRUMENTS / "seven", folder)
    file = folder / case.file
    if case.old is None:
        content = case.new if isinstance(case.new, bytes) else case.new.encode()
    else:
        text = file.read_text("utf-8")
        assert text.count(case.old) == 1, "the case no longer fits the file"
        assert isinstance(case.new, str)
        content = text.replace(case.old, case.new).encode()
    file.write_bytes(content)
    return folder


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InstrumentError) as refused:
        load(folder)
    return str(refused.value).splitlines()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_line_and_reason(name: str, tmp_path: Path) -> None:
    case = HOSTILE[name]
    problems = problems_of(spoiled(case, tmp_path / "seven"))
    where = f":{case.line}: " if case.line else ": "
    assert [p for p in problems if where in p and case.says in p], problems
    assert all(len(problem) < 200 for problem in problems)


# VmHWM, not ru_maxrss: the latter is inherited from the process that started this one.
MEASURE = """
import json, sys
from pathlib import Path
from instrument import InstrumentError, load
from instrument import nodes

def peak():
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

class Counted:
    "Counts what is read of each file: characters that the parser is given, events that it is asked for."

    def __init__(self, yaml):
        self._yaml = yaml
        self.read = []

    def __getattr__(self, name):
        return getattr(self._yaml, name)

    def parse(self, text, **how):
        self.read.append([len(text), 0])
        for event in self._yaml.parse(text, **how):
            self.read[-1][1] += 1
            yield event

nodes.yaml = counted = Counted(nodes.yaml)
steps = 0
def count(*_):
    global steps
    steps += 1

before, most = peak(), 0
for folder in json.load(sys.stdin):
    steps = 0
    try:
        sys.setprofile(count)
        load(folder)
        print("taken for an instrument:", folder)
    except InstrumentError:
        pass
    finally:
        sys.setprofile(None)
    most = max(most, steps)
grown = peak() - before
control = bytearray(60 << 20)
largest = [max(column) for column in zip(*counted.read)]
print(json.dumps({"read": largest, "steps": most, "grown": grown, "control": peak() - before}))
"""


def test_every_refusal_reads_little_does_little_and_takes_less_than_50_mb(tmp_path: Path) -> None:
    """The cost of a stranger's folder is counted: characters, values, calls."""
    folders = [spoiled(case, tmp_path / str(at)) for at, case in enumerate(HOSTILE.values())]
    folders.append(large(tmp_path / "large"))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=json.dumps([str(folder) for folder in folders]),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert len(HOSTILE) >= 40
    measured = json.loads(done.stdout)
    characters, events = measured["read"]
    assert characters <= nodes.MAX_BYTES
    assert events <= 2 * nodes.MAX_NODES
    assert measured["steps"] < MOST_STEPS
    assert measured["grown"] < 50 < measured["control"]


def large(folder: Path) -> Path:
    """As many files as are allowed, each as full as is allowed, and wrong in every value."""
    shutil.copytree(INSTRUMENTS / "seven", folder)
    for n in range(48):
        (folder / f"words/w{n}.en.yaml").write_text("".join(f"k{m}: no\n" for m in range(2_490)), "utf-8")
    return folder


def test_a_refused_value_is_told_once(tmp_path: Path) -> None:
    folder = spoiled(HOSTILE["no, read as false"], tmp_path / "seven")
    assert len(problems_of(folder)) == 1
