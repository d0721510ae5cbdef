"""
A Runtime API that disappears, refuses, cuts its answers or gives none.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from jaystream.aws.runtime import api as client
from jaystream.aws.runtime.api import RuntimeApi
from jaystream.aws.runtime.connection import Connection
from jaystream.errors import RuntimeApiError
from tests.aws.runtime.runs import serve, streaming
from tests.aws.runtime.stand_in import StandIn


async def answer(event: Any, context: Any) -> dict[str, bool]:
    """
    An ordinary function.
    """
    return {"ok": True}


@streaming
async def stream(event: Any, context: Any) -> None:
    """
    One that streams.
    """
    context.response_stream.write(b"one")
    await (context.response_stream.write(b"two") or asyncio.sleep(0))


class TestFaults:
    """
    Each ends in an error that says what failed, or is over with the one invocation.
    """

    @pytest.mark.parametrize("address", ["", "9001", ":9001", "host:", "host:x", "http://host"])
    def test_address(self, address: str) -> None:
        """
        What is no address is refused at once.
        """
        with pytest.raises(ValueError, match="must be host:port"):
            RuntimeApi(address)

    async def test_nobody(self) -> None:
        """
        Nobody listens.
        """
        async with StandIn() as api:
            await api.disappear()
            with pytest.raises(RuntimeApiError, match=r"GET /runtime/invocation/next: cannot connect to 127"):
                await serve(api, answer)

    async def test_disappears(self) -> None:
        """
        It goes while the next invocation is waited for.
        """
        async with StandIn() as api:
            serving = asyncio.ensure_future(serve(api, answer))
            await api.polled(1)
            await api.disappear()
            with pytest.raises(RuntimeApiError, match=r"invocation/next: "):
                await serving

    @pytest.mark.parametrize("trouble", [403, 404, 500])
    async def test_next_refused(self, trouble: int) -> None:
        """
        Without a next invocation there is nothing to do.
        """
        async with StandIn() as api:
            api.trouble("/next", trouble)
            with pytest.raises(RuntimeApiError, match=rf"{trouble} .*Planted"):
                await serve(api, answer)

    async def test_next_truncated(self) -> None:
        """
        An event that ends too early is none.
        """
        async with StandIn() as api:
            api.trouble("/next", "truncate")
            with pytest.raises(RuntimeApiError, match="closed amid a reply"):
                await serve(api, answer)

    @pytest.mark.parametrize(
        ("reply", "message"),
        [
            (b"SSH-2.0-OpenSSH\r\n\r\n", "no status line"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "no Lambda-Runtime-Aws-Request-Id"),
            (b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a/b\r\nContent-Length: 0\r\n\r\n", "no id"),
        ],
    )
    async def test_next_garbage(self, reply: bytes, message: str) -> None:
        """
        What is no answer to the question is told as that.
        """
        async with StandIn() as api:
            api.trouble("/next", reply)
            with pytest.raises(RuntimeApiError, match=message):
                await serve(api, answer)

    async def test_without_length(self) -> None:
        """
        A reply that ends with its connection is one.
        """
        async with StandIn() as api:
            api.trouble("/response", b"HTTP/1.1 202 Accepted\r\n\r\nOK")
            api.offer({})
            api.offer({})
            await serve(api, answer, 2)
            assert (2, 2) == (len(api.posted), api.connections)

    async def test_closed_between(self) -> None:
        """
        A connection that was closed between two requests is opened anew, for either request.
        """
        async with StandIn() as api:
            closing = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            api.trouble("/response", closing, b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202)
            for _ in range(3):
                api.offer({})
            await serve(api, answer, 3)
            assert (3, 3) == (len(api.posted), api.connections)

    @pytest.mark.parametrize("handler", [answer, stream])
    @pytest.mark.parametrize("trouble", [400, 403, 413])
    async def test_answer_refused(self, handler: Any, trouble: int) -> None:
        """
        An answer that is refused is told to the log, and the next invocation is served.
        """
        async with StandIn() as api:
            api.trouble("/response", trouble)
            api.offer({})
            api.offer({})
            _, log = await serve(api, handler, 2)
        assert 2 == len(api.posted)
        assert (
            f"Runtime.LambdaRuntimeClientError: the Runtime API refused POST /runtime/invocation/response: {trouble}"
            in log
        )

    @pytest.mark.parametrize("handler", [answer, stream])
    @pytest.mark.parametrize("trouble", [500, "close", "truncate"])
    async def test_answer_lost(self, handler: Any, trouble: Any) -> None:
        """
        Where a sandbox is broken, or does not take an answer, the process is to end.
        """
        async with StandIn() as api:
            api.trouble("/response", trouble, trouble)  # over a kept connection it is tried twice
            api.offer({})
            with pytest.raises(RuntimeApiError, match="POST /runtime/invocation/"):
                await serve(api, handler)

    @pytest.mark.parametrize("handler", [answer, stream])
    async def test_stalls(self, handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        An answer that is never taken is waited for until Lambda would have ended the process.
        """
        monkeypatch.setattr(client, "PATIENCE", 0.1)
        async with StandIn() as api:
            api.trouble("/response", "stall")
            api.offer({}, seconds=0.1)
            with pytest.raises(RuntimeApiError, match=r"no answer within 0\.\d s"):
                await serve(api, handler)

    async def test_error_refused(self) -> None:
        """
        A report that is refused is told to the log, like an answer.
        """

        async def handler(event: Any, context: Any) -> None:
            raise LookupError

        async with StandIn() as api:
            api.trouble("/error", 403)
            api.offer({})
            _, log = await serve(api, handler)
        assert "refused POST /runtime/invocation/error: 403" in log

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    async def test_no_delay(self, host: str) -> None:
        """
        However it was connected, a small write is not held back.
        """
        async with StandIn() as api:
            connection = await Connection.open(host, int(api.address.partition(":")[2]))
            try:
                assert connection._transport is not None
                real: socket.socket = connection._transport.get_extra_info("socket")
                assert real.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            finally:
                await api.connected(1)
                connection.close()
                await asyncio.sleep(0)

    async def test_speaks_unasked(self) -> None:
        """
        Bytes that nobody asked for end the connection, not the runtime.
        """
        async with StandIn() as api:
            early = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
            api.trouble("/response", early)
            api.offer({})
            api.offer({})
            await serve(api, answer, 2)
        assert 2 == len(api.posted)
