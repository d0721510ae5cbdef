"""
`from_sse` reads what our own responses become behind real servers, and leaves them when it is done.
"""

from __future__ import annotations

import asyncio
import importlib.util
from typing import TYPE_CHECKING

import httpx
import pytest

from jaystream import JaypieStream
from jaystream.errors import UpstreamError
from jaystream.testing import StreamTestClient
from tests.contracts.servers import COMMANDS, log_has, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=list(COMMANDS))
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """
    The address of the plain app behind each server.
    """
    package = request.param.partition("-")[0]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs {package}, which is not installed")
    with serving(request.param) as (base, _):
        yield base


class TestServers:
    """
    An upstream that is jaystream, too.
    """

    async def test_events(self, address: str) -> None:
        """
        All events come, and the end of a body without ids is the end.
        """
        events = await JaypieStream.from_sse(f"{address}/five").to_list()
        assert [f"item {number}" for number in range(5)] == [event.data for event in events]

    async def test_leaves(self, address: str) -> None:
        """
        When nobody asks for more the upstream's source is closed, also through a proxy whose client has left.
        """
        log = await asyncio.to_thread(httpx.get, f"{address}/log")
        before = log.text.split(",").count("closed")
        stream = JaypieStream.from_sse(f"{address}/forever")
        assert await stream.take(3).count() == 3
        assert await asyncio.to_thread(log_has, address, "closed", before + 1)
        async with StreamTestClient(stream.format_sse().to_response()).stream("GET", "/") as response:
            assert (await response.next_event()).data == "item 0"
        assert await asyncio.to_thread(log_has, address, "closed", before + 2)

    async def test_failures(self, address: str) -> None:
        """
        A failure before the first byte is an error with its status, one after it an event; text is no event stream.
        """
        with pytest.raises(UpstreamError, match=r"answered with status 404; it begins .*nothing more") as raised:
            await JaypieStream.from_sse(f"{address}/missing").drain()
        assert (502, 404) == (raised.value.status, raised.value.upstream_status)
        events = await JaypieStream.from_sse(f"{address}/cut-sse").to_list()
        assert ["message", "message", "error"] == [event.event for event in events]
        with pytest.raises(UpstreamError, match="content type 'text/plain; charset=utf-8'"):
            await JaypieStream.from_sse(f"{address}/log").drain()
