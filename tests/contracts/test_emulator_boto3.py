"""
An unchanged boto3 invokes functions on the emulator, buffered and streamed, and decodes what it gets.
"""

from __future__ import annotations

import base64
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.emulated import raw, steps

if TYPE_CHECKING:
    from jaystream.testing import BlockingFunction

boto3: Any = pytest.importorskip("boto3")
Config: Any = pytest.importorskip("botocore.config").Config


def client_of(function: BlockingFunction) -> Any:
    """
    A client as the emulator's own words set it up.
    """
    found = function.variables
    session = boto3.Session(
        found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], region_name=found["AWS_DEFAULT_REGION"]
    )
    config = Config(retries={"total_max_attempts": 1})
    return closing(session.client("lambda", endpoint_url=function.endpoint_url, config=config))


class TestInvoke:
    """
    Buffered.
    """

    def test_result(self) -> None:
        """
        Payload, version and log.
        """
        with raw() as function, client_of(function) as client:
            payload = steps(["print", "hello"], ["result", {"a": 1}])
            answer = client.invoke(FunctionName="function", Payload=payload, LogType="Tail")
            assert (200, "$LATEST", {"a": 1}) == (
                answer["StatusCode"],
                answer["ExecutedVersion"],
                json.load(answer["Payload"]),
            )
            assert "FunctionError" not in answer
            assert "\nhello\nEND " in base64.b64decode(answer["LogResult"]).decode()

    def test_failure(self) -> None:
        """
        A failure of the function.
        """
        with raw() as function, client_of(function) as client:
            answer = client.invoke(FunctionName="function", Payload=steps(["exit", 3]))
            assert (200, "Unhandled") == (answer["StatusCode"], answer["FunctionError"])
            assert "Runtime.ExitError" == json.load(answer["Payload"])["errorType"]

    def test_context(self) -> None:
        """
        Client context, qualifier and the long form of the name.
        """
        context = base64.b64encode(b'{"custom":{"a":"b"}}').decode()
        arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
        with raw() as function, client_of(function) as client:
            answer = client.invoke(FunctionName=arn, Qualifier="live", ClientContext=context, Payload=steps(["told"]))
            told = json.load(answer["Payload"])
            assert '{"custom":{"a":"b"}}' == told["lambda-runtime-client-context"]
            assert told["lambda-runtime-invoked-function-arn"].endswith(":function:live")

    def test_other_types(self) -> None:
        """
        Events and dry runs.
        """
        with raw() as function, client_of(function) as client:
            for kind, status in (("Event", 202), ("DryRun", 204)):
                answer = client.invoke(FunctionName="function", InvocationType=kind, Payload=b"1")
                assert status == answer["StatusCode"]

    def test_errors(self) -> None:
        """
        Each of Lambda's errors is the exception of its name.
        """
        with raw() as function, client_of(function) as client:
            errors = client.exceptions
            with pytest.raises(errors.ResourceNotFoundException, match="Function not found: arn:aws:lambda:"):
                client.invoke(FunctionName="nope")
            with pytest.raises(errors.InvalidRequestContentException, match="Could not parse request body into json"):
                client.invoke(FunctionName="function", Payload=b"{")
            with pytest.raises(errors.RequestTooLargeException, match="must be smaller than 6291456 bytes"):
                client.invoke(FunctionName="function", Payload=b"1" * (6 * (1 << 20) + 1))

    def test_too_many(self) -> None:
        """
        One more than may be.
        """
        with raw(concurrency=1) as function, client_of(function) as client:
            stream = client.invoke_with_response_stream(
                FunctionName="function", Payload=steps(["stream", "a/b"], ["chunk", "a"], ["hang"])
            )["EventStream"]
            assert {"PayloadChunk": {"Payload": b"a"}} == next(iter(stream))
            with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
                client.invoke(FunctionName="function")
            assert "ReservedFunctionConcurrentInvocationLimitExceeded" == caught.value.response["Reason"]
            stream.close()


class TestInvokeWithResponseStream:
    """
    Streamed.
    """

    def test_chunks(self) -> None:
        """
        Each of the function's chunks, then the end with the log.
        """
        with raw() as function, client_of(function) as client:
            payload = steps(["stream", "text/plain"], ["chunk", "one"], ["chunk", "two"], ["end"])
            answer = client.invoke_with_response_stream(FunctionName="function", Payload=payload, LogType="Tail")
            assert ("$LATEST", "application/vnd.amazon.eventstream") == (
                answer["ExecutedVersion"],
                answer["ResponseStreamContentType"],
            )
            first, second, last = answer["EventStream"]
            assert [b"one", b"two"] == [event["PayloadChunk"]["Payload"] for event in (first, second)]
            assert b"START " in base64.b64decode(last["InvokeComplete"]["LogResult"])

    @pytest.mark.parametrize(
        ("do", "code"),
        [
            (["fail", "Handler.Bad", '{"errorMessage":"no"}'], "Handler.Bad"),
            (["cut"], "Runtime.TruncatedResponse"),
            (["hang"], "Sandbox.Timedout"),
        ],
    )
    def test_failure(self, do: list[Any], code: str) -> None:
        """
        The last event says why a stream has ended.
        """
        with raw(timeout=1) as function, client_of(function) as client:
            payload = steps(["stream", "a/b"], ["chunk", "a"], do)
            answer = client.invoke_with_response_stream(FunctionName="function", Payload=payload)
            first, last = answer["EventStream"]
            assert b"a" == first["PayloadChunk"]["Payload"]
            assert code == last["InvokeComplete"]["ErrorCode"]

    def test_large(self) -> None:
        """
        Ten megabytes arrive whole.
        """
        with raw() as function, client_of(function) as client:
            payload = steps(["stream", "a/b"], ["bytes", 65_536, 160], ["end"])
            answer = client.invoke_with_response_stream(FunctionName="function", Payload=payload)
            sizes = [
                len(event["PayloadChunk"]["Payload"]) for event in answer["EventStream"] if "PayloadChunk" in event
            ]
            assert 160 * 65_536 == sum(sizes)

    def test_errors(self) -> None:
        """
        Errors before the stream.
        """
        with (
            raw() as function,
            client_of(function) as client,
            pytest.raises(Exception, match="Function not found") as caught,
        ):
            client.invoke_with_response_stream(FunctionName="nope")
        assert "ResourceNotFoundException" == type(caught.value).__name__
