"""
The emulator's Runtime API as a runtime sees it, with the test in the runtime's place: what it may ask, in which order.
"""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import create_task_group
from anyio.abc import SocketAttribute

from jaystream.aws.emulator.exchange import serve
from jaystream.aws.emulator.invocation import Invocation
from jaystream.aws.emulator.runtime_api import RuntimeApi
from jaystream.aws.emulator.settings import Settings
from tests.aws.emulated import Client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from anyio.abc import SocketStream

BASE = "/2018-06-01/runtime/"
SETTINGS = Settings(handler="a.b")


@asynccontextmanager
async def served() -> AsyncGenerator[tuple[RuntimeApi, str]]:
    """
    A Runtime API and its address.
    """
    api = RuntimeApi()

    async def connection(stream: SocketStream) -> None:
        await serve(api, stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, create_task_group() as group:
        group.start_soon(listener.serve, connection)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        yield api, f"http://127.0.0.1:{port}"
        group.cancel_scope.cancel()


async def given(api: RuntimeApi, client: Client, *, streamed: bool = True) -> Invocation:
    """
    Hand an invocation to a runtime that asks for it.
    """
    invocation = Invocation(SETTINGS, b'{"a":1}', "test", streamed=streamed)
    async with create_task_group() as group:
        group.start_soon(_give, api, invocation)
        status, headers = await client.ask(f"{BASE}invocation/next", method="GET")
        assert (200, invocation.id) == (status, headers["lambda-runtime-aws-request-id"])
    assert b'{"a":1}' == await client.body()
    client.again()
    return invocation


async def _give(api: RuntimeApi, invocation: Invocation) -> None:
    await api.until("ready")
    invocation.start()
    api.give(invocation)


async def refused(client: Client) -> tuple[str, str]:
    """
    The type and the message of an error.
    """
    said = json.loads(await client.body())
    client.again()
    return said["errorType"], said["errorMessage"]


class TestOrder:
    """
    States.
    """

    async def test_next_before_response(self) -> None:
        """
        The next invocation is refused to a runtime that has one.
        """
        async with served() as (api, url), Client(url) as client:
            await given(api, client)
            assert 403 == (await client.ask(f"{BASE}invocation/next", method="GET"))[0]
            kind, message = await refused(client)
            assert "InvalidStateTransition" == kind
            assert message.startswith(
                "State transition from running to ready is not allowed: an invocation is answered"
            )

    async def test_second_response(self) -> None:
        """
        A second response is refused, and so is an error after a response.
        """
        async with served() as (api, url), Client(url) as client:
            invocation = await given(api, client)
            assert 202 == (await client.ask(f"{BASE}invocation/{invocation.id}/response", b"1"))[0]
            assert b'{"status":"OK"}\n' == await client.body()
            client.again()
            for what in ("response", "error"):
                assert 403 == (await client.ask(f"{BASE}invocation/{invocation.id}/{what}", b"2"))[0]
                assert "InvalidStateTransition" == (await refused(client))[0]
            assert b"1" == await invocation.reply.get()
            assert await invocation.reply.get() is None

    async def test_error_amid_a_response(self) -> None:
        """
        An error on a second connection, while a response is under way, is refused at once.
        """
        async with served() as (api, url), Client(url) as client, Client(url) as other:
            invocation = await given(api, client)
            await client.stream.send(
                f"POST {BASE}invocation/{invocation.id}/response HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n"
                "lambda-runtime-function-response-mode: streaming\r\n\r\n1\r\na\r\n".encode()
            )
            assert b"a" == await invocation.reply.get()
            assert 403 == (await other.ask(f"{BASE}invocation/{invocation.id}/error", b"{}"))[0]

    @pytest.mark.parametrize("headers", [[], [("lambda-runtime-invocation-id", "other")]])
    async def test_another_id(self, headers: list[tuple[str, str]]) -> None:
        """
        A response to an invocation that is not this one's is refused.
        """
        async with served() as (api, url), Client(url) as client:
            invocation = await given(api, client)
            name = invocation.id if headers else "another"
            assert 400 == (await client.ask(f"{BASE}invocation/{name}/response", b"1", headers=headers))[0]
            assert ("InvalidRequestID", "Invalid request ID") == await refused(client)
            assert not invocation.reply.finished

    async def test_echoed_id(self) -> None:
        """
        The invocation's id may be echoed.
        """
        async with served() as (api, url), Client(url) as client:
            invocation = await given(api, client)
            headers = [("lambda-runtime-invocation-id", invocation.id)]
            assert 202 == (await client.ask(f"{BASE}invocation/{invocation.id}/response", b"1", headers=headers))[0]

    async def test_init_error_after_start(self) -> None:
        """
        A runtime that has asked for an invocation has started.
        """
        async with served() as (api, url), Client(url) as client:
            await given(api, client)
            assert 403 == (await client.ask(f"{BASE}init/error", b"{}"))[0]

    @pytest.mark.parametrize("what", ["init", "restore"])
    async def test_init_error(self, what: str) -> None:
        """
        One that has failed gets nothing more.
        """
        async with served() as (api, url), Client(url) as client:
            headers = [("lambda-runtime-function-error-type", "Runtime.Odd")]
            assert 202 == (await client.ask(f"{BASE}{what}/error", b'{"a":1}', headers=headers))[0]
            await client.body()
            client.again()
            assert ("Runtime.Odd", b'{"a":1}') == api.init_failure
            assert 403 == (await client.ask(f"{BASE}invocation/next", method="GET"))[0]

    async def test_restore(self) -> None:
        """
        A restored snapshot is the one that was taken: it goes on at once.
        """
        async with served() as (_, url), Client(url) as client:
            assert 200 == (await client.ask(f"{BASE}restore/next", method="GET"))[0]

    async def test_next_on_another_connection(self) -> None:
        """
        A runtime that asks again on another connection is answered there, and the older one is closed.
        """
        ask = f"GET {BASE}invocation/next HTTP/1.1\r\nhost: a\r\n\r\n".encode()
        async with served() as (api, url), Client(url) as older, Client(url) as client:
            await older.stream.send(ask)
            await api.until("ready")
            await client.stream.send(ask)
            with pytest.raises(anyio.EndOfStream):
                await older.stream.receive()
            await _give(api, Invocation(SETTINGS, b"1", "test", streamed=True))
            assert (await client.stream.receive()).startswith(b"HTTP/1.1 200 ")

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/"), ("POST", f"{BASE}invocation/next"), ("GET", f"{BASE}x")]
    )
    async def test_no_such_path(self, method: str, path: str) -> None:
        """
        Everything else is not found.
        """
        async with served() as (_, url), Client(url) as client:
            assert 404 == (await client.ask(path, method=method))[0]


class TestTrailers:
    """
    How a stream ends.
    """

    @staticmethod
    async def end(trailers: str) -> Invocation:
        """
        A stream that ends with *trailers*.
        """
        async with served() as (api, url), Client(url) as client:
            invocation = await given(api, client)
            await client.stream.send(
                f"POST {BASE}invocation/{invocation.id}/response HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n"
                f"lambda-runtime-function-response-mode: streaming\r\n\r\n0\r\n{trailers}\r\n".encode()
            )
            assert (await client.stream.receive()).startswith(b"HTTP/1.1 202 ")
            return invocation

    async def test_none(self) -> None:
        """
        Without trailers it is a success, of no type that was told.
        """
        reply = (await self.end("")).reply
        assert (None, False, "application/octet-stream") == (reply.failure, reply.cut, reply.content_type)

    @pytest.mark.parametrize(
        ("kind", "body", "failure"),
        [
            ("Handler.Bad", b64encode(b'{"a":1}').decode(), ("Handler.Bad", b'{"a":1}')),
            ("Bad", "not base64", ("Bad", b"not base64")),
            ("Bad", None, ("Bad", b"{}")),
            (None, b64encode(b"{}").decode(), ("Runtime.Unknown", b"{}")),
        ],
    )
    async def test_error(self, kind: str | None, body: str | None, failure: Any) -> None:
        """
        The type passes as it is; what is no base64 does, too.
        """
        name = "Lambda-Runtime-Function-Error-"
        lines = "".join(
            f"{name}{key}: {value}\r\n" for key, value in (("Type", kind), ("Body", body)) if value is not None
        )
        assert failure == (await self.end(lines)).reply.failure

    async def test_long(self) -> None:
        """
        A traceback of 500 KB fits into a trailer.
        """
        body = b64encode(b"x" * 500_000).decode()
        invocation = await self.end(
            f"Lambda-Runtime-Function-Error-Type: A\r\nLambda-Runtime-Function-Error-Body: {body}\r\n"
        )
        assert invocation.reply.failure is not None
        assert 500_000 == len(invocation.reply.failure.payload)
