"""
Contract 2: what a run opened it closes, once, last first, shielded and in time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Self

import anyio
import pytest

from jaystream import JaypieStream
from jaystream._core import closing
from jaystream.errors import CleanupTimeoutError
from jaystream.testing import ManagedProbe, Probe
from tests.checks import WAYS, cancel_me, pause

Way = Callable[[JaypieStream[Any]], Any]


class Named(Probe[int]):
    """
    A probe that writes its name into a common log when it is closed.
    """

    def __init__(self, name: str, log: list[str], items: int = 2, **script: Any) -> None:
        super().__init__(range(items), **script)
        self.name, self.log = name, log

    async def aclose(self) -> None:
        self.log.append(self.name)
        await super().aclose()


class TestClosing:
    """
    Who is closed, and when.
    """

    @pytest.mark.parametrize("way", WAYS)
    async def test_last_opened_first(self, way: Way) -> None:
        """
        The inner sources of an error close before the sources they came from.
        """
        log: list[str] = []

        def fail(n: int) -> int:
            raise ValueError(n)

        nested = JaypieStream(Named("outer", log)).flat_map(
            lambda _: JaypieStream(Named("middle", log)).flat_map(lambda _: Named("inner", log))
        )
        with pytest.raises(ValueError, match="0"):
            await way(nested.map(fail))
        assert log == ["inner", "middle", "outer"]

    @pytest.mark.parametrize("make", [Probe[int], ManagedProbe[int]])
    async def test_every_way_out(self, make: type[Probe[int]]) -> None:
        """
        The end, `take`, `break`, an error of the consumer and one of the source all close once, in the opener's task.
        """

        async def leave(stream: JaypieStream[int], error: BaseException | None) -> None:
            async with stream.open() as items:
                async for _ in items:
                    if error is not None:
                        raise error
                    break

        probes = [make(range(3)) for _ in range(5)]
        await JaypieStream(probes[0]).drain()
        assert await JaypieStream(probes[1]).take(1).to_list() == [0]
        await leave(JaypieStream(probes[2]), None)
        with pytest.raises(LookupError):
            await leave(JaypieStream(probes[3]), LookupError())
        assert await JaypieStream(probes[4]).first() == 0
        failing = make([1], fail_at=1, error=OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await JaypieStream(failing).drain()
        for probe in [*probes, failing]:
            probe.assert_released()

    async def test_closes_by_one_of_three_names(self) -> None:
        """
        `__aexit__` goes before `aclose`, and `aclose` before `close`.
        """
        log: list[str] = []

        class OnlyClose:
            def __aiter__(self) -> AsyncIterator[int]:
                return self

            async def __anext__(self) -> int:
                return 1

            def close(self) -> None:
                log.append("close")

        class Both(OnlyClose):
            async def aclose(self) -> None:
                log.append("aclose")

        class All(Both):
            async def __aenter__(self) -> Self:
                return self

            async def __aexit__(self, *error: object) -> None:
                log.append("aexit")

        for make in (OnlyClose, Both, All):
            assert await JaypieStream(make()).take(1).to_list() == [1]
        assert log == ["close", "aclose", "aexit"]

    async def test_the_object_is_left_alone(self) -> None:
        """
        Of an iterable that is not its own iterator only the iterator is closed.
        """
        log: list[str] = []

        class Reusable:
            def __aiter__(self) -> AsyncIterator[int]:
                return Named("iterator", log)

            async def aclose(self) -> None:
                log.append("object")

        assert await JaypieStream(Reusable()).take(1).to_list() == [0]
        assert log == ["iterator"]

    async def test_plain_generators_are_closed(self) -> None:
        """
        A plain generator that is left early is closed when the run ends, not by the garbage collector.
        """
        log: list[str] = []

        def generate() -> Any:
            try:
                yield from range(3)
            finally:
                log.append("closed")

        held: list[Any] = [generate(), generate()]
        assert await JaypieStream[int](held[0]).take(1).to_list() == [0]
        assert await JaypieStream[int](lambda: held[1]).take(1).to_list() == [0]
        assert log == ["closed", "closed"]

    async def test_concat_closes_before_it_opens(self) -> None:
        """
        The first source is closed when the second is opened.
        """
        first, second = Probe([1]), Probe([2])
        seen: list[bool] = []
        stream = JaypieStream(first).concat(JaypieStream(second).tap(lambda _: seen.append(first.closed)))
        assert await stream.to_list() == [1, 2]
        assert seen == [True]

    @pytest.mark.leaks(allow_finalized=True, reason="a bare async for that is left early")
    async def test_bare_async_for_is_closed_by_the_loop(self) -> None:
        """
        A bare `async for` left early closes soon, by the event loop's hook.
        """
        probe = Probe(range(3))

        async def leave() -> None:
            async for _ in JaypieStream(probe):
                break

        await leave()
        for _ in range(10):
            await pause()
        assert probe.kinds[-2:] == ["close", "closed"]

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_failed_opening_closes_the_rest(self, way: Way) -> None:
        """
        When an inner source cannot be opened, what was open is closed and the error comes out.
        """
        probe = Probe([1])

        @contextlib.asynccontextmanager
        async def broken() -> AsyncGenerator[list[int], None]:
            raise OSError("no route")
            yield [1]

        with pytest.raises(OSError, match="no route"):
            await way(JaypieStream(probe).flat_map(lambda _: broken()))
        probe.assert_released()


class TestShield:
    """
    Closing is kept away from cancel scopes, and bounded in time.
    """

    @pytest.mark.parametrize("way", WAYS)
    async def test_scopes_do_not_cut_a_close(self, way: Way) -> None:
        """
        A cancelled scope round the run lets every close finish its awaits.
        """
        probes = [Probe(range(3), on_close=pause), ManagedProbe(range(3), on_close=pause)]
        for probe in probes:
            with anyio.CancelScope() as scope:

                async def cancel(_: int, scope: anyio.CancelScope = scope) -> None:
                    scope.cancel()
                    await pause()
                    await pause()

                await way(JaypieStream(probe).map(cancel))
            assert scope.cancelled_caught
            probe.assert_released()

    async def test_nested_streams_share_the_shield(self) -> None:
        """
        Every segment and inner stream closes under it.
        """
        probes = [Probe(range(3), on_close=pause) for _ in range(3)]
        with anyio.CancelScope() as scope:

            async def cancel(_: int) -> None:
                scope.cancel()
                await pause()

            stream = JaypieStream(probes[0]).catch(OSError, []).flat_map(lambda _: JaypieStream(probes[1]).concat([9]))
            await stream.flat_map(lambda _: probes[2]).map(cancel).to_list()
        assert scope.cancelled_caught
        for probe in probes:
            assert (probe.opens, probe.closes, probe.closed, probe.violations) == (1, 1, True, [])

    @pytest.mark.parametrize("way", WAYS)
    async def test_second_native_cancel(self, way: Way) -> None:
        """
        A second cancel ends the close that it hits; all others are still closed, and the run ends cancelled.
        """

        async def cancel_again() -> None:
            cancel_me()
            await asyncio.Event().wait()

        outer, inner = Probe([1], on_close=pause), Probe([2], on_close=cancel_again)

        async def cancel(_: int) -> None:
            cancel_me()
            await asyncio.Event().wait()

        task = asyncio.ensure_future(way(JaypieStream(outer).flat_map(lambda _: inner).map(cancel)))
        await asyncio.wait([task])
        assert task.cancelled()
        assert inner.closes == 1
        assert not inner.closed
        assert outer.closed
        assert outer.violations == inner.violations == []

    @pytest.mark.parametrize("way", WAYS)
    async def test_grace(self, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A close that hangs is cut when its grace is over, which is an error where the run had gone well.
        """
        monkeypatch.setattr(closing, "GRACE", 0.001)
        probe = Probe([1], on_close=asyncio.Event().wait)
        with pytest.raises(
            CleanupTimeoutError, match=r"closing <.*Probe.*> took longer than 0\.001 seconds and was cut"
        ):
            await way(JaypieStream(probe))
        assert probe.closes == 1

    async def test_grace_after_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the run had failed, the cut close is a note on its error.
        """
        monkeypatch.setattr(closing, "GRACE", 0.001)
        probe = Probe([1], fail_at=1, error=OSError("gone"), on_close=asyncio.Event().wait)
        with pytest.raises(OSError, match="gone") as caught:
            await JaypieStream(probe).to_list()
        assert "while closing: CleanupTimeoutError" in caught.value.__notes__[0]
