"""
What stands in for Lambda's context, and applications to call.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def streaming(writer: object) -> Any:
    """
    The context that a runtime which streams gives.
    """
    return SimpleNamespace(aws_request_id="1", function_name="f", response_stream=writer)


def stock() -> Any:
    """
    The context that AWS's own runtime gives.
    """
    return SimpleNamespace(aws_request_id="1", function_name="f")


def start(status: int = 200, *headers: tuple[str, str]) -> dict[str, Any]:
    """
    The message that starts a response.
    """
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def body(data: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    """
    A message with a piece of body.
    """
    return {"type": "http.response.body", "body": data, "more_body": more}


def sending(*messages: dict[str, Any]) -> Any:
    """
    An application that sends just these.
    """

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app
