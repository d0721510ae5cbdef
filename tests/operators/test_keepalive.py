"""
`keepalive`. That no gap is longer is a law in test_laws_in_time.py.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest

from jaystream import JaypieStream
from jaystream.testing import Probe, run_virtually
from tests.operators.timed import Script, watch


class TestKeepalive:
    """
    Signs of life while nothing comes.
    """

    def test_before_the_first_item_too(self) -> None:
        """
        It comes after each silence, before the first item and before the end, and never after that.
        """
        seen = watch(lambda s: s.keepalive(2, item="-"), Script([5, 1, 3], last=3).probe())
        expected = [(2.0, "-"), (4.0, "-"), (5.0, 0), (6.0, 1), (8.0, "-"), (9.0, 2), (11.0, "-")]
        assert expected == seen.items
        assert seen.end == 12.0

    def test_slow_consumer(self) -> None:
        """
        What the consumer takes for itself is no silence.
        """
        assert [0, 1, "-", 2] == watch(lambda s: s.keepalive(2, item="-"), Script([1, 1, 3]).probe(), (60, 60)).values

    def test_the_pull_goes_on(self) -> None:
        """
        One pull lasts through all signs of life.
        """
        probe = Script([9]).probe()
        watch(lambda s: s.keepalive(2, item="-"), probe)
        assert probe.kinds == ["open", "pull", "item", "pull", "end", "close", "closed"]

    def test_callables(self) -> None:
        """
        A callable, sync or async, makes a new item each time.
        """
        numbers = count(10)

        async def make() -> int:
            await asyncio.sleep(0.5)
            return next(numbers)

        script = Script([5])
        assert [10, 11, 0] == watch(lambda s: s.keepalive(2, item=lambda: next(numbers)), script.probe()).values
        assert [(2.5, 12), (5.0, 13), (5.0, 0)] == watch(lambda s: s.keepalive(2, item=make), script.probe()).items
        assert [None, None, 0] == watch(lambda s: s.keepalive(2, item=None), script.probe()).values

    @pytest.mark.usefixtures("virtual_clock")
    async def test_failing_callable(self) -> None:
        """
        An error of the callable ends the stream and closes the source.
        """
        probe = Probe([1], before=lambda _: asyncio.sleep(9))
        with pytest.raises(ZeroDivisionError):
            await JaypieStream(probe).keepalive(2, item=lambda: 1 // 0).to_list()
        probe.assert_released()

    @pytest.mark.usefixtures("virtual_clock")
    async def test_hidden_coroutine(self) -> None:
        """
        A plain callable that gives a coroutine is refused.
        """

        async def later() -> int:
            return 1

        with pytest.raises(TypeError, match=r"keepalive\(\) was given a plain callable"):
            await JaypieStream[int].never().keepalive(2, item=lambda: later()).to_list()  # noqa: PLW0108 - what is tested

    def test_server_sent_events(self) -> None:
        """
        Where the format has a sign of life of its own, the item may be left out; it is in no event's way.
        """

        async def main() -> bytes:
            chunks = JaypieStream.of({"type": "done"}).delay(5)
            return b"".join(await chunks.format_sse().keepalive(2).to_list())

        assert run_virtually(main()) == b': ping\n\n: ping\n\nevent: done\ndata: {"type":"done"}\n\n'

    @pytest.mark.parametrize(
        "stream", [JaypieStream[Any]([1]), JaypieStream([b"1"]), JaypieStream.of({"n": 1}).format_ndjson()]
    )
    def test_missing_item(self, stream: JaypieStream[Any]) -> None:
        """
        Without such a format it may not.
        """
        with pytest.raises(
            TypeError, match=r"keepalive\(\) can leave item= out only where .* keepalive\(2, item=...\)"
        ):
            stream.keepalive(2)

    def test_bad_seconds(self) -> None:
        """
        A time that is none is refused at the call.
        """
        with pytest.raises(ValueError, match=r"keepalive\(every=\) must be above 0 seconds, not 0"):
            JaypieStream([1]).keepalive(0, item=1)
        wrong: Any = "2"
        with pytest.raises(TypeError, match=r"keepalive\(every=\) expects a number of seconds, not '2'"):
            JaypieStream([1]).keepalive(wrong, item=1)
