"""What can go wrong in the domain, named by what the caller can do about it.

`str(error)` is for people: what was wrong, where, what to do, in the language that is active when it is read. Views show it,
the API puts it in `detail`. The message is therefore a constant of the catalogues and what varies goes beside it:
`Invalid("At most %(ceiling)s characters.", ceiling=500)`. What is not in a catalogue, such as a library's own words, is
shown as it is.
"""

from django.utils.translation import gettext


class DomainError(Exception):
    """Base of all domain errors; str(error) is fit to be shown."""

    status = 400
    type = "invalid"

    def __init__(self, message: str = "", /, **values: object) -> None:
        super().__init__(message)
        self.message, self.values = message, values

    def __str__(self) -> str:
        said = gettext(self.message) if self.message else ""
        return said % self.values if self.values else said


class Invalid(DomainError):
    """The input cannot be accepted; correct it and try again."""


class NotFound(DomainError):
    """There is no such thing, or it may not be seen."""

    status = 404
    type = "not-found"


class Forbidden(DomainError):
    """This person may not do this."""

    status = 403
    type = "forbidden"


class Conflict(DomainError):
    """Somebody else changed it meanwhile; look at the newer state and try again."""

    status = 409
    type = "conflict"


class Unavailable(DomainError):
    """A service is away; try again later."""

    status = 503
    type = "unavailable"
