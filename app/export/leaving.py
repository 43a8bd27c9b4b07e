"""What a study has not declared that it gives out is refused, with the reason and what to do."""

from analysis.disclosure.leaving import Leaving
from app.errors import AppError, Refused


class NoRows(AppError):
    """The study gives out reports."""

    status = 403
    title = "This study gives out reports, not answers"
    message = (
        "No row of it leaves, nor any figure of rows, such as reliability: beside its reports they would "
        "tell who is in which unit. This was declared before the study opened, people were told before they "
        "agreed, and it cannot be changed. The trainers of this study read its reports. Where you need rows, "
        "ask the host for another study that gives out rows, and no reports."
    )


def check_rows_leave(declared: Leaving, *, with_unit: bool) -> None:
    """Refuse what a study has not declared that it gives out.

    Raises
    ------
    NoRows
        If it gives out reports.
    Refused
        If it gives out rows without their unit, and the unit is asked for.
    """
    if not declared.rows:
        raise NoRows
    if with_unit and not declared.units:
        raise Refused(
            "this study gives out rows without their unit: take them without; for rows with units make "
            "another study that declares them"
        )
