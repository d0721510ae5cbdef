"""
What a provider's failure is to our own clients: a `JaypieError` with a status of ours.

SDKs are told apart by what their errors carry, so none of them is imported here. What is no failure of a provider, such
as a mistake in a program, has no place in this and stays what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from jaystream.errors import (
    BadGatewayError,
    BadRequestError,
    ConfigurationError,
    GatewayTimeoutError,
    JaypieError,
    ProviderError,
    UnavailableError,
)

if TYPE_CHECKING:
    from jaystream.formats.chunks import ErrorChunk

__all__ = ["error_chunk", "misconfigured", "provider_failure", "status_failure"]

TOO_LONG: Final = "The conversation is longer than the model can read"
BUSY: Final = "The language model is busy; try again later"
SLOW: Final = "The language model did not answer in time"
BROKEN: Final = "The language model could not answer"

# By the names of the classes, an error's own first: pydantic-ai sorts what the providers say.
_BY_NAME: Final[dict[str, tuple[type[JaypieError], str]]] = {
    "ModelContextWindowExceededError": (BadRequestError, TOO_LONG),
    "ModelQuotaExceededError": (BadGatewayError, BROKEN),
    "ModelRateLimitError": (UnavailableError, BUSY),
    "ModelUnavailableError": (UnavailableError, BUSY),
    "ModelTimeoutError": (GatewayTimeoutError, SLOW),
    "ModelRequestTimeout": (GatewayTimeoutError, SLOW),
    "APITimeoutError": (GatewayTimeoutError, SLOW),
    "APIConnectionError": (BadGatewayError, BROKEN),
    "ReadTimeoutError": (GatewayTimeoutError, SLOW),
    "ConnectTimeoutError": (GatewayTimeoutError, SLOW),
}

# What came inside a stream that had begun well, where the status says nothing.
_BY_KIND: Final[dict[str, int]] = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 402,
    "timeout_error": 504,
    "api_error": 500,
    "server_error": 500,
    "authentication_error": 401,
    "permission_error": 403,
    "invalid_request_error": 400,
    "context_length_exceeded": 413,
    "resource_exhausted": 429,
    "deadline_exceeded": 504,
    "throttlingexception": 429,
    "servicequotaexceededexception": 402,
    "serviceunavailableexception": 503,
    "modelnotreadyexception": 503,
    "modeltimeoutexception": 504,
    "modelstreamerrorexception": 500,
    "internalserverexception": 500,
}

# Whose errors these are, by the module of the class: without a status they are still a provider's.
_HOMES: Final = ("aiohttp", "anthropic", "botocore", "google.genai", "groq", "httpcore", "httpcore2", "httpx", "httpx2",
                 "litellm", "mistralai", "openai", "pydantic_ai.exceptions", "requests", "urllib3")  # fmt: skip


def provider_failure(error: BaseException) -> JaypieError | None:
    """
    The `JaypieError` that a provider's failure is to our clients, with the failure as its cause; None for what is none.

    Args:
        error: What an SDK or pydantic-ai has raised. A `JaypieError` is given back as it is.
    """
    if isinstance(error, JaypieError):
        return error
    failure: JaypieError
    if isinstance(error, ProviderError):
        failure = status_failure(_BY_KIND.get(error.code.lower()) or error.status or 502)
        failure.__cause__ = error
        return failure
    names = [kind.__name__ for kind in type(error).__mro__]
    found = next((_BY_NAME[name] for name in names if name in _BY_NAME), None)
    status = _status_of(error)
    if found is not None:
        failure = found[0](found[1])
    elif _home_of(error) and names[0] in {"UserError", "NoCredentialsError", "NoRegionError"}:
        failure = misconfigured(str(error))
    elif status is not None:
        failure = status_failure(status)
    elif _home_of(error):
        slow = isinstance(error, TimeoutError) or "Timeout" in names[0]
        failure = GatewayTimeoutError(SLOW) if slow else BadGatewayError(BROKEN)
    else:
        return None
    failure.__cause__ = error
    return failure


def status_failure(status: int) -> JaypieError:
    """
    What a provider's HTTP status is to our clients. That our key is refused, or our request, is no fault of theirs.

    >>> status_failure(401).status, status_failure(529).status
    (502, 503)
    """
    if status == 413:
        return BadRequestError(TOO_LONG)
    if status in {429, 503, 529}:
        return UnavailableError(BUSY)
    if status in {408, 504, 524}:
        return GatewayTimeoutError(SLOW)
    return BadGatewayError(BROKEN)


def misconfigured(advice: str) -> ConfigurationError:
    """
    An error whose text tells the program's log what to do; a client is told no more than that something is wrong.

    >>> error = misconfigured("set ANTHROPIC_API_KEY")
    >>> str(error), error.detail
    ('set ANTHROPIC_API_KEY', 'The application responding to the request encountered a configuration error')
    """
    error = ConfigurationError()
    error.args = (advice,)
    return error


def error_chunk(error: JaypieError) -> ErrorChunk:
    """
    The chunk that tells of *error* within an answer.
    """
    return {"type": "error", "error": {"status": error.status, "title": error.title, "detail": error.detail}}


def _status_of(error: BaseException) -> int | None:
    """The HTTP status that an SDK's error carries; one below 400 says nothing, its kind may."""
    if _home_of(error) is None:
        return None
    thing: Any = error
    for name in ("status_code", "code", "status"):
        value = getattr(thing, name, None)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 400:
            return value
    kinds: list[object] = [getattr(thing, "type", None), getattr(thing, "code", None)]
    response = getattr(thing, "response", None)
    value = None
    if isinstance(response, dict):  # botocore's
        parts = cast("dict[str, dict[str, Any]]", response)
        kinds.append(parts.get("Error", {}).get("Code"))
        value = parts.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = next((_BY_KIND[kind.lower()] for kind in kinds if isinstance(kind, str) and kind.lower() in _BY_KIND), None)
    return value if said is None and isinstance(value, int) and value >= 400 else said


def _home_of(error: BaseException) -> str | None:
    """The library that *error* is of, if it is one that speaks to providers."""
    for kind in type(error).__mro__:
        for home in _HOMES:
            if kind.__module__ == home or kind.__module__.startswith(f"{home}."):
                return home
    return None
