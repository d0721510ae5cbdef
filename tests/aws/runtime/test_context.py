"""
The context, and the invocation that it is made from.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from jaystream.aws.runtime import LambdaContext, current_context
from jaystream.aws.runtime.context import enter, log_to
from jaystream.aws.runtime.faults import FaultError
from jaystream.aws.runtime.invocation import Invocation
from jaystream.aws.runtime.wire import Reply
from tests.aws.runtime.runs import serve
from tests.aws.runtime.stand_in import StandIn

BASE = {b"lambda-runtime-aws-request-id": b"id-1"}


def context(**headers: bytes) -> LambdaContext:
    """
    A context of an invocation with these headers.
    """
    named = {f"lambda-runtime-{name.replace('_', '-')}".encode(): value for name, value in headers.items()}
    return LambdaContext(Invocation(Reply(200, {**BASE, **named}, b"", keeps=True)))


class TestContext:
    """
    `tests/contracts/test_awslambdaric.py` holds the same attributes against AWS's own.
    """

    def test_attributes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        From the environment and from headers.
        """
        for name in ("FUNCTION_NAME", "FUNCTION_VERSION", "FUNCTION_MEMORY_SIZE", "LOG_GROUP_NAME", "LOG_STREAM_NAME"):
            monkeypatch.setenv(f"AWS_LAMBDA_{name}", name.lower())
        made = context(invoked_function_arn=b"arn", aws_tenant_id=b"tenant", trace_id=b"Root=1", deadline_ms=b"5")
        assert ("id-1", "arn", "tenant", "Root=1", 5) == (
            made.aws_request_id,
            made.invoked_function_arn,
            made.tenant_id,
            made.trace_id,
            made.deadline_ms,
        )
        assert ("function_name", "function_version", "function_memory_size") == (
            made.function_name,
            made.function_version,
            made.memory_limit_in_mb,
        )
        assert ("log_group_name", "log_stream_name") == (made.log_group_name, made.log_stream_name)
        assert 0 == made.get_remaining_time_in_millis()
        assert made.response_stream is None

    def test_client_context(self) -> None:
        """
        What a mobile client sends, the trace context taken out.
        """
        sent = {
            "custom": {"a": 1},
            "env": {"b": 2},
            "client": {"app_title": "t", "installation_id": "i"},
            "w3c": {"traceparent": "00-1", "baggage": 3, "other": "x"},
        }
        made = context(client_context=json.dumps(sent).encode())
        assert made.client_context is not None
        assert ({"a": 1}, {"b": 2}) == (made.client_context.custom, made.client_context.env)
        assert made.client_context.client is not None
        assert ("t", None) == (made.client_context.client.app_title, made.client_context.client.app_package_name)
        assert {"traceparent": "00-1"} == made.w3c()

    def test_without(self) -> None:
        """
        What nobody sent is None, the identity's parts one by one.
        """
        made = context()
        assert (None, None, None) == (made.client_context, made.tenant_id, made.identity.cognito_identity_id)
        assert {} == made.w3c()
        assert {} == context(client_context=b'{"w3c": 3}').w3c()

    def test_identity(self) -> None:
        """
        A Cognito identity.
        """
        made = context(cognito_identity=b'{"cognitoIdentityId": "a", "cognitoIdentityPoolId": "b"}')
        assert ("a", "b") == (made.identity.cognito_identity_id, made.identity.cognito_identity_pool_id)

    @pytest.mark.parametrize("value", [b"{", b"[1]", b'{"client": 3}'])
    def test_client_context_garbage(self, value: bytes) -> None:
        """
        What is no JSON object is a fault with Lambda's name.
        """
        with pytest.raises(FaultError, match="Unable to parse Client Context JSON: ") as caught:
            context(client_context=value)
        assert "Runtime.LambdaContextUnmarshalError" == caught.value.kind

    def test_repr(self) -> None:
        """
        It shows what AWS's shows.
        """
        assert repr(context()).startswith("LambdaContext([aws_request_id=id-1,log_group_name=")
        assert "identity=CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None])" in repr(context())

    def test_log(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        It goes to standard output, or where the runtime's log goes.
        """
        lines: list[str] = []
        context().log(3)
        log_to(lines.append)
        try:
            context().log("x")
        finally:
            log_to(None)
        assert ("3", ["x"]) == (capsys.readouterr().out, lines)

    async def test_fault(self) -> None:
        """
        A context that cannot be read fails the one invocation.
        """

        async def handler(event: Any, context: Any) -> None:
            """Not called."""

        async with StandIn() as api:
            api.offer({}, client_context="{")
            await serve(api, handler)
        assert "Runtime.LambdaContextUnmarshalError" == api.posted[0].json["errorType"]


class TestCurrent:
    """
    Which invocation runs here.
    """

    def test_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        With one at a time it is that one everywhere, and X-Ray's variable names it.
        """
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "old")
        first, second = context(trace_id=b"Root=1"), context()
        try:
            enter(first, alone=True)
            assert (first, "Root=1") == (current_context(), os.environ.get("_X_AMZN_TRACE_ID"))
            enter(second, alone=True)
            assert (second, None) == (current_context(), os.environ.get("_X_AMZN_TRACE_ID"))
        finally:
            enter(None, alone=True)
        assert current_context() is None

    async def test_together(self) -> None:
        """
        With several at a time each task has its own, and X-Ray's variable is left alone.
        """
        seen: dict[str, Any] = {}

        async def run(made: LambdaContext) -> None:
            enter(made, alone=False)
            await asyncio.sleep(0)
            seen[str(made.trace_id)] = current_context()

        one, two = context(trace_id=b"1"), context(trace_id=b"2")
        await asyncio.gather(run(one), run(two))
        assert {"1": one, "2": two} == seen
        assert (None, None) == (current_context(), os.environ.get("_X_AMZN_TRACE_ID"))
