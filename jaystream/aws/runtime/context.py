"""
The context that a function is called with, with the attributes that AWS's own has.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from jaystream.aws.runtime.faults import FaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaystream.aws.runtime.invocation import Invocation
    from jaystream.aws.runtime.response_stream import LambdaResponseStream

_W3C = ("traceparent", "tracestate", "baggage")


class _Record:
    """Attributes that are None where nothing was sent."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        for name in self.__slots__:
            setattr(self, name, (values or {}).get(name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{','.join(f'{name}={getattr(self, name)}' for name in self.__slots__)}])"


class CognitoIdentity(_Record):
    """
    Who called through Amazon Cognito; both attributes are None for everyone else.

    Attributes:
        cognito_identity_id: The identity.
        cognito_identity_pool_id: Its pool.
    """

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    cognito_identity_id: str | None
    cognito_identity_pool_id: str | None


class Client(_Record):
    """
    The mobile app that called.

    Attributes:
        installation_id: The installation.
        app_title: The app's title.
        app_version_name: Its version.
        app_version_code: The version's number.
        app_package_name: Its package.
    """

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")  # noqa: RUF023 - the order of AWS's repr

    installation_id: Any
    app_title: Any
    app_version_name: Any
    app_version_code: Any
    app_package_name: Any


class ClientContext(_Record):
    """
    What a caller sent beside the event.

    Attributes:
        custom: Values of the caller's own.
        env: Values of AWS's mobile SDK.
        client: The app, None if there was none.
    """

    __slots__ = ("custom", "env", "client")  # noqa: RUF023 - the order of AWS's repr

    custom: Any
    env: Any
    client: Client | None


class LambdaContext:
    """
    What a function knows about its invocation; AWS's attributes, and three more.

    Attributes:
        aws_request_id: The invocation's id.
        log_group_name: The log group.
        log_stream_name: The log stream.
        function_name: The function's name.
        function_version: Its version.
        memory_limit_in_mb: Its memory, as text.
        invoked_function_arn: The ARN that was invoked.
        client_context: What the caller sent beside the event, or None.
        identity: The Cognito identity; its attributes are None where there is none.
        tenant_id: The tenant, with tenant isolation.
        deadline_ms: When Lambda ends the invocation, in milliseconds since the epoch.
        trace_id: X-Ray's header; with several invocations at once the only place where it stands.
        response_stream: What a streaming handler writes its response to; None for ordinary functions.
    """

    def __init__(self, invocation: Invocation) -> None:
        """
        Read the context of *invocation*.

        Raises:
            FaultError: If the client context or the Cognito identity is no JSON object.
        """
        environ = os.environ.get
        self.aws_request_id: str = invocation.request_id
        self.log_group_name: str | None = environ("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name: str | None = environ("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name: str | None = environ("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb: str | None = environ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version: str | None = environ("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn: str | None = invocation.arn
        self.tenant_id: str | None = invocation.tenant_id
        self.deadline_ms: int = invocation.deadline_ms
        self.trace_id: str | None = invocation.trace_id
        self.response_stream: LambdaResponseStream | None = None
        self._w3c: dict[str, str] = {}
        self.client_context: ClientContext | None = None
        sent = _parsed(invocation.client_context, "Client Context")
        if sent is not None:
            self._w3c = _take_w3c(sent)
            client = sent.get("client")
            if client is not None and not isinstance(client, dict):
                raise FaultError(_FAULT, "Unable to parse Client Context JSON: its client is no object")
            known = None if client is None else Client(cast("dict[str, Any]", client))
            self.client_context = ClientContext({**sent, "client": known})
        self.identity: CognitoIdentity = CognitoIdentity()
        if identity := _parsed(invocation.identity, "Cognito Identity"):
            self.identity.cognito_identity_id = identity.get("cognitoIdentityId")
            self.identity.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")

    def get_remaining_time_in_millis(self) -> int:
        """
        Give the milliseconds that are left until Lambda ends the invocation.
        """
        return max(0, self.deadline_ms - int(time.time() * 1000))

    def w3c(self) -> dict[str, str]:
        """
        Give the W3C trace context that the caller sent: ``traceparent``, ``tracestate``, ``baggage``, if there.
        """
        return dict(self._w3c)

    def log(self, message: object) -> None:
        """
        Write to the function's log as it is, without a level and without a line's end.
        """
        (_write or sys.stdout.write)(str(message))

    def __repr__(self) -> str:
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return f"{type(self).__name__}([{','.join(f'{name}={getattr(self, name)}' for name in names)}])"


_FAULT = "Runtime.LambdaContextUnmarshalError"
_current: ContextVar[LambdaContext | None] = ContextVar("jaystream_lambda_context", default=None)
_alone: LambdaContext | None = None
_write: Callable[[str], object] | None = None


def current_context() -> LambdaContext | None:
    """
    Give the context of the invocation that runs here; None outside of one.

    With one invocation at a time that is so in every thread; with `AWS_LAMBDA_MAX_CONCURRENCY` in the handler's tasks,
    and in its thread where it is a sync function.
    """
    return _current.get() or _alone


def log_to(write: Callable[[str], object] | None) -> None:
    """
    Let `LambdaContext.log` write with *write*.
    """
    global _write  # noqa: PLW0603 - a process has one log
    _write = write


def enter(context: LambdaContext | None, *, alone: bool) -> None:
    """
    Make *context* the current one: everywhere if it is *alone*, or in this task.

    X-Ray's SDK reads the environment, which can name one invocation only.
    """
    global _alone  # noqa: PLW0603 - one process, one invocation at a time
    if not alone:
        _current.set(context)
        return
    _alone = context
    if context is None:
        return
    if context.trace_id is not None:
        os.environ["_X_AMZN_TRACE_ID"] = context.trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)


def _parsed(header: str | None, name: str) -> dict[str, Any] | None:
    if not header:
        return None
    try:
        found = json.loads(header)
    except ValueError as error:
        raise FaultError(_FAULT, f"Unable to parse {name} JSON: {error}") from error
    if found is not None and not isinstance(found, dict):
        raise FaultError(_FAULT, f"Unable to parse {name} JSON: it is no object")
    return cast("dict[str, Any] | None", found)


def _take_w3c(sent: dict[str, Any]) -> dict[str, str]:
    """Take the trace context out of the client context."""
    fields = sent.pop("w3c", None)
    if not isinstance(fields, dict):
        return {}
    found = cast("dict[str, Any]", fields)
    return {name: found[name] for name in _W3C if isinstance(found.get(name), str)}
