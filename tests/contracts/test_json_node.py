"""
JSON against a JavaScript engine: the same bytes as ``JSON.stringify``, apart from what `jaystream.formats.json` states.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaystream.formats import encode_json, format_ndjson, format_sse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Reads JSON lines of ASCII, writes what JSON.stringify makes of each.
SCRIPT = """
require('readline').createInterface({input: process.stdin}).on('line', line => {
  process.stdout.write(JSON.stringify(JSON.parse(line)) + '\\n')
})
"""

# Keys that are whole numbers are moved by JavaScript, one of the stated differences; they have a test of their own.
TEXT = st.text(st.characters(codec=None) | st.sampled_from('\ud800\udc00\u2028\x00\x7f"\\/'), max_size=8)
KEYS = TEXT.filter(lambda key: not key.isdigit()).map(
    lambda key: key.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SAFE = st.integers(-(2**53) + 1, 2**53 - 1)


def values(numbers: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """
    JSON values of any shape, with these numbers.
    """
    return st.recursive(
        st.none() | st.booleans() | numbers | TEXT,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=10,
    )


@pytest.fixture(scope="module")
def node() -> Iterator[Callable[[bytes], bytes]]:
    """
    One JavaScript process for the whole file: JSON text in, ``JSON.stringify`` of it out.
    """
    with subprocess.Popen(["node", "-e", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        send, receive = process.stdin, process.stdout

        def stringify(source: bytes) -> bytes:
            send.write(source + b"\n")
            send.flush()
            return receive.readline().removesuffix(b"\n")

        yield stringify


def ascii_json(value: object) -> bytes:
    """
    *value* for the other side, by an encoder that is not ours.
    """
    return json.dumps(value).encode()


@pytest.mark.program("node")
class TestAgainstNode:
    """
    What JavaScript would have written.
    """

    @given(value=values(SAFE))
    def test_same_bytes(self, node: Callable[[bytes], bytes], value: object) -> None:
        """
        Whatever has no float in it has the same bytes, lone surrogates too.
        """
        assert node(ascii_json(value)) == encode_json(value)

    @given(value=values(SAFE | FLOATS))
    def test_same_value(self, node: Callable[[bytes], bytes], value: object) -> None:
        """
        With floats, it is still the same value to a JavaScript reader.
        """
        assert node(ascii_json(value)) == node(encode_json(value))

    @given(number=FLOATS)
    def test_floats(self, node: Callable[[bytes], bytes], number: float) -> None:
        """
        A float has the same bytes but where its size or its lack of a fraction is one of the stated differences.
        """
        size = abs(number)
        if number.is_integer() and size < 1e21:
            return
        if 1e-6 <= size < 1e-5:
            return
        assert node(ascii_json(number)) == encode_json(number)

    @pytest.mark.parametrize(
        ("value", "ours", "theirs"),
        [
            (1.0, b"1.0", b"1"),
            (-0.0, b"-0.0", b"0"),
            (1e15, b"1000000000000000.0", b"1000000000000000"),
            (1e16, b"1e+16", b"10000000000000000"),
            (1e20, b"1e+20", b"100000000000000000000"),
            (1e21, b"1e+21", b"1e+21"),
            (1e-5, b"0.00001", b"0.00001"),
            (1.5e-6, b"1.5e-6", b"0.0000015"),
            (1e-7, b"1e-7", b"1e-7"),
            (2**53 + 1, b"9007199254740993", b"9007199254740992"),
            ({"b": 1, "10": 2, "9": 3}, b'{"b":1,"10":2,"9":3}', b'{"9":3,"10":2,"b":1}'),
        ],
    )
    def test_stated_differences(
        self, node: Callable[[bytes], bytes], value: object, ours: bytes, theirs: bytes
    ) -> None:
        """
        The differences are the ones that the page states.
        """
        assert (ours, theirs) == (encode_json(value), node(ascii_json(value)))

    @given(value=st.dictionaries(KEYS, TEXT, max_size=3))
    def test_whole_formats(self, node: Callable[[bytes], bytes], value: dict[str, str]) -> None:
        """
        The functions that carry Jaypie's names give what its template strings give.
        """
        chunk = {"type": "text", **{key: item for key, item in value.items() if key != "type"}}
        written = node(ascii_json(chunk)).decode()
        assert f"event: text\ndata: {written}\n\n" == format_sse(chunk)
        assert f"{written}\n" == format_ndjson(chunk)
