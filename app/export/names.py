"""Names of export files: made of study, form and wave only, never of a person."""

import re

from app.export.rows import Microdata


def stem(data: Microdata) -> str:
    """Name a file as Psych-DS does: pairs of a key and a value, letters and numbers alone."""
    form, wave = (re.sub(r"[^a-zA-Z0-9]", "", name) for name in (data.form.id, data.wave))
    return f"form-{form}_wave-{wave}"


def data_file(data: Microdata) -> str:
    """Return the path of the CSV within the folder of the export."""
    return f"data/{stem(data)}_data.csv"
