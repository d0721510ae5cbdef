"""
The checks, checked: formats and sinks with exactly one fault each, and which law notices it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import RecordingSend, check_sink, laws
from jaystream.testing.laws.sinks import FRAMES


class CutAtReturn:
    """
    A parser of lines that takes a CR at the end of a piece for a line's end, and the LF of the next piece for another.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> list[str]:
        """
        The lines that are whole.
        """
        text = self._held + piece
        lines = text.splitlines(keepends=True)
        self._held = lines.pop() if lines and not lines[-1].endswith(("\r", "\n")) else ""
        return [line.rstrip("\r\n") for line in lines]


class TestWire:
    """
    The laws of formats notice what depends on how bytes were cut.
    """

    async def test_event_cut_at_a_return(self) -> None:
        """
        A parser that breaks where CR and LF come in two pieces is noticed; the library's own is not.
        """

        def faulty(stream: JaypieStream[Any]) -> JaypieStream[Any]:
            return JaypieStream(lambda: stream.map(CutAtReturn().feed).flatten())

        body = "data: 1\r\n\r\ndata: 2\r\n\r\n"
        cuts = laws.every_single_cut(body)
        await laws.ignores_how_it_is_cut(lambda s: s.lines(), body, cuts)
        with pytest.raises(AssertionError, match=r"output of \['data: 1\\r', '\\n"):
            await laws.ignores_how_it_is_cut(faulty, body, cuts)

    async def test_lossy_round_trip(self) -> None:
        """
        A format that loses something is noticed.
        """
        with pytest.raises(AssertionError, match="what was parsed"):
            await laws.parses_what_it_formats(
                lambda s: s.map(str.strip).format_ndjson(),
                lambda s: s.parse_ndjson(),
                [" a"],
                [" a"],
                lambda wire: [wire],
            )


# sinks ----------------------------------------------------------------------------------------------------------------


async def asgi(
    stream: JaypieStream[Any],
    scope: Any,
    receive: Any,
    send: Any,
    *,
    starts: int = 1,
    final: bool = True,
    tells: bool = True,
    watches: bool = True,
) -> None:
    """
    A plain ASGI sink that can be given one fault.
    """
    body = {"type": "http.response.body", "more_body": True}
    begun = 0

    async def pump() -> None:
        nonlocal begun
        async with stream.open() as items:
            async for item in items:
                while begun < starts:
                    begun += 1
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({**body, "body": item})

    gone, pumping = asyncio.ensure_future(disconnected(receive)), asyncio.ensure_future(pump())
    try:
        await asyncio.wait([pumping, gone] if watches else [pumping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pumping, gone):
            task.cancel()
        await asyncio.wait([pumping, gone])
    if pumping.cancelled():
        return
    failure = pumping.exception()
    if failure is not None and not isinstance(failure, laws.PlantedError):
        raise failure
    if failure is not None and not begun:
        await send({"type": "http.response.start", "status": 500, "headers": []})
    elif failure is not None and tells:
        await send({**body, "body": b"event: error\n\n"})
    if final:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def disconnected(receive: Any) -> bool:
    """
    Wait until the peer is gone.
    """
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


ASGI_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "starts twice": ({"starts": 2}, "a second http.response.start"),
    "never ends": ({"final": False}, "no final body"),
    "hides a failure": ({"tells": False}, "a failure after the first byte must be told"),
    "goes on without a client": ({"watches": False}, "pieces sent, also to a peer that was gone"),
}


class TestAsgi:
    """
    The law of ASGI sinks.
    """

    @staticmethod
    def sink(**faults: Any) -> Callable[..., Coroutine[Any, Any, None]]:
        """
        The sink as the law calls it.
        """
        return partial(asgi, **faults)

    async def test_no_fault(self) -> None:
        """
        It passes a sink that has no fault.
        """
        await laws.asgi_messages_are_well_formed(self.sink())

    @pytest.mark.parametrize("fault", sorted(ASGI_FAULTS))
    async def test_fault(self, fault: str) -> None:
        """
        Each fault is noticed, and named.
        """
        faults, message = ASGI_FAULTS[fault]
        with pytest.raises(AssertionError, match=message):
            await laws.asgi_messages_are_well_formed(self.sink(**faults))


async def to_writer(stream: JaypieStream[Any], writer: Any, *, ends: int = 1, waits: bool = True) -> None:
    """
    A plain Lambda sink that can be given one fault.
    """
    pending: list[Any] = []
    try:
        async with stream.open() as items:
            async for item in items:
                pending.append(writer.write(item))
                if waits and pending[-1] is not None:
                    await pending[-1]
    except laws.PlantedError as error:
        if error.args == ("writer",):
            raise
        writer.write(b"event: error\n\n")
    finally:
        for _ in range(ends):
            writer.end()


class TestLambda:
    """
    The law of Lambda sinks.
    """

    async def test_no_fault(self) -> None:
        """
        It passes a sink that has no fault.
        """
        await laws.lambda_streams_end_once_and_last(to_writer)

    @pytest.mark.parametrize(
        ("faults", "message"),
        [
            ({"ends": 0}, "the response stream was not ended"),
            ({"ends": 2}, "end after end"),
            ({"waits": False}, "the end was told while a piece was still under way"),
        ],
    )
    async def test_fault(self, faults: dict[str, Any], message: str) -> None:
        """
        Each fault is noticed, and named.
        """
        with pytest.raises(AssertionError, match=message):
            await laws.lambda_streams_end_once_and_last(partial(to_writer, **faults))


class TestFile:
    """
    The law of file sinks.
    """

    async def test_half_a_file(self) -> None:
        """
        A file that is written in place, and is half there after a failure, is noticed.
        """
        with pytest.raises(AssertionError, match="the file after a failure at item 0"):
            await laws.files_are_all_or_nothing(JaypieStream[Any].to_file)


class TestSinks:
    """
    `check_sink` notices what is wrong with any sink.
    """

    async def test_swallowed_error(self) -> None:
        """
        A sink that neither raises nor reports an error is noticed.
        """

        async def sink(stream: JaypieStream[Any]) -> None:
            with suppress(laws.PlantedError):
                await stream.drain()

        with pytest.raises(AssertionError, match="how a sink ended whose source failed"):
            await check_sink(sink)

    async def test_stops_early(self) -> None:
        """
        A sink that leaves items unread is noticed.
        """

        async def sink(stream: JaypieStream[Any]) -> None:
            await stream.take(1).drain()

        with pytest.raises(AssertionError, match="items read by the sink"):
            await check_sink(sink, items=FRAMES)

    async def test_swallowed_cancellation(self) -> None:
        """
        A sink that ends well though it was cancelled is noticed.
        """

        async def sink(stream: JaypieStream[Any]) -> None:
            with suppress(asyncio.CancelledError):
                await stream.drain()

        with pytest.raises(AssertionError, match=r"cancelled at await|cancellation at await|left its scope"):
            await check_sink(sink)

    async def test_protocol(self) -> None:
        """
        The protocol of the peer is part of the check.
        """

        async def sink(stream: JaypieStream[Any], scope: Any, receive: Any, send: RecordingSend) -> None:
            await stream.drain()

        with pytest.raises(AssertionError, match="no final body"):
            await check_sink(sink, peer="asgi")
