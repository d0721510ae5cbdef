# ruff: noqa: S101 - a test asserts
import asyncio
import logging
from collections.abc import AsyncIterator

from jaystream import JaypieStream
from jaystream.testing import Probe, RecordingSend, guard_leaks

logging.getLogger("jaystream").setLevel(logging.CRITICAL)  # the failures below are logged


# What is tested: it must close its source, read no more than it gives, and frame what it sends.
def headlines(source: AsyncIterator[str]) -> JaypieStream[bytes]:
    return JaypieStream(source).map(str.title).take(2).format_sse()


async def test_reads_no_more_than_it_gives() -> None:
    async with guard_leaks():
        probe = Probe(["one", "two", "three"])
        assert [b"data: One\n\n", b"data: Two\n\n"] == await headlines(probe).to_list()
        assert 2 == probe.reads
        probe.assert_released()


async def test_failure_of_the_source_reaches_the_client() -> None:
    async with guard_leaks():
        probe = Probe(["one", "two"], fail_at=1, error=ConnectionError("gone"))
        send = RecordingSend()
        report = await headlines(probe).to_asgi({"type": "http", "method": "GET"}, send.receive, send)
        assert 200 == send.status
        assert send.body.startswith(b"data: One\n\nevent: error\n")
        assert "error" == report.ended
        probe.assert_released()


async def test_client_leaves_while_the_source_waits() -> None:
    async with guard_leaks():
        probe = Probe(["one", "two"], before={1: lambda _: asyncio.Event().wait()})
        send = RecordingSend(disconnect_after=1)
        report = await headlines(probe).to_asgi({"type": "http", "method": "GET"}, send.receive, send)
        assert "disconnected" == report.ended
        assert ["open", "pull", "item", "pull", "cancelled", "close", "closed"] == probe.kinds


for test in (
    test_reads_no_more_than_it_gives,
    test_failure_of_the_source_reaches_the_client,
    test_client_leaves_while_the_source_waits,
):
    asyncio.run(test())
    print(test.__name__)
