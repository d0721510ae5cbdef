"""
The contract checks: one call holds an operator, a terminal or a sink to all the laws that concern it.

The laws themselves stand in `jaystream.testing.laws`; what an operator gives is said by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar

from jaystream import JaypieStream
from jaystream.testing import laws
from jaystream.testing.laws.sinks import FRAMES, http_scope
from jaystream.testing.leaks import guard_leaks
from jaystream.testing.probes import Probe
from jaystream.testing.saying import expect, expect_same
from jaystream.testing.stepping import cancel_at_every_await
from jaystream.testing.ways import pause
from jaystream.testing.witness import Witness
from jaystream.testing.writers import RecordingResponseStream, RecordingSend

__all__ = ["check_operator", "check_sink", "check_terminal"]

A = TypeVar("A")
B = TypeVar("B")


async def check_operator(
    operate: Callable[[JaypieStream[A]], JaypieStream[B]],
    items: Sequence[A],
    expected: Sequence[B],
    *,
    before_error: Sequence[B] | None = None,
    reads_ahead: int | None = None,
) -> None:
    """
    Run an operator over *items* in every way, and hold it to the contracts that all operators keep.

    Args:
        operate: Puts the operator on a stream. Called again for each run, so that its callables may count.
        items: What the source gives.
        expected: What must come out.
        before_error: What must come out before an error of the source behind *items*; *expected* where it is the same.
        reads_ahead: How many items it may read beyond the number it gives; None where any number is right, as for
            operators that gather. `jaystream.testing.laws.reads_what_it_needs` is exact.

    Raises:
        AssertionError: Where a contract is broken.
        LeakError: If a run left something behind.

    >>> asyncio.run(check_operator(lambda s: s.map(str), [1, 2], ["1", "2"], reads_ahead=0))
    """
    async with guard_leaks():
        await laws.building_reads_nothing(operate, items)
        await laws.gives_what_its_model_gives(operate, items, expected)
        await laws.holds_no_scope_across_a_yield(operate, items)
        await laws.fails_once_after_the_items_before(operate, items, expected if before_error is None else before_error)
        await laws.closes_on_every_way_out(operate, items, expected)
        if reads_ahead is not None:
            await _reads_ahead_at_most(reads_ahead, operate, items, expected)
        await laws.closing_again_is_harmless(operate, items, expected)
        await laws.closing_during_a_pull_is_refused(operate, items)
        await laws.cancelled_runs_end_cancelled(operate, items)


async def _reads_ahead_at_most(
    ahead: int, operate: Callable[[JaypieStream[A]], JaypieStream[B]], items: Sequence[A], expected: Sequence[B]
) -> None:
    for wanted in range(len(expected) + 1):
        probe = Probe(items)
        async with operate(JaypieStream(probe)).open() as opened:
            for _ in range(wanted):
                await anext(opened)
        expect(probe.reads <= wanted + ahead, f"{probe.reads} items read to give {wanted}")


async def check_terminal(
    run: Callable[[JaypieStream[A]], Coroutine[Any, Any, Any]], items: Sequence[A], *, reads: int | None = None
) -> None:
    """
    Hold a terminal to the contracts that all of them keep.

    Args:
        run: Calls the terminal on a stream.
        items: What the source gives.
        reads: How many of them the terminal must read; by default all.

    Raises:
        AssertionError: Where a contract is broken.
        LeakError: If a run left something behind.

    >>> asyncio.run(check_terminal(lambda s: s.count(), [1, 2]))
    """
    wanted = len(items) if reads is None else reads
    async with guard_leaks():
        for managed in (False, True):
            witness = Witness()
            running = run(JaypieStream(witness.source(items, managed=managed)))
            probe = witness.probes[0]
            expect_same([], probe.kinds, "calling a terminal must not touch the source")
            await running
            expect_same(wanted, probe.reads, "items read by the terminal")
            witness.assert_released()
        for failing in range(wanted):
            error = laws.PlantedError("above")
            probe = Probe(items, fail_at=failing, error=error)
            failure: Exception | None = None
            try:
                await run(JaypieStream(probe))
            except Exception as raised:  # noqa: BLE001 - any other error is what is looked for
                failure = raised
            expect(failure is error, f"the source's error must come out as it is, not as {failure!r}")
            probe.assert_released()
        witnesses: list[Witness] = []

        def again() -> Coroutine[Any, Any, Any]:
            witnesses.append(Witness())
            return run(JaypieStream(witnesses[-1].source(items, before=pause, on_close=pause)))

        reached = await cancel_at_every_await(again, "scope")
        expect(reached > wanted, f"{reached} awaits in a run over {wanted} items that each wait")
        for witness in witnesses:
            witness.assert_released()
        witnesses.clear()
        await cancel_at_every_await(again, "native")
        await cancel_at_every_await(again, "timeout")
        await cancel_at_every_await(again, "twice")
        for probe in (probe for witness in witnesses for probe in witness.probes):
            expect_same(probe.opens, probe.closes, f"closings of a source with {probe.kinds}")


async def check_sink(
    sink: Callable[..., Coroutine[Any, Any, Any]],
    *,
    peer: Literal["asgi", "lambda", "file"] | None = None,
    items: Sequence[bytes] = FRAMES,
) -> None:
    """
    Hold a sink to the contracts that all of them keep, and to the protocol of its peer.

    Args:
        sink: The sink; called with a stream and, behind it, what *peer* says. It gives a coroutine.
        peer: "asgi": called with the scope, receive and send; "lambda": with a response stream; "file": with a path,
            which it must write all or not at all. None: with the stream alone.
        items: What the source gives. For "asgi" and "lambda" whole server-sent events, each of which goes out alone.

    Raises:
        AssertionError: Where a contract is broken.
        LeakError: If a run left something behind.

    >>> asyncio.run(check_sink(JaypieStream.count))
    """
    async with guard_leaks():
        with TemporaryDirectory() as folder:

            def run(stream: JaypieStream[Any]) -> Coroutine[Any, Any, Any]:
                if peer == "asgi":
                    send = RecordingSend()
                    return sink(stream, http_scope(), send.receive, send)
                if peer == "lambda":
                    return sink(stream, RecordingResponseStream())
                return sink(stream, Path(folder) / "file") if peer == "file" else sink(stream)

            await laws.reports_how_it_ended(run, items)
            await laws.cancelled_sinks_end_cancelled(run, items)
        if peer == "asgi":
            await laws.asgi_messages_are_well_formed(sink, items)
        elif peer == "lambda":
            await laws.lambda_streams_end_once_and_last(sink, items)
        elif peer == "file":
            await laws.files_are_all_or_nothing(sink, items)
