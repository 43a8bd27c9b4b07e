"""How well the items of a closed wave hang together: `python -m analysis report` on its export's rows."""

import re
from base64 import b64encode
from hashlib import sha256

from app.export.rows import Microdata


def reliability(data: Microdata, format_: str) -> str:
    """The report in one of the formats of the analysis, which is loaded when somebody first asks for it."""
    from analysis.report.build import QUICK, run  # noqa: PLC0415
    from analysis.report.fitted import make_dataset  # noqa: PLC0415
    from analysis.report.render import RENDERERS  # noqa: PLC0415

    raw = {column.name: data.column(column.name) for column in data.columns if column.kind == "raw"}
    columns = {**raw, "simulated": data.column("simulated")}
    return RENDERERS[format_](run(make_dataset(columns, data.instrument, data.form.id), sections=QUICK))


def security_policy(page: str) -> str:
    """Let the page use the one style sheet that is written into it, and nothing else."""
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" for style in styles)
    return f"default-src 'none'; style-src {hashes}; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
