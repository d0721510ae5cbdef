"""
HTTP requests as the events that Lambda gives for them, one maker for each front, in the shapes that AWS sends.

The opposite direction is `jaystream.handlers.LambdaRequest`.
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any, TypeAlias, cast
from urllib.parse import parse_qsl, quote, unquote, urlencode
from uuid import uuid4

__all__ = ["alb", "event_of", "function_url", "http_api", "rest"]

Pairs: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]

ACCOUNT = "123456789012"
REGION = "us-east-1"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TEXT = re.compile(r"text/.*|application/(?:json|javascript|xml|x-ndjson)|.*\+(?:json|xml)|image/svg\+xml")
_PATH_SAFE = "/:@!$&'()*+,;=~-._%"
_QUERY_SAFE = _PATH_SAFE + "?[]"


class _Request:
    """
    What all makers are given, checked and put in order.
    """

    def __init__(
        self,
        maker: str,
        method: str,
        path: str,
        *,
        query: str | Pairs,
        headers: Pairs,
        cookies: Pairs,
        body: str | bytes,
    ) -> None:
        if not _TOKEN.fullmatch(method):
            raise ValueError(f"{maker}() expects a method such as 'GET', not {method!r}")
        if not path.startswith("/"):
            raise ValueError(f"{maker}() expects a path that begins with '/', not {path!r}")
        # a caller without types may pass anything
        if not isinstance(body, (str, bytes)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"{maker}() expects the body as str or bytes, not {type(body).__name__}; dump JSON first")
        self.method = method.upper()
        path, mark, behind = path.partition("?")
        if mark and query:
            raise ValueError(f"{maker}() got a query twice: in the path {path + mark + behind!r} and as {query!r}")
        self.raw_path = quote(path, safe=_PATH_SAFE)
        self.path = unquote(self.raw_path)
        given = behind if mark else query
        text = given if isinstance(given, str) else urlencode(list(_listed(given)))
        self.query = quote(text, safe=_QUERY_SAFE)
        self.headers = list(_listed(headers))
        for name, value in self.headers:
            if not _TOKEN.fullmatch(name) or any(mark in value for mark in "\r\n\0"):
                raise ValueError(f"{maker}() expects headers without CR, LF and NUL, not {name!r}: {value!r}")
        self.cookies = [f"{name}={value}" for name, value in _listed(cookies)]
        self.cookies += [
            part.strip() for name, value in self.headers if name.lower() == "cookie" for part in value.split(";")
        ]
        self.headers = [pair for pair in self.headers if pair[0].lower() != "cookie"]
        self.body, self.encoded = self._as_text(body)
        self.epoch = int(time.time() * 1000)
        self.id = str(uuid4())

    def _as_text(self, body: str | bytes) -> tuple[str, bool]:
        if isinstance(body, str):
            return body, False
        media = self.header("content-type").partition(";")[0].strip().lower()
        if not body or (not self.header("content-encoding") and _TEXT.fullmatch(media)):
            try:
                return body.decode(), False
            except UnicodeDecodeError:
                pass
        return b64encode(body).decode(), True

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name), "")

    def complete(self, domain: str, client: str) -> None:
        """Add what the front adds, unless it is there already."""
        known = {name.lower() for name, _ in self.headers}
        trace = f"Root=1-{self.epoch // 1000:08x}-{token_hex(12)}"
        for name, value in {
            "Host": domain,
            "X-Amzn-Trace-Id": trace,
            "X-Forwarded-For": client,
            "X-Forwarded-Port": "443",
            "X-Forwarded-Proto": "https",
        }.items():
            if name.lower() not in known:
                self.headers.append((name, value))

    def joined(self) -> dict[str, str]:
        """Headers by lower-case name, several values with commas between them."""
        return {name: ",".join(values) for name, values in grouped(_lower(self.headers)).items()}

    @property
    def time(self) -> str:
        return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(self.epoch / 1000))


def function_url(
    method: str = "GET",
    path: str = "/",
    *,
    query: str | Pairs = "",
    headers: Pairs = (),
    cookies: Pairs = (),
    body: str | bytes = b"",
    client: str = "203.0.113.1",
) -> dict[str, Any]:
    """
    Make the event of a Function URL: payload 2.0, with the path as it was sent, and the cookies twice.

    Args:
        method: The HTTP method.
        path: As it stands in the URL, percent-encoded; a query may stand behind it.
        query: Encoded text, or names and values.
        headers: Names and values.
        cookies: Names and values.
        body: Text goes as it is; bytes go as text where the content type says so, else as base64.
        client: The caller's address.

    Raises:
        ValueError: If the method, the path or a header cannot stand in a request.
        TypeError: If *body* is neither text nor bytes.

    >>> event = function_url("POST", "/ask%20me?q=why", cookies={"session": "1"}, body="{}")
    >>> event["rawPath"], event["requestContext"]["http"]["path"], event["queryStringParameters"], event["cookies"]
    ('/ask%20me', '/ask me', {'q': 'why'}, ['session=1'])
    """
    request = _Request("function_url", method, path, query=query, headers=headers, cookies=cookies, body=body)
    if request.cookies:
        request.headers.append(("Cookie", "; ".join(request.cookies)))
    prefix = "emulated0url"
    domain = f"{prefix}.lambda-url.{REGION}.on.aws"
    request.complete(domain, client)
    return _version_2(
        request, request.raw_path, client, account="anonymous", domain=domain, prefix=prefix, stage="$default"
    )


def http_api(
    method: str = "GET",
    path: str = "/",
    *,
    query: str | Pairs = "",
    headers: Pairs = (),
    cookies: Pairs = (),
    body: str | bytes = b"",
    client: str = "203.0.113.1",
    stage: str = "$default",
) -> dict[str, Any]:
    """
    Make the event of an API Gateway HTTP API: payload 2.0, with the path decoded, and the cookies apart.

    Args:
        method: The HTTP method.
        path: As it stands in the URL, percent-encoded; a query may stand behind it.
        query: Encoded text, or names and values.
        headers: Names and values.
        cookies: Names and values.
        body: Text goes as it is; bytes go as text where the content type says so, else as base64.
        client: The caller's address.
        stage: The API's stage; any but ``$default`` stands before the path.

    Raises:
        ValueError: If the method, the path or a header cannot stand in a request.
        TypeError: If *body* is neither text nor bytes.
    """
    request = _Request("http_api", method, path, query=query, headers=headers, cookies=cookies, body=body)
    domain = f"emulatedapi.execute-api.{REGION}.amazonaws.com"
    request.complete(domain, client)
    decoded = request.path if stage == "$default" else f"/{stage}{request.path}"
    request.path = decoded
    return _version_2(request, decoded, client, account=ACCOUNT, domain=domain, prefix="emulatedapi", stage=stage)


def rest(
    method: str = "GET",
    path: str = "/",
    *,
    query: str | Pairs = "",
    headers: Pairs = (),
    cookies: Pairs = (),
    body: str | bytes = b"",
    client: str = "203.0.113.1",
    stage: str = "prod",
) -> dict[str, Any]:
    """
    Make the event of an API Gateway REST API: the proxy integration's, which streaming integrations get too.

    Args:
        method: The HTTP method.
        path: As it stands in the URL behind the stage, percent-encoded; a query may stand behind it.
        query: Encoded text, or names and values.
        headers: Names and values.
        cookies: Names and values.
        body: Text goes as it is; bytes go as text where the content type says so, else as base64.
        client: The caller's address.
        stage: The API's stage.

    Raises:
        ValueError: If the method, the path or a header cannot stand in a request.
        TypeError: If *body* is neither text nor bytes.
    """
    request = _Request("rest", method, path, query=query, headers=headers, cookies=cookies, body=body)
    if request.cookies:
        request.headers.append(("Cookie", "; ".join(request.cookies)))
    domain = f"emulatedapi.execute-api.{REGION}.amazonaws.com"
    request.complete(domain, client)
    pairs = grouped(parse_qsl(request.query, keep_blank_values=True))
    several = grouped(request.headers)
    return {
        "resource": "/{proxy+}" if request.path != "/" else "/",
        "path": request.raw_path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in several.items()},
        "multiValueHeaders": several,
        "queryStringParameters": {name: values[-1] for name, values in pairs.items()} or None,
        "multiValueQueryStringParameters": pairs or None,
        "pathParameters": {"proxy": request.path[1:]} if request.path != "/" else None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "emulatedapi",
            "domainName": domain,
            "domainPrefix": "emulatedapi",
            "extendedRequestId": token_hex(8),
            "httpMethod": request.method,
            "identity": {"sourceIp": client, "userAgent": request.header("user-agent") or None},
            "path": f"/{stage}{request.raw_path}",
            "protocol": "HTTP/1.1",
            "requestId": request.id,
            "requestTime": request.time,
            "requestTimeEpoch": request.epoch,
            "resourceId": "emulated",
            "resourcePath": "/{proxy+}" if request.path != "/" else "/",
            "stage": stage,
        },
        "body": request.body or None,
        "isBase64Encoded": request.encoded,
    }


def alb(
    method: str = "GET",
    path: str = "/",
    *,
    query: str | Pairs = "",
    headers: Pairs = (),
    cookies: Pairs = (),
    body: str | bytes = b"",
    client: str = "203.0.113.1",
    multi_value: bool = False,
) -> dict[str, Any]:
    """
    Make the event of an Application Load Balancer, which decodes neither path nor query.

    Args:
        method: The HTTP method.
        path: As it stands in the URL, percent-encoded; a query may stand behind it.
        query: Encoded text, or names and values.
        headers: Names and values.
        cookies: Names and values.
        body: Text goes as it is; bytes go as text where the content type says so, else as base64.
        client: The caller's address.
        multi_value: Whether the target group has multi-value headers; without, the last of several values is given.

    Raises:
        ValueError: If the method, the path or a header cannot stand in a request.
        TypeError: If *body* is neither text nor bytes.
    """
    request = _Request("alb", method, path, query=query, headers=headers, cookies=cookies, body=body)
    if request.cookies:
        request.headers.append(("Cookie", "; ".join(request.cookies)))
    request.complete(f"emulated-1234567890.{REGION}.elb.amazonaws.com", client)
    pairs = grouped((part.partition("=")[0], part.partition("=")[2]) for part in request.query.split("&") if part)
    several = grouped(_lower(request.headers))
    group = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/emulated/{token_hex(8)}"
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": request.method,
        "path": request.raw_path,
    }
    if multi_value:
        event |= {"multiValueQueryStringParameters": pairs, "multiValueHeaders": several}
    else:
        event["queryStringParameters"] = {name: values[-1] for name, values in pairs.items()}
        event["headers"] = {name: values[-1] for name, values in several.items()}
    return event | {"body": request.body, "isBase64Encoded": request.encoded}


def event_of(
    front: str, method: str, path: str, *, stage: str | None = None, multi_value: bool = False, **request: Any
) -> dict[str, Any]:
    """
    Make the event of the front that is named: "function-url", "http-api", "rest" or "alb".

    Raises:
        ValueError: If there is no such front, or it has no stage, or no multi-value headers.
    """
    more: dict[str, Any] = {} if stage is None else {"stage": stage}
    if multi_value:
        more["multi_value"] = True
    makers: dict[str, tuple[Any, set[str]]] = {
        "function-url": (function_url, set()),
        "http-api": (http_api, {"stage"}),
        "rest": (rest, {"stage"}),
        "alb": (alb, {"multi_value"}),
    }
    if front not in makers:
        raise ValueError(f"front must be one of {', '.join(makers)}, not {front!r}")
    maker, options = makers[front]
    if wrong := more.keys() - options:
        raise ValueError(f"{front} has no {' and no '.join(sorted(wrong))}")
    event: dict[str, Any] = maker(method, path, **request, **more)
    return event


def _version_2(
    request: _Request, raw_path: str, client: str, *, account: str, domain: str, prefix: str, stage: str
) -> dict[str, Any]:
    """Payload 2.0: what is not there has no key."""
    pairs = grouped(parse_qsl(request.query, keep_blank_values=True))
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": request.query,
        **({"cookies": request.cookies} if request.cookies else {}),
        "headers": request.joined(),
        **({"queryStringParameters": {name: ",".join(values) for name, values in pairs.items()}} if pairs else {}),
        "requestContext": {
            "accountId": account,
            "apiId": prefix,
            "domainName": domain,
            "domainPrefix": prefix,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": client,
                "userAgent": request.header("user-agent"),
            },
            "requestId": request.id,
            "routeKey": "$default",
            "stage": stage,
            "time": request.time,
            "timeEpoch": request.epoch,
        },
        **({"body": request.body} if request.body else {}),
        "isBase64Encoded": request.encoded,
    }


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """
    All values of each name, in their order.
    """
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _listed(pairs: Pairs) -> Iterable[tuple[str, str]]:
    return cast("Mapping[str, str]", pairs).items() if isinstance(pairs, Mapping) else pairs


def _lower(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name.lower(), value) for name, value in pairs)
