"""Every language has all of its forms, in its own script and without English left, or it is refused."""

import re
import shutil
import unicodedata
from pathlib import Path

import pytest

from instrument import NOT_SAID, PPIQ, InstrumentError, load, ppiq
from instrument.exchange.translation import original, remarks
from instrument.nodes import read
from instrument.translations import sentences
from tests.unit.test_words import NEGATION as ENGLISH_NEGATION

LANGUAGES = ("cy", "es", "ar")
SECOND = ("a2", "b2", "c2")
FORMS = ("a", *SECOND)
NAMES = (*FORMS, "who_decides2", "context", "actions", "claims")
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
NOUNS_OF = {"a": NOUNS} | {
    "a2": NOUNS
    | {
        "es": (
            "quien me supervisa",
            "quien me supervisa donde hago las prácticas",
            "mi responsable en el trabajo",
            "esta persona",
        )
    },
    "b2": {
        "cy": ("y person rwy'n ei oruchwylio", "fy myfyriwr", "yr aelod o fy nhîm", "y person hwn"),
        "es": (
            "la persona que superviso",
            "la persona cuyas prácticas superviso",
            "la persona de mi equipo",
            "esta persona",
        ),
        "ar": (
            "الشخص الذي أشرف عليه",
            "الشخص الذي أشرف على تدريبه العملي",
            "الشخص الذي ينتمي إلى فريقي",
            "هذا الشخص",
        ),
    },
}
ROLES_OF = {
    "a": ROLES,
    "a2": ROLES,
    "b2": ("supervisee", "student", "team_member", NOT_SAID),
    "c2": (NOT_SAID,),
}
LONGEST = {"a": 20, "a2": 22, "b2": 22, "c2": 20}
"""Words of a sentence at most. The rule of 15 is for English, whose nouns for the roles are short."""
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


def items(language: str, role: str, form: str = "a") -> list[str]:
    words = ppiq().words[form, language]
    return [words.sentence(item.id, role) for item in ppiq().forms[form].items]


SPOKEN = [(form, language, role) for form in FORMS for language in LANGUAGES for role in ROLES_OF[form]]
BY_ROLE = [(form, language) for form in NOUNS_OF for language in LANGUAGES]


# What was translated


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_all_that_is_shown_and_says_that_it_is_a_draft(language: str) -> None:
    advice, claims = ppiq().advice[language], ppiq().claims_in[language]
    for form in ("a", "s", *SECOND, "s2"):
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


@pytest.mark.parametrize(("form", "language", "role"), SPOKEN)
def test_translated_sentences_keep_the_rules_of_form_a(form: str, language: str, role: str) -> None:
    for text in items(language, role, form):
        assert not re.search(NEGATION[language], text, re.IGNORECASE), text
        assert not re.search(r"[;:()/؛]", text), text
        assert text.endswith("."), text
        assert text.count(".") == 1, text
        assert len(text.split()) <= LONGEST[form], text


@pytest.mark.parametrize(
    ("language", "text"),
    [("cy", "Nid yw'n glir."), ("cy", "Does dim."), ("es", "Nunca escucha."), ("ar", "هو لا يستمع.")],
)
def test_a_negation_would_be_seen_in_every_language(language: str, text: str) -> None:
    assert re.search(NEGATION[language], text, re.IGNORECASE)


def without_article(text: str) -> str:
    """Write a Welsh article in one way: it is 'r after a vowel."""
    return re.sub(r"(?:'r| yr?|^[Yy]r?) (?=person\b|aelod\b)", " y ", text)


@pytest.mark.parametrize(("form", "language"), BY_ROLE)
def test_a_translated_sentence_differs_between_roles_by_the_role_alone(form: str, language: str) -> None:
    english, words, roles = ppiq().words[form, "en"], ppiq().words[form, language], ROLES_OF[form]
    for item in ppiq().forms[form].items:
        spoken = [words.sentence(item.id, role) for role in roles]
        general = set()
        for noun, text in zip(NOUNS_OF[form][language], spoken, strict=True):
            plain = without_article(text) if language == "cy" else text
            noun_ = without_article(noun).strip() if language == "cy" else noun
            general.add(
                re.sub(r"\s*" + re.escape(noun_), " {other}", plain, count=1, flags=re.IGNORECASE).strip()
            )
        assert len(general) == 1, spoken
        inflects = len(set(english.sentences[item.id].values())) > 1
        assert len(set(spoken)) == (len(roles) if inflects else 1), spoken


@pytest.mark.parametrize(("form", "language"), BY_ROLE)
def test_a_stem_tells_the_window_and_ends_on_the_question(form: str, language: str) -> None:
    words = ppiq().words[form, language]
    stems = {words.stem(role) for role in ROLES_OF[form]}
    assert len(stems) == len(ROLES_OF[form])
    english = ppiq().words[form, "en"].stem().count(". ")
    for stem in stems:
        assert re.search("الثلاثة" if language == "ar" else r"\b3\b", stem)
        assert 1 <= stem.count(". ") <= english
        assert stem[-1] == ("؟" if language == "ar" else "?")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", FORMS)
def test_no_two_items_or_answers_read_the_same(form: str, language: str) -> None:
    words = ppiq().words[form, language]
    assert len(set(items(language, NOT_SAID, form))) == len(ppiq().forms[form].items)
    assert len(set(words.labels["truth"].values())) == 8
    assert len(set(words.facets.values())) == len(ppiq().words[form, "en"].facets)


# The second edition


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", [*SECOND, "who_decides2", "g", "context", "actions", "claims"])
def test_every_row_beside_the_first_edition_has_a_back_translation_that_keeps_the_direction(
    form: str, language: str
) -> None:
    source = original(PPIQ, form)
    told = remarks(source, language)
    own = texts_of(form, language)
    rows = {f"{key} {role}".rstrip(): (key, role) for key, role in own}
    assert told.keys() == rows.keys()
    for place, remark in told.items():
        back = remark.back_translation
        assert back, place
        assert back.isascii() or "–" in back, place
        if rows[place][0].startswith("items."):
            assert not ENGLISH_NEGATION.search(back), back  # a sentence that turned round would need one
            assert back.endswith((".", "?"))


@pytest.mark.parametrize(
    ("form", "item", "says"),
    [
        ("a2", "sd2_2", r"\btension would arise\b"),
        ("a2", "sd4_2", r"\bwould listen to me\b"),
        ("a2", "sd1", r"respect.* less"),
        ("a2", "id1_2", r"\bless\b"),
        ("a2", "id5_2", r"\bI can choose whether\b"),
        ("a2", "vi3_2", r"\btoo late\b"),
        ("a2", "rr2_2", r"\bless\b"),
        ("b2", "b_rr2_2", r"\bmore\b"),
        ("a2", "rr4_2", r"\bwould try to (repair it|put it right)"),
        ("c2", "c_rr1_2", r"\b(soon|quickly)\b"),
        ("c2", "c_vi1", r"\bbefore I (can|am able to) change\b"),
    ],
)
def test_what_gives_an_item_its_key_is_in_its_back_translation(form: str, item: str, says: str) -> None:
    for language in LANGUAGES:
        told = remarks(original(PPIQ, form), language)
        found = [each.back_translation for place, each in told.items() if place.split()[0] == f"items.{item}"]
        assert found
        assert all(re.search(says, each, re.IGNORECASE) for each in found), (language, found)


@pytest.mark.parametrize("form", SECOND)
def test_welsh_writes_the_article_after_a_vowel_as_it_is_written(form: str) -> None:
    for text in texts_of(form, "cy").values():
        assert not re.search(r"[aeiouwyâêîôûŵŷ] yr? (person|aelod)\b", text), text
    assert re.search(r"Mae'r person hwn", "".join(texts_of(form, "cy").values())) or form == "c2"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        # What a desk review of the first edition found: another meaning, another person, another strength.
        ("cy", "eu pŵer|eu barn|eu cefndir|pob un ohonom|cael trafferth|Ychydig yn wir|Gallwn "),
        ("es", "tutoriz|dirige mi trabajo|por ser quien soy|propio origen|evidencias|No se aplica"),
        ("ar", "يسود|أوجه اختلافنا|الميل الجنسي|سلطته|صحيحة قليلًا|لدى جهة|كل واحد منا|هويتي"),
    ],
)
def test_what_a_review_found_wrong_is_gone(language: str, words: str) -> None:
    said = " ".join(text for form in SECOND for text in texts_of(form, language).values())
    assert re.findall(words, said) == []
    assert re.search(words, " ".join(texts_of("a", language).values()))  # as it was in the first


@pytest.mark.parametrize(
    ("language", "words"),
    [
        # Whose power or judgement it is, "I" or "they", eyesight for looks, "less than mine", suffering.
        ("cy", "gael pŵer|a roddir|eich golwg|^I raddau|wrth beth|gen i yn ei|drafod yn ein"),
        ("es", "Si le (contara|pidiera)|^Si nuestras d|de que pueda|que le (escucho|presiono)|han acordado"),
        ("ar", "شخصيًا أكثر|أعاني|يعاني|أقل مني|تمسّ|^قد يساعدك|ممرض أو|المهام المطلوبة"),
    ],
)
def test_what_a_second_reading_found_wrong_is_gone(language: str, words: str) -> None:
    forms = (*SECOND, "who_decides2", "actions")
    said = [text for form in forms for text in texts_of(form, language).values()]
    assert [text for text in said if re.search(words, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_of_would_is_said_of_could(language: str) -> None:
    could = {"cy": "gellid", "es": "podría hacer", "ar": "يمكن فعله"}[language]
    for form, line in (("a2", 3), ("b2", 5), ("c2", 6)):
        assert could in ppiq().words[form, language].before[line]


def test_in_spanish_a_relationship_is_one_of_work() -> None:
    for form in SECOND:
        for text in texts_of(form, "es").values():
            assert not re.search(r"relación(?! de trabajo)", text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_other_person_is_called_in_the_question_as_in_the_sentences(language: str) -> None:
    for form in ("a2", "b2"):
        words, role = ppiq().words[form, language], ppiq().forms[form].role
        for option, noun in zip(ROLES_OF[form], NOUNS_OF[form][language], strict=True):
            assert option == NOT_SAID or words.option(role, option).lower() == noun


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_people_who_use_a_service_are_warned_wherever_a_form_asks_them(language: str) -> None:
    form_c, decides = (ppiq().words[form, language].before for form in ("c2", "who_decides2"))
    assert set(form_c[1:3]) < set(decides)  # courts may ask; wait while one hears the case
    assert form_c[3].split(". ")[0] in decides[3]  # who may help


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
        (
            "words/a2.es.yaml",
            'line_manager: "Mi responsable en el trabajo"',
            "role `line_manager` has no words",
        ),
        ("words/a.es.yaml", 'rr3: "Alguien', "the help for item `rr3` has no words"),
        ("words/context.cy.yaml", "fortnightly:", "option `fortnightly` has no words"),
        ("words/context.ar.yaml", 'question: "كم مرة', "`question` is missing"),
        (
            "words/claims.es.yaml",
            '- "Que detecte',
            "words/claims.es.yaml:10: there should be 5 lines here, not 4",
        ),
        ("words/actions.ar.yaml", "safety:", "`safety` is missing"),
        ("words/actions.cy.yaml", '- "Cewch ofyn am', "there should be 5 lines here, not 4"),
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
    problems = problems_of(folder)
    assert problems[0].startswith(f"words/a.{language}.yaml:3: the {name}")
    assert all(problem.endswith(f"have no words in `{language}`") for problem in problems)


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
