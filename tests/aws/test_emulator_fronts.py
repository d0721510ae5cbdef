"""
The Function URL and REST fronts of the emulator, over real sockets, before a real runtime process.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import h11
import pytest

from jaystream.handlers.lambda_request import LambdaRequest
from tests.aws.emulated import Client, raw, steps

if TYPE_CHECKING:
    from jaystream.aws.emulator.settings import Front

REST_PATH = "/restapis/local/prod/_user_request_"

FAILURES: list[tuple[list[Any], int]] = [
    ([["error", "Function.Bad", "{}"]], 502),
    ([["exit", 3]], 502),
    ([["prelude", {"statusCode": 700}], ["end"]], 500),
    ([["prelude", {"multiValueHeaders": {"a": ["b"]}}], ["end"]], 500),
    ([["prelude", {"headers": {"a": "b\r\nc: d"}}], ["end"]], 500),
    ([["prelude", {"headers": {"a": "b" * 16_384}}], ["end"]], 500),
    ([["prelude", []], ["end"]], 500),
    ([["stream", "application/vnd.awslambda.http-integration-response"], ["bytes", 20_000, 1], ["end"]], 500),
    ([["stream", "application/vnd.awslambda.http-integration-response"], ["chunk", "{}"], ["end"]], 500),
    ([["stream", "application/vnd.awslambda.http-integration-response"], ["cut"]], 500),
]


class TestStreams:
    """
    Responses as they come.
    """

    async def test_prelude(self) -> None:
        """
        Status, headers and cookies of the prelude are the response's, and each chunk is one of its own.
        """
        head = {"statusCode": 201, "headers": {"content-type": "text/plain", "x-a": "b"}, "cookies": ["c=1; A", "d=2"]}
        async with raw() as function, Client(function.url) as client:
            do = steps(["prelude", head], ["chunk", "one"], ["chunk", "two"], ["end"])
            status, headers = await client.ask(body=do)
            assert (201, "text/plain", "b") == (status, headers["content-type"], headers["x-a"])
            assert ["c=1; A", "d=2"] == [value for name, value in client.headers if name == "set-cookie"]
            assert "chunked" == headers["transfer-encoding"]
            assert 36 == len(headers["x-amzn-requestid"])
            assert [b"one", b"two", None] == [await client.piece() for _ in range(3)]

    async def test_chunks_as_they_come(self, tmp_path: Path) -> None:
        """
        A chunk is there while the function waits to write the next.
        """
        go = tmp_path / "go"
        do = steps(["prelude", {"statusCode": 200}], ["chunk", "one"], ["wait", str(go)], ["chunk", "two"], ["end"])
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=do)
            assert b"one" == await client.piece()
            go.touch()
            assert b"two" == await client.body()

    async def test_head_before_body(self, tmp_path: Path) -> None:
        """
        The status is there before the first byte of a body.
        """
        go = tmp_path / "go"
        async with raw() as function, Client(function.url) as client:
            status, _ = await client.ask(body=steps(["prelude", {"statusCode": 202}], ["wait", str(go)], ["end"]))
            assert 202 == status
            go.touch()
            assert b"" == await client.body()

    async def test_other_type(self) -> None:
        """
        A stream without a prelude is a 200 of its own type.
        """
        async with raw() as function, Client(function.url) as client:
            status, headers = await client.ask(body=steps(["stream", "text/event-stream"], ["chunk", "a"], ["end"]))
            assert (200, "text/event-stream") == (status, headers["content-type"])
            assert b"a" == await client.body()

    async def test_prelude_and_body_in_one_chunk(self) -> None:
        """
        Bytes behind the prelude in its own chunk are the body's first.
        """
        text = json.dumps({"statusCode": 200}) + "\0" * 8 + "body"
        kind = "application/vnd.awslambda.http-integration-response"
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=steps(["stream", kind], ["chunk", text[:7]], ["chunk", text[7:]], ["end"]))
            assert b"body" == await client.body()

    @pytest.mark.parametrize("status", [204, 304])
    async def test_no_body(self, status: int) -> None:
        """
        What has no body ends with its head, and the connection goes on.
        """
        async with raw() as function, Client(function.url) as client:
            for _ in range(2):
                found, headers = await client.ask(body=steps(["prelude", {"statusCode": status}], ["end"]))
                assert status == found
                assert "transfer-encoding" not in headers
                assert b"" == await client.body()
                client.again()

    async def test_empty_with_length(self) -> None:
        """
        A length of 0 in the prelude is passed on.
        """
        head = {"statusCode": 200, "headers": {"content-length": "0"}}
        async with raw() as function, Client(function.url) as client:
            _, headers = await client.ask(body=steps(["prelude", head], ["end"]))
            assert "0" == headers["content-length"]
            assert b"" == await client.body()

    async def test_head_request(self) -> None:
        """
        A HEAD request gets the head alone, whatever the function writes.
        """
        async with raw() as function, Client(function.url) as client:
            do = steps(["prelude", {"statusCode": 200}], ["chunk", "a"], ["end"])
            status, _ = await client.ask(body=do, method="HEAD")
            assert 200 == status

    async def test_failure_amid(self) -> None:
        """
        An error in the trailers is, to a Function URL's client, an end like any other.
        """
        do = steps(["prelude", {"statusCode": 200}], ["chunk", "a"], ["fail", "Handler.ValueError", "{}"])
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=do)
            assert b"a" == await client.body()

    @pytest.mark.parametrize("end", [["cut"], ["exit", 1]])
    async def test_cut(self, end: list[Any]) -> None:
        """
        A response that the runtime cuts, or dies in, is cut for the client too.
        """
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=steps(["prelude", {"statusCode": 200}], ["chunk", "a"], end))
            with pytest.raises(h11.RemoteProtocolError, match="closed connection"):
                await client.body()

    async def test_length_that_is_wrong(self) -> None:
        """
        More bytes than the stated length end the connection.
        """
        head = {"statusCode": 200, "headers": {"content-length": "3"}}
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=steps(["prelude", head], ["chunk", "ab"], ["chunk", "cd"], ["end"]))
            with pytest.raises(h11.RemoteProtocolError, match="without sending complete"):
                await client.body()

    @pytest.mark.parametrize(("do", "status"), FAILURES)
    async def test_failure(self, do: list[Any], status: int) -> None:
        """
        What is no response is an error of the front's, with AWS's words, and the function answers the next request.
        """
        async with raw() as function, Client(function.url) as client:
            found, _ = await client.ask(body=steps(*do))
            assert (status, b"Internal Server Error") == (found, await client.body())
            client.again()
            assert 200 == (await client.ask(body=steps(["result", 1])))[0]

    async def test_not_unpacked(self) -> None:
        """
        A result that was meant for a buffered front is passed on as it is, as on AWS.
        """
        result = {"statusCode": 201, "body": "hi"}
        async with raw() as function, Client(function.url) as client:
            status, headers = await client.ask(body=steps(["result", result]))
            assert (200, "application/json") == (status, headers["content-type"])
            assert result == json.loads(await client.body())

    async def test_client_leaves(self, tmp_path: Path) -> None:
        """
        A client that leaves does not stop the function, which writes to its end.
        """
        go, done = tmp_path / "go", tmp_path / "done"
        do = steps(
            ["prelude", {"statusCode": 200}],
            ["chunk", "a"],
            ["wait", str(go)],
            ["bytes", 65_536, 200],
            ["end"],
            ["touch", str(done)],
        )
        async with raw(concurrency=2) as function:
            async with Client(function.url) as client:
                await client.ask(body=do)
                await client.piece()
            go.touch()
            assert [b"1"] == (await function.invoke({"do": [["wait", str(done)], ["result", 1]]})).pieces


class TestRest:
    """
    The REST API with streams.
    """

    async def test_multi_value_headers(self) -> None:
        """
        Its prelude may have several values of a header.
        """
        head = {"headers": {"x-one": "1"}, "multiValueHeaders": {"x-two": ["a", "b"]}}
        async with raw() as function, Client(function.rest_url) as client:
            await client.ask(f"{REST_PATH}/a", steps(["prelude", head], ["chunk", "a"], ["end"]))
            found = [pair for pair in client.headers if pair[0] in {"x-one", "x-two"}]
            assert [("x-two", "a"), ("x-two", "b"), ("x-one", "1")] == found
            assert b"a" == await client.body()

    async def test_event(self) -> None:
        """
        The path is what stands behind the stage; names of headers keep their case.
        """
        async with raw() as function, Client(function.rest_url) as client:
            await client.ask(f"{REST_PATH}/a%20b?q=1&q=2", steps(["echo"]), headers=[("X-Case", "1"), ("X-Case", "2")])
            event = json.loads(await client.body())
            assert ("/a%20b", "POST", "prod") == (event["path"], event["httpMethod"], event["requestContext"]["stage"])
            assert {"q": ["1", "2"]} == event["multiValueQueryStringParameters"]
            assert ["1", "2"] == event["multiValueHeaders"]["X-Case"]
            assert "127.0.0.1" == event["requestContext"]["identity"]["sourceIp"]

    @pytest.mark.parametrize("do", [[["result", {"statusCode": 200}]], [["stream", "text/plain"], ["end"]]])
    async def test_no_prelude(self, do: list[Any]) -> None:
        """
        Without a prelude it is a 500.
        """
        async with raw(front="rest") as function, Client(function.url) as client:
            status, _ = await client.ask(body=steps(*do))
            assert (500, {"message": "Internal server error"}) == (status, json.loads(await client.body()))

    async def test_failure(self) -> None:
        """
        A function that fails is a 502.
        """
        async with raw(front="rest") as function, Client(function.url) as client:
            status, _ = await client.ask(body=steps(["error", "Function.Bad", "{}"]))
            assert (502, {"message": "Internal server error"}) == (status, json.loads(await client.body()))


class TestBuffered:
    """
    Fronts that take a whole response, and unpack it.
    """

    FRONTS = ("function-url-buffered", "http-api", "rest-buffered", "alb")

    @pytest.mark.parametrize("front", FRONTS)
    async def test_result(self, front: Front) -> None:
        """
        Status, headers and body of the proxy's result.
        """
        result = {"statusCode": 201, "headers": {"content-type": "text/plain"}, "body": "aGk=", "isBase64Encoded": True}
        async with raw(front=front) as function, Client(function.url) as client:
            status, headers = await client.ask(body=steps(["result", result]))
            assert (201, "text/plain", "2") == (status, headers["content-type"], headers["content-length"])
            assert b"hi" == await client.body()

    @pytest.mark.parametrize("front", FRONTS)
    async def test_event(self, front: Front) -> None:
        """
        Each front gives events of its own kind.
        """
        async with raw(front=front) as function, Client(function.url) as client:
            await client.ask("/a?b=c", steps(["proxy"]), headers=[("cookie", "d=e; f=g")])
            request = LambdaRequest(json.loads(await client.body()))
            assert front.removesuffix("-buffered") == request.kind
            assert ("POST", "/a", {"b": "c"}) == (request.method, request.path, request.query)
            assert {"d": "e", "f": "g"} == request.cookies
            assert ("http", "127.0.0.1") == (request.scheme, request.client)
            assert client.target.netloc == request.host
            assert steps(["proxy"]) == request.body

    async def test_stream_that_fails(self) -> None:
        """
        A stream is collected, and counts as failed when its trailers say so.
        """
        async with raw(front="http-api") as function, Client(function.url) as client:
            do = steps(["stream", "a/b"], ["chunk", "a"], ["fail", "Handler.Bad", "{}"])
            assert 502 == (await client.ask(body=do))[0]

    async def test_any_json(self) -> None:
        """
        Payload 2.0 takes any JSON for a body.
        """
        async with raw(front="http-api") as function, Client(function.url) as client:
            for result, body in ((["a"], b'["a"]'), ("text", b"text"), ({"a": 1}, b'{"a": 1}')):
                status, headers = await client.ask(body=steps(["result", result]))
                assert (200, "application/json") == (status, headers["content-type"])
                assert body == await client.body()
                client.again()

    @pytest.mark.parametrize("front", FRONTS)
    @pytest.mark.parametrize(
        "do", [["result", {"statusCode": 99}], ["result", {"statusCode": 200, "body": 1}], ["exit", 1]]
    )
    async def test_failure(self, front: Front, do: list[Any]) -> None:
        """
        What is no result is a 502.
        """
        async with raw(front=front) as function, Client(function.url) as client:
            assert 502 == (await client.ask(body=steps(do)))[0]


class TestRequests:
    """
    What comes from the client.
    """

    async def test_binary(self) -> None:
        """
        A body that is no text goes as base64.
        """
        body = steps(["event"]) + b" "
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=body, headers=[("content-type", "image/png")])
            event = json.loads(await client.body())
            assert event["isBase64Encoded"]
            assert body == LambdaRequest(event).body

    async def test_too_large(self) -> None:
        """
        More than 6 MiB is refused, when all of it has been read.
        """
        async with raw() as function, Client(function.url) as client:
            status, _ = await client.ask(body=b"x" * (6 << 20))
            assert (413, {"Message": "Request Entity Too Large"}) == (status, json.loads(await client.body()))
            assert [] == function.logs

    async def test_expect_continue(self) -> None:
        """
        A client that waits for a go-ahead gets it.
        """
        async with raw() as function, Client(function.url) as client:
            await client.stream.send(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
            assert b"HTTP/1.1 100 \r\n\r\n" == await client.stream.receive()
            await client.stream.send(b"null")
            assert (await client.stream.receive()).startswith(b"HTTP/1.1 200 ")

    async def test_whole_address(self) -> None:
        """
        A client that takes it for a proxy names the host in its request.
        """
        async with raw() as function, Client(function.url) as client:
            await client.ask("http://127.0.0.1:9/a/b?c=d", method="GET")
            event = json.loads(await client.body())
            assert ("/a/b", "c=d") == (event["rawPath"], event["rawQueryString"])

    async def test_not_http(self) -> None:
        """
        What is no HTTP is answered with 400, and the connection is closed.
        """
        async with raw() as function, Client(function.url) as client:
            await client.stream.send(b"hello\r\n\r\n")
            assert (await client.stream.receive()).startswith(b"HTTP/1.1 400 ")
            with pytest.raises(anyio.EndOfStream):
                while True:
                    await client.stream.receive()

    async def test_old_http(self) -> None:
        """
        A client of HTTP/1.0 gets a body that ends with the connection.
        """
        async with raw() as function, Client(function.url) as client:
            body = steps(["prelude", {"statusCode": 200}], ["chunk", "one"], ["end"])
            await client.stream.send(b"POST / HTTP/1.0\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            received = b""
            with pytest.raises(anyio.EndOfStream):
                while True:
                    received += await client.stream.receive()
            assert received.endswith(b"\r\n\r\none")
            assert b"chunked" not in received

    async def test_trace(self) -> None:
        """
        A client's trace reaches the function.
        """
        async with raw() as function, Client(function.url) as client:
            await client.ask(body=steps(["told"]), headers=[("x-amzn-trace-id", "Root=1-2-3")])
            assert "Root=1-2-3" == json.loads(await client.body())["lambda-runtime-trace-id"]
