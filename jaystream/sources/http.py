"""
Server-sent events from elsewhere: `from_sse`. The client that asks for them is `sse_client`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from jaystream._core.inspecting import describe
from jaystream._core.plan import Described, T_co
from jaystream._core.stages import AnySource, check_seconds
from jaystream.formats.sse_event import check_id
from jaystream.formats.wire import DEFAULT_LIMIT
from jaystream.sources.make import make

if TYPE_CHECKING:
    import httpx2

    from jaystream.formats.sse_event import SseEvent
    from jaystream.stream import JaypieStream

__all__ = ["FromSseMixin"]


class FromSseMixin(Described[T_co]):
    """
    `from_sse`.
    """

    __slots__ = ()

    @classmethod
    def from_sse(
        cls,
        source: str | httpx2.URL | bytes | bytearray | AnySource[bytes],
        *,
        method: str | None = None,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | str | None = None,
        client: httpx2.AsyncClient | None = None,
        reconnect: int | None = None,
        endless: bool | None = None,
        wait: float = 1.0,
        max_wait: float = 30.0,
        jitter: float = 0.5,
        last_event_id: str = "",
        connect_timeout: float | None = 10.0,
        idle: float | None = None,
        max_event: int | None = DEFAULT_LIMIT,
    ) -> JaypieStream[SseEvent]:
        """
        Stream the server-sent events of a URL, or of bytes that are here already.

        A connection that is lost is made again, as a browser makes it: after the time that the server named in `retry`,
        with the id of the last event as `Last-Event-ID`, so that a server that keeps events goes on where it stopped.

        Args:
            source: A URL. Or bytes, or any source of bytes (such as `response.aiter_bytes()`), for which no other
                argument than *max_event* has a meaning.
            method: By default GET, and POST where there is a body.
            params: The query, as httpx2 takes it.
            headers: Further headers; one of the same name replaces ours.
            json: A body that is sent as JSON.
            content: A body that is sent as it is.
            client: The `httpx2.AsyncClient` to use, for authentication, proxies, or one pool for many streams; it is
                left open. Without it each run has one of its own.
            reconnect: How many connections may be lost, one after the other and without an event, before that is an
                error; 0 to make one connection only. By default 5 for GET, and 0 for other methods, since a request
                that does something would do it again.
            endless: Whether a body that ended well is asked for again too. By default where the server has sent an id
                or a `retry`, which are of use for that alone.
            wait: Seconds before the first new connection, until the server names its own; they double with each
                connection that fails.
            max_wait: Seconds that they grow to, at most; the server's, too.
            jitter: The part of each wait that is added at random, so that not all clients come back at once.
            last_event_id: The id to begin behind.
            connect_timeout: Seconds to connect and to send the request, None for any number.
            idle: Seconds without a byte, the answer's first included, after which a connection counts as lost; None for
                any number. Servers that send comments as signs of life make it useful.
            max_event: Bytes that an event, or a line of one, may have; None for any number.

        Raises:
            ModuleNotFoundError: At this call, for a URL where httpx2 is not installed.
            TypeError: At this call, for arguments of a wrong type, two bodies, or options beside bytes.
            ValueError: At this call, for what is no URL of HTTP, and for arguments out of range.
            UpstreamError: In the run, if the answer has another status than 200 or is no event stream, if the first
                connection fails, or if *reconnect* later ones do. Status 204 is the end, and no error.
            FrameTooLargeError: In the run, at a larger event.

        Flow:
            Keeps order, holds one event and what came with it in one piece. Connects at the first pull, and reads no
            more than is asked for. The response is closed, in the same task, on every way out and before each wait. An
            event that is cut off is dropped. A cancellation ends a wait. Can run again where *source* can.

        >>> asyncio.run(JaypieStream.from_sse(b"data: Hi" + bytes([10, 10])).to_list())
        [SseEvent('Hi', id='')]
        """
        given: Any = source
        request_options = {"method": method, "params": params, "headers": headers, "json": json, "content": content}
        if not isinstance(given, str) and type(given).__name__ != "URL":
            meant = {**request_options, "client": client, "reconnect": reconnect, "endless": endless, "idle": idle}
            wrong = [name for name, value in meant.items() if value is not None]
            if wrong or last_event_id:
                raise TypeError(
                    f"from_sse({(wrong or ['last_event_id'])[0]}=) is for a URL, not for {describe(given, 40)}"
                )
            whole = isinstance(given, (bytes, bytearray))
            made: Any = cast("type[Any]", cls)([bytes(given)] if whole else given)
            return cast("JaypieStream[SseEvent]", made.parse_sse(max_event=max_event))
        from jaystream.sources.sse_client import (  # noqa: PLC0415 - most programs ask no server
            ATTEMPTS,
            Reconnecting,
            Request,
            SseConnections,
        )

        try:
            request = Request(given, method, {"params": params, "json": json, "content": content}, headers, client)
        except ModuleNotFoundError as error:
            if error.name != "httpx2":
                raise
            raise ModuleNotFoundError(
                "from_sse() needs httpx2 to read from a URL; install it with: pip install 'jaystream[http]'",
                name="httpx2",
            ) from error
        most = (ATTEMPTS if request.method == "GET" else 0) if reconnect is None else reconnect
        connections = SseConnections(
            request,
            Reconnecting(most, endless=endless, wait=wait, max_wait=max_wait, jitter=jitter),
            client,
            last_event_id=check_id(last_event_id),
            max_event=max_event,
            timeouts=(
                None if connect_timeout is None else check_seconds(connect_timeout, "from_sse", "connect_timeout"),
                None if idle is None else check_seconds(idle, "from_sse", "idle"),
            ),
        )
        return make(cls, connections)
