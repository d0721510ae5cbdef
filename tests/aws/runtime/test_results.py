"""
A streaming handler that answers with a whole result: `respond`, and web apps that use it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from jaystream import create_lambda_stream_handler
from jaystream.errors import ResponseEndedError, ResponseStartedError
from tests.aws.contexts import body, sending, start
from tests.aws.runtime.runs import ALB_EVENT, REST_EVENT, URL_EVENT, serve, streaming
from tests.aws.runtime.stand_in import StandIn


class TestRespond:
    """
    Against a Runtime API that reads with h11.
    """

    @pytest.mark.parametrize("event", [{}, URL_EVENT])
    async def test_result(self, event: dict[str, Any]) -> None:
        """
        It is sent as a function's result is, by AWS's rules, whatever the event is.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.respond({"n": Decimal("1.5"), "t": ("ä",)})
            assert context.response_stream.ended

        async with StandIn() as api:
            api.offer(event)
            await serve(api, handler)
        (posted,) = api.posted
        assert {"n": 1.5, "t": ["ä"]} == posted.json
        assert "application/json" == posted.headers["content-type"]
        assert "lambda-runtime-function-response-mode" not in posted.headers

    async def test_too_late(self) -> None:
        """
        After the first byte, and after the end, there is no result any more.
        """
        seen: list[type[BaseException]] = []

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.write(b"x")
            for end in (False, True):
                if end:
                    context.response_stream.end()
                with pytest.raises((ResponseStartedError, ResponseEndedError)) as caught:
                    context.response_stream.respond(1)
                seen.append(caught.type)

        async with StandIn() as api:
            api.offer({})
            await serve(api, handler)
        assert [ResponseStartedError, ResponseEndedError] == seen
        assert b"x" == api.posted[0].body

    async def test_no_json(self) -> None:
        """
        A result that JSON has no form for fails the invocation.
        """

        @streaming
        async def handler(event: Any, context: Any) -> None:
            context.response_stream.respond({1, 2})

        async with StandIn() as api:
            api.offer({})
            await serve(api, handler)
        (posted,) = api.posted
        assert posted.target.endswith("/error")
        assert "Runtime.MarshalError" == posted.json["errorType"]

    @pytest.mark.parametrize("event", [ALB_EVENT, URL_EVENT, REST_EVENT])
    async def test_app(self, event: dict[str, Any]) -> None:
        """
        A web app that shall not stream, or cannot, answers so.
        """
        app = sending(start(201, ("content-type", "text/plain")), body(b"one ", more=True), body(b"two"))
        async with StandIn() as api:
            api.offer(event)
            await serve(api, create_lambda_stream_handler(app, lifespan="off", streams=()))
        (posted,) = api.posted
        assert (201, "one two") == (posted.json["statusCode"], posted.json["body"])
        assert "lambda-runtime-function-response-mode" not in posted.headers

    async def test_app_that_streams(self) -> None:
        """
        One that shall stream sends its head alone, and then its pieces.
        """
        app = sending(start(201, ("content-type", "text/plain")), body(b"one ", more=True), body(b"two"))
        async with StandIn() as api:
            api.offer(URL_EVENT)
            await serve(api, create_lambda_stream_handler(app, lifespan="off"))
        (posted,) = api.posted
        assert [b"one ", b"two"] == posted.pieces[1:]
        assert posted.pieces[0].endswith(bytes(8))
