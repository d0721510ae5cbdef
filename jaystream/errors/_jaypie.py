"""
Errors with an HTTP status, and the JSON:API bodies they become. The tree is drawn in `jaystream.errors`, where these
are imported from.

>>> from jaystream.errors import NotFoundError
>>> NotFoundError("No such stream").body()
{'errors': [{'status': 404, 'title': 'Not Found', 'detail': 'No such stream'}]}
"""

from __future__ import annotations


class JaypieError(Exception):
    """
    An error with an HTTP status, whose text a client may see.

    Args:
        detail: What happened, for the client; by default what the class says.

    Attributes:
        status: The HTTP status.
        title: A few words for the kind of error.
        detail: A sentence for this one.
        logged: Whether a handler has told the log of it.
    """

    logged: bool = False
    status: int = 500
    title: str = "Internal Application Error"
    detail: str = "An unexpected error occurred and the request was unable to complete"

    def __init__(self, detail: str | None = None) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)

    def body(self) -> dict[str, list[dict[str, int | str]]]:
        """
        The JSON:API body that a client gets. The status is a number, as in Jaypie.
        """
        return {"errors": [{"status": self.status, "title": self.title, "detail": self.detail}]}

    def scrub(self) -> None:
        """
        Give up the title and the detail for those that its status alone has; the message, for the log, stays.
        """
        plain = error_from_status(self.status)
        if plain.status // 100 == self.status // 100:
            self.title, self.detail = plain.title, plain.detail


class BadRequestError(JaypieError):
    """
    The request cannot be understood.
    """


class NotImplementedYetError(JaypieError):
    """
    The resource does not exist yet; a 400 as in Jaypie.
    """


class UnauthorizedError(JaypieError):
    """
    The client has not said who it is.
    """


class CorsError(JaypieError):
    """
    The client's origin may not ask.
    """


class ForbiddenError(JaypieError):
    """
    The client may not do this.
    """


class RejectedError(JaypieError):
    """
    The request was turned away before anybody looked at it.
    """


class NotFoundError(JaypieError):
    """
    There is nothing here.
    """


class MethodNotAllowedError(JaypieError):
    """
    There is something here, but not for this method.
    """


class ConflictError(JaypieError):
    """
    The resource is in another state than the request assumes.
    """


class GoneError(JaypieError):
    """
    There was something here once.
    """


class TeapotError(JaypieError):
    """
    The resource makes tea.
    """


class TooManyRequestsError(JaypieError):
    """
    The client asks too often.
    """


class InternalError(JaypieError):
    """
    The application failed, and says so.
    """


class UnhandledError(JaypieError):
    """
    The application failed with an error that is none of these.
    """


class ConfigurationError(JaypieError):
    """
    The application is set up wrongly.
    """


class IllogicalError(JaypieError):
    """
    The application met a contradiction.
    """


class UnreachableCodeError(JaypieError):
    """
    The application came where it cannot come.
    """


class BadGatewayError(JaypieError):
    """
    Somebody upstream failed.
    """


class UnavailableError(JaypieError):
    """
    The application does not answer for now.
    """


class GatewayTimeoutError(JaypieError):
    """
    Somebody upstream did not answer in time.
    """


_INTERNAL = "Internal Application Error"
_CONDITION = "The application encountered an {} condition while processing the request"
_TEXTS = {
    BadRequestError: (400, "Bad Request", "The request was not properly formatted"),
    NotImplementedYetError: (400, "Not Implemented", "The request was understood but the resource is not implemented"),
    UnauthorizedError: (401, "Service Unauthorized", "The request did not include valid authentication credentials"),
    CorsError: (401, "Unauthorized Origin", "The requesting origin is not authorized to this resource"),
    ForbiddenError: (403, "Forbidden", "Access to this resource is not authorized"),
    RejectedError: (403, "Request Rejected", "The request was rejected prior to processing"),
    NotFoundError: (404, "Not Found", "The requested resource was not found"),
    MethodNotAllowedError: (405, "Method Not Allowed", "The requested method is not allowed"),
    ConflictError: (409, "Conflict", "The request conflicts with the current state of the resource"),
    GoneError: (410, "Gone", "The requested resource is no longer available"),
    TeapotError: (418, "Teapot", "This resource is a teapot incapable of processing the request"),
    TooManyRequestsError: (429, "Too Many Requests", "The requesting origin exceeded the request limit"),
    InternalError: (500, _INTERNAL, "An unexpected error occurred and the request was unable to complete"),
    UnhandledError: (500, _INTERNAL, "An unhandled error occurred and the request was unable to complete"),
    ConfigurationError: (
        500,
        "Internal Configuration Error",
        "The application responding to the request encountered a configuration error",
    ),
    IllogicalError: (500, _INTERNAL, _CONDITION.format("illogical")),
    UnreachableCodeError: (500, _INTERNAL, _CONDITION.format("unreachable")),
    BadGatewayError: (502, "Bad Gateway", "An unexpected error occurred on an upstream resource"),
    UnavailableError: (503, "Service Unavailable", "The requested resource is temporarily unavailable"),
    GatewayTimeoutError: (504, "Gateway Timeout", "The connection timed out waiting for an upstream resource"),
}
for _kind, (_status, _title, _detail) in _TEXTS.items():
    _kind.status, _kind.title, _kind.detail = _status, _title, _detail
for _kind in (JaypieError, *_TEXTS):
    _kind.__module__ = "jaystream.errors"  # where it is public: tracebacks and pickles name it so

_BY_STATUS: dict[int, type[JaypieError]] = {}
for _kind in _TEXTS:
    _BY_STATUS.setdefault(_kind.status, _kind)  # the first of a status is the general one


def error_from_status(status: int, detail: str | None = None) -> JaypieError:
    """
    Make the error of an HTTP status: what an upstream's answer is to our own clients.

    Args:
        status: The status. One from 400 to 499 that has no class of its own is a `BadRequestError`, every other an
            `InternalError`.
        detail: What happened; by default what the class says.

    Raises:
        TypeError: If *status* is no whole number.

    >>> error_from_status(404)
    NotFoundError('The requested resource was not found')
    >>> error_from_status(422).status, error_from_status(302).status
    (400, 500)
    """
    # a caller without types may pass anything
    if not isinstance(status, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"error_from_status() expects a whole number such as 404, not {status!r}")
    kind = _BY_STATUS.get(status, BadRequestError if 400 <= status < 500 else InternalError)
    return kind(detail)


error_from_status.__module__ = "jaystream.errors"
