"""Every language has all of form A, in its own script and without English left, or it is refused."""

import re
import shutil
import unicodedata
from pathlib import Path

import pytest

from instrument import NOT_SAID, PPIQ, InstrumentError, load, ppiq
from instrument.exchange.translation import sentences
from instrument.nodes import read

LANGUAGES = ("cy", "es", "ar")
NAMES = ("a", "context", "actions", "claims")
ROLES = ("supervisor", "practice_educator", "line_manager", NOT_SAID)
NOUNS = {
    "cy": ("fy ngoruchwyliwr", "fy addysgwr ymarfer", "fy rheolwr llinell", "y person hwn"),
    "es": (
        "la persona que me supervisa",
        "la persona que tutoriza mis prácticas",
        "la persona que dirige mi trabajo",
        "esta persona",
    ),
    "ar": ("الشخص الذي يشرف عليّ", "الشخص الذي يشرف على تدريبي العملي", "الشخص الذي يدير عملي", "هذا الشخص"),
}
# In Welsh `na` is also "than" and `ni`, but at the head of a sentence, "us".
NEGATION = {
    "cy": r"\b(ddim|dim|nid|nad|heb|byth|erioed|neb|prin)\b|^ni\b",
    "es": r"\b(no|nunca|jamás|nada|nadie|ningun[oa]?|ningún|sin|tampoco|ni|apenas)\b",
    "ar": r"(?<!\w)(لا|لم|لن|ليس|ليست|لست|غير|بدون|دون|عدم|أبدًا|بلا)(?!\w)",
}
SAME_IN_SPANISH = {"No"}
CITATION = re.compile(r"[A-Z]\w+ \d{4}; [A-Z]\w+ \d{4}")


def texts_of(name: str, language: str) -> dict[tuple[str, str], str]:
    data = read(PPIQ / "words" / f"{name}.{language}.yaml", name).data
    return {(key, role): text for key, by_role in sentences(data).items() for role, text in by_role.items()}


def items(language: str, role: str) -> list[str]:
    words = ppiq().words["a", language]
    return [words.sentence(item.id, role) for item in ppiq().forms["a"].items]


# What was translated


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_all_that_is_shown_and_says_that_it_is_a_draft(language: str) -> None:
    advice, claims = ppiq().advice[language], ppiq().claims_in[language]
    for form in ("a", "s"):
        words = ppiq().words[form, language]
        assert words.status == "draft"
        assert words.direction == ("rtl" if language == "ar" else "ltr")
        assert words.questions.keys() == set(ppiq().forms[form].context)
    assert (advice.status, claims.status, claims.stage) == ("draft", "draft", "desk_only")
    plain = [(each.id, each.facet, each.heading, each.strength) for each in ppiq().actions]
    assert [(each.id, each.facet, each.heading, each.strength) for each in advice.actions] == plain
    assert len(claims.may_not_say) == len(ppiq().claims_in["en"].may_not_say)


def test_what_was_written_first_comes_first_whatever_the_alphabet() -> None:
    assert [language for form, language in ppiq().words if form == "a"] == ["en", "ar", "cy", "es"]
    assert ppiq().claims == ppiq().claims_in["en"]
    assert ppiq().actions == ppiq().advice["en"].actions


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left(language: str, name: str) -> None:
    english, own = texts_of(name, "en"), texts_of(name, language)
    left = {
        text
        for (key, role), text in own.items()
        if text == english.get((key, role), english.get((key, "")))
        and not CITATION.fullmatch(text)
        and not (language == "es" and text in SAME_IN_SPANISH)
    }
    assert left == set()


@pytest.mark.parametrize("name", NAMES)
def test_arabic_is_in_arabic_letters(name: str) -> None:
    for (key, _), text in texts_of(name, "ar").items():
        if key.endswith(".evidence"):
            continue  # names of authors stay as they are printed
        assert not [letter for letter in text if "LATIN" in unicodedata.name(letter, "")], text
        assert any("ARABIC" in unicodedata.name(letter, "") for letter in text), text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["cy", "es"])
def test_welsh_and_spanish_are_in_latin_letters(language: str, name: str) -> None:
    for text in texts_of(name, language).values():
        letters = {unicodedata.name(letter).split()[0] for letter in text if letter.isalpha()}
        assert letters <= {"LATIN", "FEMININE", "MASCULINE"}, text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_translated_sentences_keep_the_rules_of_form_a(language: str, role: str) -> None:
    for text in items(language, role):
        assert not re.search(NEGATION[language], text, re.IGNORECASE), text
        assert not re.search(r"[;:()/؛]", text), text
        assert text.endswith("."), text
        assert text.count(".") == 1, text
        assert len(text.split()) <= 20, text


@pytest.mark.parametrize(
    ("language", "text"),
    [("cy", "Nid yw'n glir."), ("cy", "Does dim."), ("es", "Nunca escucha."), ("ar", "هو لا يستمع.")],
)
def test_a_negation_would_be_seen_in_every_language(language: str, text: str) -> None:
    assert re.search(NEGATION[language], text, re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translated_sentence_differs_between_roles_by_the_role_alone(language: str) -> None:
    english, words = ppiq().words["a", "en"], ppiq().words["a", language]
    for item in ppiq().forms["a"].items:
        spoken = [words.sentence(item.id, role) for role in ROLES]
        general = {
            re.sub(re.escape(noun), "{other}", text, count=1, flags=re.IGNORECASE)
            for noun, text in zip(NOUNS[language], spoken, strict=True)
        }
        assert len(general) == 1, spoken
        inflects = len(set(english.sentences[item.id].values())) > 1
        assert len(set(spoken)) == (len(ROLES) if inflects else 1), spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stem_tells_the_window_and_ends_on_the_question(language: str) -> None:
    words = ppiq().words["a", language]
    stems = {words.stem(role) for role in ROLES}
    assert len(stems) == len(ROLES)
    for stem in stems:
        assert re.search("الثلاثة" if language == "ar" else r"\b3\b", stem)
        assert stem.count(". ") == 1
        assert stem[-1] == ("؟" if language == "ar" else "?")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_items_or_answers_read_the_same(language: str) -> None:
    words = ppiq().words["a", language]
    assert len(set(items(language, NOT_SAID))) == 30
    assert len(set(words.labels["truth"].values())) == 8
    assert len(set(words.facets.values())) == 7


# What is refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(PPIQ, tmp_path / "ppiq"))
    (copy / "LOCK").unlink()
    return copy


def without(file: Path, *starts: str) -> None:
    """Take the lines out that start so."""
    lines = file.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.strip().startswith(starts)]
    assert len(kept) < len(lines)
    file.write_text("".join(kept), "utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InstrumentError) as refused:
        load(folder)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("file", "lacks", "says"),
    [
        ("words/a.cy.yaml", "ag3:", "words/a.cy.yaml:12: item `ag3` has no words"),
        ("words/a.es.yaml", "title:", "words/a.es.yaml:2: `title` is missing"),
        ("words/a.ar.yaml", "2:", "code `2` has no words"),
        ("words/a.ar.yaml", "rather_not_say:", "kind of answer not given `rather_not_say` has no words"),
        ("words/a.cy.yaml", "rr:", "subscale to be shown `rr` has no words"),
        ("words/a.es.yaml", 'rr3: "Alguien', "the help for item `rr3` has no words"),
        ("words/context.cy.yaml", "fortnightly:", "option `fortnightly` has no words"),
        ("words/context.ar.yaml", 'question: "كم مرة', "`question` is missing"),
        (
            "words/claims.es.yaml",
            '- "Que detecte',
            "words/claims.es.yaml:10: there should be 5 lines here, not 4",
        ),
        ("words/actions.ar.yaml", "safety:", "`safety` is missing"),
    ],
)
def test_an_incomplete_language_is_refused_with_file_and_line(
    file: str, lacks: str, says: str, folder: Path
) -> None:
    without(folder / file, lacks)
    assert [problem for problem in problems_of(folder) if says in problem]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["context", "actions", "claims"])
def test_a_language_is_refused_where_a_whole_file_is_lacking(language: str, name: str, folder: Path) -> None:
    (folder / f"words/{name}.{language}.yaml").unlink()
    [problem] = problems_of(folder)
    assert problem.startswith(f"words/a.{language}.yaml:3: the {name}")
    assert problem.endswith(f"have no words in `{language}`")


def test_a_role_without_a_sentence_is_refused(folder: Path) -> None:
    file = folder / "words/a.cy.yaml"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace('    line_manager: "Mae fy rheolwr llinell yn gwrando', '    boss: "Mae', 1), "utf-8"
    )
    said = problems_of(folder)
    assert any("role `line_manager` has no words" in problem for problem in said)
    assert any("there is no role `boss`" in problem for problem in said)


def test_what_is_told_before_the_questions_is_told_in_every_language(folder: Path) -> None:
    english = folder / "words/a.en.yaml"
    english.write_text(english.read_text("utf-8") + 'before:\n  - "You may stop at any time."\n', "utf-8")
    assert problems_of(folder) == [
        f"words/a.{language}.yaml:2: there should be 1 lines here, not 0" for language in ("ar", "cy", "es")
    ]


def test_a_later_stage_of_the_evidence_without_a_study_is_refused(folder: Path) -> None:
    file = folder / "claims.yaml"
    file.write_text(file.read_text("utf-8").replace("stage: desk_only", "stage: interviewed"), "utf-8")
    assert problems_of(folder)[0] == (
        "claims.yaml:3: only `desk_only` stands without a study under `evidence`"
    )


def test_claims_of_another_stage_of_the_evidence_are_refused(folder: Path) -> None:
    file = folder / "claims.yaml"
    later = (
        file.read_text("utf-8")
        .replace("stage: desk_only", "stage: interviewed")
        .replace("evidence: []", 'evidence: ["Interviews with twelve supervisees"]')
    )
    file.write_text(later, "utf-8")
    assert problems_of(folder) == [
        f"words/claims.{language}.yaml:4: the evidence is at stage `interviewed`: these words are of another"
        for language in ("ar", "cy", "en", "es")
    ]
