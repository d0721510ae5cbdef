"""
From a request out of a Lambda event to the scope of an ASGI application.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from jaystream.handlers.lambda_request import LambdaRequest

__all__ = ["http_scope", "mount"]

_PORT = re.compile(r"[0-9]{1,5}")
_HOST_AND_PORT = re.compile(r"(\[[^]]*]|[^:]*):([0-9]{1,5})")

ASGI = {"version": "3.0", "spec_version": "2.4"}


def http_scope(
    request: LambdaRequest,
    context: object,
    state: dict[str, Any] | None,
    *,
    strip_stage: bool,
    base_path: str,
) -> dict[str, Any]:
    """
    Make the scope of one request.

    Args:
        request: The request.
        context: Lambda's, given on as ``aws.context``.
        state: What the lifespan has left, of which each request has a copy; None where there is no lifespan.
        strip_stage: Make the API's stage a part of ``root_path``.
        base_path: A prefix that is a part of ``root_path`` too.
    """
    root, raw = mount(request, strip_stage=strip_stage, base_path=base_path)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": dict(ASGI),
        "http_version": _http_version(request),
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote(raw),
        "raw_path": raw.encode("ascii"),
        "root_path": unquote(root),
        "query_string": request.query_string,
        "headers": [(name.encode("utf-8", "replace"), _raw(value)) for name, value in request.header_list],
        "client": None if request.client is None else (request.client, 0),
        "server": _server(request),
        "extensions": {},
        "aws.event": request.event,
        "aws.context": context,
    }
    if state is not None:
        scope["state"] = state.copy()
    return scope


def mount(request: LambdaRequest, *, strip_stage: bool, base_path: str) -> tuple[str, str]:
    """
    Tell where the application is mounted, and the whole path with that before it, both percent-encoded.

    As ASGI asks, the path has the root path before it. An event's path may have the stage (HTTP APIs, and REST APIs
    behind a domain that maps no stage) or not (REST APIs by their own address). Behind a domain of one's own an HTTP
    API's path has a stage that the client's address has not: there it goes.

    Args:
        request: The request.
        strip_stage: Look for the stage.
        base_path: Look for this prefix, by whole segments.
    """
    rest = request.raw_path.decode("ascii")
    base = quote(base_path.strip("/"))
    root = ""
    stage = request.stage if strip_stage else None
    if stage is not None:
        full = request.request_context.get(
            "path"
        )  # with the stage where the client's address has it; payload 2.0 has none
        if isinstance(full, str) and full.rstrip("/") == f"/{stage}{rest}".rstrip("/"):
            root, stage = f"/{stage}", None
        elif (left := _without(rest, stage)) is not None:
            root, rest, stage = "" if _has_own_domain(request) else f"/{stage}", left, None
    if base and (left := _without(rest, base)) is not None:
        root, rest = f"{root}/{base}", left
        if stage is not None and (left := _without(rest, stage)) is not None:
            root, rest = f"{root}/{stage}", left
    return root, root + rest


def _without(path: str, prefix: str) -> str | None:
    """The path after /prefix; None where the path does not begin with that."""
    if path == f"/{prefix}":
        return "/"
    return path[len(prefix) + 1 :] if path.startswith(f"/{prefix}/") else None


def _has_own_domain(request: LambdaRequest) -> bool:
    """Whether the client came by a domain that is mapped to an HTTP API."""
    name = request.request_context.get("domainName")
    return request.kind == "http-api" and isinstance(name, str) and ".execute-api." not in name


def _http_version(request: LambdaRequest) -> str:
    context = request.request_context
    protocol: object = (context.get("http") or context).get("protocol")
    version = protocol.partition("/")[2] if isinstance(protocol, str) else ""
    return {"1.0": "1.0", "2": "2", "2.0": "2", "3": "3"}.get(version, "1.1")


def _server(request: LambdaRequest) -> tuple[str, int] | None:
    """The host that was asked and its port, which is the scheme's own where nothing tells another."""
    found = _HOST_AND_PORT.fullmatch(request.host)
    name, port = found.groups() if found else (request.host, request.headers.get("x-forwarded-port", ""))
    if not name:
        return None
    return name, int(port) if _PORT.fullmatch(port) else {"http": 80}.get(request.scheme, 443)


def _raw(value: str) -> bytes:
    return value.encode("utf-8", "replace")
