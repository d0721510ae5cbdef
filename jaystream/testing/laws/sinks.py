"""
What sinks keep: towards any stream, and each towards the protocol of its peer, through the recording writers.

A sink is here a function that takes a stream and, behind it, what its peer is: `(stream)`, `(stream, scope, receive,
send)`, `(stream, response_stream)` or `(stream, path)`. Items are bytes in whole frames, so what arrives is known.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from jaystream import JaypieStream, SinkReport
from jaystream.testing.laws.planting import PlantedError
from jaystream.testing.probes import Probe
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.stepping import cancel_at_every_await
from jaystream.testing.ways import pause
from jaystream.testing.witness import Witness
from jaystream.testing.writers import AsyncRecordingResponseStream, RecordingResponseStream, RecordingSend

__all__ = [
    "FRAMES",
    "asgi_messages_are_well_formed",
    "cancelled_sinks_end_cancelled",
    "files_are_all_or_nothing",
    "http_scope",
    "lambda_streams_end_once_and_last",
    "reports_how_it_ended",
]

Sink: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]

FRAMES: tuple[bytes, ...] = (b"data: a\n\n", b"data: b\n\n", b"data: c\n\n")
"""
What the sources of these laws give: whole server-sent events.
"""


def http_scope(method: str = "GET") -> dict[str, Any]:
    """
    A request as an ASGI server describes it.
    """
    return {"type": "http", "method": method, "path": "/", "headers": [], "asgi": {"version": "3.0"}}


async def reports_how_it_ended(sink: Sink, items: Sequence[Any] = FRAMES) -> None:
    """
    L18, L22: a sink reads nothing before it is awaited, closes its source on every path, and either raises the source's
    own error or reports it; where it reports, the report counts the items.
    """
    witness = Witness()
    running = sink(JaypieStream(witness.source(items)))
    expect_same([], witness.probes[0].kinds, "calling a sink must not touch the source")
    report = await running
    witness.assert_released()
    expect_same(len(items), witness.probes[0].given, "items read by the sink")
    if isinstance(report, SinkReport):
        expect_same(("end", len(items), None), (report.ended, report.items, report.error), "the report")
    for failing in range(len(items) + 1):
        error = PlantedError("above")
        witness = Witness()
        failure: BaseException | None = None
        try:
            report = await sink(JaypieStream(witness.source(items, fail_at=failing, error=error)))
        except Exception as raised:  # noqa: BLE001 - any other error is what is looked for
            failure = raised
        else:
            failure = report.error if isinstance(report, SinkReport) else None
            ended = report.ended if isinstance(report, SinkReport) else None
            expect_same("error", ended, f"how a sink ended whose source failed at item {failing}")
        expect(failure is error, f"the source's error must be raised or reported as it is, not as {failure!r}")
        witness.assert_released()


async def cancelled_sinks_end_cancelled(sink: Sink, items: Sequence[Any] = FRAMES) -> None:
    """
    L20: a sink that is cancelled at any of its awaits ends cancelled, and its source is closed.
    """
    witnesses: list[Witness] = []

    def run() -> Coroutine[Any, Any, Any]:
        witnesses.append(Witness())
        return sink(JaypieStream(witnesses[-1].source(items, before=pause, on_close=pause)))

    await cancel_at_every_await(run, "scope")
    for witness in witnesses:
        witness.assert_released()
    witnesses.clear()
    await cancel_at_every_await(run, "native")
    await cancel_at_every_await(run, "timeout")
    await cancel_at_every_await(run, "twice")
    for probe in (probe for witness in witnesses for probe in witness.probes):
        expect_same(probe.opens, probe.closes, f"closings of a source with {probe.kinds}")


async def asgi_messages_are_well_formed(sink: Sink, items: Sequence[bytes] = FRAMES) -> None:
    """
    L31: an exchange has exactly one `http.response.start`, then bodies with `more_body`, and one final body without,
    also where the source fails; once the peer is gone no piece is sent any more.
    """
    whole = b"".join(items)
    for failing in (None, *range(len(items) + 1)):
        send = RecordingSend()
        probe = Probe(items, fail_at=failing, error=None if failing is None else PlantedError("above"), before=pause)
        await sink(JaypieStream(probe), http_scope(), send.receive, send)
        expect_same([], send.violations, "violations of ASGI")
        expect(send.ended, f"no final body, the source failing at {failing}")
        if failing is None:
            expect_same((200, whole), (send.status, send.body), "the status and the body")
        elif failing:
            before = b"".join(items[:failing])
            expect(send.body.startswith(before), f"what came before the failure is missing in {send.body!r}")
            expect(len(send.body) > len(before), "a failure after the first byte must be told in the body")
            expect_same(200, send.status, "the status of a response whose source failed after the first byte")
        else:
            expect((send.status or 0) >= 400, f"a failure before the first byte was answered with {send.status}")
    for pieces in range(len(items)):
        send = RecordingSend(disconnect_after=pieces)
        probe = Probe(items, before=_turns)  # so that each item goes out alone
        await sink(JaypieStream(probe), http_scope(), send.receive, send)
        expect_same([], send.violations, "violations of ASGI")
        expect_same(items[:pieces], tuple(send.chunks), "what reached a peer that left")
        bodies = [message for message in send.messages if message.get("body")]
        expect_same(pieces, len(bodies), "pieces sent, also to a peer that was gone")
        probe.assert_released()


async def lambda_streams_end_once_and_last(sink: Sink, items: Sequence[bytes] = FRAMES) -> None:
    """
    L33: every piece is flushed before the end, which is told exactly once on every path; an error after the first byte
    is told in the body.
    """
    for failing in (None, *range(len(items) + 1)):
        writer = RecordingResponseStream()
        failed = None if failing is None else PlantedError("above")
        await sink(JaypieStream(Probe(items, fail_at=failing, error=failed, before=pause)), writer)
        _ended_well(writer)
        before = b"".join(items[:failing])
        expect(writer.body.startswith(before), f"what came before the failure is missing in {writer.body!r}")
        expect_same(failing is not None, len(writer.body) > len(before), "whether the body tells of a failure")
    held = AsyncRecordingResponseStream()
    held.hold()
    running = asyncio.ensure_future(sink(JaypieStream(items), held))
    await _turns()
    expect(not held.ended, "the end was told while a piece was still under way")
    held.release()
    await running
    _ended_well(held)
    expect_same(b"".join(items), held.body, "the body")
    broken, error = RecordingResponseStream(fail_at=0, error=PlantedError("writer")), None
    probe = Probe(items)
    try:
        await sink(JaypieStream(probe), broken)
    except PlantedError as raised:
        error = raised
    expect(error is not None, "an error of the response stream must be raised")
    _ended_well(broken)
    probe.assert_released()


def _ended_well(writer: RecordingResponseStream) -> None:
    expect_same([], writer.violations, "violations of the response stream")
    expect(writer.ended, "the response stream was not ended")


async def files_are_all_or_nothing(sink: Sink, items: Sequence[bytes] = FRAMES) -> None:
    """
    L32: after a good end the file is all the items joined; after a failure or a cancellation it is as it was, and
    nothing else is left in its folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"

        def same(expected: bytes, when: str) -> None:
            # read here and not in a thread: it is what the law is about
            expect_same(["file"], os.listdir(folder), f"the folder after {when}")  # noqa: PTH208 - names alone
            expect_same(expected, path.read_bytes(), f"the file after {when}")

        await sink(JaypieStream(items), path)
        whole = b"".join(items)
        same(whole, "a good end")
        for failing in range(len(items) + 1):
            error: Exception | None = None
            try:
                await sink(JaypieStream(Probe([b"other"] * len(items), fail_at=failing, error=PlantedError())), path)
            except PlantedError as raised:
                error = raised
            expect(error is not None, "a failure must be raised: the file cannot tell of it")
            same(whole, f"a failure at item {failing}")

        def run() -> Coroutine[Any, Any, Any]:
            same(whole, "a cancellation")
            return sink(JaypieStream(Probe([b"other"] * 2, before={1: wait_for_ever})), path)

        async def wait_for_ever(_: int) -> None:
            waiting.set()
            await asyncio.Event().wait()

        waiting = asyncio.Event()
        task, reached = asyncio.ensure_future(run()), asyncio.ensure_future(waiting.wait())
        await asyncio.wait([task, reached], return_when=asyncio.FIRST_COMPLETED)
        task.cancel()
        reached.cancel()
        await asyncio.wait([task, reached])
        expect(task.cancelled(), "a cancelled sink must end cancelled")
        same(whole, "a cancellation")


async def _turns(*_: object) -> None:
    """Turns of the loop, enough for all that happens by itself."""
    for _turn in range(20):
        await asyncio.sleep(0)
