"""
Lambda events as each front gives them, written after captures of real ones.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

URL_HOST = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws"
API_HOST = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
BALANCER_HOST = "front-1234567890.eu-west-1.elb.amazonaws.com"

Pairs = list[tuple[str, str]]


def _body(body: bytes | None) -> dict[str, Any]:
    if body is None:
        return {"body": None, "isBase64Encoded": False}
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _last(pairs: Pairs) -> dict[str, str]:
    return dict(pairs)


def _all(pairs: Pairs) -> dict[str, list[str]]:
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    return several


def _joined(pairs: Pairs) -> dict[str, str]:
    return {name.lower(): ",".join(values) for name, values in _all(pairs).items()}


def function_url(
    path: str = "/",
    *,
    method: str = "GET",
    query: str = "",
    headers: Pairs | None = None,
    cookies: list[str] | None = None,
    body: bytes | None = None,
) -> dict[str, Any]:
    """
    A Function URL's: *path* is decoded, the event has it encoded; cookies come twice.
    """
    given = _joined([("host", URL_HOST), ("x-forwarded-proto", "https"), ("x-forwarded-port", "443"), *(headers or [])])
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": quote(path),
        "rawQueryString": query,
        "headers": given,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "domainName": URL_HOST,
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.7.1",
            },
            "requestId": "7b1c2d3e-0000-4000-8000-000000000001",
            "routeKey": "$default",
            "stage": "$default",
            "time": "10/Jul/2026:12:00:00 +0000",
            "timeEpoch": 1783684800000,
        },
        **_body(body),
    }
    if cookies:
        event["cookies"] = cookies
        given["cookie"] = "; ".join(cookies)
    if body is None:
        del event["body"]
    return event


def http_api(
    path: str = "/",
    *,
    method: str = "GET",
    query: str = "",
    headers: Pairs | None = None,
    cookies: list[str] | None = None,
    body: bytes | None = None,
    stage: str = "$default",
    host: str = API_HOST,
) -> dict[str, Any]:
    """
    An HTTP API's, payload 2.0: the path is decoded, and has the stage before it.
    """
    whole = path if stage == "$default" else f"/{stage}{path}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": whole,
        "rawQueryString": query,
        "headers": _joined([("host", host), ("x-forwarded-proto", "https"), *(headers or [])]),
        "pathParameters": {"proxy": path[1:]},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": method,
                "path": whole,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.7.1",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "ANY /{proxy+}",
            "stage": stage,
            "time": "10/Jul/2026:12:00:00 +0000",
            "timeEpoch": 1783684800000,
        },
        **_body(body),
    }
    if cookies:
        event["cookies"] = cookies
    if body is None:
        del event["body"]
    return event


def rest(
    path: str = "/",
    *,
    method: str = "GET",
    query: Pairs | None = None,
    headers: Pairs | None = None,
    body: bytes | None = None,
    stage: str = "prod",
    host: str = API_HOST,
    mapping: str = "",
) -> dict[str, Any]:
    """
    A REST API's: the path is encoded and without its stage; names of headers keep their case. *mapping* is the base
    path of a custom domain, which stays in the path.
    """
    given = [("Host", host), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443"), *(headers or [])]
    whole = quote(mapping + path)
    return {
        "resource": "/{proxy+}",
        "path": whole,
        "httpMethod": method,
        "headers": _last(given),
        "multiValueHeaders": _all(given),
        "queryStringParameters": _last(query) if query else None,
        "multiValueQueryStringParameters": _all(query) if query else None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "9x8y7z",
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "path": whole if mapping else f"/{stage}{whole}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": stage,
            "domainPrefix": host.partition(".")[0],
            "domainName": host,
            "apiId": "a1b2c3d4e5",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "curl/8.7.1"},
        },
        **_body(body),
    }


def http_api_v1(path: str = "/", *, stage: str = "$default", **given: Any) -> dict[str, Any]:
    """
    An HTTP API's, payload 1.0: a REST API's event with a version, its stage in the path.
    """
    event = rest(path, stage=stage, **given)
    whole = quote(path) if stage == "$default" else f"/{stage}{quote(path)}"
    event["path"] = event["requestContext"]["path"] = whole
    return {"version": "1.0", **event}


def balancer(
    path: str = "/",
    *,
    method: str = "GET",
    query: Pairs | None = None,
    headers: Pairs | None = None,
    body: bytes | None = None,
    several: bool = False,
) -> dict[str, Any]:
    """
    A load balancer's: *query* stays encoded; either the maps with one value or those with all are there.
    """
    given = [
        ("host", BALANCER_HOST),
        ("x-forwarded-for", "198.51.100.9, 203.0.113.7"),
        ("x-forwarded-port", "80"),
        ("x-forwarded-proto", "http"),
        *((name.lower(), value) for name, value in headers or []),
    ]
    maps: dict[str, Any] = (
        {"multiValueHeaders": _all(given), "multiValueQueryStringParameters": _all(query or [])}
        if several
        else {"headers": _last(given), "queryStringParameters": _last(query or [])}
    )
    target = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/front/0123456789abcdef"
    return {
        "requestContext": {"elb": {"targetGroupArn": target}},
        "httpMethod": method,
        "path": quote(path),
        **maps,
        **_body(body if body is not None else b""),
    }
