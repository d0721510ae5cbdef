"""
A Lambda event that stands for an HTTP request, read the same way whatever front it came through.

What goes back to the front is in `jaystream.handlers.lambda_answer`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import parse_qsl, quote, unquote, urlencode

from jaystream._core.inspecting import describe
from jaystream.errors import BadRequestError

__all__ = ["LambdaRequest", "RequestKind"]

RequestKind: TypeAlias = Literal["function-url", "http-api", "http-api-v1", "rest", "alb"]

_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?%[]"


class LambdaRequest:
    """
    An HTTP request out of a Lambda event: a Function URL's, an HTTP API's (payload 2.0 and 1.0), a REST API's, a load
    balancer's.

    An event of another kind has `kind` None and reads as a request without method, path, headers and body.

    Args:
        event: The event as Lambda gives it.

    Attributes:
        event: The same.
        request_context: What the front says of the request in the event's ``requestContext``, empty without one.
        kind: Which front it came through, None for an event that is no HTTP request.

    Raises:
        TypeError: If *event* is no mapping.

    >>> context = {"domainName": "x.lambda-url.eu-west-1.on.aws", "http": {"method": "GET", "sourceIp": "203.0.113.1"}}
    >>> event = {"version": "2.0", "rawPath": "/a%20b", "rawQueryString": "q=1", "requestContext": context}
    >>> request = LambdaRequest(event)
    >>> request.kind, request.method, request.path, request.query["q"]
    ('function-url', 'GET', '/a b', '1')
    """

    def __init__(self, event: Mapping[str, Any]) -> None:
        """
        Recognise the event; everything else is read when it is asked for.
        """
        # a caller without types may pass anything
        if not isinstance(event, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"LambdaRequest() expects an event as Lambda gives it, a mapping, not {describe(event)}")
        self.event: Mapping[str, Any] = event
        self.request_context: Mapping[str, Any] = _mapping(event.get("requestContext"))
        self._http = _mapping(self.request_context.get("http"))
        self.kind: RequestKind | None = self._recognise()
        self._given: Mapping[str, Any] = event if self.kind else {}

    def __repr__(self) -> str:
        return f"<LambdaRequest {self.kind} {self.method} {self.path}>"

    def _recognise(self) -> RequestKind | None:
        event, context = self.event, self.request_context
        if "elb" in context:
            return "alb"
        if event.get("version") == "2.0" and self._http:
            is_url = ".lambda-url." in str(context.get("domainName")) or context.get("accountId") == "anonymous"
            return "function-url" if is_url else "http-api"
        if context and "httpMethod" in event and ("resource" in event or "resourcePath" in context):
            return "http-api-v1" if event.get("version") == "1.0" else "rest"
        return None

    @property
    def can_stream(self) -> bool:
        """
        Whether the front can pass an answer on as it comes: Function URLs and REST APIs can.
        """
        return self.kind in {"function-url", "rest"}

    @property
    def method(self) -> str:
        """
        The method, in capitals.
        """
        return str(self._http.get("method") or self._given.get("httpMethod") or "").upper()

    @cached_property
    def raw_path(self) -> bytes:
        """
        The path, percent-encoded; an HTTP API's, which comes decoded, is encoded again.
        """
        if self.kind == "http-api":
            path = str(self._given.get("rawPath") or self._http.get("path") or "/")
            return _quoted(path, _PATH_SAFE)
        if self.kind == "function-url" and not self._given.get("rawPath"):
            return _quoted(str(self._http.get("path") or "/"), _PATH_SAFE)
        path = self._given.get("rawPath") or self._given.get("path") or ("/" if self.kind else "")
        return _quoted(str(path), _PATH_SAFE + "%")

    @cached_property
    def path(self) -> str:
        """
        The path, decoded exactly once; with the stage, where the event's path has it.
        """
        return unquote(self.raw_path.decode("ascii"))

    @property
    def stage(self) -> str | None:
        """
        The API's stage; None for ``$default`` and where there are no stages.
        """
        stage = None if self.kind in {None, "alb"} else self.request_context.get("stage")
        return stage if isinstance(stage, str) and stage not in {"", "$default"} else None

    @cached_property
    def query_string(self) -> bytes:
        """
        The query, percent-encoded, without the question mark.
        """
        if self.kind in {"function-url", "http-api"}:
            return _quoted(str(self._given.get("rawQueryString") or ""), _QUERY_SAFE)
        pairs = list(_pairs(self._given, "multiValueQueryStringParameters", "queryStringParameters"))
        if self.kind == "alb":  # which leaves names and values as the client encoded them
            return _quoted("&".join(f"{name}={value}" for name, value in pairs), _QUERY_SAFE)
        return urlencode(pairs, errors="replace").encode("ascii")

    @cached_property
    def query_list(self) -> list[tuple[str, str]]:
        """
        The query as pairs, decoded, in their order.
        """
        return parse_qsl(self.query_string.decode("ascii"), keep_blank_values=True)

    @cached_property
    def query(self) -> Mapping[str, str]:
        """
        The query by name; the last value of a name that comes twice.
        """
        return dict(self.query_list)

    @cached_property
    def header_list(self) -> list[tuple[str, str]]:
        """
        The headers as pairs, names in lower case. There is one ``cookie`` at most.
        """
        found = [(name.lower(), value) for name, value in _pairs(self._given, "multiValueHeaders", "headers")]
        cookies = [value for name, value in found if name == "cookie"]
        if not cookies:  # a Function URL gives them twice, so the list counts only where there is no header
            given = self._given.get("cookies")
            cookies = [str(one) for one in cast("list[object]", given)] if isinstance(given, list) else []
        if cookies:
            found = [pair for pair in found if pair[0] != "cookie"]
            found.append(("cookie", "; ".join(cookies)))
        return found

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """
        The headers by name, in any case; several values are joined.
        """
        return HeaderMap(self.header_list)

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """
        The cookies by name.
        """
        found: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";"):
            name, equals, value = part.partition("=")
            if equals and name.strip():
                value = value.strip()
                quoted = len(value) >= 2 and value[0] == value[-1] == '"'
                found[name.strip()] = value[1:-1] if quoted else value
        return found

    @property
    def client(self) -> str | None:
        """
        The client's address: what the front saw, which behind a load balancer is the last one forwarded.
        """
        if self.kind == "alb":
            forwarded = self.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            return _without_port(forwarded) or None
        address = self._http.get("sourceIp") or _mapping(self.request_context.get("identity")).get("sourceIp")
        return str(address) if address else None

    @property
    def scheme(self) -> str:
        """
        ``https`` or ``http``, as the client used it.
        """
        scheme = self.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        return "http" if scheme == "http" else "https"

    @property
    def host(self) -> str:
        """
        The host the client asked, with its port if it gave one; empty if nothing tells.
        """
        return self.headers.get("host") or str(self.request_context.get("domainName") or "")

    @cached_property
    def body(self) -> bytes:
        """
        The body.

        Raises:
            BadRequestError: If the event says that it is base64, and it is not.
        """
        body = self._given.get("body")
        if body is None:
            return b""
        if not isinstance(body, str):
            raise BadRequestError(f"The event's body must be text, not {type(body).__name__}")
        if not self._given.get("isBase64Encoded"):
            return body.encode("utf-8", "replace")
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadRequestError("The event's body is not base64, though it says so") from error

    def text(self) -> str:
        """
        Give the body as text, by its charset, else as UTF-8.

        Raises:
            BadRequestError: If it is not.
        """
        charset = "utf-8"
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                charset = value.strip().strip('"')
        try:
            return self.body.decode(charset)
        except (UnicodeDecodeError, LookupError) as error:
            raise BadRequestError(f"The body is not {charset} text") from error

    def json(self) -> Any:
        """
        Give the body as JSON.

        Raises:
            BadRequestError: If it is not.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise BadRequestError("The body is not JSON") from error


class HeaderMap(Mapping[str, str]):
    """
    Headers by name, in any case.
    """

    __slots__ = ("_found",)

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._found: dict[str, str] = {}
        for name, value in pairs:
            self._found[name] = f"{self._found[name]}, {value}" if name in self._found else value

    def __getitem__(self, name: str) -> str:
        return self._found[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return repr(self._found)


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _pairs(event: Mapping[str, Any], several: str, single: str) -> Iterator[tuple[str, str]]:
    """Names and values from the map that has them all, then those that only the other one has."""
    many, one = _mapping(event.get(several)), _mapping(event.get(single))
    for name, values in many.items():
        if isinstance(values, (list, tuple)):
            yield from ((name, str(value)) for value in cast("list[object]", values) if value is not None)
        elif values is not None:
            yield name, str(values)
    for name, value in one.items():
        if name not in many and value is not None:
            yield name, str(value)


def _quoted(text: str, safe: str) -> bytes:
    return quote(text, safe=safe, errors="replace").encode("ascii")


def _without_port(address: str) -> str:
    """``[::1]:80`` and ``203.0.113.1:80`` are what a load balancer gives that keeps the client's port."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
