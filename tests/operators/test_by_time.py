"""
What the operators that go by the clock and read their source in a task have in common.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jaystream import JaypieStream, Outcome
from jaystream.errors import StreamTimeoutError
from jaystream.testing import Probe, RecordingSend, cancel_at_every_await, check_operator
from tests.checks import WAYS, pause

if TYPE_CHECKING:
    from jaystream.testing import VirtualClock
    from tests.operators.timed import Operate

LONG = 1000

OPERATORS: dict[str, Operate] = {
    "timeout": lambda s: s.timeout(first=LONG, idle=LONG, total=LONG),
    "keepalive": lambda s: s.keepalive(LONG, item=0),
    "debounce": lambda s: s.debounce(0.5),
    "sample": lambda s: s.sample(0.5),
    "group_within": lambda s: s.group_within(2, seconds=0.5),
    "group_within weighted": lambda s: s.group_within(2, seconds=0.5, weight=lambda _: 1),
    "throttle": lambda s: s.throttle(1, per=2),
    "throttle burst": lambda s: s.throttle(1, per=2, burst=2),
    "delay": lambda s: s.delay(3),
}
PUMPED = {name: operate for name, operate in OPERATORS.items() if name.split()[0] not in {"throttle", "delay"}}
PASSING = {name: operate for name, operate in OPERATORS.items() if not name.startswith("group")}

each = pytest.mark.parametrize("operate", OPERATORS.values(), ids=OPERATORS)
each_pumped = pytest.mark.parametrize("operate", PUMPED.values(), ids=PUMPED)
each_passing = pytest.mark.parametrize("operate", PASSING.values(), ids=PASSING)

_variable: ContextVar[str] = ContextVar("_variable", default="outside")


async def holding() -> AsyncIterator[int]:
    """A source that holds a scope, a timeout and a context variable across its items."""
    token = _variable.set("inside")
    try:
        async with asyncio.timeout(LONG):
            with anyio.move_on_after(LONG):
                for n in range(3):
                    await pause()
                    yield n
    finally:
        _variable.reset(token)


class TestByTime:
    """
    Whatever they give, they keep the contracts.
    """

    @each
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.usefixtures("virtual_clock")
    async def test_sources_with_scopes(self, operate: Operate, way: Callable[[JaypieStream[Any]], Any]) -> None:
        """
        A source may hold scopes and context variables across its items, to the end and stopped early.
        """
        given = await way(operate(JaypieStream(holding)))
        assert given
        assert given[-1] in {2, (2,)}
        assert _variable.get() == "outside"

    @each
    @pytest.mark.usefixtures("virtual_clock")
    async def test_early_exit_from_scopes(self, operate: Operate) -> None:
        """
        Such a source is left in order when the run is stopped early.
        """
        assert len(await operate(JaypieStream(holding)).take(1).to_list()) == 1
        async with operate(JaypieStream(holding)).open() as items:
            async for _ in items:
                break
        assert _variable.get() == "outside"

    @each
    @pytest.mark.parametrize("how", ["native", "scope", "twice"])
    @pytest.mark.usefixtures("virtual_clock")
    async def test_cancellation(self, operate: Operate, how: Any) -> None:
        """
        A run that is cancelled at any await ends cancelled, and has closed its source.
        """
        probes: list[Probe[int]] = []

        def run() -> Any:
            probes.append(Probe(range(3), before=lambda _: asyncio.sleep(1), on_close=pause))
            return operate(JaypieStream(probes[-1])).to_list()

        assert await cancel_at_every_await(run, how) > 2
        for probe in probes:
            assert probe.opens == probe.closes
            assert probe.violations == []

    @each
    @pytest.mark.usefixtures("virtual_clock")
    async def test_error_below(self, operate: Operate) -> None:
        """
        An error below closes the source before it goes on, and the source's finalizer sees it.
        """
        probe = Probe(range(5), before=lambda _: asyncio.sleep(1))
        outcomes: list[Outcome] = []

        def fail(_: object) -> None:
            raise OSError("below")

        with pytest.raises(OSError, match="below") as caught:
            await operate(JaypieStream(probe).finalize(outcomes.append)).for_each(fail)
        probe.assert_released()
        assert [(outcome.kind, outcome.error) for outcome in outcomes] == [("error", caught.value)]

    @each
    @pytest.mark.usefixtures("virtual_clock")
    async def test_failing_close(self, operate: Operate) -> None:
        """
        An error of closing is a note where the run failed, and raised where it went well.
        """

        async def fail() -> None:
            raise OSError("while closing")

        with pytest.raises(OSError, match="while closing"):
            await operate(JaypieStream(Probe([1], on_close=fail))).to_list()
        with pytest.raises(ZeroDivisionError) as caught:
            source = Probe(range(5), before=lambda _: asyncio.sleep(1), on_close=fail)
            await operate(JaypieStream(source)).for_each(lambda _: 1 // 0)
        assert caught.value.__notes__ == ["while closing: OSError: while closing"]

    @each_pumped
    @pytest.mark.usefixtures("virtual_clock")
    async def test_one_task(self, operate: Operate) -> None:
        """
        The source lives in one task, which is not the consumer's.
        """
        probe = Probe(range(3), before=pause)
        await operate(JaypieStream(probe)).drain()
        probe.assert_released()
        assert asyncio.current_task() not in probe.tasks

    @each_passing
    @pytest.mark.usefixtures("virtual_clock")
    async def test_keeps_the_wire_format(self, operate: Operate) -> None:
        """
        Items pass unchanged, so a stream that was framed is still in its format, for a sink too.
        """
        stream = operate(JaypieStream.of({"type": "done"}).format_sse())
        assert stream.media_type == "text/event-stream"
        send = RecordingSend()
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
        await operate(JaypieStream.of({"type": "done"}).format_sse()).to_asgi(scope, send.receive, send)
        assert send.headers["content-type"] == "text/event-stream"
        assert send.body == b'event: done\ndata: {"type":"done"}\n\n'

    @each
    def test_described(self, operate: Operate) -> None:
        """
        The name and the limits stand in the stream's own description.
        """
        stream = operate(JaypieStream([1]))
        name = next(name for name, other in OPERATORS.items() if other is operate).split()[0]
        assert f".{name}(" in repr(stream)
        assert name in stream.explain()

    @each
    @pytest.mark.usefixtures("virtual_clock")
    async def test_several_after_one_another(self, operate: Operate) -> None:
        """
        It can stand above and below itself and others, and run again.
        """
        stream = operate(operate(JaypieStream([1, 2, 3])).map(lambda x: x).merge([9]))
        assert await stream.to_list() == await stream.to_list()


class TestHeldBack:
    """
    What they hold when something happens.
    """

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("debounce", [2]),
            ("sample", [2]),
            ("group_within", [(0, 1), (2,)]),
            ("group_within weighted", [(0, 1), (2,)]),
        ],
    )
    async def test_flushes_before_an_error(self, name: str, expected: list[Any], virtual_clock: VirtualClock) -> None:
        """
        What is held goes out at once before an error from above.
        """
        got: list[Any] = []
        source = JaypieStream(Probe([0, 1, 2], fail_at=3, error=OSError("above")))
        with pytest.raises(OSError, match="above"):
            await OPERATORS[name](source).for_each(got.append)
        assert expected == got
        assert virtual_clock.now == 0

    async def test_an_error_that_nobody_has_seen(self) -> None:
        """
        An error from above is a note where the consumer has failed on what came before it; one who stops has all.
        """

        def stream() -> JaypieStream[Any]:
            source = JaypieStream(Probe([1], fail_at=1, error=OSError("above")))
            return source.group_within(5, seconds=LONG)

        with pytest.raises(ZeroDivisionError) as caught:
            await stream().for_each(lambda _: 1 // 0)
        assert caught.value.__notes__ == ["while closing: OSError: above"]
        assert await stream().take(1).to_list() == [(1,)]

    @pytest.mark.usefixtures("virtual_clock")
    async def test_a_timeout_before_the_first_byte(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        A timeout above a sink is a failure of the stream, and no sign that the client has left.
        """
        send = RecordingSend()
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
        silent = JaypieStream[str].never().timeout(first=1).format_sse()
        await silent.to_asgi(scope, send.receive, send, eager_first=None)
        assert send.status is not None
        assert send.status >= 500
        assert "no first item came within 1 s" in caplog.text

    async def test_a_source_that_does_not_let_go(self, virtual_clock: VirtualClock) -> None:
        """
        A source that keeps its cancellation to itself holds a timeout up for as long as closing may take, and no more.
        """

        async def stubborn() -> AsyncIterator[int]:
            while True:
                try:
                    await asyncio.sleep(LONG)
                    break
                except asyncio.CancelledError:
                    continue
            yield 1

        with pytest.raises(StreamTimeoutError) as caught:
            await JaypieStream(stubborn).timeout(first=1).to_list()
        assert any("while closing: CleanupTimeoutError" in note for note in caught.value.__notes__)
        assert virtual_clock.now < 100
        await asyncio.sleep(2 * LONG)


class TestContract:
    """
    The shipped check, with limits that nothing comes to.
    """

    @pytest.mark.parametrize("name", ["timeout", "keepalive"])
    async def test_identity(self, name: str) -> None:
        """
        Where no limit passes they change nothing.
        """
        await check_operator(PUMPED[name], [1, 2, 3], [1, 2, 3])

    @pytest.mark.parametrize("name", ["debounce", "sample"])
    async def test_last(self, name: str) -> None:
        """
        Of one burst the last item is left.
        """
        await check_operator(PUMPED[name], [1, 2, 3], [3])
