"""
Lambda's own API on the emulator, byte by byte; boto3 and the AWS CLI have tests of their own among the contracts.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
from pathlib import Path
from struct import unpack
from typing import Any
from zlib import crc32

import pytest

from tests.aws.emulated import Client, raw, steps

INVOKE = "/2015-03-31/functions/{}/invocations"
STREAM = "/2021-11-15/functions/{}/response-streaming-invocations"


def messages(data: bytes) -> list[tuple[str, bytes]]:
    """
    The type and the payload of each event in an event stream.
    """
    found: list[tuple[str, bytes]] = []
    while data:
        total, length, checked = unpack(">III", data[:12])
        assert crc32(data[:8]) == checked
        assert crc32(data[: total - 4]) == unpack(">I", data[total - 4 : total])[0]
        headers: dict[str, str] = {}
        block = data[12 : 12 + length]
        while block:
            name, rest = block[1 : 1 + block[0]].decode(), block[1 + block[0] :]
            assert 7 == rest[0]
            size = unpack(">H", rest[1:3])[0]
            headers[name] = rest[3 : 3 + size].decode()
            block = rest[3 + size :]
        assert "event" == headers[":message-type"]
        found.append((headers[":event-type"], data[12 + length : total - 4]))
        data = data[total:]
    return found


async def streamed(client: Client, *do: Any, headers: list[tuple[str, str]] | None = None) -> list[tuple[str, Any]]:
    """
    Invoke with a streamed response, and give its events, the last one's payload as JSON.
    """
    status, found = await client.ask(STREAM.format("function"), steps(*do), headers=headers)
    assert (200, "application/vnd.amazon.eventstream") == (status, found["content-type"])
    *chunks, (kind, last) = messages(await client.body())
    assert "InvokeComplete" == kind
    return [*chunks, (kind, json.loads(last))]


class TestInvoke:
    """
    Buffered.
    """

    async def test_result(self) -> None:
        """
        The result, and the headers beside it.
        """
        async with raw() as function, Client(function.url) as client:
            status, headers = await client.ask(INVOKE.format("function"), steps(["result", {"a": 1}]))
            assert (200, "$LATEST") == (status, headers["x-amz-executed-version"])
            assert "x-amz-function-error" not in headers
            assert {"a": 1} == json.loads(await client.body())

    async def test_stream_is_collected(self) -> None:
        """
        A function that streams is collected, prelude and all, as AWS does it.
        """
        async with raw() as function, Client(function.url) as client:
            do = steps(["prelude", {}], ["chunk", "a"], ["chunk", "b"], ["end"])
            await client.ask(INVOKE.format("function"), do)
            assert b"{}" + bytes(8) + b"ab" == await client.body()

    @pytest.mark.parametrize(
        ("do", "payload"),
        [
            (["error", "Function.Bad", '{"errorMessage":"no"}'], {"errorMessage": "no"}),
            (
                ["exit", 3],
                {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with error: exit status 3"},
            ),
            (
                ["exit", 0],
                {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited without providing a reason"},
            ),
            (
                ["signal", signal.SIGSEGV],
                {
                    "errorType": "Runtime.ExitError",
                    "errorMessage": "Runtime exited with error: signal: segmentation fault",
                },
            ),
            (
                ["mode", "Streaming"],
                {"errorType": "Runtime.InvalidResponseModeHeader", "errorMessage": "Invalid response mode 'Streaming'"},
            ),
        ],
    )
    async def test_failure(self, do: list[Any], payload: dict[str, str]) -> None:
        """
        A failure is a 200 with an error as its payload, and a header that says so.
        """
        async with raw() as function, Client(function.url) as client:
            status, headers = await client.ask(INVOKE.format("function"), steps(do))
            assert (200, "Unhandled") == (status, headers["x-amz-function-error"])
            said = json.loads(await client.body())
            said["errorMessage"] = said["errorMessage"].removeprefix(
                f"RequestId: {headers['x-amzn-requestid']} Error: "
            )
            assert payload == said

    async def test_stream_that_fails(self) -> None:
        """
        An error in the trailers counts, whatever came before it.
        """
        async with raw() as function, Client(function.url) as client:
            do = steps(["stream", "a/b"], ["chunk", "a"], ["fail", "Handler.Bad", '{"errorMessage":"no"}'])
            _, headers = await client.ask(INVOKE.format("function"), do)
            assert "Unhandled" == headers["x-amz-function-error"]
            assert {"errorMessage": "no"} == json.loads(await client.body())

    @pytest.mark.parametrize("kind", ["large", "stream"])
    async def test_too_large(self, kind: str) -> None:
        """
        More than 6 MiB and a little is an error, streamed or not, and the environment goes on.
        """
        large = [["large", (6 << 20) + 101]]
        do = large if kind == "large" else [["stream", "a/b"], ["bytes", 65_536, 97], ["end"]]
        async with raw() as function, Client(function.url) as client:
            _, headers = await client.ask(INVOKE.format("function"), steps(*do))
            assert "Unhandled" == headers["x-amz-function-error"]
            assert {
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            } == json.loads(await client.body())
            assert not (await function.invoke({"do": [["result", 1]]})).cold

    async def test_as_large_as_may_be(self) -> None:
        """
        6 MiB go through.
        """
        async with raw() as function, Client(function.url) as client:
            await client.ask(INVOKE.format("function"), steps(["large", 6 << 20]))
            assert 6 << 20 == len(await client.body())

    async def test_log_tail(self) -> None:
        """
        The log's end comes with the result: its frame, what the start has printed, and what the function has.
        """
        async with raw(memory=256) as function, Client(function.url) as client:
            for cold in (True, False):
                headers = [("x-amz-log-type", "Tail")]
                do = steps(["print", "hello"], ["result", 1])
                _, headers_back = await client.ask(INVOKE.format("function"), do, headers=headers)
                await client.body()
                client.again()
                lines = base64.b64decode(headers_back["x-amz-log-result"]).decode().splitlines()
                name = headers_back["x-amzn-requestid"]
                assert ["starting"] * cold + [
                    f"START RequestId: {name} Version: $LATEST",
                    "hello",
                    f"END RequestId: {name}",
                ] == lines[:-1]
                assert lines[-1].startswith(f"REPORT RequestId: {name}\tDuration: ")
                assert "\tMemory Size: 256 MB\t" in lines[-1]
                assert cold == ("Init Duration" in lines[-1])

    async def test_log_tail_is_cut(self) -> None:
        """
        It has 4 KB.
        """
        async with raw() as function, Client(function.url) as client:
            do = steps(["print", "x" * 100_000], ["print", "y" * 3000], ["result", 1])
            _, headers = await client.ask(INVOKE.format("function"), do, headers=[("x-amz-log-type", "Tail")])
            tail = base64.b64decode(headers["x-amz-log-result"])
            assert 4096 == len(tail)
            assert 3000 == tail.count(b"y" * 3000) * 3000

    async def test_event(self, tmp_path: Path) -> None:
        """
        Nobody waits for an event: it is taken, and runs.
        """
        done = str(tmp_path / "done")
        async with raw() as function, Client(function.url) as client:
            do = steps(["touch", done], ["result", 1])
            status, _ = await client.ask(INVOKE.format("function"), do, headers=[("x-amz-invocation-type", "Event")])
            assert (202, b"") == (status, await client.body())
            assert (await function.invoke({"do": [["wait", done], ["result", 1]]})).error is None

    async def test_dry_run(self) -> None:
        """
        A dry run runs nothing.
        """
        async with raw() as function, Client(function.url) as client:
            status, _ = await client.ask(INVOKE.format("function"), headers=[("x-amz-invocation-type", "DryRun")])
            assert 204 == status
            assert [] == function.logs

    async def test_what_the_runtime_is_told(self) -> None:
        """
        Request id, deadline, ARN with qualifier, trace, client context, tenant; an empty payload is an empty object.
        """
        context = base64.b64encode(b'{"custom":{}}').decode()
        async with raw(timeout=7) as function, Client(function.url) as client:
            headers = [("x-amz-client-context", context), ("x-amz-tenant-id", "t"), ("x-amzn-trace-id", "Root=1")]
            _, back = await client.ask(INVOKE.format("function") + "?Qualifier=live", steps(["told"]), headers=headers)
            told = json.loads(await client.body())
            assert back["x-amzn-requestid"] == told["lambda-runtime-aws-request-id"]
            assert told["lambda-runtime-invocation-id"] == told["lambda-runtime-aws-request-id"]
            assert told["lambda-runtime-invoked-function-arn"].endswith(":function:function:live")
            assert '{"custom":{}}' == told["lambda-runtime-client-context"]
            assert ("t", "Root=1") == (told["lambda-runtime-aws-tenant-id"], told["lambda-runtime-trace-id"])
            assert "application/json" == told["content-type"]
            client.again()
            await client.ask(INVOKE.format("function"))
            assert {} == json.loads(await client.body())

    @pytest.mark.parametrize(
        "name",
        [
            "function",
            "function:$LATEST",
            "123456789012:function:function",
            "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Afunction",
        ],
    )
    async def test_names(self, name: str) -> None:
        """
        The forms of a function's name.
        """
        async with raw() as function, Client(function.url) as client:
            assert 200 == (await client.ask(INVOKE.format(name), steps(["result", 1])))[0]

    @pytest.mark.parametrize(
        ("path", "body", "headers", "status", "kind", "message"),
        [
            ("nope", b"1", {}, 404, "ResourceNotFoundException", "Function not found: .*:function:nope"),
            ("function", b"{", {}, 400, "InvalidRequestContentException", "Could not parse request body into json"),
            ("function", b"[NaN]", {}, 400, "InvalidRequestContentException", "NaN is no JSON"),
            ("function", b"1", {"x-amz-client-context": "%"}, 400, "InvalidRequestContentException", "Client context"),
            ("function", b"1", {"x-amz-invocation-type": "Odd"}, 400, "InvalidParameterValueException", "'Odd'"),
            ("function:a", b"1", {"query": "?Qualifier=b"}, 400, "InvalidParameterValueException", "qualifier"),
            ("function", b"1" * ((6 << 20) + 1), {}, 413, "RequestTooLargeException", "smaller than 6291456 bytes"),
            (
                "function",
                b"1" * ((1 << 20) + 1),
                {"x-amz-invocation-type": "Event"},
                413,
                "RequestTooLargeException",
                "smaller than 1048576 bytes",
            ),
        ],
    )
    async def test_refused(
        self, *, path: str, body: bytes, headers: dict[str, str], status: int, kind: str, message: str
    ) -> None:
        """
        Requests that cannot be are refused by AWS's names, and nothing runs.
        """
        query = headers.pop("query", "")
        async with raw() as function, Client(function.url) as client:
            found, back = await client.ask(INVOKE.format(path) + query, body, headers=list(headers.items()))
            said = json.loads(await client.body())
            assert (status, kind, "User") == (found, back["x-amzn-errortype"], said["Type"])
            assert re.search(message, said["Message"])
            assert [] == function.logs

    async def test_method(self) -> None:
        """
        It is POST.
        """
        async with raw() as function, Client(function.url) as client:
            assert 405 == (await client.ask(INVOKE.format("function"), method="GET"))[0]

    @pytest.mark.parametrize("path", ["", "/function", "/function/url"])
    async def test_other_operations(self, path: str) -> None:
        """
        What else an SDK may ask of Lambda is refused, and never a request of the function's own.
        """
        path = f"/2015-03-31/functions{path}"
        async with raw() as function, Client(function.url) as client:
            status, back = await client.ask(path, method="GET")
            said = json.loads(await client.body())
            assert (404, "UnknownOperationException") == (status, back["x-amzn-errortype"])
            assert f"GET {path}: the emulator invokes functions, and does nothing else to them" == said["Message"]
            assert [] == function.logs


class TestInvokeWithResponseStream:
    """
    Streamed.
    """

    async def test_chunks(self) -> None:
        """
        Each chunk of the function's is an event, the prelude among them, and the last says that it is complete.
        """
        async with raw() as function, Client(function.url) as client:
            found = await streamed(client, ["prelude", {}], ["chunk", "a"], ["chunk", "b"], ["end"])
            assert [
                ("PayloadChunk", b"{}" + bytes(8)),
                ("PayloadChunk", b"a"),
                ("PayloadChunk", b"b"),
                ("InvokeComplete", {}),
            ] == found

    async def test_as_they_come(self, tmp_path: Path) -> None:
        """
        A chunk is there while the function waits.
        """
        go = tmp_path / "go"
        async with raw() as function, Client(function.url) as client:
            do = steps(["stream", "a/b"], ["chunk", "a"], ["wait", str(go)], ["end"])
            await client.ask(STREAM.format("function"), do)
            assert [("PayloadChunk", b"a")] == messages(await client.piece() or b"")
            go.touch()
            assert [("InvokeComplete", b"{}")] == messages(await client.body())

    async def test_buffered_function(self) -> None:
        """
        A function that does not stream gives its result in one event.
        """
        async with raw() as function, Client(function.url) as client:
            assert [("PayloadChunk", b"1"), ("InvokeComplete", {})] == await streamed(client, ["result", 1])

    @pytest.mark.parametrize(
        ("do", "code", "details"),
        [
            ([["error", "Function.Bad", "{}"]], "Function.Bad", "{}"),
            ([["error", "odd", "{}"]], "Runtime.Unknown", "{}"),
            ([["error", "Function.odd", "{}"]], "Function.Unknown", "{}"),
            ([["stream", "a/b"], ["fail", "Handler.Bad", '{"a":1}']], "Handler.Bad", '{"a":1}'),
            ([["stream", "a/b"], ["cut"]], "Runtime.TruncatedResponse", "Response is truncated"),
            ([["stream", "a/b"], ["exit", 1]], "Runtime.TruncatedResponse", "Response is truncated"),
            ([["exit", 1]], "Runtime.ExitError", "exit status 1"),
        ],
    )
    async def test_failure(self, do: list[Any], code: str, details: str) -> None:
        """
        The last event tells of a failure.
        """
        async with raw() as function, Client(function.url) as client:
            (_, found) = (await streamed(client, *do))[-1]
            assert code == found["ErrorCode"]
            assert details in found["ErrorDetails"]

    async def test_log_tail(self) -> None:
        """
        The last event has the log.
        """
        async with raw() as function, Client(function.url) as client:
            headers = [("x-amz-log-type", "Tail")]
            found = await streamed(client, ["print", "hello"], ["result", 1], headers=headers)
            assert b"\nhello\nEND " in base64.b64decode(found[-1][1]["LogResult"])

    async def test_client_leaves(self, tmp_path: Path) -> None:
        """
        A client that leaves does not stop the function.
        """
        go, done = str(tmp_path / "go"), str(tmp_path / "done")
        do = [["stream", "a/b"], ["chunk", "a"], ["wait", go], ["bytes", 65_536, 200], ["end"], ["touch", done]]
        async with raw() as function:
            async with Client(function.url) as client:
                await client.ask(STREAM.format("function"), steps(*do))
                await client.piece()
            Path(go).touch()
            assert (await function.invoke({"do": [["wait", done], ["result", 1]]})).error is None

    async def test_no_event_type(self) -> None:
        """
        A stream that nobody waits for is refused.
        """
        async with raw() as function, Client(function.url) as client:
            headers = [("x-amz-invocation-type", "Event")]
            assert 400 == (await client.ask(STREAM.format("function"), b"1", headers=headers))[0]


class TestEnvironment:
    """
    What the function's process finds.
    """

    async def test_variables(self) -> None:
        """
        Those that AWS sets, those of this process, and those given, which win.
        """
        async with raw(environment={"AWS_REGION": "eu-west-9", "OWN": "1"}, memory=300, name="other") as function:
            result = await function.invoke({"do": [["environment"]]})
        found = result.json()
        assert ("eu-west-9", "1", "300", "other") == tuple(
            found[name] for name in ("AWS_REGION", "OWN", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME")
        )
        assert ("raw.handler", "/aws/lambda/other", "$LATEST") == tuple(
            found[name] for name in ("_HANDLER", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_FUNCTION_VERSION")
        )
        assert os.environ["PATH"] == found["PATH"]
        assert "[$LATEST]" in found["AWS_LAMBDA_LOG_STREAM_NAME"]
