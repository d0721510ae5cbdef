"""
What a function says to a front, read as strictly as the front does: the prelude of a stream, the result of a proxy.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from jaystream.aws.emulator.settings import Front

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\u0100-\U0010ffff]*")


class MalformedError(Exception):
    """
    A function has said something that its front does not understand; the message says what.
    """


class Head(NamedTuple):
    """
    What an HTTP response begins with.
    """

    status: int
    headers: list[tuple[str, str]]


def head_of_prelude(data: bytes, *, several: bool) -> Head:
    """
    Read a prelude, without the NULs behind it.

    Args:
        data: The JSON.
        several: Whether the front takes `multiValueHeaders`, as REST APIs do, and Function URLs do not.

    Raises:
        MalformedError: If it is none that the front takes.

    >>> head_of_prelude(b'{"statusCode": 201, "headers": {"a": "b"}, "cookies": ["c=d"]}', several=False)
    Head(status=201, headers=[('a', 'b'), ('set-cookie', 'c=d')])
    """
    try:
        prelude = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the prelude is not JSON: {error}") from error
    if not isinstance(prelude, dict):
        raise MalformedError(f"the prelude must be a JSON object, not {prelude!r}")
    known = {"statusCode", "headers", "cookies", *(["multiValueHeaders"] if several else [])}
    if unknown := set(cast("dict[str, Any]", prelude)) - known:
        front = "a REST API" if several else "a Function URL"
        raise MalformedError(
            f"the prelude of {front} has {', '.join(sorted(known))} only, not {', '.join(sorted(unknown))}"
        )
    return _head(cast("dict[str, Any]", prelude), "the prelude")


def unpack(front: Front, payload: bytes) -> tuple[Head, bytes]:
    """
    Read the result of a buffered function as *front* does.

    Payload 2.0 takes any JSON: without a `statusCode` it is the body itself.

    Raises:
        MalformedError: If the front does not understand it.
    """
    easy = front in {"function-url-buffered", "http-api"}
    try:
        result = json.loads(payload)
    except (ValueError, RecursionError) as error:
        if easy:
            return Head(200, [("content-type", "application/json")]), payload
        raise MalformedError(f"the result is not JSON: {error}") from error
    if not isinstance(result, dict) or "statusCode" not in result:
        if easy:
            plain = result.encode() if isinstance(result, str) else payload
            return Head(200, [("content-type", "application/json")]), plain
        raise MalformedError("the result must be a JSON object with a statusCode")
    found = cast("dict[str, Any]", result)
    head = _head(found, "the result")
    body: object = found.get("body")
    if body is None:
        body = ""
    if not isinstance(body, str):
        raise MalformedError(f"the body of the result must be a string, not {type(body).__name__}")
    if easy and not any(name.lower() == "content-type" for name, _ in head.headers):
        head.headers.append(("content-type", "application/json"))
    if not found.get("isBase64Encoded"):
        return head, body.encode("utf-8", "replace")
    try:
        return head, b64decode(body, validate=True)
    except (Base64Error, ValueError) as error:
        raise MalformedError(f"the body of the result is not base64, though it says so: {error}") from error


def _head(found: Mapping[str, Any], what: str) -> Head:
    status: object = found.get("statusCode", 200)
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise MalformedError(f"statusCode of {what} must be from 200 to 599, not {status!r}")
    headers: list[tuple[str, str]] = []
    several = _mapping(found.get("multiValueHeaders"), f"multiValueHeaders of {what}")
    for name, values in several.items():
        if not isinstance(values, list):
            raise MalformedError(f"multiValueHeaders of {what} must have lists, not {values!r} for {name}")
        headers += [(name, _text(name, value, what)) for value in cast("list[object]", values)]
    in_lists = {name.lower() for name in several}
    for name, value in _mapping(found.get("headers"), f"headers of {what}").items():
        if name.lower() not in in_lists:
            headers.append((name, _text(name, value, what)))
    cookies: object = found.get("cookies") or []
    if not isinstance(cookies, list):
        raise MalformedError(f"cookies of {what} must be a list, not {cookies!r}")
    headers += [("set-cookie", _text("set-cookie", value, what)) for value in cast("list[object]", cookies)]
    if sum(name.lower() == "content-length" for name, _ in headers) > 1:
        raise MalformedError(f"{what} has more than one content-length")
    return Head(status, headers)


def _mapping(found: object, what: str) -> Mapping[str, object]:
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise MalformedError(f"{what} must be a JSON object, not {found!r}")
    return cast("dict[str, object]", found)


def _text(name: str, value: object, what: str) -> str:
    if isinstance(value, (bool, int, float)):
        value = json.dumps(value)
    if not isinstance(value, str) or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise MalformedError(f"header {name!r} of {what} must be text that HTTP can carry, not {value!r}")
    if name.lower() == "content-length" and not (value.isascii() and value.isdecimal()):
        raise MalformedError(f"content-length of {what} must be a number, not {value!r}")
    return value.strip(" \t")
