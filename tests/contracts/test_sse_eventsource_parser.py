"""
Our server-sent events against npm's eventsource-parser, with which most JavaScript clients of language models read:
it is fed decoded text in pieces, so the cuts are part of the contract.
"""

from __future__ import annotations

import json
import subprocess
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jaystream.formats import SseEncoder, SseEvent

if TYPE_CHECKING:
    from collections.abc import Callable

# Reads one text per cut size, and prints what it found: events, retries and comments, in order.
SCRIPT = """
const { createParser } = require(process.argv[1])
let input = ''
process.stdin.setEncoding('utf8').on('data', part => input += part).on('end', () => {
  const { text, sizes } = JSON.parse(input)
  console.log(JSON.stringify(sizes.map(size => {
    const found = []
    const parser = createParser({
      onEvent: e => found.push(['event', e.event ?? 'message', e.data, e.id ?? null]),
      onRetry: milliseconds => found.push(['retry', milliseconds]),
      onComment: comment => found.push(['comment', comment]),
      onError: error => found.push(['error', String(error)]),
    })
    for (let at = 0; at < text.length; at += size) parser.feed(text.slice(at, at + size))
    return found
  })))
})
"""

NAMES = ["message", "text", "é:", " lead"]
TEXTS = ["a", "", "a\nb", "a\r\n\rb\n", " lead", "é😀\u2028\x85", "\0", "x\n\nevent: forged\nid: 9"]
SIZES = [1, 2, 3, 7, 64, 1 << 20]


def read_by_parser(module: str, text: str) -> list[list[list[object]]]:
    """
    What the parser finds in *text*, once for each size of piece.
    """
    done = subprocess.run(
        ["node", "-e", SCRIPT, str(Path(module) / "dist" / "index.cjs")],
        input=json.dumps({"text": text, "sizes": SIZES}).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=50,
    )
    found: list[list[list[object]]] = json.loads(done.stdout)
    return found


@pytest.mark.program("node", "npm:eventsource-parser")
class TestAgainstEventsourceParser:
    """
    What we write is read as it was meant, wherever the text is cut.
    """

    def test_events(self, program: Callable[[str], str]) -> None:
        """
        Names, data and ids arrive whole, and nothing in the data becomes a field.
        """
        encoder = SseEncoder()
        written: list[bytes] = []
        expected: list[list[object]] = []
        for number, (name, text) in enumerate(product(NAMES, TEXTS)):
            written.append(encoder.encode(SseEvent(text, event=name, id=number)))
            expected.append(["event", name, text.replace("\r\n", "\n").replace("\r", "\n"), str(number)])
        found = read_by_parser(program("npm:eventsource-parser"), b"".join(written).decode())
        assert [expected] * len(SIZES) == found

    def test_chunks_pings_and_retry(self, program: Callable[[str], str]) -> None:
        """
        Chunks arrive under their type as the JSON they were, the retry comes once, and pings are comments.
        """
        chunks: list[dict[str, Any]] = [{"type": "text", "content": "é\n"}, {"type": "done", "usage": []}]
        encoder = SseEncoder(retry=1500)
        text = (encoder.encode(chunks[0]) + SseEncoder.ping + encoder.encode(chunks[1])).decode()
        for found in read_by_parser(program("npm:eventsource-parser"), text):
            events = [part for part in found if part[0] == "event"]
            assert ["text", "done"] == [event[1] for event in events]
            assert chunks == [json.loads(str(event[2])) for event in events]
            assert [["retry", 1500]] == [part for part in found if part[0] == "retry"]
            assert [["comment", "ping"]] == [part for part in found if part[0] == "comment"]
            assert [] == [part for part in found if part[0] == "error"]
