"""Every sentence of the interface is translated in every language, with its plurals and placeholders."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from app.languages import LANGUAGES, SOURCE, catalogue, day, decimal, home, told_apart, translations

ROOT = Path(__file__).parents[2]
TRANSLATED = [code for code in LANGUAGES if code != SOURCE]
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")
TAG = re.compile(r"<[^>]*>")
ENDS = {".": ".", ":": ":", "?": "?؟"}


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every sentence that the pages mark for translation."""
    found = tmp_path_factory.mktemp("catalogue") / "counterpoise.pot"
    extract = [
        "-m",
        "babel.messages.frontend",
        "-q",
        "extract",
        "-F",
        "pyproject.toml",
        "-o",
        str(found),
        ".",
    ]
    subprocess.run([sys.executable, *extract], cwd=ROOT, check=True)
    with found.open("rb") as file:
        return read_po(file)


@pytest.fixture(params=TRANSLATED)
def spoken(request: pytest.FixtureRequest) -> Catalog:
    with catalogue(request.param).open("rb") as file:
        return read_po(file, locale=request.param)


def sentences(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def several(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def test_every_sentence_is_translated_and_none_that_is_said_no_more(spoken: Catalog, said: Catalog) -> None:
    """`make messages` brings the catalogues up to date."""
    wanted, there = ({message.id for message in sentences(each)} for each in (said, spoken))
    assert there == wanted
    assert not spoken.obsolete
    for message in sentences(spoken):
        assert not message.fuzzy, message.id
        assert all(text.strip() for text in several(message.string)), message.id


def test_every_number_has_its_form(spoken: Catalog) -> None:
    for message in sentences(spoken):
        if message.pluralizable:
            assert len(several(message.string)) == spoken.num_plurals, message.id
    # Spanish has a third form in CLDR, for round millions; gettext and these pages have no use for it.
    tags = (
        ("one", "other")
        if spoken.locale_identifier == "es"
        else ("zero", "one", "two", "few", "many", "other")
    )
    rule = Locale.parse(spoken.locale_identifier).plural_form
    speak = translations(spoken.locale_identifier)
    [counted] = [each for each in sentences(spoken) if each.id == ("%(n)s question", "%(n)s questions")]
    for number in range(201):
        expected = several(counted.string)[tags.index(rule(number))]
        assert speak.ngettext(*counted.id, number) == expected, number


def test_what_a_sentence_is_filled_with_and_links_to_stays(spoken: Catalog) -> None:
    for message in sentences(spoken):
        one, *rest = several(message.id)
        many = rest[0] if rest else one
        texts = several(message.string)
        for text in texts:
            # A language may say "two questions" without the figure, but links it may not lose.
            assert TAG.findall(text) == TAG.findall(many), message.id
            assert set(PLACE.findall(text)) <= set(PLACE.findall(many)), message.id
        assert sorted(PLACE.findall(texts[-1])) == sorted(PLACE.findall(many)), message.id


def test_a_sentence_ends_as_it_ended(spoken: Catalog) -> None:
    for message in sentences(spoken):
        original, text = several(message.id)[-1], several(message.string)[-1]
        if original[-1] in ENDS:
            assert text[-1] in ENDS[original[-1]], message.id
        assert (text[0].isspace(), text.count("\n")) == (original[0].isspace(), 0), message.id


def test_what_a_sentence_quotes_is_called_so(spoken: Catalog) -> None:
    say = translations(spoken.locale_identifier).gettext
    pages = say("Questions %(first)s to %(last)s") % {"first": 6, "last": 10}
    quotes = {"“Leave this site”": say("Leave this site"), "“Questions 6 to 10”": pages}
    quotes["“Come back later”"] = say("Come back later")
    for quoted, name in quotes.items():
        where = [each for each in sentences(spoken) if quoted in several(each.id)[0]]
        assert where
        for message in where:
            assert name in message.string, message.id


def test_an_unknown_language_is_refused_rather_than_answered_in_english() -> None:
    with pytest.raises(FileNotFoundError):
        translations("de")


def test_an_address_names_its_language() -> None:
    for code in LANGUAGES:
        for path in ("/", "/page/3", "/nothing/at/all"):
            assert told_apart(home(code) + path) == (code, path)
    assert told_apart("/ar") == ("ar", "/")
    assert told_apart("/en/erase") == ("en", "/en/erase")
    assert told_apart("/arrive") == ("en", "/arrive")


def test_figures_are_written_as_the_language_writes_them() -> None:
    assert {code: decimal(62.54, code) for code in LANGUAGES} == {
        "en": "62.5",
        "cy": "62.5",
        "es": "62,5",
        "ar": "62.5",
    }
    assert {decimal(100.0, code) for code in LANGUAGES} == {"100"}
    assert {code: day("2026-11-22", code) for code in LANGUAGES} == {
        "en": "22 November 2026",
        "cy": "22 Tachwedd 2026",
        "es": "22 de noviembre de 2026",
        "ar": "22 نوفمبر 2026",
    }
