"""
The client under `from_sse`: requests for event streams, again and again where the connection is lost.

What the bytes mean is `SseDecoder`'s; here are connecting, waiting and giving up. httpx2 does the HTTP, and is imported
when a request is described.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from jaystream._core.closing import cancel_requests
from jaystream._core.inspecting import describe
from jaystream._core.stages import check_int, check_seconds
from jaystream.errors import UpstreamError
from jaystream.formats.sse_decoder import SseDecoder

if TYPE_CHECKING:
    import ssl

    import httpx2

    from jaystream.formats.sse_event import SseEvent

__all__ = ["ATTEMPTS", "Reconnecting", "Request", "SseConnections"]

ATTEMPTS = 5
"""Connections that may fail one after the other, where nobody says."""

EXCERPT = 1000
"""Bytes of an answer that is no stream which are read for the error."""

LONGEST = 10**9
"""Milliseconds beyond which a server's `retry` is no number to reckon with."""

PATIENCE = 2.0
"""Seconds that they are waited for."""


_HEADERS = {
    "accept": "text/event-stream",
    # a compressor between us holds events back
    "accept-encoding": "identity",
    "cache-control": "no-store",
}


class Request:
    """
    What is sent for each connection.
    """

    __slots__ = ("_headers", "_options", "method", "name", "url")

    def __init__(self, url: Any, method: str | None, options: dict[str, Any], headers: Any, client: Any) -> None:
        import httpx2  # noqa: PLC0415 - who never asks a server need not have it

        if client is not None and not isinstance(client, httpx2.AsyncClient):
            raise TypeError(f"from_sse(client=) expects an httpx2.AsyncClient, not {describe(client)}")
        if options["json"] is not None and options["content"] is not None:
            raise TypeError("from_sse() sends one body: json= or content=, not both")
        has_body = options["json"] is not None or options["content"] is not None
        if method is not None and not isinstance(method, str):  # pyright: ignore[reportUnnecessaryIsInstance] - untyped callers
            raise TypeError(f"from_sse(method=) expects a str, not {describe(method)}")
        self.method: str = (method or ("POST" if has_body else "GET")).upper()
        try:
            self.url: httpx2.URL = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise ValueError(f"from_sse() cannot read the URL {describe(url)}: {error}") from error
        if self.url.scheme not in {"http", "https"} and (client is None or self.url.is_absolute_url):
            raise ValueError(
                f"from_sse() expects a URL that begins with http:// or https://, or bytes, not {describe(url)}"
            )
        if self.url.scheme and not self.url.host:
            raise ValueError(f"from_sse() expects a URL that names a host, not {describe(url)}")
        # what may be told: a query may hold a key
        self.name: str = str(self.url.copy_with(query=None, fragment=None, username=None, password=None))
        kept = httpx2.Headers(_HEADERS)
        kept.update(headers)
        self._options: dict[str, Any] = options
        self._headers: list[tuple[bytes, bytes]] = kept.raw

    def options(self, last_event_id: str) -> dict[str, Any]:
        """The arguments of httpx2 for one connection."""
        last = [(b"last-event-id", last_event_id.encode())] if last_event_id else []
        return {**self._options, "headers": [*self._headers, *last], "follow_redirects": True}

    def failed(self, reason: str, **more: Any) -> UpstreamError:
        """The error that says what came of it."""
        return UpstreamError(f"{self.method} {self.name}", reason, **more)


class Reconnecting:
    """
    How often and after what time.
    """

    __slots__ = ("endless", "jitter", "max_wait", "most", "wait")

    def __init__(self, most: int, *, endless: bool | None, wait: float, max_wait: float, jitter: float) -> None:
        self.most: int = check_int(most, "from_sse", "reconnect", 0)
        self.endless: bool | None = endless
        self.wait: float = check_seconds(wait, "from_sse", "wait", zero=True)
        self.max_wait: float = check_seconds(max_wait, "from_sse", "max_wait", zero=True)
        self.jitter: float = check_seconds(jitter, "from_sse", "jitter", zero=True)

    def pause(self, failures: int, retry: int | None) -> float:
        """Seconds to wait before the next connection."""
        first = self.wait if retry is None else min(retry, LONGEST) / 1000
        wait = min(first * 2.0 ** min(failures - 1, 30), self.max_wait)
        return wait * (1 + self.jitter * random.random())  # noqa: S311 - spreads load, guards nothing


@cache
def trusted() -> ssl.SSLContext:
    """
    The certificates that are trusted: reading them takes a twentieth of a second, so it is done once, at the call.
    """
    import httpx2  # noqa: PLC0415 - as above

    return httpx2.create_ssl_context()


@asynccontextmanager
async def body_of(response: httpx2.Response) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """
    The pieces of a body, which is closed behind the block, and all that httpx2 has opened to read it.
    """
    pieces = response.aiter_bytes()
    try:
        yield pieces
    finally:
        await response.aclose()
        if "network_stream" in response.extensions and response.http_version.startswith("HTTP/1"):
            # When it is closed between two pieces, httpx2 leaves one of the generators it reads through to the garbage
            # collector. Read on, they all end: behind what it holds already, the closed connection fails at once.
            with suppress(Exception):
                async for _ in pieces:
                    pass
        await pieces.aclose()


class SseConnections:
    """
    The source of `from_sse` for a URL.
    """

    __slots__ = ("client", "last_event_id", "max_event", "reconnecting", "request", "timeouts")

    def __init__(
        self,
        request: Request,
        reconnecting: Reconnecting,
        client: httpx2.AsyncClient | None,
        *,
        last_event_id: str,
        max_event: int | None,
        timeouts: tuple[float | None, float | None],
    ) -> None:
        SseDecoder(max_event=max_event)  # bad arguments fail here
        if client is None:
            trusted()
        self.request: Request = request
        self.reconnecting: Reconnecting = reconnecting
        self.client: httpx2.AsyncClient | None = client
        self.last_event_id: str = last_event_id
        self.max_event: int | None = max_event
        self.timeouts: tuple[float | None, float | None] = timeouts

    async def __aiter__(self) -> AsyncGenerator[SseEvent, None]:
        import httpx2  # noqa: PLC0415 - it is loaded, see `Request`

        connect, idle = self.timeouts
        timeout = httpx2.Timeout(connect=connect, read=idle, write=connect, pool=connect)
        decoder = SseDecoder(max_event=self.max_event)
        decoder.last_event_id = self.last_event_id
        decoder.flush()
        client = self.client or httpx2.AsyncClient(verify=trusted())
        request, reconnecting = self.request, self.reconnecting
        failures = 0
        opened = False
        requests = cancel_requests()
        lost: Exception | None = None
        try:
            while True:
                lost = None
                try:
                    options = request.options(decoder.last_event_id)
                    async with client.stream(request.method, request.url, timeout=timeout, **options) as response:
                        if response.status_code == 204:
                            return
                        await self._check(response)
                        opened = True
                        async with body_of(response) as pieces:
                            async for data in pieces:
                                for event in decoder.feed(data):
                                    failures = 0
                                    yield event
                except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol):
                    raise
                except httpx2.RequestError as error:
                    if cancel_requests() > requests:
                        raise  # a cancellation that was dressed up as an error
                    lost = error
                    if not opened or not isinstance(error, httpx2.TransportError):
                        raise self._lost(error, 0) from error
                decoder.flush()
                failures += 1
                if lost is None and not self._wants_more(decoder):
                    return
                if failures > reconnecting.most:
                    if lost is None:
                        return
                    raise self._lost(lost, failures) from lost
                await asyncio.sleep(reconnecting.pause(failures, decoder.retry))
        finally:
            lost = None  # its traceback leads here: no circle is left behind
            if self.client is None:
                await client.aclose()

    def _wants_more(self, decoder: SseDecoder) -> bool:
        """Whether a body that ended well is to be asked for again."""
        if self.reconnecting.endless is not None:
            return self.reconnecting.endless
        return decoder.retry is not None or bool(decoder.last_event_id)

    def _lost(self, error: Exception, failures: int) -> UpstreamError:
        import httpx2  # noqa: PLC0415 - as above

        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if failures > 1:
            what += f", and {failures - 1} more connections before it failed, none of which brought an event"
        return self.request.failed(what, timed_out=isinstance(error, httpx2.TimeoutException))

    async def _check(self, response: httpx2.Response) -> None:
        """
        Raises:
            UpstreamError: If the answer is no event stream.
        """
        status, kind = response.status_code, response.headers.get("content-type", "")
        if status == 200 and kind.partition(";")[0].strip().lower() == "text/event-stream":
            return
        reason = f"answered with status {status}"
        if status == 200:
            reason = f"answered with content type {kind!r}, which is not text/event-stream"
        begin = bytearray()
        try:
            async with asyncio.timeout(PATIENCE), body_of(response) as pieces:
                async for data in pieces:
                    begin += data[:EXCERPT]
                    if len(begin) >= EXCERPT:
                        break
        except Exception:  # noqa: BLE001, S110 - what was wrong is known already; this would say more of it
            pass
        wait = response.headers.get("retry-after", "")
        raise self.request.failed(
            reason,
            upstream_status=status,
            excerpt=begin[:EXCERPT].decode("utf-8", "replace"),
            retry_after=float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 10 else None,
        )

    def __repr__(self) -> str:
        return f"from_sse({self.request.name!r})"
