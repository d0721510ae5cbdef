"""
The formats by name, and their errors.
"""

from __future__ import annotations

from typing import Any

import pytest

from jaystream.formats import ENCODERS, WireEncoder, content_type_for, encoder_for, format_stream_error

BODY = {"errors": [{"status": 500, "title": "Internal Application Error", "detail": "é\n"}]}


class TestFormatStreamError:
    """
    An error body within a stream.
    """

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({}, "event: error\ndata: {}\n\n"),
            ({"format": "sse"}, "event: error\ndata: {}\n\n"),
            ({"format": "ndjson"}, '{{"error":{}}}\n'),
            ({"format": "nljson"}, '{{"error":{}}}\n'),
        ],
    )
    def test_formats(self, options: dict[str, Any], expected: str) -> None:
        """
        It has Jaypie's bytes.
        """
        json = '{"errors":[{"status":500,"title":"Internal Application Error","detail":"é\\n"}]}'
        assert expected.format(json) == format_stream_error(BODY, **options)

    def test_unknown(self) -> None:
        """
        A name that no format has is refused, with the list of those there are.
        """
        with pytest.raises(ValueError, match=r"format must be one of 'sse', 'ndjson', 'nljson', .*, got 'xml'"):
            format_stream_error(BODY, "xml")
        unhashable: Any = ["sse"]
        with pytest.raises(ValueError, match=r"got \['sse'\]"):
            format_stream_error(BODY, unhashable)

    def test_text(self) -> None:
        """
        Text cannot carry an error.
        """
        with pytest.raises(ValueError, match=r"can carry an error, 'sse', 'ndjson', 'nljson', .*, got 'text'"):
            format_stream_error(BODY, "text")


class TestEncoders:
    """
    The table of formats.
    """

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("sse", "text/event-stream"),
            ("ndjson", "application/x-ndjson"),
            ("nljson", "application/x-ndjson"),
            ("text", "text/plain; charset=utf-8"),
        ],
    )
    def test_content_type(self, name: str, expected: str) -> None:
        """
        Each name has its content type; event streams carry no charset, which some browsers refuse.
        """
        assert expected == content_type_for(name)

    def test_table(self) -> None:
        """
        The table is a mapping like any other.
        """
        assert (len(list(ENCODERS)), None) == (len(ENCODERS), ENCODERS.get("xml"))

    @pytest.mark.parametrize("name", ENCODERS)
    def test_wire_encoder(self, name: str) -> None:
        """
        Each encoder offers what sinks use, and passes bytes.
        """
        encoder: WireEncoder = encoder_for(name)
        assert isinstance(encoder, ENCODERS[name])
        assert encoder is not encoder_for(name)
        assert b"raw" == encoder.encode(b"raw")
        assert all(key == key.lower() for key in encoder.headers)
        error = encoder.error(BODY)
        assert (error is None) == (name == "text")
        assert encoder.ping is None or b"\n\n" == encoder.ping[-2:]

    @pytest.mark.parametrize("name", ["sse", "ndjson", "text"])
    def test_no_end(self, name: str) -> None:
        """
        Those that have no state have nothing to close, and no headers of their own.
        """
        encoder = encoder_for(name)
        assert (b"", {}) == (encoder.flush(), encoder.headers)
