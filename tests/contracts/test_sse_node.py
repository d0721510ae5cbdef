"""
Server-sent events against a JavaScript ``EventSource``: both sides must see the same events in the same bytes.
"""

from __future__ import annotations

import json
import subprocess
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.formats import SseDecoder, SseEncoder, SseEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

# Reads every address to its end and prints, for each, the events with the names it was told to listen for.
SCRIPT = """
const read = ([url, names]) => new Promise(done => {
  const source = new EventSource(url), events = []
  for (const name of names) source.addEventListener(name, e => events.push([e.type, e.data, e.lastEventId]))
  source.onerror = () => { source.close(); done(events) }
})
let text = ''
process.stdin.setEncoding('utf8').on('data', part => text += part).on('end', async () => {
  const all = []
  for (const job of JSON.parse(text)) all.push(await read(job))
  console.log(JSON.stringify(all))
})
"""

# Without an empty id and a bare `event`: the grammar resets at both, and browsers do, but this reader ignores them.
LINES = [b"data", b"data:", b"data: a", b" data: x", b"event: x", b"id: 1", b"id: 2\0", b": c", b"retry: 1x", b""]
TEXTS = ["a", "", "a\nb", "a\r\n\rb\n", " lead", "é😀\u2028\x85", "\ufeff", "\0", "x\n\nevent: forged\nid: 9", "\ud800"]
NAMES = ["message", "x", " lead", "é:", "\0"]


class Bodies(BaseHTTPRequestHandler):
    """
    Serves the body whose number is the path.
    """

    protocol_version = "HTTP/1.1"

    def __init__(self, bodies: list[bytes], *args: Any) -> None:
        self.bodies = bodies
        super().__init__(*args)

    def do_GET(self) -> None:
        """
        Send one body.
        """
        body = self.bodies[int(self.path[1:])]
        self.send_response(200)
        self.send_header("content-type", SseEncoder.media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # the base class prints each request
        """
        Print nothing.
        """


@pytest.fixture
def bodies() -> Iterator[tuple[str, list[bytes]]]:
    """
    A server's address, and the list of bodies that it serves.
    """
    served: list[bytes] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Bodies, served)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", served
        server.shutdown()
        thread.join()


def read_by_node(node: str, address: str, count: int) -> list[list[list[str]]]:
    """
    The events that ``EventSource`` finds in each of the first *count* bodies.
    """
    jobs = json.dumps([[f"{address}/{number}", NAMES] for number in range(count)])
    command = [node, "--experimental-eventsource", "--no-warnings", "-e", SCRIPT]
    done = subprocess.run(command, input=jobs.encode(), stdout=subprocess.PIPE, check=True, timeout=50)
    found: list[list[list[str]]] = json.loads(done.stdout)
    return found


def read_by_us(body: bytes) -> list[list[object]]:
    """
    The events that our decoder finds in *body*.
    """
    return [[event.event, event.data, event.id] for event in SseDecoder().feed(body)]


@pytest.mark.program("node")
class TestAgainstEventSource:
    """
    One grammar, two readers.
    """

    def test_decoder(self, program: Any, bodies: tuple[str, list[bytes]]) -> None:
        """
        Blocks of any three lines, with each kind of line end, are read alike.
        """
        address, served = bodies
        for end in (b"\n", b"\r\n", b"\r"):
            blocks = [end.join([*lines, b"data: z", b"", b""]) for lines in product(LINES, repeat=3)]
            # Many blocks to a body: what one leaves behind, the next must show.
            served += [b"".join(blocks[start : start + 50]) for start in range(0, len(blocks), 50)]
        served += [
            b"\xef\xbb\xbfdata: a\n\ndata: b\n\n",
            b"data: \xff\xed\xa0\x80\xe2\x82\n\n",
            b"data: a\n\ndata: lost\n",
        ]
        assert [read_by_us(body) for body in served] == read_by_node(program("node"), address, len(served))

    def test_encoder(self, program: Any, bodies: tuple[str, list[bytes]]) -> None:
        """
        Whatever is written reaches the reader as it was meant, and nothing in it becomes a field.
        """
        address, served = bodies
        encoder = SseEncoder(retry=5)
        expected: list[list[str]] = []
        for number, (name, text) in enumerate(product(NAMES, TEXTS)):
            served.append(encoder.encode(SseEvent(text, event=name, id=number, comment=text)) + SseEncoder.ping)
            seen = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ud800", "\ufffd")
            expected.append([name, seen, str(number)])
        served[:] = [b"".join(served)]
        assert [expected] == read_by_node(program("node"), address, 1)
