"""
What `to_asgi` sends over a real uvicorn, read by real clients: a browser's EventSource and fetch, npm's, undici's,
httpx-sse, httpx2, aiohttp, curl.

Each must see exactly what our own decoder sees. Where a client is known to read something else, a function named after
the fault says precisely what; nothing else is excused.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import httpx_sse
import pytest

from jaystream import SseDecoder, SseEvent
from tests.contracts.chromium import chromium
from tests.contracts.event_streams import RAW, ROUNDS, STREAMS
from tests.contracts.servers import serving
from tests.formats.test_sse_decoder import WPT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Event = list[str]
    Program = Callable[[str], str]

CLIENTS = Path(__file__).parent / "clients"
BROWSER = "chromium|chromium-browser"


@pytest.fixture(scope="module")
def address() -> Generator[str, None, None]:
    """
    The address of a uvicorn that serves the streams.
    """
    with serving("uvicorn-h11", "tests.contracts.event_streams:app") as (base, _):
        yield base


def bodies(address: str, kind: str, count: int) -> list[bytes]:
    """
    What the server sends, byte by byte.
    """
    with httpx.Client() as client:
        return [client.get(f"{address}/{kind}/{number}").content for number in range(count)]


def read_by_us(body: bytes) -> list[Event]:
    """
    The events that our decoder finds.
    """
    return shown(SseDecoder().feed(body))


def shown(events: list[SseEvent]) -> list[Event]:
    """
    As the clients show theirs.
    """
    return [[event.event, str(event.data), event.id or ""] for event in events]


def jobs(address: str, kind: str, expected: list[list[Event]]) -> list[list[Any]]:
    """
    What a client is told to read: the addresses, and all the names that an event may have.
    """
    names = ["message", *{event[0] for events in expected for event in events}]
    return [[f"{address}/{kind}/{number}", names, False] for number in range(len(expected))]


def read_by_node(module: str, work: list[list[Any]]) -> list[list[Event]]:
    """
    What the EventSource of an npm package finds.
    """
    command = ["node", str(CLIENTS / "read.cjs"), module]
    done = subprocess.run(command, input=json.dumps(work).encode(), stdout=subprocess.PIPE, check=True, timeout=50)
    found: list[list[Event]] = json.loads(done.stdout)
    return found


def read_by_browser(program: str, profile: Path, address: str, work: list[list[Any]]) -> list[list[Event]]:
    """
    What a real browser's EventSource finds.
    """
    with chromium(program, profile) as browser:
        browser.open(f"{address}/")
        browser.wait_until("typeof readAll === 'function'")
        found: list[list[Event]] = browser.evaluate(f"readAll({json.dumps(work)})")
    return found


def no_id_is_carried_forward(body: bytes) -> list[Event]:
    """
    The eventsource of npm, version 4: an event without an id of its own has none, whatever came before.
    """
    return [event for block in body.split(b"\n\n")[:-1] for event in read_by_us(block + b"\n\n")]


def each_blank_line_after_an_id_is_an_event(body: bytes) -> list[Event]:
    """
    httpx-sse 0.4: once an id was seen, a block of comments alone gives an empty event.
    """
    decoder = SseDecoder()
    found: list[Event] = []
    for block in body.split(b"\n\n")[:-1]:
        events = shown(decoder.feed(block + b"\n\n"))
        found += events or ([["message", "", decoder.last_event_id]] if decoder.last_event_id else [])
    return found


class TestStreams:
    """
    Every stream, in every client.
    """

    def test_says_what_was_meant(self, address: str) -> None:
        """
        The streams are what they claim to be: many events, and at the end of the broken one its error event.
        """
        seen = dict(zip(STREAMS, map(read_by_us, bodies(address, "stream", len(STREAMS))), strict=True))
        assert min(len(seen[name]) for name in ("every kind", "without ids", "named alike")) > 100
        assert [["message", word, ""] for word in ("one", "two", "three")] == seen["pauses"]
        fine, (name, told, _) = seen["broken"]
        assert (["message", "fine", ""], "error") == (fine, name)
        assert 500 == int(json.loads(told)["errors"][0]["status"])
        assert "secret" not in told
        assert [] == seen["empty"]
        assert [300_000, 100_000, 100_000] == [len(data) for _, data, _ in seen["large"]]

    @pytest.mark.program(BROWSER)
    def test_chromium(self, program: Program, address: str, tmp_path: Path) -> None:
        """
        Chromium sees what we see.
        """
        expected = [read_by_us(body) for body in bodies(address, "stream", len(STREAMS))]
        work = jobs(address, "stream", expected)
        assert expected == read_by_browser(program(BROWSER), tmp_path / "profile", address, work)

    @pytest.mark.program("node", "npm:undici")
    def test_undici(self, program: Program, address: str) -> None:
        """
        So does undici, the EventSource of Node itself.
        """
        expected = [read_by_us(body) for body in bodies(address, "stream", len(STREAMS))]
        assert expected == read_by_node(program("npm:undici"), jobs(address, "stream", expected))

    @pytest.mark.program("node", "npm:eventsource")
    def test_npm_eventsource(self, program: Program, address: str) -> None:
        """
        So does npm's eventsource, apart from ids.
        """
        expected = [no_id_is_carried_forward(body) for body in bodies(address, "stream", len(STREAMS))]
        assert expected == read_by_node(program("npm:eventsource"), jobs(address, "stream", expected))

    def test_httpx_sse(self, address: str) -> None:
        """
        So does httpx-sse, apart from what it makes of pings after an id.
        """
        expected = [each_blank_line_after_an_id_is_an_event(body) for body in bodies(address, "stream", len(STREAMS))]
        found: list[list[Event]] = []
        with httpx.Client() as client:
            for number in range(len(STREAMS)):
                with httpx_sse.connect_sse(client, "GET", f"{address}/stream/{number}") as source:
                    found.append([[event.event, event.data, event.id] for event in source.iter_sse()])
        assert expected == found

    @pytest.mark.program(BROWSER)
    def test_fetch(self, program: Program, address: str, tmp_path: Path) -> None:
        """
        A page that reads the body piece by piece, as chat pages do, gets the same events, in several pieces.
        """
        expected = [read_by_us(body) for body in bodies(address, "stream", len(STREAMS))]
        urls = [f"{address}/stream/{number}" for number in range(len(STREAMS))]
        with chromium(program(BROWSER), tmp_path / "profile") as browser:
            browser.open(f"{address}/")
            browser.wait_until("typeof fetchAll === 'function'")
            found: list[list[str]] = browser.evaluate(f"fetchAll({json.dumps(urls)})")
        assert expected == [read_by_us("".join(pieces).encode()) for pieces in found]
        assert len(found[list(STREAMS).index("pauses")]) >= 3

    def test_httpx2(self, address: str) -> None:
        """
        So does the EventSource of httpx2.
        """
        httpx2 = pytest.importorskip("httpx2", reason="needs httpx2, which is not installed")
        expected = [read_by_us(body) for body in bodies(address, "stream", len(STREAMS))]
        found: list[list[Event]] = []
        with httpx2.Client() as client:
            for number in range(len(STREAMS)):
                with client.stream("GET", f"{address}/stream/{number}") as response:
                    found.append([[event.event, event.data, event.id] for event in httpx2.EventSource(response)])
        assert expected == found

    async def test_aiohttp(self, address: str) -> None:
        """
        So does aiohttp, which gets the events as they are made.
        """
        aiohttp = pytest.importorskip("aiohttp", reason="needs aiohttp, which is not installed")
        expected = [read_by_us(body) for body in bodies(address, "stream", len(STREAMS))]
        found: list[list[bytes]] = []
        async with aiohttp.ClientSession() as session:
            for number in range(len(STREAMS)):
                async with session.get(f"{address}/stream/{number}") as response:
                    assert "text/event-stream" == response.content_type
                    found.append([piece async for piece in response.content.iter_any()])
        assert expected == [read_by_us(b"".join(pieces)) for pieces in found]
        assert len(found[list(STREAMS).index("pauses")]) >= 3

    @pytest.mark.program("curl")
    def test_curl(self, program: Program, address: str) -> None:
        """
        So does curl.
        """
        expected = bodies(address, "stream", len(STREAMS))
        for number, body in enumerate(expected):
            command = [program("curl"), "--silent", "--fail", "--no-buffer", f"{address}/stream/{number}"]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=50)
            assert read_by_us(body) == read_by_us(done.stdout)


class TestWebPlatform:
    """
    The web platform's own cases, sent raw: the table that our decoder is held to is true of real clients.
    """

    EXPECTED: ClassVar = [[list(event) for event in events] for _, events in WPT.values()]

    def test_sent_raw(self, address: str) -> None:
        """
        The bytes arrive as they are in the table.
        """
        assert bodies(address, "raw", len(RAW)) == RAW

    @pytest.mark.program(BROWSER)
    def test_chromium(self, program: Program, address: str, tmp_path: Path) -> None:
        """
        Chromium agrees with every row.
        """
        work = jobs(address, "raw", self.EXPECTED)
        assert self.EXPECTED == read_by_browser(program(BROWSER), tmp_path / "profile", address, work)

    @pytest.mark.program("node", "npm:undici")
    def test_undici(self, program: Program, address: str) -> None:
        """
        Undici agrees with every row.
        """
        assert self.EXPECTED == read_by_node(program("npm:undici"), jobs(address, "raw", self.EXPECTED))


class TestReconnection:
    """
    A client that loses the connection comes back after `retry` milliseconds, with the last id it saw.
    """

    def check(
        self,
        address: str,
        read: Callable[[list[list[Any]]], list[list[Event]]],
        which: str = "plain",
        *,
        keeps_id: bool = False,
    ) -> None:
        """
        Let a client read until it is told to stop, and look at what the server was asked.
        """
        httpx.get(f"{address}/asked")  # forgets what another client asked
        rounds = ROUNDS[which]
        (found,) = read([[f"{address}/again/{which}", ["message"], True]])
        assert [["message", data, event_id] for event_id, data in rounds] == found
        asked: list[tuple[float, str]] = httpx.get(f"{address}/asked").json()
        came_with = [""] + [last_id for last_id, _ in rounds]
        if keeps_id:
            came_with[-1] = came_with[-2]
        assert came_with == [last_id for _, last_id in asked]
        assert asked[-1][0] - asked[0][0] < 2 * (len(asked) - 1)  # by default a client waits three seconds each time

    @pytest.mark.program(BROWSER)
    def test_chromium(self, program: Program, address: str, tmp_path: Path) -> None:
        """
        Chromium, which sends any id back.
        """
        profile = tmp_path / "profile"
        self.check(address, lambda work: read_by_browser(program(BROWSER), profile, address, work), "utf-8")

    @pytest.mark.program("node", "npm:undici")
    def test_undici(self, program: Program, address: str) -> None:
        """
        Undici, which comes back with the last id that was not empty.
        """
        self.check(address, lambda work: read_by_node(program("npm:undici"), work), keeps_id=True)

    @pytest.mark.program("node", "npm:eventsource")
    def test_npm_eventsource(self, program: Program, address: str) -> None:
        """
        The eventsource of npm, which cannot send ids beyond Latin-1.
        """
        self.check(address, lambda work: read_by_node(program("npm:eventsource"), work))
