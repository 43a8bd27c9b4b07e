"""The ways in which a request, a command or a configuration is refused.

AppError
+-- NotFound             404
+-- Closed               410  the wave takes no more answers
+-- Conflict             409  the same key came with another body
+-- NotSaved             503  the database did not take it; nothing was lost, try again
+-- Forbidden            403  a form posted from another site
+-- TooLarge             413
ConfigurationError       the service cannot start as it is set up
Refused                  a command that the state of a study or wave does not allow
"""


class AppError(Exception):
    status = 500
    title = "Something went wrong"
    message = "This is our fault. What you had saved is still saved. Please try again in a moment."


class NotFound(AppError):
    status = 404
    title = "There is nothing at this address"
    message = "The address may be mistyped, or what was here has ended."


class Closed(AppError):
    status = 410
    title = "This collection has closed"
    message = "It takes no more answers. Answers that were sent before it closed are kept safely."


class Conflict(AppError):
    status = 409
    title = "These answers were already sent"
    message = "The answers sent first were kept. To change what you sent, erase it with your receipt."


class NotSaved(AppError):
    status = 503
    title = "Your answers were not saved just now"
    message = "Please keep this page open and try again in a moment. What was saved before is still saved."


class Forbidden(AppError):
    status = 403
    title = "This page was reached from another site"
    message = "Please go back to the first page and start from there."


class TooLarge(AppError):
    status = 413
    title = "That was more than a page can send"
    message = "Please go back and try again."


class ConfigurationError(Exception):
    """What is wrong with the set-up and how to mend it; shown without a traceback."""


class Refused(Exception):
    """A command that the present state does not allow; says why; shown without a traceback."""
