"""How well the items of a closed wave hang together: `python -m analysis report` on its export's rows."""

from app.export.rows import Microdata


def reliability(data: Microdata, format_: str) -> str:
    """The report in one of the formats of the analysis, which is loaded when somebody first asks for it."""
    from analysis.report.build import QUICK, run  # noqa: PLC0415
    from analysis.report.dataset import make_dataset  # noqa: PLC0415
    from analysis.report.render import RENDERERS  # noqa: PLC0415

    raw = {column.name: data.column(column.name) for column in data.columns if column.kind == "raw"}
    columns = {**raw, "simulated": data.column("simulated")}
    return RENDERERS[format_](run(make_dataset(columns, data.instrument, data.form.id), sections=QUICK))
