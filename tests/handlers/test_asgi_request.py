"""
What an ASGI handler is told of its request.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream import AsgiRequest, asgi_stream_handler
from jaystream.testing import RecordingSend
from tests.handlers.asking import ask
from tests.sinks.exchange import scope


class TestRequest:
    """
    What a handler is told.
    """

    async def test_everything(self) -> None:
        """
        Method, path, query, headers, cookies, body.
        """
        found: list[AsgiRequest] = []
        text: list[str] = []

        async def look(request: AsgiRequest) -> None:
            found.append(request)
            text.append(await request.text())
            assert {"n": 1} == await request.json()

        headers = {"X-A": "1", "cookie": 'a=1; b="two"', "content-type": "application/json; charset=utf-8"}
        await ask(asgi_stream_handler(look), "/a%20b?q=1&q=2&e=", "POST", content=b'{"n": 1}', headers=headers)
        (request,) = found
        assert ("POST", "/a b", b"q=1&q=2&e=") == (request.method, request.path, request.query_string)
        assert ([("q", "1"), ("q", "2"), ("e", "")], {"q": "2", "e": ""}) == (request.query_list, request.query)
        assert ("1", {"a": "1", "b": "two"}, '{"n": 1}') == (request.headers["x-a"], request.cookies, text[0])
        assert ("http", {}, "<AsgiRequest POST /a b>") == (request.scheme, request.path_params, repr(request))
        assert (b"/a%20b", "testserver") == (request.raw_path, request.host)
        assert request.client is not None

    @pytest.mark.parametrize(
        ("content", "read"),
        [(b"{", "json"), (b"\xff", "text"), (b"123456", "body"), (b"[" * 5, "json")],
    )
    async def test_garbage(self, content: bytes, read: str) -> None:
        """
        Garbage from the client is its own fault.
        """

        async def look(request: AsgiRequest) -> None:
            await getattr(request, read)()

        answer = await ask(asgi_stream_handler(look, max_body=5), "/", "POST", content=content)
        assert 400 == answer.status

    async def test_charset(self) -> None:
        """
        Text in another charset.
        """
        found: list[str] = []

        async def look(request: AsgiRequest) -> None:
            found.append(await request.text())

        headers = {"content-type": "text/plain; charset=latin-1"}
        await ask(asgi_stream_handler(look), "/", "POST", content="ä".encode("latin-1"), headers=headers)
        assert ["ä"] == found

    async def test_replay(self) -> None:
        """
        Others may receive from it: the body at once, and then the end, when it comes.
        """
        send = RecordingSend(request=b"abc")
        request = AsgiRequest(scope("POST"), send.receive)
        assert {"type": "http.request", "body": b"abc", "more_body": False} == await request.replay()
        send.disconnect()
        assert {"type": "http.disconnect"} == await request.replay()
        assert {"type": "http.disconnect"} == await request.replay()

    async def test_alone(self) -> None:
        """
        A request may be made without a handler, and its body read at leisure, twice.
        """
        send = RecordingSend(request=b"abc")
        request = AsgiRequest(scope("POST"), send.receive)
        assert (b"abc", b"abc") == (await request.body(), await request.body())

    def test_no_request(self) -> None:
        """
        What is no scope is refused.
        """
        bad: Any = 3
        send = RecordingSend()
        with pytest.raises(TypeError, match="a mapping, not 3"):
            AsgiRequest(bad, send.receive)
        with pytest.raises(ValueError, match="not 'websocket'"):
            AsgiRequest(scope(kind="websocket"), send.receive)

    async def test_left_before_the_end_of_the_body(self) -> None:
        """
        A client that leaves while it sends stops the handler.
        """

        async def receive() -> Any:
            return messages.pop(0)

        messages: list[Any] = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]
        send = RecordingSend()

        async def look(request: AsgiRequest) -> None:
            await request.body()

        await asgi_stream_handler(look)(scope("POST"), receive, send)
        assert b"" == send.body
