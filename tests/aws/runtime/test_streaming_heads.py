"""
Streamed responses to HTTP clients: status and headers at once, and bodies that are empty.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.aws.runtime.runs import ALB_EVENT, REST_EVENT, URL_EVENT, serve, streaming
from tests.aws.runtime.stand_in import StandIn

PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"


class TestHeads:
    """
    By the kind of event.
    """

    async def test_at_once(self) -> None:
        """
        The head of an HTTP answer has left before the first piece of body is there, alone in its chunk.
        """
        go = asyncio.Event()

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.start(201, [("X-A", "1")], ["a=b"])
            await go.wait()
            context.response_stream.write(b"body")

        async with StandIn() as api:
            api.offer(URL_EVENT)
            serving = asyncio.ensure_future(serve(api, handler))
            posted = await api.has(1)
            assert 1 == len(posted.pieces)
            go.set()
            await serving
        head, _, rest = posted.pieces[0].partition(bytes(8))
        assert {"statusCode": 201, "headers": {"x-a": "1"}, "cookies": ["a=b"]} == json.loads(head)
        assert (b"", [b"body"]) == (rest, posted.pieces[1:])
        assert PRELUDE_TYPE == posted.headers["content-type"]

    async def test_prelude_of_its_own(self) -> None:
        """
        For an HTTP event there is a prelude though the handler gave a content type alone.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.set_content_type("text/plain")
            context.response_stream.write(b"body")

        async with StandIn() as api:
            api.offer(REST_EVENT)
            await serve(api, handler)
        head, _, _ = api.posted[0].pieces[0].partition(bytes(8))
        assert {"statusCode": 200, "headers": {"content-type": "text/plain"}} == json.loads(head)
        assert [b"body"] == api.posted[0].pieces[1:]

    async def test_rest_keys(self) -> None:
        """
        A REST API takes several values by a key of its own.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.start(200, [("a", "1"), ("a", "2")], [])

        async with StandIn() as api:
            api.offer(REST_EVENT)
            await serve(api, handler)
        head, _, _ = api.posted[0].body.partition(bytes(8))
        assert {"statusCode": 200, "headers": {}, "multiValueHeaders": {"a": ["1", "2"]}} == json.loads(head)

    async def test_whole_answer(self) -> None:
        """
        A front that cannot stream gets one answer at the end.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            stream = context.response_stream
            stream.start(200, [("content-type", "text/plain")], [])
            stream.write(b"in ")
            stream.write(b"one")

        async with StandIn() as api:
            api.offer(ALB_EVENT)
            await serve(api, handler)
        (posted,) = api.posted
        assert "lambda-runtime-function-response-mode" not in posted.headers
        assert ("in one", 200) == (posted.json["body"], posted.json["statusCode"])

    async def test_whole_answer_refused(self) -> None:
        """
        A head that such a front does not take is refused where it is given.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.start(99)

        async with StandIn() as api:
            api.offer(ALB_EVENT)
            await serve(api, handler)
        assert api.posted[0].target.endswith("/error")
        assert "99" in api.posted[0].json["errorMessage"]

    async def test_not_for_http(self) -> None:
        """
        A caller that is no HTTP client gets the content type that the head has, and the body.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.start(200, [("Content-Type", "text/csv")], [])
            context.response_stream.write(b"a,b")

        async with StandIn() as api:
            api.offer({"x": 1})
            await serve(api, handler)
        assert ("text/csv", [b"a,b"]) == (api.posted[0].headers["content-type"], api.posted[0].pieces)

    @pytest.mark.parametrize(
        ("empty_body", "status", "expected", "rest"),
        [
            ("none", 200, {"statusCode": 200, "headers": {}}, b""),
            ("none", 204, {"statusCode": 204, "headers": {}}, b""),
            ("newline", 200, {"statusCode": 200, "headers": {}}, b"\n"),
            ("newline", 204, {"statusCode": 204, "headers": {}}, b""),
            ("json204", 204, {"statusCode": 200, "headers": {"content-type": "application/json"}}, b"{}"),
            ("json204", 200, {"statusCode": 200, "headers": {}}, b""),
        ],
    )
    async def test_empty_body(self, empty_body: str, status: int, expected: dict[str, Any], rest: bytes) -> None:
        """
        What stands in the place of no body is the function's choice.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.start(status, [("content-length", "5")], [])

        async with StandIn() as api:
            api.offer(URL_EVENT)
            await serve(api, handler, empty_body=empty_body)
        head, _, body = api.posted[0].body.partition(bytes(8))
        assert (expected, rest) == (json.loads(head), body)

    async def test_head_request(self) -> None:
        """
        The answer to HEAD says that no body comes; so does one whose handler has said it.
        """
        event = {**URL_EVENT, "requestContext": {**URL_EVENT["requestContext"], "http": {"method": "HEAD"}}}

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.start(200, [("content-length", "0")], [])

        async with StandIn() as api:
            api.offer(event)
            api.offer(URL_EVENT)
            await serve(api, handler, 2)
        heads = [json.loads(posted.body.partition(bytes(8))[0]) for posted in api.posted]
        assert [{"statusCode": 200, "headers": {"content-length": "0"}}] * 2 == heads

    async def test_head_too_long(self) -> None:
        """
        A head that no front would read is refused before anything has left, and the invocation fails.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.start(200, [("x", "y" * 17_000)], [])

        async with StandIn() as api:
            api.offer(URL_EVENT)
            await serve(api, handler)
        (posted,) = api.posted
        assert posted.target.endswith("/error")
        assert "16384" in posted.json["errorMessage"]
