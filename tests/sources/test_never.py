"""
`never`.
"""

from __future__ import annotations

import asyncio

import pytest

from jaystream import JaypieStream
from tests.checks import WAYS, cancel_at_every_await, pause


class TestNever:
    """
    Waiting without end.
    """

    async def test_waits(self) -> None:
        """
        It gives nothing, does not end, and is cancelled like anything else; twice, since it can run again.
        """
        stream = JaypieStream.never()
        for gather in WAYS * 2:
            task = asyncio.ensure_future(gather(stream))
            for _ in range(5):
                await pause()
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_behind_others(self) -> None:
        """
        What comes before it is given, and leaving early is no trouble.
        """
        stream = JaypieStream.of(1, 2).concat(JaypieStream.never())
        assert [1, 2] == await stream.take(2).to_list()

    async def test_unread(self) -> None:
        """
        What is not asked for it is not waited for.
        """
        assert [] == await JaypieStream.never().take(0).to_list()
        assert 0 == await cancel_at_every_await(JaypieStream.never().take(0).to_list, "native")
