"""How the documentation site is made of the pages in this folder: `make docs`.

Nothing on it is asked of another site: no font, no script, no picture, no search service.
"""

project = "Counterpoise"
html_title = "Counterpoise"
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["*.py"]

myst_heading_anchors = 3
myst_disable_syntax = ["html_inline"]  # promises.md quotes sentences with their links as they are written
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "footer_start": [],
    "footer_end": [],
}
html_sidebars = {"index": [], "reading-a-report": []}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
