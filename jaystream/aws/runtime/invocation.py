"""
One invocation as the Runtime API hands it out.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jaystream.errors import RuntimeApiError

if TYPE_CHECKING:
    from jaystream.aws.runtime.wire import Reply


class Invocation:
    """
    The headers and the body of one answer to ``/next``.

    Attributes:
        request_id: The id that names the invocation.
        invocation_id: What has to be echoed with the answer, if anything.
        deadline_ms: When Lambda ends it, in milliseconds since the epoch; 0 if it did not say.
        arn: The ARN that was invoked, with its alias or version.
        trace_id: X-Ray's header.
        client_context: JSON of a mobile client.
        identity: JSON of a Cognito identity.
        tenant_id: The tenant, with tenant isolation.
        content_type: Of the body.
        body: The event.
    """

    __slots__ = (
        "arn",
        "body",
        "client_context",
        "content_type",
        "deadline_ms",
        "identity",
        "invocation_id",
        "path",
        "request_id",
        "tenant_id",
        "trace_id",
    )

    def __init__(self, reply: Reply) -> None:
        headers = reply.headers
        request_id = headers.get(b"lambda-runtime-aws-request-id")
        if not request_id:
            raise RuntimeApiError("GET /runtime/invocation/next", "the reply has no Lambda-Runtime-Aws-Request-Id")
        self.request_id: str = _text(request_id)
        if not request_id.translate(None, b"-._~").isalnum():
            raise RuntimeApiError("GET /runtime/invocation/next", f"{request_id!r} is no id that can stand in a path")
        self.path: bytes = b"/2018-06-01/runtime/invocation/" + request_id
        self.invocation_id: bytes | None = headers.get(b"lambda-runtime-invocation-id")
        deadline = headers.get(b"lambda-runtime-deadline-ms", b"0")
        self.deadline_ms: int = int(deadline) if deadline.isdigit() else 0
        self.arn: str | None = _optional(headers.get(b"lambda-runtime-invoked-function-arn"))
        self.trace_id: str | None = _optional(headers.get(b"lambda-runtime-trace-id"))
        self.client_context: str | None = _optional(headers.get(b"lambda-runtime-client-context"))
        self.identity: str | None = _optional(headers.get(b"lambda-runtime-cognito-identity"))
        self.tenant_id: str | None = _optional(headers.get(b"lambda-runtime-aws-tenant-id"))
        self.content_type: str | None = _optional(headers.get(b"content-type"))
        self.body: bytes = reply.body

    @property
    def remaining(self) -> float | None:
        """
        Seconds until Lambda ends it; None if it did not say when.
        """
        return self.deadline_ms / 1000 - time.time() if self.deadline_ms else None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _optional(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
