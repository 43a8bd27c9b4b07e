"""Pages: a page is a frozen dataclass that names its template, with fields that are ready to print.

Templates look nothing up: an unknown name is an error, every value is escaped, and interface strings pass
through gettext in the page's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse

from app.languages import LANGUAGES, SOURCE, _, home, translations

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page: the fields of a subclass are all that its template can use."""

    template: ClassVar[str]
    language: str = SOURCE
    simulated: bool = False
    preview: str = ""
    """Of a page that a host tries: the address of what is tried."""


def render(page: Page) -> str:
    """Return the markup of a page."""
    return _template(page.language, page.template).render(page.__dict__)


def html(page: Page, status: int = 200) -> HTMLResponse:
    """Return the response with a page."""
    return HTMLResponse(render(page), status)


@lru_cache(maxsize=512)
def shared_html(page: Page) -> bytes:
    """Render once, for everybody, a page that is the same for many and holds no input of anybody."""
    return render(page).encode()


IN_THIS_LANGUAGE: Final = _("Read this page in English")
"""In each catalogue: the name of its own language in place of English."""


@lru_cache
def environment(language: str) -> Environment:
    """Return the template environment of a language."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(translations(language), newstyle=False)  # type: ignore[attr-defined]  # the extension adds it
    made.globals |= {
        "static": static_files().__getitem__,
        "direction": LANGUAGES[language].direction,
        "home": home(language),
        "read_here": lambda code: translations(code).gettext(IN_THIS_LANGUAGE),
        "languages": [(code, home(code), *each) for code, each in LANGUAGES.items()],
    }
    return made


@lru_cache
def static_files() -> Mapping[str, str]:
    """Each file's name -> its address, which changes with its content and so can be cached without end."""
    return MappingProxyType(
        {
            path.name: f"/static/{path.stem}-{sha256(path.read_bytes()).hexdigest()[:10]}{path.suffix}"
            for path in sorted(STATIC.iterdir())
        }
    )


@cache
def _template(language: str, name: str) -> Template:
    return environment(language).get_template(name)
