"""
What goes back to the front an event came through: the proxy result of a buffered answer, the prelude of a streamed one.

Both are written by the event's kind, since each front takes other keys.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaystream.handlers.lambda_request import LambdaRequest

__all__ = ["PRELUDE_LIMIT", "PRELUDE_TYPE", "buffered_answer", "prelude"]

PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
"""The content type of a stream that begins with a prelude."""

PRELUDE_LIMIT = 16_384
"""Bytes within which a front looks for the prelude's end."""

_SEPARATOR = bytes(8)

_TEXT_TYPES = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/xml",
        "image/svg+xml",
    }
)


def buffered_answer(
    request: LambdaRequest,
    status: int,
    headers: Iterable[tuple[str, str]],
    cookies: Sequence[str],
    body: bytes,
    *,
    text_types: Collection[str] = (),
) -> dict[str, Any]:
    """
    Make the result that Lambda gives to the front of *request*.

    Args:
        request: What is answered.
        status: The HTTP status.
        headers: Names and values; ``set-cookie`` among them counts as a cookie.
        cookies: The values of ``set-cookie``.
        body: The whole body. Text by its content type goes as text, all else, and what is compressed, as base64.
        text_types: More content types that are text.

    Raises:
        ValueError: If *request* is no HTTP request, or *status* no final HTTP status.
        TypeError: If *body* is not bytes.

    >>> from jaystream.handlers.lambda_request import LambdaRequest
    >>> request = LambdaRequest({"version": "2.0", "requestContext": {"http": {"method": "GET"}}})
    >>> buffered_answer(request, 200, [("Content-Type", "text/plain")], ["a=1"], b"Hi")["cookies"]
    ['a=1']
    """
    if request.kind is None:
        raise ValueError("buffered_answer() expects an HTTP request; this event is none")
    _check_status(status, "buffered_answer")
    # a caller without types may pass anything
    if not isinstance(body, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"buffered_answer() expects the body as bytes, not {type(body).__name__}")
    found, set_cookies = _sorted(headers, cookies)
    found = [
        (name, value)
        for name, value in found
        if name != "transfer-encoding" and not (name == "content-length" and value != str(len(body)))
    ]
    text = _as_text(body, found, text_types)
    answer: dict[str, Any] = {"statusCode": status}
    if request.kind in {"function-url", "http-api"}:
        _answer_v2(answer, found, set_cookies)
    elif request.kind == "alb":
        _answer_balancer(answer, request, found, set_cookies)
    else:
        _answer_v1(answer, found, set_cookies)
    answer["body"] = base64.b64encode(body).decode("ascii") if text is None else text
    answer["isBase64Encoded"] = text is None
    return answer


def prelude(
    request: LambdaRequest, status: int, headers: Iterable[tuple[str, str]], cookies: Sequence[str] = ()
) -> bytes:
    """
    Make what a streamed answer begins with: status, headers and cookies as JSON, and eight NULs.

    A streamed body has no length that could be told, so ``content-length`` goes, unless it is 0, and so does
    ``transfer-encoding``.

    Args:
        request: What is answered.
        status: The HTTP status.
        headers: Names and values; ``set-cookie`` among them counts as a cookie.
        cookies: The values of ``set-cookie``.

    Raises:
        ValueError: If the front of *request* takes no streamed answer, *status* is no final HTTP status, a header has
            a line break, or the prelude is longer than a front reads, 16 KiB.

    >>> from jaystream.handlers.lambda_request import LambdaRequest
    >>> context = {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET"}}
    >>> request = LambdaRequest({"version": "2.0", "requestContext": context})
    >>> prelude(request, 200, [("Content-Type", "text/plain")]).rstrip(bytes(1)).decode()
    '{"statusCode":200,"headers":{"content-type":"text/plain"}}'
    """
    if not request.can_stream:
        raise ValueError(
            f"prelude() expects a request of a Function URL or a REST API; {request.kind or 'this event'} takes none, "
            "so answer it with buffered_answer()"
        )
    _check_status(status, "prelude")
    found, set_cookies = _sorted(headers, cookies)
    found = [
        (name, value)
        for name, value in found
        if name != "transfer-encoding" and not (name == "content-length" and value != "0")
    ]
    head: dict[str, Any] = {"statusCode": status}
    if request.kind == "rest":
        _answer_v1(head, found, set_cookies)
    else:
        _answer_v2(head, found, set_cookies)
    data = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + _SEPARATOR
    if len(data) > PRELUDE_LIMIT:
        raise ValueError(
            f"status, headers and cookies take {len(data)} bytes, and a front reads no more than {PRELUDE_LIMIT}; "
            "send fewer or shorter headers and cookies"
        )
    return data


def _check_status(status: object, function: str) -> None:
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"{function}() expects a final HTTP status from 200 to 599, not {status!r}")


def _sorted(headers: Iterable[tuple[str, str]], cookies: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Headers in lower case and cookies, each in one place."""
    found: list[tuple[str, str]] = []
    set_cookies = list(cookies)
    for name, value in headers:
        if any(mark in name + value for mark in "\r\n\0"):
            raise ValueError(f"a header may not hold CR, LF or NUL: {name!r}: {value!r}")
        if name.lower() == "set-cookie":
            set_cookies.append(value)
        else:
            found.append((name.lower(), value))
    return found, set_cookies


def _grouped(headers: list[tuple[str, str]]) -> dict[str, list[str]]:
    several: dict[str, list[str]] = {}
    for name, value in headers:
        several.setdefault(name, []).append(value)
    return several


def _joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name: ",".join(values) for name, values in _grouped(headers).items()}


def _answer_v2(answer: dict[str, Any], headers: list[tuple[str, str]], cookies: list[str]) -> None:
    """Answer a Function URL or an HTTP API: one value per name, cookies apart."""
    answer["headers"] = _joined(headers)
    if cookies:
        answer["cookies"] = cookies


def _answer_v1(answer: dict[str, Any], headers: list[tuple[str, str]], cookies: list[str]) -> None:
    """Answer a REST API: each name in one of two maps."""
    several = _grouped([*headers, *(("set-cookie", cookie) for cookie in cookies)])
    answer["headers"] = {name: values[0] for name, values in several.items() if len(values) == 1}
    if many := {name: values for name, values in several.items() if len(values) > 1}:
        answer["multiValueHeaders"] = many


def _answer_balancer(
    answer: dict[str, Any], request: LambdaRequest, headers: list[tuple[str, str]], cookies: list[str]
) -> None:
    """Answer as the load balancer asked: with many values per name, or with one, where names differ in case only."""
    if request.event.get("multiValueHeaders") is not None:
        answer["multiValueHeaders"] = _grouped([*headers, *(("set-cookie", cookie) for cookie in cookies)])
        return
    if len(cookies) > 2**9:
        raise ValueError(f"a load balancer takes {2**9} cookies without multi-value headers, not {len(cookies)}")
    letters = [(one,) if one == "-" else (one, one.upper()) for one in "set-cookie"]
    spellings = ("".join(spelling) for spelling in product(*letters))
    answer["headers"] = _joined(headers) | dict(zip(spellings, cookies, strict=False))


def _as_text(body: bytes, headers: list[tuple[str, str]], text_types: Collection[str]) -> str | None:
    """Give the body as text where it is; None where it has to go as base64."""
    by_name = dict(headers)
    if by_name.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        return None if body else ""
    media = by_name.get("content-type", "").partition(";")[0].strip().lower()
    is_text = (
        not media
        or media.startswith("text/")
        or media.endswith(("+json", "+xml"))
        or media in _TEXT_TYPES
        or media in text_types
    )
    if not is_text and body:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None
