"""Questions that ask who or where somebody is: found by their words, in English, Welsh, Spanish and Arabic.

A list of words finds what is asked openly. What it does not find, the operator who reads the questions may.
"""

import re
import unicodedata
from typing import Final

_PLACES: Final = (
    "town|city|village|county|region|street|school|university|college|hospital|ward|clinic|team|office|"
    "department|unit|employer|workplace|organi[sz]ation|company|agency|council|placement"
)
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "a name": (
        r"\byour (own )?names?\b|\b(full|first|last|family|given|middle|maiden|user) ?name\b",
        r"\bsurname\b|\binitials\b",
        r"\bname of (your|my)\b|\bname (is|begins|starts)\b|\bwho are you\b|\bwho is your\b",
        r"\beich enw\b|\benw (llawn|cyntaf|olaf|teuluol)\b|\bcyfenw\b|\bpwy ydych\b",
        r"\b(su|tu) nombre\b|\bnombre (completo|y apellidos?)\b|\bapellidos?\b|\biniciales\b",
        r"\bquién es (usted|su)\b",
        r"اسمك|الاسم الكامل|اسم العائلة|لقبك|من أنت",
    ),
    "an address or a number to reach somebody": (
        r"\be-?mail address\b|\byour (e-?mail|address|phone|telephone|mobile)\b|@",
        r"\b(phone|telephone|mobile) number\b|\b(home|postal|street|ip) address\b",
        r"\bcyfeiriad e-?bost\b|\beich (e-?bost|cyfeiriad|ffôn)\b|\brhif ffôn\b",
        r"\bcorreo electrónico\b|\bnúmero de (teléfono|móvil)\b|\b(su|tu) (dirección|correo|teléfono)\b",
        r"البريد الإلكتروني|بريدك|رقم الهاتف|رقم هاتفك|عنوانك",
    ),
    "a date of birth or an age": (
        r"\b(date|year|month|place) of birth\b|\bbirth ?(date|day|year)\b|\byou born\b|\bi was born\b",
        r"\bhow old are you\b|\byour age\b|\bage (in years|group)\b",
        r"\bdyddiad geni\b|\bpen-blwydd\b|\beich geni\b|\beich oed(ran)?\b",
        r"\b(fecha|año|lugar) de nacimiento\b|\bcumpleaños\b|\bqué edad\b|\b(su|tu) edad\b",
        r"\bcuántos años tienes?\b",
        r"تاريخ ميلاد|تاريخ الميلاد|سنة ميلاد|كم عمرك|عمرك",
    ),
    "a number that stands for one person": (
        r"\b(staff|student|personnel|employee|payroll|registration|passport) (number|no|code|card)\b",
        r"\b(insurance|nhs|social security|identity|id|badge|licen[cs]e|hcpc) (number|no|code|card)\b",
        r"\brhif (staff|myfyriwr|cofrestru|yswiriant|gig|pasbort)\b",
        r"\bnúmero de (empleado|estudiante|identidad|(la )?seguridad social|pasaporte|colegiad[oa])\b",
        r"\b(dni|nie|nif)\b",
        r"رقمك الوظيفي|الرقم الوظيفي|رقمك الجامعي|الرقم الجامعي|رقم الهوية|رقم جواز",
    ),
    "a place": (
        r"\bpost ?codes?\b|\bzip ?codes?\b|\bwhere ((do|did) )?you (live|work|study)\b",
        rf"\b(which|what) ({_PLACES}) (do|did|are|is|were|was)? ?(you|your|i)\b",
        r"\bcod post\b|\bble (ydych|rydych) (chi'n|yn) (byw|gweithio|astudio)\b",
        r"\bpa (dref|ddinas|ysgol|ysbyty|ward|dîm|brifysgol|swyddfa) (ydych|rydych|yw)\b",
        r"\bcódigo postal\b|\bdónde (vive|trabaja|estudia)s?\b",
        r"\bqué (ciudad|pueblo|escuela|hospital|universidad|equipo|oficina) (vive|trabaja|estudia|está)s?\b",
        r"الرمز البريدي|أين تسكن|أين تعيش|أين تعمل|أين تدرس",
    ),
    "an exact year or date": (
        r"\b(which|what) (year|date)\b|\bexact date\b|\bpa (flwyddyn|ddyddiad)\b|\bqué (año|fecha)\b",
        r"أي سنة|أي تاريخ",
    ),
    "what a person is": (
        r"\byour (gender|sex|ethnicity|ethnic|nationality|religion|job title)\b",
        r"\beich (rhywedd|rhyw|cenedligrwydd|crefydd|ethnigrwydd)\b",
        r"\b(su|tu) (género|sexo|nacionalidad|religión|etnia)\b|جنسيتك|ديانتك|جنسك",
    ),
}
_YEAR: Final = re.compile(r"\b(19|20)\d\d\b")


def _plain(text: str) -> str:
    """Return a text in small letters, without accents and without marks that nobody sees."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(each for each in apart if unicodedata.category(each) not in ("Mn", "Cf")).split())


_ASKING: Final = {what: re.compile(_plain("|".join(several)), re.UNICODE) for what, several in _WORDS.items()}


def asks_for(sentence: str) -> str | None:
    """Return what a question asks for that tells who or where somebody is; None where it asks for none."""
    plain = _plain(sentence)
    return next((what for what, asking in _ASKING.items() if asking.search(plain)), None)


def names_a_year(label: str) -> bool:
    """Tell whether an answer is an exact year, as 1987."""
    return bool(_YEAR.search(_plain(label)))
