"""The ways in which a request, a command or a configuration is refused.

AppError
+-- Damaged              500  the files of the database are not what was written
+-- NotFound             404
|   +-- Ended            404  a page of the questionnaire without its session
+-- NotAllowed           405
+-- Closed               410  the wave takes no more answers
+-- Erased               410  the answers were sent, and erased since
+-- Conflict             409  the same key came with another body
|   +-- Used             409  answers were sent with this code
+-- NotSaved             503  the database did not take it; nothing was lost, try again
|   +-- Busy             503  the database did not give it
|   +-- NotDone          503  the database did not do it: what was asked for was no answer to keep
|       +-- NotNoted     503  it could not be written into the ledger; a command is told why
+-- NotInstalled         503  the questions are not here as they were asked; a command is told which
+-- Paused               503  the wave takes nothing just now, or not yet
|   +-- NotYet           503  the later wave of a pair, whose first day is known
+-- Forbidden            403  a form posted from another site
+-- TooLarge             413
+-- Unreadable           422  a form that no page of ours sends
ConfigurationError       the service cannot start as it is set up
Refused                  a command that the state of a study or wave does not allow
"""

from datetime import date

from app.languages import _


class AppError(Exception):
    status = 500
    title = _("Something went wrong")
    message = _("This is our fault. Please try again in a moment.")


class Damaged(AppError):
    title = _("The files of this service are damaged")
    message = _(
        "Nothing was saved just now, and what you had saved may be lost. Please keep this page open, and "
        "tell the person who gave you the code."
    )


class NotFound(AppError):
    status = 404
    title = _("There is nothing at this address")
    message = _("The address may be mistyped, or what was here has ended.")


class Ended(NotFound):
    title = _("This page has ended")
    message = _(
        "Your place ends when you leave, when you come back in another browser, and when somebody starts "
        "anew with your code. To go on, type your code on the first page, and then your six words. What "
        "you had saved is kept for 14 days from when your code was first typed, or until the collection "
        "closes. If your words do not open it, somebody has started anew, and it was deleted without "
        "being opened. If you were shown a receipt, your answers have arrived, and there is nothing left to "
        "do. If you have just typed your code, your browser refuses the one cookie that keeps "
        "your place."
    )


class NotAllowed(AppError):
    status = 405
    title = _("This address cannot be used in that way")
    message = _("Please go back to the first page and start from there.")


class Closed(AppError):
    status = 410
    title = _("This collection has closed")
    message = _(
        "It takes no more answers. What was sent before it closed is kept as you read before you agreed; "
        "what was saved and not sent is deleted."
    )


class Erased(AppError):
    status = 410
    title = _("These answers were sent, and erased since")
    message = _("Nothing of them is kept.")


class Conflict(AppError):
    status = 409
    title = _("These answers were already sent")
    message = _(
        "The answers sent first were kept, and a code works once. With your receipt you can erase them."
    )


class Used(Conflict):
    title = _("This code has been used")
    message = _(
        "Answers were sent with it, and a code works once. If it was not you who sent them, please tell the "
        "person who gave you the code."
    )


class NotSaved(AppError):
    status = 503
    title = _("Your answers were not saved just now")
    message = _("Please keep this page open and try again in a moment. What was saved before is still saved.")


class Busy(NotSaved):
    title = _("This page cannot be shown just now")
    message = _("Please try again in a moment. What was saved before is still saved.")


class NotDone(NotSaved):
    title = _("That could not be done just now")
    message = _("Please keep this page open and try again in a moment.")


class Paused(AppError):
    status = 503
    title = _("This collection takes no answers just now")
    message = _(
        "It is paused or has not opened yet. What you had saved is kept; please come back another day."
    )


class NotYet(Paused):
    message = _(
        "It has not opened yet, because some days are to pass after the first time. Please keep your code: "
        "it works then."
    )

    def __init__(self, opens: date) -> None:
        super().__init__()
        self.opens = opens


class Forbidden(AppError):
    status = 403
    title = _("This page was reached from another site")
    message = _("Please go back to the first page and start from there.")


class TooLarge(AppError):
    status = 413
    title = _("That was more than a page can send")
    message = _("Please go back and try again.")


class Unreadable(AppError):
    status = 422
    title = _("This page could not be read")
    message = _("Nothing was changed. Please go back and try again.")


class ConfigurationError(Exception):
    """What is wrong with the set-up and how to mend it; shown without a traceback."""


class Refused(Exception):
    """A command that the present state does not allow; says why; shown without a traceback."""


class NotNoted(NotDone):
    """What cannot be written into the ledger has not ended; a command is told why.

    Not a Refused, as NotInstalled is none: no state of a study forbids it, so that the pages of staff let it
    pass to where a fault of the service is logged and counted.
    """

    message = _(
        "Nothing was changed: what ends has to be noted elsewhere first, so that no backup brings it back, "
        "and that cannot be done just now. The service reports it to whoever runs it. Please try again later."
    )


class NotInstalled(AppError):
    """People read the title and the message; whoever runs a command reads what is missing."""

    status = 503
    title = _("This collection cannot be shown just now")
    message = _(
        "Its questions are missing here just now. What you had saved is kept; please come back another day."
    )
