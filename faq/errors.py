"""What can go wrong in the domain, named by what the caller can do about it.

`message` is for people: what was wrong, where, what to do. Views show it, the API puts it in `detail`.
"""


class DomainError(Exception):
    """Base of all domain errors; str(error) is fit to be shown."""

    status = 400
    type = "invalid"


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
