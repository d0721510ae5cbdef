"""
AWS's own Python runtime as the oracle: the same functions under both, and the same answers.

What is different on purpose stands here too: `test_differences`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.aws.runtime import marshal
from jaystream.aws.runtime.faults import FaultError
from tests.aws.runtime.runs import process
from tests.aws.runtime.stand_in import Posted, StandIn
from tests.aws.runtime.values import REFUSED, VALUES

if TYPE_CHECKING:
    from pathlib import Path

ORACLE, OURS = "awslambdaric", "jaystream.aws.runtime"

SOURCE = '''
import decimal, json, logging, os

class CustomError(Exception):
    """One of the function's own."""

def helper():
    raise CustomError("bäd\\nnews")

def handler(event, context):
    kind = event.get("do") if isinstance(event, dict) else None
    if kind == "raise":
        helper()
    if kind == "nested":
        try:
            helper()
        except CustomError as error:
            raise LookupError() from error
    if kind == "unserializable":
        return {1, 2}
    if kind == "bytes":
        return b"\\x00\\xff"
    if kind == "decimal":
        return {"a": decimal.Decimal("1.50"), "é": "ü"}
    if kind == "context":
        client = context.client_context
        return {
            "names": sorted(name for name in vars(context) if not name.startswith("_") and name not in EXTRA),
            "repr": repr(context),
            "w3c": context.w3c(),
            "client": client and [client.custom, client.env, client.client and client.client.app_title],
            "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
            "remaining": 0 < context.get_remaining_time_in_millis() <= 60_000,
            "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        }
    if kind == "log":
        logger = logging.getLogger("here")
        logger.debug("debug %s", 1)
        logger.info({"a": "é"}, extra={"more": [1]})
        logger.warning("tab\\tand\\nline")
        logger.log(35, "between")
        try:
            helper()
        except CustomError:
            logger.exception("caught")
        context.log("plain\\n")
        print("printed")
        raise CustomError("told")
    return event

EXTRA = {"deadline_ms", "trace_id", "response_stream"}
'''

EVENTS: list[tuple[Any, dict[str, Any]]] = [
    ({"é": [1, 2.5, None, "\u2028"]}, {}),
    (None, {}),
    ("text", {}),
    ({"do": "raise"}, {}),
    ({"do": "nested"}, {}),
    ({"do": "unserializable"}, {}),
    ({"do": "bytes"}, {}),
    ({"do": "decimal"}, {}),
    ({"do": "context"}, {}),
    (
        {"do": "context"},
        {
            "trace_id": "Root=1-2-3",
            "aws_tenant_id": "tenant",
            "cognito_identity": '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}',
            "client_context": json.dumps(
                {
                    "custom": {"a": 1},
                    "env": {"b": "2"},
                    "client": {"app_title": "t"},
                    "w3c": {"traceparent": "00-a", "tracestate": 3, "baggage": "b", "x": "y"},
                }
            ),
            "invocation_id": "echo",
        },
    ),
    ({"do": "context"}, {"client_context": "{"}),
    ({"do": "context"}, {"cognito_identity": "{"}),
    (b"{", {}),
    (b"\xff", {}),
    (b"NaN", {}),
]
"""Events, and the headers that they come with."""


def oracle(module: str) -> Any:
    """
    A module of AWS's runtime.
    """
    return importlib.import_module(f"{ORACLE}.{module}")


async def answers(runtime: str, folder: Path, **environment: str) -> list[Posted]:
    """
    What *runtime* answers to every event.
    """
    async with StandIn() as api, process(api, folder, SOURCE, runtime=runtime, **environment):
        for number, (event, headers) in enumerate(EVENTS):
            api.offer(event, request_id=f"request-{number}", **headers)
        return await asyncio.wait_for(api.answers(len(EVENTS)), 50)


def told(posted: Posted) -> tuple[str, str, Any, str | None]:
    """
    What of an answer has to be the same: the target, its type, the body, the echoed id.
    """
    if posted.headers["content-type"] == "application/json":
        body: Any = posted.json
        if posted.target.endswith("/error") and body["errorType"] == "Runtime.UnmarshalError":
            body["errorMessage"] = body["errorMessage"].partition(": ")[0]  # another JSON library, with its own words
    else:
        body = posted.body
    return posted.target, posted.headers["content-type"], body, posted.headers.get("lambda-runtime-invocation-id")


def causes(answers: list[Posted]) -> list[Any]:
    """
    X-Ray's accounts of the errors.
    """
    found = [posted.headers.get("lambda-runtime-function-xray-error-cause") for posted in answers]
    read: list[Any] = [None if cause is None else json.loads(cause) for cause in found]
    for cause in read:
        exceptions: list[Any] = cause["exceptions"] if cause else []
        for exception in exceptions:
            if "unmarshal" in exception["message"]:
                exception["message"] = exception["message"].partition(": ")[0]
    return read


@pytest.mark.program("module:awslambdaric")
class TestOracle:
    """
    Each in a process of its own, against the same Runtime API.
    """

    async def test_answers(self, tmp_path: Path) -> None:
        """
        Results, errors and context are the same, and so is what X-Ray gets.
        """
        expected, ours = [await answers(runtime, tmp_path, TZ="UTC") for runtime in (ORACLE, OURS)]
        assert [told(posted) for posted in expected] == [told(posted) for posted in ours]
        assert causes(expected) == causes(ours)

    async def test_bytes(self, tmp_path: Path) -> None:
        """
        So is every byte of a result, on a managed runtime of Python 3.13 too, which writes text as it is.
        """
        for environment in ({}, {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}):
            expected, ours = [await answers(runtime, tmp_path, **environment) for runtime in (ORACLE, OURS)]
            results = [
                [posted.body for posted in each if posted.target.endswith("/response")] for each in (expected, ours)
            ]
            assert results[0] == results[1]

    @pytest.mark.parametrize(
        "source", ["import none_such", "def handler(:", "x = 1", "raise LookupError('at import')"], ids=range(4)
    )
    async def test_init_errors(self, source: str, tmp_path: Path) -> None:
        """
        A function that cannot be started is told in the same words, and ends with the same code.
        """
        seen: list[Any] = []
        for runtime in (ORACLE, OURS):
            async with StandIn() as api, process(api, tmp_path, source, runtime=runtime) as running:
                code, _, _ = await running.end()
            (posted,) = api.posted
            body = {name: value for name, value in posted.json.items() if name != "stackTrace"}
            seen.append((code, posted.target, body, [part.split(",")[0] for part in posted.json["stackTrace"]]))
        assert seen[0] == seen[1]

    @pytest.mark.parametrize("name", ["handler", "sys.exit", "function.nobody", "none/such.handler"])
    async def test_names(self, name: str, tmp_path: Path) -> None:
        """
        So is a name that is no handler's.
        """
        seen: list[Any] = []
        for runtime in (ORACLE, OURS):
            async with StandIn() as api, process(api, tmp_path, "", name, runtime=runtime) as running:
                code, _, _ = await running.end()
            seen.append((code, api.posted[0].target, api.posted[0].json))
        assert seen[0] == seen[1]

    @pytest.mark.parametrize(
        "environment",
        [
            {},
            {"AWS_LAMBDA_LOG_LEVEL": "DEBUG"},
            {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
            {"AWS_LAMBDA_LOG_FORMAT": "json", "AWS_LAMBDA_LOG_LEVEL": "TRACE"},
            {"AWS_LAMBDA_LOG_LEVEL": "FATAL"},
        ],
        ids=range(5),
    )
    async def test_log(self, environment: dict[str, str], tmp_path: Path) -> None:
        """
        The log is the same, but for its times.
        """
        seen: list[str] = []
        for runtime in (ORACLE, OURS):
            async with (
                StandIn() as api,
                process(api, tmp_path, SOURCE, runtime=runtime, **environment) as running,
            ):
                api.offer({"do": "log"}, aws_tenant_id="tenant")
                await api.answers()
                await api.polled(2)
                running.process.kill()
                _, out, _ = await running.end()
            seen.append(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME", out))
        assert seen[0].splitlines() == seen[1].splitlines()

    @pytest.mark.parametrize(("value", "expected"), VALUES, ids=range(len(VALUES)))
    def test_values(self, value: Any, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Every value of our own tests is what AWS's encoder writes.
        """
        monkeypatch.delenv("AWS_EXECUTION_ENV", raising=False)
        assert expected == oracle("lambda_runtime_marshaller").to_json(value)

    @pytest.mark.parametrize(("value", "message"), REFUSED, ids=range(len(REFUSED)))
    def test_refused(self, value: Any, message: str) -> None:
        """
        Every value that we refuse AWS refuses, with the same words.
        """
        fault: type[Exception] = oracle("lambda_runtime_exception").FaultException
        with pytest.raises(fault) as caught:
            oracle("lambda_runtime_marshaller").LambdaMarshaller().marshal_response(value)
        theirs: Any = caught.value
        with pytest.raises(FaultError) as ours:
            marshal.marshal(value)
        assert (theirs.exception_type, theirs.msg) == (ours.value.kind, str(ours.value))
        assert message in str(ours.value)

    async def test_differences(self, tmp_path: Path) -> None:
        """
        On purpose: an async function is awaited, where AWS's runtime cannot write its coroutine; and an error has a
        type in the header that Lambda records, where AWS's gives none.
        """
        source = "async def handler(event, context):\n    return event\n"
        seen: list[Posted] = []
        for runtime in (ORACLE, OURS):
            async with StandIn() as api, process(api, tmp_path, source, runtime=runtime, PYTHONWARNINGS="ignore"):
                api.offer(3)
                seen += await api.answers()
        theirs, ours = seen
        assert "Runtime.MarshalError" == theirs.json["errorType"]
        assert "lambda-runtime-function-error-type" not in theirs.headers
        assert 3 == ours.json
